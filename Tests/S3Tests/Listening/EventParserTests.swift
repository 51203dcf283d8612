import ObjectModel
import Testing

@testable import S3

/// The events of a stream that comes in one piece, or the error that ends it.
private func events(
    _ stream: [UInt8], bucket: String? = nil, prefix: ObjectKey = "", lineLimit: Int = EventParser.lineLimit
) throws(EventStreamError) -> [BucketEvent] {
    var parser = EventParser(filter: EventFilter(bucket: bucket, prefix: prefix), lineLimit: lineLimit)
    var events: [BucketEvent] = []
    try parser.feed(stream, to: &events)
    return events
}

private func events(_ stream: String, bucket: String? = nil, prefix: ObjectKey = "") throws -> [BucketEvent] {
    try events(Array(stream.utf8), bucket: bucket, prefix: prefix)
}

/// A record with this text as its key, between quotes.
private func record(_ key: String, name: String = "s3:ObjectCreated:Put", bucket: String = "apks") -> String {
    #"{"eventName":"\#(name)","s3":{"bucket":{"name":"\#(bucket)"},"object":{"key":"\#(key)"}}}"#
}

private func line(_ records: String...) -> String {
    "{\"Records\":[\(records.joined(separator: ","))]}\n"
}

@Suite("Streams of events")
struct EventParserTests {
    /// As a JuiceFS gateway (MinIO's code) sent it.
    private static let real =
        #"{"Records":[{"eventVersion":"2.0","eventSource":"minio:s3","awsRegion":"","eventTime":"2026-11-21T04:43:01.951Z","#
        + #""eventName":"s3:ObjectCreated:Put","userIdentity":{"principalId":"AKIAIOSFODNN7EXAMPLE"},"requestParameters":"#
        + #"{"principalId":"AKIAIOSFODNN7EXAMPLE","region":"","sourceIPAddress":"192.0.2.1"},"responseElements":"#
        + #"{"content-length":"0","x-amz-request-id":"18E9F5CBC0B0ED31","x-minio-origin-endpoint":"http://192.0.2.1:9000"},"#
        + #""s3":{"s3SchemaVersion":"1.0","configurationId":"Config","bucket":{"name":"photos","ownerIdentity":"#
        + #"{"principalId":"AKIAIOSFODNN7EXAMPLE"},"arn":"arn:aws:s3:::photos"},"object":{"key":"a b/é+%41~\u0026\"\\x.txt","#
        + #""size":5,"eTag":"5d41402abc4b2a76b9719d911017c592","userMetadata":{"X-Amz-Meta-M":"v","content-type":"#
        + #""binary/octet-stream"},"sequencer":"18E9F5CBC12C6A22"}},"source":{"host":"192.0.2.1","port":"","userAgent":"x"}}]}"#
        + "\n"

    @Test("A real record is read as it is meant")
    func realRecord() throws {
        let event = try #require(try events(Self.real).first)
        #expect(
            event
                == BucketEvent(
                    kind: .created, bucket: "photos", keys: ["a b/é+%41~&\"\\x.txt", "a b/é A~&\"\\x.txt"], size: 5,
                    etag: ETag("5d41402abc4b2a76b9719d911017c592"),
                    time: Timestamp(iso8601: "2026-11-21T04:43:01.951Z".utf8)))
    }

    @Test(
        "Keep-alives are no events",
        arguments: [
            "", " ", "    ", "\n", "\r\n\r\n", "{\"Records\":null}\n", "{\"Records\":[]}\n", " {\"Records\":null}\r\n",
            "{\"Records\":[null]}\n", "{}\n", "{\"other\":{\"Records\":[1]}}\n",
        ])
    func keepAlives(_ stream: String) throws {
        #expect(try events(stream + "   " + line(record("k"))).map(\.keys) == [["k"]])
    }

    @Test("Documents come several a chunk, with either end of line, several a line, and their records in order")
    func documents() throws {
        let stream =
            line(record("1"), record("2")) + "  " + line(record("3")).replacing("\n", with: "\r\n")
            + line(record("4")).dropLast() + " " + line(record("5"))
        #expect(try events(stream).flatMap(\.keys) == ["1", "2", "3", "4", "5"])
    }

    @Test("A line counts when its end is here")
    func incomplete() throws {
        #expect(try events(String(line(record("1")).dropLast())).isEmpty)
    }

    @Test(
        "The event's name tells its kind",
        arguments: [
            ("s3:ObjectCreated:Put", .created), ("s3:ObjectCreated:CompleteMultipartUpload", .created),
            ("s3:ObjectCreated:PutTagging", .created), ("ObjectCreated:Copy", .created),
            ("s3:ObjectRemoved:Delete", .removed), ("s3:ObjectRemoved:DeleteMarkerCreated", .removed),
            ("ObjectRemoved:Delete", .removed), ("s3:ObjectAccessed:Get", .other), ("s3:ObjectCreatedX", .other),
            ("", .other),
        ] as [(String, BucketEvent.Kind)])
    func kinds(_ name: String, _ kind: BucketEvent.Kind) throws {
        #expect(try events(line(record("k", name: name))).map(\.kind) == [kind])
    }

    @Test(
        "A key is the bytes that its text stands for",
        arguments: [
            (#"é"#, Array("é".utf8)), (#"\u00e9"#, Array("é".utf8)), (#"\u00E9"#, Array("é".utf8)),
            (#"e\u0301"#, [0x65, 0xCC, 0x81]), (#"\u0000\u0001\u001f\u007f"#, [0, 1, 0x1F, 0x7F]),
            (#"\b\f\n\r\t\"\\\/"#, [8, 12, 10, 13, 9, 0x22, 0x5C, 0x2F]),
            (#"\ud83d\ude80"#, Array("🚀".utf8)), (#"🚀"#, Array("🚀".utf8)), (#"\u2028"#, Array("\u{2028}".utf8)),
            // Half a pair, at every place where one can stand.
            (#"\ud83d"#, Array("\u{FFFD}".utf8)), (#"\ude80"#, Array("\u{FFFD}".utf8)),
            (#"\ud83dx"#, Array("\u{FFFD}x".utf8)), (#"\ud83d\n"#, Array("\u{FFFD}\n".utf8)),
            (#"\ude80\ud83d"#, Array("\u{FFFD}\u{FFFD}".utf8)),
            (#"\ud83d\ud83d\ude80"#, Array("\u{FFFD}🚀".utf8)), (#"\ud83d\u0041"#, Array("\u{FFFD}A".utf8)),
            ("a\tb", [0x61, 9, 0x62]), (#"\\u0041"#, Array(#"\u0041"#.utf8)), (#" "#, [0x20]),
        ] as [(String, [UInt8])])
    func keys(_ text: String, _ key: [UInt8]) throws {
        #expect(try events(line(record(text))).map(\.keys) == [[ObjectKey(bytes: key)]])
    }

    @Test("Bytes that are not UTF-8 stay what they are")
    func rawBytes() throws {
        let key: [UInt8] = [0x61, 0xFF, 0xC3, 0x28, 0xED, 0xA0, 0x80]
        var stream = Array(line(record("KEY")).utf8)
        let place = try #require(stream.firstRange(of: Array("KEY".utf8)))
        stream.replaceSubrange(place, with: key)
        #expect(try events(stream).first?.keys == [ObjectKey(bytes: key)])
    }

    @Test(
        "An encoded key may be meant either way",
        arguments: [
            ("plain/key", ["plain/key"]), ("a+b", ["a+b", "a b"]), ("a%20b", ["a%20b", "a b"]),
            ("%C3%A9%2Fx", ["%C3%A9%2Fx", "é/x"]), ("100%", ["100%"]), ("50%zz+", ["50%zz+"]), ("%2", ["%2"]),
            ("%2B", ["%2B", "+"]), ("a b", ["a b"]),
        ] as [(String, [ObjectKey])])
    func readings(_ text: String, _ keys: [ObjectKey]) throws {
        #expect(try events(line(record(text))).map(\.keys) == [keys])
    }

    @Test(
        "A size is a number of bytes, however it is written, or is not known",
        arguments: [
            ("5", 5), ("0", 0), ("-0", 0), ("5.0", 5), ("1.5e3", 1500), ("5E0", 5), ("9223372036854775807", .max),
            ("9223372036854775808", nil), ("1e400", nil), ("-1", nil), ("null", nil), ("\"5\"", nil), ("{}", nil),
            ("[[5]]", nil), ("true", nil),
        ] as [(String, Int64?)])
    func sizes(_ text: String, _ size: Int64?) throws {
        let line = line(record("k\",\"size\":\(text),\"eTag\":\"x"))
        #expect(try events(line).map(\.size) == [size])
        #expect(try events(line).map(\.etag) == [ETag("x")])
    }

    @Test(
        "What is absent, null or of another type is not known",
        arguments: [
            #"{"s3":{"object":{"key":"k"},"bucket":{"name":"b"}}}"#,
            #"{"eventName":null,"eventTime":null,"s3":{"object":{"key":"k","size":null,"eTag":null},"bucket":{"name":"b"}}}"#,
            #"{"eventName":1,"eventTime":[],"s3":{"object":{"key":"k","size":"x","eTag":{}},"bucket":{"name":"b"}}}"#,
            #"{"eventTime":"yesterday","s3":{"object":{"key":"k","eTag":""},"bucket":{"name":"b"},"object2":{"key":"no"}}}"#,
            #"{"key":"no","s3":{"key":"no","name":"no","bucket":{"name":"b","key":"no"},"object":{"name":"no","key":"k"}}}"#,
        ])
    func absent(_ record: String) throws {
        #expect(try events(line(record)) == [BucketEvent(kind: .other, bucket: "b", keys: ["k"])])
    }

    @Test("Names may be written with escapes, and the last of several of them counts")
    func names() throws {
        let record = #"{"\u0073\u0033":{"object":{"key":"no","\u006bey":"k"},"bucket":{"name":"b"}}}"#
        #expect(try events(line(record)).map(\.keys) == [["k"]])
    }

    @Test("Unknown members are skipped, however deep, up to a limit")
    func nesting() throws {
        func stream(_ depth: Int) -> String {
            let value =
                String(repeating: "[{\"a\":", count: depth / 2) + "1" + String(repeating: "}]", count: depth / 2)
            return "{\"x\":\(value),\"Records\":[{\"y\":\(value),\(record("k").dropFirst())]}\n"
        }
        #expect(try events(stream(JSONScanner.depthLimit)).map(\.keys) == [["k"]])
        let error = #expect(throws: EventStreamError.self) { try events(stream(JSONScanner.depthLimit + 2)) }
        #expect(error?.description.contains("nested") == true)
        #expect(throws: EventStreamError.self) { try events(stream(2_000_000)) }
    }

    @Test(
        "What is not a document of records ends the stream",
        arguments: [
            "<ListBucketResult/>", "hello", "[]", "null", "1", "\"x\"", "{", "{}}", "{\"Records\"}", "{\"Records\":}",
            "{\"Records\":{}}", "{\"Records\":1}", "{\"Records\":[1]}", "{\"Records\":[[]]}", "{\"Records\":[{}",
            "{\"Records\":[{},]}", "{\"Records\":[{}]},", "{'Records':[]}", "{\"a\":01}", "{\"a\":1.}", "{\"a\":-}",
            "{\"a\":+1}", "{\"a\":.5}", "{\"a\":1e}", "{\"a\":nul}", "{\"a\":TRUE}", "{\"a\":\"x}", "{\"a\":\"\\x\"}",
            "{\"a\":\"\\u12\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"\\", "{\"a\":[1 2]}", "{\"a\":{\"b\"}}",
            "{\"a\":[1}}",
            "{\"a\":{\"b\":1]}", "{\"a\" 1}", "{a:1}", "{\"Records\":null", "\u{FEFF}{}", "{\"s\":\"a\u{0}", "data: {}",
        ])
    func malformed(_ text: String) {
        #expect(throws: EventStreamError.self) { try events(text + "\n" + line(record("k"))) }
    }

    @Test("A change that names no key or no bucket is not passed over in silence; an empty record is")
    func incompleteRecords() throws {
        for name in ["s3:ObjectCreated:Put", "s3:ObjectRemoved:Delete"] {
            #expect(throws: EventStreamError.self) { try events(line("{\"eventName\":\"\(name)\"}")) }
            #expect(throws: EventStreamError.self) { try events(line(record("", name: name))) }
        }
        #expect(try events(line(#"{"eventName":"","s3":{"bucket":{"name":""},"object":{"key":""}}}"#)).isEmpty)
        #expect(throws: EventStreamError.self) { try events(line(record("k", bucket: ""))) }
        #expect(try events(line(record("k", bucket: "")), bucket: "b").map(\.bucket) == ["b"])
    }

    @Test("Events before a line that cannot be read are still told")
    func partialError() {
        var parser = EventParser(filter: EventFilter(bucket: nil, prefix: ""))
        var events: [BucketEvent] = []
        let stream = Array((line(record("1")) + "x\n" + line(record("2"))).utf8)
        #expect(throws: EventStreamError.self) { try parser.feed(stream, to: &events) }
        #expect(events.map(\.keys) == [["1"]])
    }

    @Test("A line has a limit, whether its end came or not; keep-alives that make no line have none")
    func limit() throws {
        let text = line(record("1234567890"))
        let count = text.utf8.count - 1
        #expect(try events(Array(text.utf8), lineLimit: count).count == 1)
        #expect(throws: EventStreamError.self) { try events(Array(text.utf8), lineLimit: count - 1) }
        #expect(throws: EventStreamError.self) { try events(Array(text.utf8.dropLast()), lineLimit: count - 1) }
        let spaces = [UInt8](repeating: 0x20, count: 10_000)
        #expect(try events(spaces + Array(text.utf8) + spaces, lineLimit: count).count == 1)
    }
}
