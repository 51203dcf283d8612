import Audit
import Configuration
import Glibc
import Listings
import ObjectModel
import Reactor
import Runtime
import S3
import S3Store
import Stores

/// What an audit is about: places resolved, clients made, the manifest read.
final class AuditPlan: Sendable {
    private let arguments: AuditArguments
    private let manifest: ChecksumManifest?
    let clients: [S3Client]
    /// Where contents are read and hashed: a thread a core.
    let reactors: [Reactor]
    private let leftOut = Mutex<Set<Int>>([])

    init(_ arguments: AuditArguments, console: Console) throws(CommandError) {
        self.arguments = arguments
        let options = arguments.options
        let environment = Environment.process()
        let file: ConfigurationFile
        do throws(ConfigurationError) {
            file = try ConfigurationFile.load(
                path: options.configurationFile, environment: environment,
                mirrorFlags: MirrorFlags.configurableFlags)
        } catch {
            throw CommandError(error.description)
        }
        var servers = Servers(
            directory: ServerDirectory(file: file, environment: environment), connection: options.connection,
            remarks: Remarks(console))
        servers.debug = options.debug
        var clients: [S3Client] = []
        for place in arguments.places {
            clients.append(
                try servers.client(
                    for: place, retries: options.retries, maxWorkers: options.maxWorkers,
                    downloadLimit: options.downloadLimit.map { RateLimit(bytesPerSecond: $0) }))
        }
        self.clients = clients
        manifest = try options.manifest.map(Self.read)
        let reads = options.deep || options.resolve || options.sample != nil || manifest != nil
        let usesTLS = clients.contains { $0.endpoint.scheme == .https }
        let cores = max(1, min(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 8))
        reactors =
            [Reactor.required()] + (1..<(reads || usesTLS ? cores : 1)).map { Reactor(name: "reactor-\($0)") }
    }

    private static func read(_ path: String) throws(CommandError) -> ChecksumManifest {
        let bytes = try contents(path)
        do throws(ChecksumManifest.Malformed) {
            return try ChecksumManifest(bytes)
        } catch {
            throw CommandError(
                "The manifest \(path) cannot be used: \(error); give what md5sum or sha256sum printed.")
        }
    }

    /// The whole file; `-` is standard input.
    private static func contents(_ path: String) throws(CommandError) -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path) }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let got = unsafe piece.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if got < 0, errno == EINTR { continue }
            if got < 0 { throw unreadable(path) }
            if got == 0 { return bytes }
            bytes += piece[..<got]
            // Ten million lines.
            if bytes.count > 1 << 30 { throw CommandError("The manifest \(path) is larger than 1 GiB; split it.") }
        }
    }

    private static func unreadable(_ path: String) -> CommandError {
        CommandError(
            "The manifest \(path) cannot be read: \(unsafe String(cString: strerror(errno))); correct the path or its "
                + "permissions.")
    }

    /// Two places that are one if their servers are, by their numbers.
    struct Twins: Hashable {
        let one: Int
        let other: Int
    }

    var twins: [Twins] {
        let places = arguments.places
        return places.indices.flatMap { other in
            places[..<other].indices.compactMap { one in
                places[one].bucket == places[other].bucket && places[one].prefix == places[other].prefix
                    ? Twins(one: one, other: other) : nil
            }
        }
    }

    /// Refuses places that are one place under two names of its server: what is compared with itself is always the same.
    /// Servers are asked only where two names stand for one address.
    ///
    /// - Returns: those whose servers did not answer. That is no reason to refuse, unless they turn out to be read.
    func checkServers(_ twins: [Twins], within limit: Duration) async throws(CommandError) -> [Twins] {
        var unanswered: [Twins] = []
        for pair in twins {
            switch await verdict(on: pair, within: limit) {
            case .same:
                let (one, other) = (arguments.places[pair.one], arguments.places[pair.other])
                throw CommandError(
                    "\(one) and \(other) are one place under two names, and what is compared with itself is always the "
                        + "same; correct the address of one of them.")
            case .unanswered: unanswered.append(pair)
            case .different, .similar: break
            }
        }
        return unanswered
    }

    /// Asks again of those that did not answer and were read to their ends all the same: they may have been compared with
    /// themselves.
    func checkServers(_ unanswered: [Twins], after summary: AuditSummary) async throws(CommandError) {
        // Of what was not finished, nothing is claimed.
        guard !summary.isInterrupted else { return }
        let first = names.count - arguments.places.count
        let read = unanswered.filter { pair in
            [pair.one, pair.other].allSatisfy { summary.places[first + $0].error == nil }
        }
        guard let pair = try await checkServers(read, within: .seconds(60)).first else { return }
        throw CommandError(
            "\(arguments.places[pair.one]) and \(arguments.places[pair.other]) have one address, and their servers do not "
                + "tell whether they are one; audit them again.", .serverGone)
    }

    private func verdict(on pair: Twins, within limit: Duration) async -> SameServer.Verdict {
        let (one, other) = (clients[pair.one], clients[pair.other])
        if one.endpoint.url == other.endpoint.url { return .same }
        async let left = SameServer.addresses(of: one.endpoint)
        async let right = SameServer.addresses(of: other.endpoint)
        guard await !left.isDisjoint(with: right) else { return .different }
        let question = SameServer(
            source: one, target: other, bucket: arguments.places[pair.one].bucket, prefix: "", mayWrite: false)
        return await question.verdict(within: limit, otherwise: .unanswered)
    }

    /// The places by name, a manifest first.
    var names: [String] { [arguments.options.manifest].compactMap(\.self) + arguments.places.map(\.text) }

    /// Whether all buckets of servers are meant.
    var coversBuckets: Bool { arguments.places.contains { $0.bucket == nil } }

    /// Whether flags or prefixes say which keys are meant.
    var isSelective: Bool {
        !arguments.scope.isEmpty || arguments.places.contains { !$0.prefix.bytes.isEmpty }
    }

    var expectations: [String: String] {
        Dictionary(uniqueKeysWithValues: arguments.options.expectations.map { ($0.package, $0.version) })
    }

    /// Takes a server out that could not tell its buckets.
    func leaveOut(_ index: Int) { _ = leftOut.withLock { $0.insert(index) } }

    /// - Parameter bucket: which of all buckets; nil where the places name theirs.
    func places(_ bucket: String?) -> [AuditPlace] {
        let first = manifest.map { AuditPlace(name: arguments.options.manifest ?? "", content: .manifest($0)) }
        let leftOut = leftOut.withLock { $0 }
        return [first].compactMap(\.self)
            + zip(arguments.places, clients).enumerated().map { index, pair in
                let (place, client) = pair
                let store = S3Bucket(
                    name: bucket.map { "\(place)/\($0)" } ?? place.text, client: client,
                    bucket: bucket ?? place.bucket ?? "", prefix: place.prefix)
                return AuditPlace(
                    name: place.text, content: leftOut.contains(index) ? .nothing : .store(store))
            }
    }

    func engineOptions(_ bucket: String?) -> AuditOptions {
        let options = arguments.options
        var engine = AuditOptions()
        if options.deep {
            engine.depth = .everything
        } else if let share = options.sample {
            engine.depth = .sample(AuditSummary.Sample(share: share, seed: options.seed ?? drawnSeed))
            engine.resolves = options.resolve
        } else if options.resolve {
            engine.depth = .resolving
        }
        engine.checksMetadata = options.metadata
        engine.settle = options.settle
        engine.filter = options.filter
        if options.looksIntoPackages {
            engine.packages = options.packages.isEmpty ? Self.usualPackages : options.packages
        }
        engine.reportsIdentical = options.all
        if let bucket {
            engine.takesMissingForEmpty = true
            engine.keyPrefix = ObjectKey("\(bucket)/")
        }
        return engine
    }

    /// The same for all buckets.
    private let drawnSeed = Machine.surroundings.chance.draw { UInt64.random(in: 1...UInt64(Int64.max), using: &$0) }

    private static let usualPackages = ["*.[aA][pP][kK]"].compactMap { try? Glob($0) }

    func requestCounts() -> [RequestVerb: Int] {
        var counts: [RequestVerb: Int] = [:]
        for client in clients {
            for entry in client.counters.snapshot { counts[entry.verb, default: 0] += entry.count }
        }
        return counts
    }
}
