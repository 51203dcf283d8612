import Configuration
import ObjectModel
import Testing

@Suite("A place")
struct PlaceTests {
    struct Case: Sendable {
        var text: String
        var location: Place.Location
        var bucket: String?
        var prefix: ObjectKey = ""

        init(_ text: String, _ location: Place.Location, _ bucket: String? = nil, _ prefix: ObjectKey = "") {
            (self.text, self.location, self.bucket, self.prefix) = (text, location, bucket, prefix)
        }
    }

    static func endpoint(_ url: String) -> Place.Location {
        guard let endpoint = try? ServerAddress(url) else { return .folder("not an endpoint: \(url)") }
        return .endpoint(endpoint)
    }

    @Test(
        "is understood with every byte of its prefix",
        arguments: [
            Case("main", .alias("main")),
            Case("main/", .alias("main")),
            Case("main/apks", .alias("main"), "apks"),
            Case("main/apks/", .alias("main"), "apks"),
            Case("main/apks/2.0", .alias("main"), "apks", "2.0"),
            Case("main/apks/2.0/", .alias("main"), "apks", "2.0/"),
            Case("main/apks/a//b", .alias("main"), "apks", "a//b"),
            Case("main/apks//b", .alias("main"), "apks", "/b"),
            Case("main/apks/a/../b", .alias("main"), "apks", "a/../b"),
            Case("main/apks/%2F", .alias("main"), "apks", "%2F"),
            Case("main/apks/a?b#c", .alias("main"), "apks", "a?b#c"),
            Case("main/apks/\u{301}x", .alias("main"), "apks", "\u{301}x"),
            Case("my-host_2/Old_Bucket", .alias("my-host_2"), "Old_Bucket"),
            Case("main/\(String(repeating: "b", count: 63))", .alias("main"), String(repeating: "b", count: 63)),
            Case("https://s3.example.com/apks/a//b/", endpoint("https://s3.example.com"), "apks", "a//b/"),
            Case("HTTP://S3.example.com:9000", endpoint("http://s3.example.com:9000")),
            Case("http://[2001:db8::1]:9000/apks", endpoint("http://[2001:db8::1]:9000"), "apks"),
            Case("https://s3.example.com/apks/k%20@x?y", endpoint("https://s3.example.com:443"), "apks", "k%20@x?y"),
            Case("/srv/data", .folder("/srv/data")),
            Case("./data", .folder("./data")),
            Case("../data", .folder("../data")),
            Case(".", .folder(".")),
            Case("..", .folder("..")),
            Case("file:///srv/a%20b", .folder("/srv/a b")),
            Case("file://localhost/srv", .folder("/srv")),
            Case("file:/srv", .folder("/srv")),
        ])
    func understood(place: Case) throws {
        let parsed = try Place(place.text)
        #expect(parsed.location == place.location)
        #expect(parsed.bucket == place.bucket)
        #expect(parsed.prefix == place.prefix)
        #expect(parsed.text == place.text)
    }

    @Test(
        "is refused in one sentence that says why",
        arguments: [
            ("", "nothing is named"), ("-x/apks", "is no alias"), ("2main/apks", "is no alias"),
            ("ma in/apks", "is no alias"), ("main//x", "the name is empty"), ("main/ab", "3 to 63"),
            ("main/\(String(repeating: "b", count: 64))", "3 to 63"), ("main/ap ks", "letters, digits"),
            ("main/-apks", "begin or end"), ("main/apks-", "begin or end"), ("main/a..b", "two dots"),
            ("main/ap\nks", "letters, digits"), ("s3://apks/x", "no scheme"),
            ("file://host/x", "file:///folder"),
            ("https:///apks", "host is missing"), ("https://h:99999/apks", "port"), ("https://h:/apks", "port"),
            ("https://[2001:db8::1/apks", "IPv6"), ("https://a b/apks", "character"), ("main/ap\0ks", "NUL"),
            ("https://s3.example.com?x/apks", "query"),
        ])
    func refused(text: String, why: String) throws {
        let error = try #require(#expect(throws: ConfigurationError.self) { try Place(text) })
        #expect(error.description.contains(why), "\(error)")
        #expect(isOneSentence(error.description), "\(error)")
    }

    @Test(
        "never shows the secret of a URL that holds one",
        arguments: [
            "https://\(Example.access):\(Example.secret)@s3.example.com/apks",
            "https://\(Example.access):secret@s3.example.com/apks", "https://\(Example.access):secret/apks",
        ])
    func credentials(text: String) throws {
        let error = try #require(#expect(throws: ConfigurationError.self) { try Place(text) })
        for part in ["secret", "wJalr", "K7MDENG", "bPxRfi"] { #expect(!error.description.contains(part)) }
        #expect(error.description.contains("AWS_SECRET_ACCESS_KEY"))
    }
}

@Suite("An endpoint")
struct EndpointTests {
    @Test(
        "has one text for one server",
        arguments: [
            ("https://S3.Example.com/", "https://s3.example.com"), ("http://192.0.2.1:80", "http://192.0.2.1"),
            ("https://192.0.2.1:80", "https://192.0.2.1:80"),
            ("http://[2001:DB8::1]:9000", "http://[2001:db8::1]:9000"),
            ("https://[2001:db8::1]", "https://[2001:db8::1]"), ("http://minio_1:9000", "http://minio_1:9000"),
        ])
    func canonical(text: String, canonical: String) throws {
        #expect(try ServerAddress(text).description == canonical)
    }

    @Test(
        "knows this machine",
        arguments: [
            ("http://localhost", true), ("http://127.0.0.1:9000", true), ("http://127.1.2.3", true),
            ("http://[::1]:9000", true), ("http://127.example.com", false), ("http://192.0.2.1", false),
        ])
    func loopback(text: String, isLoopback: Bool) throws {
        #expect(try ServerAddress(text).isLoopback == isLoopback)
    }

    @Test(
        "refuses a path, credentials, a query and nonsense",
        arguments: [
            "https://h/path", "https://u:p@h", "https://h?x", "https://h#x", "h:9000", "ftp://h", "https://",
            "https://h:0",
            "https://[::1]x", "https://[]", "https://h:80a",
        ])
    func refused(text: String) {
        #expect(throws: ServerAddress.Malformed.self) { try ServerAddress(text) }
    }
}
