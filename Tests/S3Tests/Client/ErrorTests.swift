import ObjectModel
import Reactor
import Runtime
import Testing

@testable import S3

@Suite("Errors from answers")
struct ErrorTests {
    private func error(
        _ status: Int, _ code: String = "", _ operation: S3Operation = .getObject, headers: [String] = []
    ) -> S3Error {
        let body = code.isEmpty ? "" : "<Error><Code>\(code)</Code><Message>Words.</Message></Error>"
        return S3Error(
            head: HTTPHead(status: status, block: Array(headers.map { $0 + "\r\n" }.joined().utf8)),
            body: ByteBlock(Array(body.utf8)), for: S3Request(operation, .get, bucket: "b", key: "k"),
            server: "http://s3.example.com", time: SystemTime())
    }

    @Test(
        "Status and code tell the kind",
        arguments: [
            (404, "NoSuchKey", .noSuchKey), (404, "NoSuchVersion", .noSuchKey), (404, "NoSuchBucket", .noSuchBucket),
            (404, "NoSuchUpload", .noSuchUpload), (412, "PreconditionFailed", .preconditionFailed),
            (412, "", .preconditionFailed), (400, "BadDigest", .digestMismatch),
            (400, "XAmzContentSHA256Mismatch", .digestMismatch), (400, "IncompleteBody", .interrupted),
            (400, "RequestTimeout", .interrupted), (503, "SlowDown", .slowDown), (503, "", .slowDown),
            (429, "", .slowDown), (503, "ServiceUnavailable", .slowDown),
            (503, "XMinioServerNotInitialized", .slowDown),
            (500, "InternalError", .serverFailure), (500, "", .serverFailure), (502, "", .serverFailure),
            (504, "", .serverFailure), (409, "OperationAborted", .serverFailure), (501, "", .notImplemented),
            (501, "NotImplemented", .notImplemented), (400, "NotImplemented", .notImplemented), (401, "", .refused),
            (403, "", .refused), (403, "AccessDenied", .refused), (403, "SignatureDoesNotMatch", .refused),
            (403, "InvalidAccessKeyId", .refused), (403, "RequestTimeTooSkewed", .refused),
            // AWS answers these with 400.
            (400, "ExpiredToken", .refused), (400, "InvalidToken", .refused), (407, "", .refused),
            (408, "", .interrupted), (408, "RequestTimeout", .interrupted), (507, "", .full),
            (507, "XMinioStorageFull", .full), (403, "QuotaExceeded", .full),
            (403, "InvalidObjectState", .unacceptable), (400, "KeyTooLongError", .unacceptable),
            (400, "EntityTooLarge", .unacceptable), (400, "XMinioInvalidObjectName", .unacceptable),
            (405, "MethodNotAllowed", .unacceptable), (400, "InvalidRequest", .other), (400, "", .other),
            (301, "PermanentRedirect", .other), (302, "", .other),
        ] as [(Int, String, S3Error.Kind)])
    func kinds(_ status: Int, _ code: String, _ kind: S3Error.Kind) {
        #expect(error(status, code).kind == kind)
        #expect(error(status, code, .putObject).kind == kind)
    }

    @Test(
        "A 404 without a code is what was asked for",
        arguments: [
            (.headObject, .noSuchKey), (.getObject, .noSuchKey), (.getObjectTagging, .noSuchKey),
            (.headBucket, .noSuchBucket), (.listObjectsV2, .noSuchBucket), (.listObjects, .noSuchBucket),
            (.putObject, .other), (.uploadPart, .other), (.listBuckets, .other),
        ] as [(S3Operation, S3Error.Kind)])
    func notFound(_ operation: S3Operation, _ kind: S3Error.Kind) {
        #expect(error(404, "", operation).kind == kind)
    }

    @Test(
        "A success with an error inside is a failure that may pass",
        arguments: ["InternalError", "SomethingNew", "SlowDown"])
    func errorInSuccess(_ code: String) {
        #expect(error(200, code, .copyObject).isTransient)
    }

    @Test(
        "A body that is no error document, however it looks, is not one",
        arguments: ["<html/>", "<Err", "<Code>NoSuchKey</Code>", "{}", "\u{0}"])
    func otherBodies(_ body: String) {
        let error = S3Error(
            head: HTTPHead(status: 500, block: []), body: ByteBlock(Array(body.utf8)),
            for: S3Request(.getObject, .get), server: "http://s3.example.com", time: SystemTime())
        #expect(error.kind == .serverFailure && error.code == "" && error.message == "internal server error")
    }

    @Test("Where there is no body, headers tell more")
    func headers() {
        let error = error(
            404, "", .headObject,
            headers: [
                "x-minio-error-code: NoSuchBucket", "x-minio-error-desc: \"The specified bucket does not exist\"",
                "x-amz-request-id: R1", "Retry-After: 7", "x-amz-bucket-region: eu-west-1",
                "Date: Sat, 21 Nov 2026 01:02:03 GMT",
            ])
        #expect(error.kind == .noSuchBucket)
        #expect(error.message == "The specified bucket does not exist")
        #expect(error.requestID == "R1")
        #expect(error.retryAfter == 7)
        #expect(error.serverRegion == "eu-west-1")
        #expect(error.serverDate == Timestamp(seconds: 1_795_222_923))
    }

    @Test(
        "Retry-After is a number of seconds or a date by the server's clock",
        arguments: [
            ("0", 0), ("120", 120), ("-5", 0), ("Sat, 21 Nov 2026 01:02:10 GMT", 7),
            ("Sat, 21 Nov 2026 02:02:03 GMT", 3600), ("Sat, 21 Nov 2026 01:02:03 GMT", 0),
            ("Sat, 21 Nov 2026 01:02:00 GMT", 0), ("soon", nil), ("", nil), ("99999999999999999999", nil),
        ] as [(String, Int?)])
    func retryAfter(_ text: String, _ seconds: Int?) {
        let error = error(503, "", headers: ["Date: Sat, 21 Nov 2026 01:02:03 GMT", "Retry-After: \(text)"])
        #expect(error.retryAfter == seconds)
    }

    @Test("A date to wait for is taken by our clock where the server tells no time")
    func retryAfterWithoutDate() throws {
        let later = Timestamp(milliseconds: SystemTime().wall().milliseconds + 60_000)
        let seconds = try #require(error(503, "", headers: ["Retry-After: \(later.httpDate)"]).retryAfter)
        #expect((50...60).contains(seconds))
    }

    @Test("A document names the region before a header does")
    func region() {
        let body =
            "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region><RequestId>R2</RequestId></Error>"
        let error = S3Error(
            head: HTTPHead(status: 400, block: Array("x-amz-bucket-region: us-west-2\r\n".utf8)),
            body: ByteBlock(Array(body.utf8)), for: S3Request(.getObject, .get), server: "http://s3.example.com",
            time: SystemTime())
        #expect(error.serverRegion == "eu-west-1" && error.requestID == "R2")
    }

    // MARK: What may be repeated

    @Test("Only what may pass by itself is transient")
    func transience() {
        let kinds: [S3Error.Kind] = [
            .unreachable, .untrusted, .timedOut, .interrupted, .refused, .noSuchKey, .noSuchBucket, .noSuchUpload,
            .preconditionFailed, .digestMismatch, .slowDown, .serverFailure, .unacceptable, .notImplemented, .full,
            .malformedAnswer, .cancelled, .other,
        ]
        let transient = kinds.filter { kind in
            var error = error(500)
            error.kind = kind
            return error.isTransient
        }
        #expect(
            transient == [
                .unreachable, .timedOut, .interrupted, .digestMismatch, .slowDown, .serverFailure, .malformedAnswer,
            ])
    }

    @Test("All is repeatable but what makes an upload or an object of it")
    func repeatability() {
        #expect(
            Set(S3Operation.allCases.filter { !$0.isRepeatable }) == [.createMultipartUpload, .completeMultipartUpload])
    }

    @Test("Reads and writes are told apart")
    func directions() {
        let reads: Set<S3Operation> = [
            .listBuckets, .headBucket, .getBucketLocation, .listObjects, .listObjectsV2, .headObject, .getObject,
            .listParts, .listMultipartUploads, .getObjectTagging, .getObjectAttributes, .listenBucketNotification,
        ]
        #expect(Set(S3Operation.allCases.filter { !$0.isWrite }) == reads)
    }

    // MARK: Exchanges that broke

    @Test(
        "libcurl's codes tell whether there is a server",
        arguments: [
            (6, .unreachable), (7, .unreachable), (5, .unreachable), (97, .unreachable), (60, .untrusted),
            (35, .untrusted), (58, .untrusted), (77, .untrusted), (18, .interrupted), (52, .interrupted),
            (56, .interrupted), (55, .interrupted), (26, .interrupted),
        ] as [(UInt32, S3Error.Kind)])
    func curl(_ code: UInt32, _ kind: S3Error.Kind) {
        let error = S3Error(
            TransferError.curl(code: code, message: "words"), for: S3Request(.getObject, .get), server: "s")
        #expect(error.kind == kind && error.message == "words" && error.status == 0)
    }

    @Test(
        "A broken handshake or an empty answer says which scheme to try",
        arguments: [
            (
                "https", 35, "OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to s3:9000 ", .unreachable,
                .checkScheme
            ),
            (
                "https", 35, "OpenSSL SSL_connect: Connection reset by peer in connection to s3:9000 ", .unreachable,
                .checkScheme
            ),
            ("https", 35, "error:0A000126:SSL routines::unexpected eof while reading", .unreachable, .checkScheme),
            ("https", 35, "error:0A00010B:SSL routines::wrong version number", .untrusted, .writeHTTP),
            (
                "https", 35, "error:0A00045C:SSL routines::tlsv13 alert certificate required", .untrusted,
                .giveClientCertificate
            ),
            ("https", 60, "SSL certificate problem: self-signed certificate", .untrusted, .giveAuthority),
            ("https", 77, "error setting certificate verify locations:  CAfile: /x", .untrusted, .checkAuthorityFile),
            ("https", 58, "unable to set private key file: 'k'", .untrusted, .checkClientCertificate),
            ("http", 52, "Empty reply from server", .interrupted, .tryHTTPS),
            ("http", 1, "Received HTTP/0.9 when not allowed", .interrupted, .tryHTTPS),
        ] as [(String, UInt32, String, S3Error.Kind, S3Error.Advice)])
    func schemes(_ scheme: String, _ code: UInt32, _ message: String, _ kind: S3Error.Kind, _ advice: S3Error.Advice) {
        let error = S3Error(
            TransferError.curl(code: code, message: message), for: S3Request(.listBuckets, .get),
            server: "\(scheme)://s3:9000")
        #expect(error.kind == kind)
        #expect(error.advice == advice, "\(error)")
    }

    @Test("An empty answer over TLS, or an exchange that broke later, gives no advice about TLS")
    func otherInterruptions() {
        for (server, message) in [("https://s3", "Empty reply from server"), ("http://s3", "transfer closed")] {
            let error = S3Error(
                TransferError.curl(code: 52, message: message), for: S3Request(.listBuckets, .get), server: server)
            #expect(error.advice == nil, "\(error)")
        }
    }

    @Test(
        "A server that wants HTTPS is understood whatever its program",
        arguments: [
            "Client sent an HTTP request to an HTTPS server.\n",
            "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
            "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
        ])
    func wantsTLS(_ body: String) {
        let error = S3Error(
            head: HTTPHead(status: 400, block: []), body: ByteBlock(Array(body.utf8)),
            for: S3Request(.listObjectsV2, .get), server: "http://s3:9000", time: SystemTime())
        #expect(error.description.hasSuffix("failed: 400 the server takes only HTTPS there."), "\(error)")
        #expect(error.advice == .writeHTTPS)
    }

    @Test("The other ends of an exchange have kinds of their own")
    func transferErrors() {
        func kind(_ error: TransferError) -> S3Error.Kind {
            S3Error(error, for: S3Request(.getObject, .get), server: "s").kind
        }
        #expect(kind(.timedOut(.connect)) == .unreachable)
        #expect(kind(.timedOut(.firstByte)) == .timedOut)
        #expect(kind(.timedOut(.stall)) == .timedOut)
        #expect(kind(.cancelled) == .cancelled)
        #expect(kind(.tooLarge(limit: 1)) == .malformedAnswer)
        #expect(kind(.refusedBySink) == .malformedAnswer)
    }

    // MARK: Words

    @Test("An error is one sentence that says where, what, why, and what to try")
    func sentences() {
        var refused = error(403, "SignatureDoesNotMatch", .getObject, headers: ["x-amz-request-id: R1"])
        refused.attempts = 3
        #expect(
            refused.description
                == "GetObject of http://s3.example.com/b/k failed: 403 SignatureDoesNotMatch: Words (request R1), 3 "
                + "attempts.")
        #expect(refused.advice == .checkSecretKey)
        #expect(error(400).description == "GetObject of http://s3.example.com/b/k failed: 400 bad request.")
        #expect(error(400, "ExpiredToken").advice == .renewToken)
    }
}
