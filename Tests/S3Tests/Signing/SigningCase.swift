import FoundationEssentials
import ObjectModel
import S3
import TestSupport

/// One folder of `Fixtures/SigV4`.
struct SigningCase: CustomStringConvertible, Sendable {
    let name: String

    var description: String { name }

    /// Every case that botocore made, and the worked examples of the AWS documentation.
    static let all = folders(under: "") + folders(under: "aws-documentation/")

    private static let root = "\(TestFile.fixtures)/SigV4"

    private static func folders(under parent: String) -> [SigningCase] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(parent)")) ?? []
        return entries.sorted().map { SigningCase(name: parent + $0) }.filter { $0.file("request.json") != nil }
    }

    /// A stage's file; nil where the case has none.
    func file(_ stage: String) -> String? {
        TestFile.read("\(Self.root)/\(name)/\(stage)").map { String(decoding: $0, as: UTF8.self) }
    }

    func described() throws -> Description {
        try JSONDecoder().decode(Description.self, from: Data((file("request.json") ?? "").utf8))
    }

    /// `request.json`: what is signed, in clear.
    struct Description: Decodable {
        var date: String
        var accessKey: String
        var secretKey: String
        var token: String?
        var method: String
        var host: String
        var region: String
        var bucket: String
        var key: String?
        var query: [[String]]
        var headers: [[String]]
        var payload: String
        var expires: Int?

        var credentials: Credentials { Credentials(accessKey: accessKey, secretKey: secretKey, sessionToken: token) }

        var timestamp: Timestamp? { Timestamp(iso8601: date.utf8) }

        var request: SignableRequest {
            SignableRequest(
                method: method, host: host,
                path: SignatureV4.canonicalPath(bucket: bucket, key: key.map { ObjectKey($0) }),
                query: SignatureV4.canonicalQuery(query.map { QueryItem($0[0], $0[1]) }),
                headers: headers.map { HeaderField($0[0], $0[1]) },
                payload: expires == nil ? PayloadHash(text: payload) : .unsigned)
        }
    }
}
