import Runtime
import S3Sandbox

/// The command line: `--name value`, as `Arguments.usage` tells.
struct Arguments {
    var options = Sandbox.Options()
    var isQuiet = false
    var wantsHelp = false
    /// Files to be read into the options.
    var faultsFile: String?
    /// A JSON object, or `@FILE`.
    var behaviour: String?
    private var shape: SyntheticObjects.Shape?
    private var differsEvery: Int?
    private var burst: Int?

    static let usage = """
        Usage: s3-sandbox [options]
        An S3 server for tests and for trying things out. It prints "listening on URL" when it is ready.

          --port N              port to listen on; 0, the default, takes a free one
          --address A           address to listen on (127.0.0.1)
          --folder DIR          keep objects in DIR (in memory)
          --access-key A        (AKIAIOSFODNN7EXAMPLE)
          --secret-key S        (the AWS documentation's example)
          --session-token T     require this token of every request
          --region R            region that signatures must name (us-east-1); "" for any
          --anonymous           serve requests without a signature, too
          --bucket NAME         create this bucket; repeatable
          --versioning          keep versions in every bucket
          --domain D            take BUCKET.D in Host as the bucket, besides paths
          --tls-cert FILE, --tls-key FILE
                                serve HTTPS with this PEM certificate and key
          --min-part-size N     bytes of the smallest part but the last (5242880)
          --behaviour JSON      differences from S3, such as {"etags":"opaque"}; @FILE reads a file
          --faults FILE         rules by which it goes wrong, a JSON array; see below
          --request-log FILE    append one JSON line for each request
          --delay TIME          hold every answer back by this long (20ms, 1s), like a round trip
          --rate N              serve N requests a second over all connections; what exceeds them gets 503 SlowDown, after
                                --delay like every answer, and does not wait for its turn
          --burst N             with --rate, requests that may come at once (10)
          --quiet               print neither the address nor, at the end, the counts
          --help                print this

        For benches, without memory for objects and fast:
          --synthetic N         N objects that exist by formula, the same on every server, in each --bucket (synthetic).
                                They can be listed and read; everything else gets 501. Signatures are not looked at:
                                access is open to any key. ETags look like MD5s and are not those of the bytes. No log
                                of requests is kept but in --request-log
          --shape flat|deep     all in one folder, or uneven folders in several levels, most of them small (flat)
          --differ K            every Kth object has another ETag than on servers without this

        On SIGUSR1 and when it ends it prints how many requests there were of each operation, how many keys and common
        prefixes listings gave, and how many answers were SlowDown, as one JSON object in a line; GET /.sandbox/counts
        answers the same, DELETE /.sandbox/requests begins anew.
        """

    struct Failure: Error {
        let message: String
    }

    /// - Throws: `Failure` with a sentence for the user.
    init(_ arguments: [String]) throws(Failure) {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            switch name {
            case "--anonymous": options.requiresSignature = false
            case "--versioning": options.isVersioned = true
            case "--quiet": isQuiet = true
            case "--help", "-h": wantsHelp = true
            default:
                guard let value = rest.popFirst() else {
                    throw Failure(message: "\(name) is unknown or lacks its value; see --help.")
                }
                try set(name, value)
            }
        }
        try conclude()
    }

    /// Puts together what several flags say.
    private mutating func conclude() throws(Failure) {
        if let burst {
            guard options.behaviour.rate > 0 else { throw Failure(message: "--burst needs --rate.") }
            options.behaviour.burst = burst
        }
        guard case .synthetic(var objects) = options.storage else {
            guard shape == nil, differsEvery == nil else {
                throw Failure(message: "--shape and --differ tell of the objects of --synthetic, which is not given.")
            }
            return
        }
        guard !options.isVersioned else { throw Failure(message: "--versioning and --synthetic exclude each other.") }
        if let shape { objects.shape = shape }
        objects.differsEvery = differsEvery
        options.storage = .synthetic(objects)
        // As many as there are keys to be looked at would not fit in memory.
        options.keepsRecords = false
    }

    private mutating func set(_ name: String, _ value: String) throws(Failure) {
        switch name {
        case "--port": options.port = try Self.number(name, value, in: 0...65_535)
        case "--address": options.address = value
        case "--folder": try store(.folder(value))
        case "--synthetic":
            try store(.synthetic(SyntheticObjects(try Self.number(name, value, in: 0...SyntheticObjects.maximum))))
        case "--shape":
            guard let shape = SyntheticObjects.Shape(rawValue: value) else {
                throw Failure(message: "--shape wants flat or deep.")
            }
            self.shape = shape
        case "--differ": differsEvery = try Self.number(name, value, in: 1...SyntheticObjects.maximum)
        case "--delay":
            guard let delay = DurationText.parse(value), delay <= .seconds(3600) else {
                throw Failure(message: "--delay wants a time of at most 1h, such as 20ms.")
            }
            options.behaviour.delay = Int(delay.nanoseconds / 1_000_000)
        case "--rate": options.behaviour.rate = try Self.number(name, value, in: 1...1_000_000)
        case "--burst": burst = try Self.number(name, value, in: 1...1_000_000)
        case "--access-key": options.accessKey = value
        case "--secret-key": options.secretKey = value
        case "--session-token": options.sessionToken = value
        case "--region": options.region = value
        case "--bucket": options.buckets.append(value)
        case "--domain": options.domain = value
        case "--tls-cert": options.tlsCertificate = value
        case "--tls-key": options.tlsKey = value
        case "--min-part-size": options.behaviour.minimumPartSize = Int64(try Self.number(name, value, in: 0...Int.max))
        case "--behaviour": behaviour = value
        case "--faults": faultsFile = value
        case "--request-log": options.requestLog = value
        default: throw Failure(message: "\(name) is unknown; see --help.")
        }
    }

    private mutating func store(_ storage: Sandbox.Options.Storage) throws(Failure) {
        guard case .memory = options.storage else {
            throw Failure(message: "--folder and --synthetic may be given once, and not both.")
        }
        options.storage = storage
    }

    private static func number(_ name: String, _ text: String, in range: ClosedRange<Int>) throws(Failure) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw Failure(message: "\(name) wants a number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }
}
