import ObjectModel
import S3

/// Decides whether a request is signed as it must be.
struct SignatureCheck: Sendable {
    let accessKey: String
    let secretKey: String
    let sessionToken: String?
    /// Empty for any.
    let region: String
    let isRequired: Bool

    /// Seconds between the clocks that S3 allows.
    private static let allowedSkew: Int64 = 15 * 60

    /// - Throws: The refusal that S3 gives.
    func check(_ head: RequestHead, now: Timestamp) throws(ErrorAnswer) {
        guard let presented = try presented(head) else {
            guard !isRequired else { throw .accessDenied }
            return
        }
        try checkClaims(presented, head, now)
        let expected = SignatureV4.expectedSignature(
            method: head.method, path: head.path, query: head.rawQuery, headers: head.headers, presented: presented,
            secretKey: secretKey)
        guard expected == presented.signature else {
            throw ErrorAnswer(
                403, "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided."
            )
            .detail("AWSAccessKeyId", presented.accessKey)
            // As S3 does: it helps who signs wrongly, and shows whether a client keeps it out of its messages.
            .detail("SignatureProvided", presented.signature)
        }
    }

    /// Nil for a request without a signature.
    private func presented(_ head: RequestHead) throws(ErrorAnswer) -> PresentedSignature? {
        if let authorization = head.header("authorization") {
            guard authorization.hasPrefix("AWS4-HMAC-SHA256") else {
                throw .invalidRequest("Please use AWS4-HMAC-SHA256.")
            }
            guard let date = head.header("x-amz-date") else {
                throw ErrorAnswer(403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header.")
            }
            guard let presented = PresentedSignature(authorization: authorization, date: date) else {
                throw ErrorAnswer(400, "AuthorizationHeaderMalformed", "The authorization header is malformed.")
            }
            guard head.header("x-amz-content-sha256") != nil else {
                throw .invalidRequest("Missing required header for this request: x-amz-content-sha256.")
            }
            return presented
        }
        guard head.hasQuery("X-Amz-Signature") || head.hasQuery("X-Amz-Algorithm") else { return nil }
        guard let presented = PresentedSignature(query: head.rawQuery) else {
            throw ErrorAnswer(
                400, "AuthorizationQueryParametersError", "The query parameters of the signature are malformed.")
        }
        return presented
    }

    private func checkClaims(
        _ presented: PresentedSignature, _ head: RequestHead, _ now: Timestamp
    ) throws(ErrorAnswer) {
        guard presented.accessKey == accessKey else {
            throw ErrorAnswer(
                403, "InvalidAccessKeyId", "The Access Key Id you provided does not exist in our records."
            )
            .detail("AWSAccessKeyId", presented.accessKey)
        }
        guard region.isEmpty || presented.region == region else {
            throw ErrorAnswer(
                400, "AuthorizationHeaderMalformed",
                "The authorization header is malformed; the region is wrong; expecting '\(region)'."
            ).detail("Region", region)
        }
        let age = now.seconds - presented.date.seconds
        if let expires = presented.expires {
            guard age >= -Self.allowedSkew else { throw ErrorAnswer(403, "AccessDenied", "Request is not yet valid.") }
            guard age <= Int64(expires) else { throw ErrorAnswer(403, "AccessDenied", "Request has expired.") }
        } else if abs(age) > Self.allowedSkew {
            throw ErrorAnswer(
                403, "RequestTimeTooSkewed", "The difference between the request time and the server's is too large."
            ).detail("RequestTime", presented.date.basicFormat).detail("ServerTime", now.iso8601)
        }
        let token = head.header("x-amz-security-token") ?? head.query("X-Amz-Security-Token")
        guard token == sessionToken else {
            throw ErrorAnswer(403, "InvalidTokenId", "The security token included in the request is invalid.")
        }
        let signed = Set(presented.signedHeaders)
        for header in head.headers {
            let name = header.name.lowercased()
            if name == "host" || name.hasPrefix("x-amz-"), !signed.contains(name) {
                // A presigned URL leaves its payload unsigned, and clients send the header all the same.
                if presented.expires != nil, name == "x-amz-content-sha256" { continue }
                throw ErrorAnswer(
                    403, "AccessDenied", "There were headers present in the request which were not signed."
                )
                .detail("HeadersNotSigned", name)
            }
        }
    }
}
