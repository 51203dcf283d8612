import Digests
public import ObjectModel

/// AWS Signature Version 4 for the service `s3`: pure functions of a request, credentials, a region and a date.
///
/// The methods are the standard's stages under the standard's names. Source: "Authenticating Requests (AWS Signature
/// Version 4)" in the S3 API reference. For S3 a path segment is encoded once and a path is not normalised, unlike in
/// other services. `RequestSigner` gives the same answers from reused buffers.
public struct SignatureV4: Sendable {
    public let credentials: Credentials
    public let region: String
    /// The moment of signing; servers accept 15 minutes around theirs.
    public let date: Timestamp

    static let algorithm = "AWS4-HMAC-SHA256"

    public init(credentials: Credentials, region: String, date: Timestamp) {
        self.credentials = credentials
        self.region = region
        self.date = date
    }

    /// `20130524/us-east-1/s3/aws4_request`.
    public var scope: String { "\(date.basicFormat.prefix(8))/\(region)/s3/aws4_request" }

    /// Stage 1: the request in the one form that both ends compute. `headers` are all that are signed, in any order,
    /// `host` among them; `path` and `query` are in canonical form already.
    public static func canonicalRequest(
        method: String, path: [UInt8], query: [UInt8], headers: [HeaderField], payload: PayloadHash
    ) -> [UInt8] {
        var buffer = RawArray<UInt8>(capacity: 2048)
        append(
            canonicalRequest: method, path: path, query: query, headers: CanonicalHeaders(headers), payload: payload,
            to: &buffer)
        return buffer.array
    }

    static func append(
        canonicalRequest method: String, path: [UInt8], query: [UInt8], headers: borrowing CanonicalHeaders,
        payload: PayloadHash, to buffer: inout RawArray<UInt8>
    ) {
        buffer.append(method)
        buffer.append(0x0A)
        buffer.append(path)
        buffer.append(0x0A)
        buffer.append(query)
        buffer.append(0x0A)
        headers.appendLines(to: &buffer)
        buffer.append(0x0A)
        headers.appendNames(to: &buffer)
        buffer.append(0x0A)
        buffer.append(payload.text)
    }

    /// Stage 2: what the key is applied to.
    public func stringToSign(canonicalRequest: [UInt8]) -> [UInt8] {
        let hash = SHA256Hasher.digest(canonicalRequest).hexadecimal
        return Array("\(Self.algorithm)\n\(date.basicFormat)\n\(scope)\n\(hash)".utf8)
    }

    /// Stage 3: the key of this day, region and service, 32 bytes.
    public func signingKey() -> [UInt8] {
        var key = Array("AWS4".utf8) + credentials.secretKey.bytes
        for part in [String(date.basicFormat.prefix(8)), region, "s3", "aws4_request"] {
            key = HMACSHA256.authenticate(Array(part.utf8), key: key).bytes
        }
        return key
    }

    /// Stage 4: 64 lower-case hexadecimal digits.
    public func signature(stringToSign: [UInt8]) -> String {
        HMACSHA256.authenticate(stringToSign, key: signingKey()).hexadecimal
    }

    /// Every header that a signed `request` carries besides its own: `host`, `x-amz-content-sha256`, `x-amz-date` and,
    /// with temporary credentials, `x-amz-security-token`.
    public func addedHeaders(for request: SignableRequest) -> [HeaderField] {
        var headers = [
            HeaderField("host", request.host),
            HeaderField("x-amz-content-sha256", request.payload.text),
            HeaderField("x-amz-date", date.basicFormat),
        ]
        // In clear because it is sent in clear: the token is part of every request.
        if let token = credentials.sessionToken { headers.append(HeaderField("x-amz-security-token", token.revealed)) }
        return headers
    }

    /// The value of the `Authorization` header.
    public func authorization(for request: SignableRequest) -> String {
        let headers = request.headers + addedHeaders(for: request)
        let canonical = Self.canonicalRequest(
            method: request.method, path: request.path, query: request.query, headers: headers,
            payload: request.payload)
        let signature = signature(stringToSign: stringToSign(canonicalRequest: canonical))
        return "\(Self.algorithm) Credential=\(credentials.accessKey)/\(scope), "
            + "SignedHeaders=\(Self.signedHeaders(headers)), Signature=\(signature)"
    }

    /// The names of `headers` as a signature lists them: lower case, sorted, each once, separated by `;`.
    public static func signedHeaders(_ headers: [HeaderField]) -> String {
        var names = RawArray<UInt8>(capacity: 256)
        CanonicalHeaders(headers).appendNames(to: &names)
        return names.string
    }
}
