public import ObjectModel
import Reactor
import Runtime

extension S3Client {
    /// The HTTP form of `request`, signed for now.
    func signed(_ request: S3Request, attempt: Int? = nil) -> HTTPRequest {
        let path = endpoint.path(bucket: request.bucket, key: request.key)
        let query = request.query.isEmpty ? [] : SignatureV4.canonicalQuery(request.query)
        let host = endpoint.authority(bucket: request.bucket)
        var url = Array("\(endpoint.scheme.rawValue)://\(host)".utf8)
        url.append(contentsOf: path)
        if !query.isEmpty {
            url.append(UInt8(ascii: "?"))
            url.append(contentsOf: query)
        }
        var lines: [String] = []
        lines.reserveCapacity(request.headers.count + 4)
        for field in request.headers {
            lines.append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        if credentials != nil {
            let signable = SignableRequest(
                method: request.method.rawValue, host: host, path: path, query: query,
                headers: request.headers.filter(Self.isSigned), payload: request.payload)
            appendSignature(of: signable, to: &lines)
        }
        var patience = request.patience
        if let attempt, request.isQuick { patience = .quick(attempt: attempt) }
        return HTTPRequest(
            method: request.method, url: String(decoding: url, as: UTF8.self), headers: lines, body: request.body,
            sink: request.sink, connection: connection,
            needsFreshConnection: request.needsFreshConnection || request.operation == .createMultipartUpload,
            patience: patience, counters: counters, onHead: request.onHead)
    }

    private static func isSigned(_ field: HeaderField) -> Bool {
        field.name == "Content-MD5" || field.name.hasPrefix("x-amz-")
    }

    private func appendSignature(of request: SignableRequest, to lines: inout [String]) {
        guard let credentials else { return }
        let (region, offset) = learnt.withLock { ($0.region, $0.signingOffset) }
        let signer = Reactor.required().transfers.signer(for: footprint) {
            RequestSigner(credentials: credentials, region: region)
        }
        if signer.region != region { signer.region = region }
        let now = Timestamp(milliseconds: time.wall().milliseconds + offset)
        let signature = signer.sign(request, at: now)
        lines.append("x-amz-date: \(signature.date)")
        lines.append("x-amz-content-sha256: \(request.payload.text)")
        if let token = credentials.sessionToken { lines.append("x-amz-security-token: \(token.revealed)") }
        lines.append("Authorization: \(signature.authorization)")
    }

    /// A URL that lets anybody read the object for `seconds` (1 to 604,800). Treat it as a secret.
    ///
    /// Nil where this client has no credentials: then the object's plain URL is all there is.
    public func presignedGet(bucket: String, key: ObjectKey, seconds: Int, at date: Timestamp) -> String? {
        guard let credentials else { return nil }
        let host = endpoint.authority(bucket: bucket)
        let path = endpoint.path(bucket: bucket, key: key)
        let signer = SignatureV4(credentials: credentials, region: learnt.withLock { $0.region }, date: date)
        let query = signer.presignedQuery(
            for: SignableRequest(method: "GET", host: host, path: path), expires: seconds)
        return "\(endpoint.scheme.rawValue)://\(host)\(String(decoding: path, as: UTF8.self))"
            + "?\(String(decoding: query, as: UTF8.self))"
    }
}
