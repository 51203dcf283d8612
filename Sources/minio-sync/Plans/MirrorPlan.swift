import Configuration
import MirrorEngine
import ObjectModel
import Reactor
import Runtime
import S3
import S3Store
import Stores

/// What a mirror command is about: places and options resolved, clients made, contradictions found.
struct MirrorPlan {
    let source: Place
    let target: Place
    let options: MirrorFlags
    let configuredState: String?
    let environment: Environment
    let sourceClient: S3Client
    let targetClient: S3Client
    /// All that makes it another mirror when it changes.
    let signature: Signature

    struct Signature: Hashable {
        let source: Place
        let target: Place
        let options: MirrorFlags
        let sourceServer: ServerDefinition?
        let targetServer: ServerDefinition?
    }

    /// One bucket to mirror.
    struct Pair {
        let bucket: String
        let source: S3Bucket
        let target: S3Bucket
    }

    /// Of a command line that names one mirror.
    init(_ arguments: MirrorArguments, console: Console) throws(CommandError) {
        let (file, environment) = try Self.configuration(arguments)
        let (source, target, options) = try Self.resolve(arguments, file)
        try self.init(source, target, options, file, environment, Remarks(console))
    }

    init(
        _ source: Place, _ target: Place, _ options: MirrorFlags, _ file: ConfigurationFile,
        _ environment: Environment, _ remarks: Remarks
    ) throws(CommandError) {
        (self.source, self.target, self.options, self.environment) = (source, target, options, environment)
        configuredState = file.state
        let directory = ServerDirectory(file: file, environment: environment)
        var servers = Servers(directory: directory, connection: options.connection, remarks: remarks)
        servers.debug = options.debug
        servers.isWatching = options.watch
        sourceClient = try servers.client(
            for: source, retries: options.retries, maxWorkers: options.maxWorkers,
            downloadLimit: options.downloadLimit.map { RateLimit(bytesPerSecond: $0) })
        targetClient = try servers.client(
            for: target, retries: options.retries, maxWorkers: options.maxWorkers,
            uploadLimit: options.uploadLimit.map { RateLimit(bytesPerSecond: $0) })
        signature = Signature(
            source: source, target: target, options: options, sourceServer: try? directory.server(for: source),
            targetServer: try? directory.server(for: target))
        try checkPlaces()
    }

    static func configuration(
        _ arguments: MirrorArguments
    ) throws(CommandError) -> (ConfigurationFile, Environment) {
        let environment = Environment.process()
        do throws(ConfigurationError) {
            let file = try ConfigurationFile.load(
                path: arguments.options.configurationFile, environment: environment,
                mirrorFlags: MirrorFlags.configurableFlags)
            return (file, environment)
        } catch {
            throw CommandError(error.description)
        }
    }

    private static func resolve(
        _ arguments: MirrorArguments, _ file: ConfigurationFile
    ) throws(CommandError) -> (Place, Place, MirrorFlags) {
        switch arguments.job {
        case .places(let source, let target): return (source, target, arguments.options)
        case .named(let name):
            do {
                return try resolve(arguments, try file.mirror(named: name))
            } catch {
                throw CommandError("\(error)")
            }
        case .all:
            throw CommandError("There is nothing to mirror; write minio-sync mirror SOURCE TARGET.")
        }
    }

    static func resolve(
        _ arguments: MirrorArguments, _ mirror: MirrorDefinition
    ) throws -> (Place, Place, MirrorFlags) {
        (try Place(mirror.source), try Place(mirror.target), try arguments.options(of: mirror))
    }

    /// Whether all buckets of a server are mirrored.
    var coversBuckets: Bool { source.bucket == nil }

    var usesTLS: Bool { sourceClient.endpoint.scheme == .https || targetClient.endpoint.scheme == .https }

    private func checkPlaces() throws(CommandError) {
        let prefixes = [source.prefix, target.prefix]
        if prefixes.allSatisfy({ !$0.bytes.isEmpty }), Set(prefixes.map(\.endsInSlash)).count == 2 {
            throw CommandError(
                "\(source) and \(target) do not go together: keys are what follows the prefix, so one side would get a slash "
                    + "too many or too few; end both prefixes with / or neither.")
        }
        if let lone = prefixes.first(where: { !$0.bytes.isEmpty && !$0.endsInSlash }),
            prefixes.contains(where: \.bytes.isEmpty)
        {
            throw CommandError(
                "\(source) and \(target) do not go together: keys are what follows the prefix, so \(lone) on one side alone "
                    + "would join or cut names in the middle; end it with /.")
        }
        if (source.bucket == nil) != (target.bucket == nil) {
            let (whole, part) = source.bucket == nil ? (source, target) : (target, source)
            throw CommandError(
                "\(whole) names a whole server and \(part) one bucket; give a bucket on both sides, or on neither to "
                    + "mirror all buckets.")
        }
        guard placesOverlap, sourceClient.endpoint.url == targetClient.endpoint.url else { return }
        throw overlap(on: sourceClient.endpoint.url)
    }

    /// Whether one place contains the other one, if both are on one server.
    private var placesOverlap: Bool {
        let (one, other) = (source.prefix, target.prefix)
        return source.bucket == target.bucket
            && (source.bucket == nil || one.hasPrefix(other) || other.hasPrefix(one))
    }

    private func overlap(on server: String) -> CommandError {
        CommandError(
            "\(source) and \(target) overlap on \(server): a mirror into itself would never end; choose places that do not "
                + "contain each other.")
    }

    /// Refuses places that overlap on one server which goes by two names. Asks both servers, if they would overlap; one
    /// that is away, refuses to tell or takes longer than `limit` is no reason to refuse.
    func checkServers(_ remarks: Remarks, within limit: Duration = .seconds(30)) async throws(CommandError) {
        guard placesOverlap else { return }
        let (one, other) = (sourceClient.endpoint.url, targetClient.endpoint.url)
        let question = SameServer(
            source: sourceClient, target: targetClient, bucket: source.bucket, prefix: target.prefix,
            mayWrite: !options.dryRun)
        switch await question.verdict(within: limit, otherwise: .different) {
        case .different: return
        case .similar where options.dryRun:
            remarks.warn(
                "\(one) and \(other) have a bucket of the same date, so they may be one server; without --dry-run it is "
                    + "found out.")
        // In doubt nothing is begun that would write to where it reads.
        case .same, .similar, .unanswered: throw overlap(on: "\(one), which is \(other) as well")
        }
    }

    /// The buckets to mirror. Asks the source for them where all are meant.
    func pairs(_ console: Console) async throws(CommandError) -> [Pair] {
        if let pair = namedPair { return [pair] }
        do throws(S3Error) {
            let names = try await sourceClient.listBuckets().map(\.name)
            let only = Set(try await targetClient.listBuckets().map(\.name)).subtracting(names).sorted()
            if !only.isEmpty {
                console.warn(
                    "minio-sync: only \(target) has the buckets \(only.joined(separator: ", ")); buckets are never "
                        + "deleted.")
            }
            return names.sorted().map(pair)
        } catch {
            throw CommandError(StoreError(error).description, .serverGone)
        }
    }

    /// The pair where both places name a bucket; nil where all buckets are meant.
    var namedPair: Pair? {
        guard let bucket = source.bucket, let other = target.bucket else { return nil }
        return Pair(
            bucket: bucket,
            source: S3Bucket(name: source.text, client: sourceClient, bucket: bucket, prefix: source.prefix),
            target: S3Bucket(name: target.text, client: targetClient, bucket: other, prefix: target.prefix))
    }

    /// The pair for one of all buckets.
    func pair(_ bucket: String) -> Pair {
        Pair(
            bucket: bucket,
            source: S3Bucket(name: "\(source)/\(bucket)", client: sourceClient, bucket: bucket, prefix: ""),
            target: S3Bucket(name: "\(target)/\(bucket)", client: targetClient, bucket: bucket, prefix: ""))
    }

    var engineOptions: MirrorOptions {
        var engine = MirrorOptions()
        engine.removes = options.remove
        engine.overwrites = options.overwrite
        engine.isDryRun = options.dryRun
        engine.checksHeaders = options.checkMetadata
        engine.reportsSame = options.verbosity == .verbose
        engine.filter = options.filter
        engine.maxWorkers = options.maxWorkers
        engine.trash = options.trash.map {
            $0.endsInSlash ? $0 : ObjectKey(bytes: $0.bytes + [UInt8(ascii: "/")])
        }
        if let retries = options.retries { engine.attempts = retries + 1 }
        switch options.compare {
        case .etag: engine.comparison = .etag
        case .size: engine.comparison = .size
        case .content: engine.comparison = .content
        case .bytes: engine.comparison = .bytes
        }
        switch options.maxDelete {
        case .objects(let count)?: engine.deletionGuard.limit = .count(count)
        case .percent(let percent)?:
            engine.deletionGuard.limit = .percent(percent)
            engine.deletionGuard.floor = 0
        case nil: break
        }
        engine.deletionGuard.allowsEmptySource = options.allowEmptySource
        return engine
    }
}
