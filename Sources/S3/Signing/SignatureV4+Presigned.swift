import ObjectModel

extension SignatureV4 {
    /// The query, without `?`, of a URL that carries its own signature, `request.query` included.
    ///
    /// The body is never signed and `host` is the only header that is, besides `request.headers`, which whoever uses the
    /// URL has to send. A session token goes into the query. `expires` is in seconds, 1 to 604,800 (seven days), the
    /// range of the standard. The answer gives access to the object: treat it as a secret.
    public func presignedQuery(for request: SignableRequest, expires: Int) -> [UInt8] {
        precondition((1...604_800).contains(expires), "A presigned URL lives for 1 to 604,800 seconds.")
        let headers = request.headers + [HeaderField("host", request.host)]
        var items = [
            QueryItem("X-Amz-Algorithm", Self.algorithm),
            QueryItem("X-Amz-Credential", "\(credentials.accessKey)/\(scope)"),
            QueryItem("X-Amz-Date", date.basicFormat),
            QueryItem("X-Amz-Expires", String(expires)),
            QueryItem("X-Amz-SignedHeaders", Self.signedHeaders(headers)),
        ]
        if let token = credentials.sessionToken { items.append(QueryItem("X-Amz-Security-Token", bytes: token.bytes)) }
        items += Self.items(received: request.query)
        let query = Self.canonicalQuery(items)
        let canonical = Self.canonicalRequest(
            method: request.method, path: request.path, query: query, headers: headers, payload: .unsigned)
        let signature = signature(stringToSign: stringToSign(canonicalRequest: canonical))
        return query + Array("&X-Amz-Signature=\(signature)".utf8)
    }
}
