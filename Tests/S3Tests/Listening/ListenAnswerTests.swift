import ObjectModel
import Testing

@testable import S3

@Suite("Answers to listening", .timeLimit(.minutes(10)))
struct ListenAnswerTests {
    private static let stream = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
    private static let event =
        #"{"Records":[{"eventName":"s3:ObjectCreated:Put","s3":{"bucket":{"name":"apks"},"object":{"key":"k"}}}]}"#
        + "\n"

    private static func chunked(_ chunks: String..., isWhole: Bool = true) -> String {
        let body = chunks.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }.joined()
        return stream + "Transfer-Encoding: chunked\r\n\r\n" + body + (isWhole ? "0\r\n\r\n" : "")
    }

    private static func answer(_ status: String, _ code: String = "", headers: String = "") -> String {
        let body = code.isEmpty ? "" : "<Error><Code>\(code)</Code><Message>Words.</Message></Error>"
        return "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\(headers)\r\n\(body)"
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var answer: String
        var kind: S3Error.Kind
        /// How often it is asked.
        var requests = 1
        var bucket: String? = "apks"

        var testDescription: String { name }
    }

    private static let cases = [
        Case(
            name: "a listing", answer: "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n\r\n<L",
            kind: .notImplemented),
        Case(
            name: "a web page", answer: "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<!DOCTYPE",
            kind: .notImplemented),
        Case(
            name: "a listing of which nothing came",
            answer: "HTTP/1.1 200 OK\r\nContent-Type: Application/XML\r\n\r\n", kind: .notImplemented),
        Case(name: "a document of no type", answer: "HTTP/1.1 200 OK\r\n\r\n\n <?xml ?>", kind: .notImplemented),
        Case(
            name: "a document that calls itself a stream", answer: chunked("  <List", "Bucket"), kind: .notImplemented),
        Case(
            name: "an answer with a length", answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            kind: .notImplemented),
        Case(name: "an empty answer", answer: answer("200 OK"), kind: .notImplemented),
        Case(name: "no content", answer: "HTTP/1.1 204 No Content\r\n\r\n", kind: .notImplemented),
        Case(name: "400", answer: answer("400 Bad Request", "InvalidArgument"), kind: .notImplemented, requests: 2),
        Case(name: "400 without a word", answer: answer("400 Bad Request"), kind: .notImplemented, requests: 2),
        Case(name: "405", answer: answer("405 Method Not Allowed", "MethodNotAllowed"), kind: .notImplemented),
        Case(name: "405 without a word", answer: answer("405 Method Not Allowed"), kind: .notImplemented),
        Case(name: "501", answer: answer("501 Not Implemented", "NotImplemented"), kind: .notImplemented),
        Case(name: "404 of all buckets", answer: answer("404 Not Found"), kind: .notImplemented, bucket: nil),
        Case(name: "404", answer: answer("404 Not Found"), kind: .noSuchBucket),
        Case(name: "404 NoSuchBucket", answer: answer("404 Not Found", "NoSuchBucket"), kind: .noSuchBucket),
        Case(name: "403", answer: answer("403 Forbidden", "AccessDenied"), kind: .refused),
        Case(name: "an expired token", answer: answer("400 Bad Request", "ExpiredToken"), kind: .refused),
        Case(
            name: "a region that is known already",
            answer: answer(
                "400 Bad Request", "AuthorizationHeaderMalformed", headers: "x-amz-bucket-region: us-east-1\r\n"),
            kind: .other),
        Case(name: "408", answer: answer("408 Request Timeout"), kind: .interrupted),
        Case(name: "500", answer: answer("500 Internal Server Error", "InternalError"), kind: .serverFailure),
        Case(name: "503", answer: answer("503 Service Unavailable", "SlowDown"), kind: .slowDown),
        Case(
            name: "a redirect", answer: answer("307 Temporary Redirect", headers: "Location: http://192.0.2.1/\r\n"),
            kind: .other),
        Case(name: "what is not HTTP", answer: "SSH-2.0-OpenSSH_9.2\r\n", kind: .interrupted),
        Case(name: "nothing", answer: "", kind: .interrupted),
        Case(name: "a stream without a byte", answer: chunked(), kind: .interrupted),
    ]

    @Test("What is no stream of events never counts as one", arguments: cases)
    func refusals(_ test: Case) async throws {
        let raw = try ScriptedServer(Array(repeating: test.answer, count: test.requests))
        let listener = Listener(ServerUnderTest.client(port: raw.port), bucket: test.bucket)
        let error = try #require(try await listener.end())
        #expect(error.kind == test.kind, "\(error)")
        #expect(listener.liveCount == 0 && listener.events.isEmpty)
        #expect(raw.requests.count == test.requests)
    }

    private static let endings = [
        Case(name: "its end", answer: chunked(" ", event), kind: .interrupted),
        Case(name: "a broken connection", answer: chunked(event, isWhole: false), kind: .interrupted),
        Case(name: "the end of a stream without chunks", answer: stream + "\r\n" + event, kind: .interrupted),
        Case(name: "a line that is not JSON", answer: chunked(event, "no JSON\n"), kind: .malformedAnswer),
        Case(name: "a document", answer: chunked(event, "<Error/>\n"), kind: .malformedAnswer),
        Case(
            name: "a record of no key",
            answer: chunked(event, "{\"Records\":[{\"eventName\":\"s3:ObjectCreated:Put\"}]}\n"), kind: .malformedAnswer
        ),
        Case(
            name: "a line without an end",
            answer: chunked(event, String(repeating: "x", count: EventParser.lineLimit + 1)), kind: .malformedAnswer),
    ]

    @Test("A stream that was live ends with its reason", arguments: endings)
    func ends(_ test: Case) async throws {
        let raw = try ScriptedServer([test.answer])
        let listener = Listener(ServerUnderTest.client(port: raw.port))
        let error = try #require(try await listener.end())
        #expect(error.kind == test.kind && error.isTransient, "\(error)")
        #expect(listener.liveCount == 1 && listener.events.map(\.keys) == [["k"]])
    }

    @Test("The request names the events, the prefix and the interval, and wants the bytes as they are")
    func request() async throws {
        let raw = try ScriptedServer([Self.answer("403 Forbidden")])
        _ = try await Listener(ServerUnderTest.client(port: raw.port), prefix: "releases/x") { $0.ping = 2 }.end()
        let head = try #require(raw.requests.first)
        #expect(
            head.hasPrefix(
                "GET /apks?events=s3%3AObjectCreated%3A%2A&events=s3%3AObjectRemoved%3A%2A&ping=2&prefix=releases HTTP/1.1\r\n"
            ))
        #expect(head.contains("\r\nAccept-Encoding: identity\r\n"))
        #expect(head.contains("\r\nAuthorization: AWS4-HMAC-SHA256 "))
    }
}
