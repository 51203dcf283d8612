public import ObjectModel

/// What a received request claims: who signed it, when, and over which headers.
public struct PresentedSignature: Sendable {
    public let accessKey: String
    public let region: String
    public let date: Timestamp
    /// The names of the signed headers, in lower case.
    public let signedHeaders: [String]
    /// 64 hexadecimal digits, unchecked.
    public let signature: String
    /// Seconds after `date` for which a presigned URL is good; nil for a signed header.
    public let expires: Int?

    /// From the values of `Authorization` and `x-amz-date`; nil where they are not Version 4 or are incomplete.
    public init?(authorization: String, date: String) {
        guard let space = authorization.firstIndex(of: " "), authorization[..<space] == SignatureV4.algorithm
        else { return nil }
        var fields: [String: String] = [:]
        for part in authorization[space...].split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { return nil }
            fields[pair[0].filter { $0 != " " }] = pair[1].filter { $0 != " " }
        }
        self.init(
            credential: fields["Credential"], date: date, signedHeaders: fields["SignedHeaders"],
            signature: fields["Signature"], expires: nil)
    }

    /// From a query as received; nil where it is not a presigned one.
    public init?(query: [UInt8]) {
        var fields: [String: String] = [:]
        for item in SignatureV4.items(received: query) {
            fields[String(decoding: item.name, as: UTF8.self)] = String(decoding: item.value, as: UTF8.self)
        }
        guard fields["X-Amz-Algorithm"] == SignatureV4.algorithm,
            let expires = fields["X-Amz-Expires"].flatMap({ Int($0) })
        else { return nil }
        self.init(
            credential: fields["X-Amz-Credential"], date: fields["X-Amz-Date"],
            signedHeaders: fields["X-Amz-SignedHeaders"], signature: fields["X-Amz-Signature"], expires: expires)
    }

    private init?(credential: String?, date: String?, signedHeaders: String?, signature: String?, expires: Int?) {
        guard let credential, let date, let signedHeaders, let signature, let date = Timestamp(basicFormat: date)
        else { return nil }
        // An access key may hold slashes; the scope's four fields are the last ones.
        let parts = credential.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 5, parts.suffix(2).elementsEqual(["s3", "aws4_request"]),
            parts[parts.count - 4] == date.basicFormat.prefix(8)
        else { return nil }
        accessKey = parts.dropLast(4).joined(separator: "/")
        region = String(parts[parts.count - 3])
        self.date = date
        self.signedHeaders = signedHeaders.split(separator: ";").map(String.init)
        self.signature = signature
        self.expires = expires
    }
}

extension SignatureV4 {
    /// The signature that a request ought to carry, from its parts as received.
    ///
    /// - Parameters:
    ///   - path: percent-encoded as it came. It is decoded and encoded again, because clients leave different
    ///     characters alone.
    ///   - query: without `?`, as it came; `+` counts as a space, as in every server.
    ///   - headers: all that came. A repeated one is joined.
    ///   - secretKey: the secret that belongs to `presented.accessKey`.
    public static func expectedSignature(
        method: String, path: [UInt8], query: [UInt8], headers: [HeaderField], presented: PresentedSignature,
        secretKey: String
    ) -> String {
        let credentials = Credentials(accessKey: presented.accessKey, secretKey: secretKey)
        let signer = SignatureV4(credentials: credentials, region: presented.region, date: presented.date)
        let hash = headers.first { $0.name.lowercased() == "x-amz-content-sha256" }
        let payload = presented.expires != nil || hash == nil ? .unsigned : PayloadHash(text: hash?.value ?? "")
        let canonical = canonicalRequest(
            method: method, path: canonicalPath(received: path), query: canonicalQuery(received: query),
            headers: headers.filter { presented.signedHeaders.contains($0.name.lowercased()) }, payload: payload)
        return signer.signature(stringToSign: signer.stringToSign(canonicalRequest: canonical))
    }

    /// The canonical form of a path as received. A `%` without two digits counts as the character.
    public static func canonicalPath(received path: [UInt8]) -> [UInt8] {
        URIEncoding.encode(URIEncoding.decode(path, plusIsSpace: false) ?? path, keepSlash: true)
    }

    /// The canonical form of a query as received, without the signature that a presigned one carries.
    public static func canonicalQuery(received query: [UInt8]) -> [UInt8] {
        canonicalQuery(items(received: query).filter { $0.name != Array("X-Amz-Signature".utf8) })
    }

    /// The names and values of a query as received, decoded, in its order.
    public static func items(received query: [UInt8]) -> [QueryItem] {
        query.split(separator: UInt8(ascii: "&")).map { part in
            let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = Array(pair[0])
            let value = pair.count > 1 ? Array(pair[1]) : []
            return QueryItem(
                name: URIEncoding.decode(name, plusIsSpace: true) ?? name,
                value: URIEncoding.decode(value, plusIsSpace: true) ?? value)
        }
    }
}

extension Timestamp {
    /// From `20130524T000000Z`, the form of `x-amz-date`.
    init?(basicFormat text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            var value = 0
            for byte in bytes[range] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            return value
        }
        guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8),
            let hour = number(9..<11), let minute = number(11..<13), let second = number(13..<15)
        else { return nil }
        self.init(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
    }
}
