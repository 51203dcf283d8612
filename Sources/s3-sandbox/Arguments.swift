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
          --quiet               do not print the address
          --help                print this
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
    }

    private mutating func set(_ name: String, _ value: String) throws(Failure) {
        switch name {
        case "--port": options.port = try Self.number(name, value, in: 0...65_535)
        case "--address": options.address = value
        case "--folder": options.storage = .folder(value)
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

    private static func number(_ name: String, _ text: String, in range: ClosedRange<Int>) throws(Failure) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw Failure(message: "\(name) wants a number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }
}
