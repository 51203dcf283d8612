import ObjectModel
import S3

/// The signatures that copying an object takes: a GET without headers of its own, and a PUT with metadata.
struct SignWorkload: Workload {
    private let keys: [ObjectKey]
    private let digests: [MD5Digest]
    private let signer = RequestSigner(
        credentials: Credentials(
            accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region: "us-east-1")
    private static let objects = 250
    /// A request each.
    let items = 2 * objects

    init() {
        var material = Material(seed: 4)
        keys = material.keys(Self.objects).map { ObjectKey($0) }
        digests = (0..<Self.objects).map { _ in
            MD5Digest(high: UInt64(material.number(0...Int.max)), low: UInt64(material.number(0...Int.max)))
        }
    }

    func round() -> Int {
        // The second of the day changes now and then, as it does at some thousand objects a second.
        var signed = 0
        for (index, key) in keys.enumerated() {
            let date = Timestamp(seconds: 1_790_000_000 + Int64(index / 100))
            signed += isSigned(get(key), date) + isSigned(put(key, digests[index]), date)
        }
        return signed
    }

    private func isSigned(_ request: SignableRequest, _ date: Timestamp) -> Int {
        let signature = signer.sign(request, at: date)
        return signature.authorization.utf8.count > 64 && signature.date.utf8.count == 16 ? 1 : 0
    }

    private func get(_ key: ObjectKey) -> SignableRequest {
        SignableRequest(
            method: "GET", host: "192.0.2.1:9000", path: SignatureV4.canonicalPath(bucket: "apks", key: key))
    }

    private func put(_ key: ObjectKey, _ digest: MD5Digest) -> SignableRequest {
        SignableRequest(
            method: "PUT", host: "192.0.2.2:9000", path: SignatureV4.canonicalPath(bucket: "apks", key: key),
            headers: [
                HeaderField("Content-MD5", digest.base64),
                HeaderField("x-amz-meta-version-code", "1402"),
                HeaderField("x-amz-meta-built-by", "release  script"),
            ],
            payload: .unsigned)
    }
}
