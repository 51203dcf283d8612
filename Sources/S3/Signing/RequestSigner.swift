import Digests
public import ObjectModel

/// Signs many requests to one server from one thread: `SignatureV4` with its contexts, buffers and today's key kept.
///
/// A reactor has one for each server that it talks to. Not `Sendable`: its buffers belong to the thread that calls it.
/// A signature costs 1 to 1.5 µs; the key of the day is derived when the UTC day, the region or the credentials change.
public final class RequestSigner {
    /// Replaced when temporary credentials are renewed.
    public var credentials: Credentials {
        didSet { forgetKey() }
    }
    /// Replaced when the server names another one.
    public var region: String {
        didSet { forgetKey() }
    }

    private var state = SigningState()

    public init(credentials: Credentials, region: String) {
        self.credentials = credentials
        self.region = region
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
        state.sign(request, at: date, by: credentials, region)
    }

    private func forgetKey() {
        state.day = ""
    }
}

/// What a signer keeps between requests. A value of its own, so that a signature takes one check for exclusive access to
/// it and not one for each of its fields.
private struct SigningState: ~Copyable {
    /// The second that `date` says.
    var second: Int64 = .min
    /// `20130524T000000Z`, as text and as bytes.
    var dateText = ""
    var date = RawArray<UInt8>(capacity: 16)
    /// The first eight characters of the date for which `authenticator` holds the key; empty if it holds none.
    var day = ""
    /// `20130524/us-east-1/s3/aws4_request`.
    var scope = RawArray<UInt8>(capacity: 64)
    /// The session token, in clear because it is signed and sent in clear; empty for none.
    var token = RawArray<UInt8>(capacity: 16)
    /// Its key is replaced by that of the day before its first use.
    var authenticator = HMACSHA256(key: [0])
    var hasher = SHA256Hasher()
    var headers = CanonicalHeaders()
    /// The canonical request, then the string to sign, then the header: each is used up before the next begins.
    var buffer = RawArray<UInt8>(capacity: 4096)

    mutating func sign(
        _ request: SignableRequest, at date: Timestamp, by credentials: Credentials, _ region: String
    ) -> RequestSigner.Signature {
        prepare(date, credentials, region)
        headers.removeAll()
        headers.insert("host", request.host)
        headers.insert("x-amz-content-sha256", request.payload.text)
        headers.insert("x-amz-date", self.date)
        if token.count > 0 { headers.insert("x-amz-security-token", token) }
        for field in request.headers { headers.insert(field.name, field.value) }

        buffer.removeAll()
        SignatureV4.append(
            canonicalRequest: request.method, path: request.path, query: request.query, headers: headers,
            payload: request.payload, to: &buffer)
        unsafe hasher.update(UnsafeRawBufferPointer(buffer.elements))
        let hash = hasher.finish()

        buffer.removeAll()
        buffer.append("AWS4-HMAC-SHA256\n")
        unsafe buffer.append(self.date.elements)
        buffer.append(0x0A)
        unsafe buffer.append(scope.elements)
        buffer.append(0x0A)
        hash.appendHexadecimal(to: &buffer)
        let signature = unsafe authenticator.authenticate(UnsafeRawBufferPointer(buffer.elements))

        buffer.removeAll()
        buffer.append("AWS4-HMAC-SHA256 Credential=")
        buffer.append(credentials.accessKey)
        buffer.append(UInt8(ascii: "/"))
        unsafe buffer.append(scope.elements)
        buffer.append(", SignedHeaders=")
        headers.appendNames(to: &buffer)
        buffer.append(", Signature=")
        signature.appendHexadecimal(to: &buffer)
        return RequestSigner.Signature(authorization: buffer.string, date: dateText)
    }

    /// Brings the date's text, and the key where the day is another one, up to `date`.
    private mutating func prepare(_ date: Timestamp, _ credentials: Credentials, _ region: String) {
        let second = date.seconds
        if self.second == second, !day.isEmpty { return }
        self.second = second
        dateText = date.basicFormat
        self.date.removeAll()
        self.date.append(dateText)
        if dateText.prefix(8) == day { return }
        day = String(dateText.prefix(8))
        let signer = SignatureV4(credentials: credentials, region: region, date: date)
        scope.removeAll()
        scope.append(signer.scope)
        token.removeAll()
        if let secret = credentials.sessionToken { token.append(secret.bytes) }
        authenticator.setKey(signer.signingKey())
    }
}
