public import ObjectModel

/// Signs many requests to one server from one thread: `SignatureV4` with its contexts, buffers and today's key kept.
///
/// A reactor has one for each server that it talks to. Not `Sendable`: its buffers belong to the thread that calls it.
/// A signature costs about 1 µs; the key of the day is derived when the UTC day, the region or the credentials change.
public final class RequestSigner {
    /// Replaced when temporary credentials are renewed.
    public var credentials: Credentials {
        didSet { forgetKey() }
    }
    /// Replaced when the server names another one.
    public var region: String {
        didSet { forgetKey() }
    }

    /// The second that `dateText` says.
    private var second: Int64 = .min
    /// `20130524T000000Z`.
    private var dateText = ""
    /// The first eight characters of the date for which `authenticator` holds the key; empty if it holds none.
    private var day: [UInt8] = []
    /// `20130524/us-east-1/s3/aws4_request`.
    private var scope: [UInt8] = []
    private var authenticator: HMACSHA256
    private var hasher = SHA256Hasher()
    private var headers = CanonicalHeaders()
    /// The canonical request, then the string to sign, then the header: each is used up before the next begins.
    private var buffer: [UInt8] = []

    public init(credentials: Credentials, region: String) {
        self.credentials = credentials
        self.region = region
        // Replaced by the key of the day before its first use.
        authenticator = HMACSHA256(key: [0])
        buffer.reserveCapacity(2048)
    }

    /// What a request has to carry besides its own headers, `Host` and `x-amz-content-sha256`.
    public struct Signature: Sendable {
        /// The value of `Authorization`.
        public let authorization: String
        /// The value of `x-amz-date`.
        public let date: String
    }

    /// Signs `request` at `date`. The answers are those of `SignatureV4`. With temporary credentials the request also
    /// has to carry `x-amz-security-token`.
    public func sign(_ request: SignableRequest, at date: Timestamp) -> Signature {
        prepare(date)
        headers.removeAll()
        headers.insert("host", request.host)
        headers.insert("x-amz-content-sha256", request.payload.text)
        headers.insert("x-amz-date", dateText)
        if let token = credentials.sessionToken { headers.insert("x-amz-security-token", token.revealed) }
        for field in request.headers { headers.insert(field.name, field.value) }

        buffer.removeAll(keepingCapacity: true)
        SignatureV4.append(
            canonicalRequest: request.method, path: request.path, query: request.query, headers: headers,
            payload: request.payload, to: &buffer)
        hasher.update(buffer)
        let hash = hasher.finish()

        buffer.removeAll(keepingCapacity: true)
        buffer.append(contentsOf: "AWS4-HMAC-SHA256\n".utf8)
        buffer.append(contentsOf: dateText.utf8)
        buffer.append(0x0A)
        buffer.append(contentsOf: scope)
        buffer.append(0x0A)
        hash.appendHexadecimal(to: &buffer)
        let signature = authenticator.authenticate(buffer)

        buffer.removeAll(keepingCapacity: true)
        buffer.append(contentsOf: "AWS4-HMAC-SHA256 Credential=".utf8)
        buffer.append(contentsOf: credentials.accessKey.utf8)
        buffer.append(UInt8(ascii: "/"))
        buffer.append(contentsOf: scope)
        buffer.append(contentsOf: ", SignedHeaders=".utf8)
        headers.appendNames(to: &buffer)
        buffer.append(contentsOf: ", Signature=".utf8)
        signature.appendHexadecimal(to: &buffer)
        return Signature(authorization: String(decoding: buffer, as: UTF8.self), date: dateText)
    }

    /// Brings the date's text, and the key where the day is another one, up to `date`.
    private func prepare(_ date: Timestamp) {
        if second != date.seconds {
            second = date.seconds
            dateText = date.basicFormat
        } else if !day.isEmpty {
            return
        }
        if dateText.utf8.prefix(8).elementsEqual(day) { return }
        day = Array(dateText.utf8.prefix(8))
        let signer = SignatureV4(credentials: credentials, region: region, date: date)
        scope = Array(signer.scope.utf8)
        authenticator.setKey(signer.signingKey())
    }

    private func forgetKey() {
        day = []
    }
}
