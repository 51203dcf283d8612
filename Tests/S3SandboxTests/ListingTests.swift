import ObjectModel
import S3Sandbox
import Testing

@Suite("Listings")
struct ListingTests {
    private let server: Sandbox
    private let client: TestClient

    init() throws {
        var options = Sandbox.Options()
        options.buckets = ["photos"]
        server = try Sandbox.start(options)
        client = TestClient(server)
    }

    private func plant(_ keys: [ObjectKey]) throws {
        for key in keys { try server.store.put(key, in: "photos", []) }
    }

    private func page(_ query: String) throws -> TestClient.Answer {
        try #require(client.request("GET", "/photos", query: "list-type=2&\(query)"))
    }

    /// Every key over all pages, or nil where it does not end after 20 of them.
    private func all(_ query: String = "") throws -> [String]? {
        var keys: [String] = []
        var token: String?
        for _ in 0..<20 {
            let answer = try page(token.map { "continuation-token=\($0)&\(query)" } ?? query)
            keys += answer.elements("Key")
            if answer.elements("IsTruncated") == ["false"] { return keys }
            token = answer.elements("NextContinuationToken").first
        }
        return nil
    }

    @Test(
        "Servers list in their own orders",
        arguments: [
            (Behaviour.ListOrder.bytes, ["a", "a!", "a-b", "a/b", "a/c", "a0"]),
            (.path, ["a", "a/b", "a/c", "a!", "a-b", "a0"]),
        ])
    func orders(order: Behaviour.ListOrder, expected: [String]) throws {
        try plant(["a0", "a/c", "a-b", "a", "a/b", "a!"])
        server.behaviour.listOrder = order
        for size in [1, 2, 4, 100] {
            server.behaviour.pageSize = size
            #expect(try all() == expected)
        }
        #expect(try all("start-after=a/c") == Array(expected.drop { $0 != "a/c" }.dropFirst()))
    }

    @Test("A shuffled listing is the same each time, complete, and in no order")
    func shuffled() throws {
        let keys = (100..<140).map { "k\($0)" }
        try plant(keys.map { ObjectKey($0) })
        server.behaviour.listOrder = .shuffled
        server.behaviour.pageSize = 7
        let listed = try #require(try all())
        #expect(listed != keys && listed.sorted() == keys)
        #expect(try all() == listed)
    }

    @Test("Keys are encoded where asked, a space as +")
    func encoding() throws {
        try plant(["a b+c", "ä\u{1}/*", ObjectKey(bytes: [0xFF, 0x00])])
        #expect(try page("encoding-type=url").elements("Key") == ["a+b%2Bc", "%C3%A4%01/*", "%FF%00"])
        #expect(try page("encoding-type=url").elements("EncodingType") == ["url"])
        #expect(try page("").elements("Key").prefix(2) == ["a b+c", "ä&#x1;/*"])
        server.behaviour.ignoresEncodingType = true
        let ignored = try page("encoding-type=url")
        #expect(ignored.elements("EncodingType") == [] && ignored.elements("Key").first == "a b+c")
    }

    @Test("A delimiter rolls up what is below it, whatever lies there", arguments: [Behaviour.ListOrder.bytes, .path])
    func delimiters(order: Behaviour.ListOrder) throws {
        try plant((0..<50).map { ObjectKey("dir/\($0)") } + ["a", "dir", "dir0", "z/\u{FF}/x"])
        server.behaviour.listOrder = order
        for size in 1...4 {
            server.behaviour.pageSize = size
            var prefixes: [String] = []
            var keys: [String] = []
            var token = ""
            repeat {
                let answer = try page("delimiter=/\(token)")
                keys += answer.elements("Key")
                prefixes += answer.elements("CommonPrefixes").flatMap { $0.components(between: "<Prefix>", and: "</") }
                token = answer.elements("NextContinuationToken").first.map { "&continuation-token=\($0)" } ?? ""
            } while !token.isEmpty
            #expect(keys == ["a", "dir", "dir0"] && prefixes == ["dir/", "z/"])
        }
    }

    @Test("Each lie is told as it is named")
    func lies() throws {
        try plant((0..<6).map { ObjectKey("k\($0)") })
        server.behaviour.pageSize = 2
        let honest = ["k0", "k1", "k2", "k3", "k4", "k5"]
        #expect(try all() == honest)
        func told(_ lie: ListingLie, nth: Int = 2) throws -> [String]? {
            server.faults.removeAll()
            server.faults.add(FaultRule("lie", .operation(.listObjectsV2, nth: nth), .listing(lie)))
            return try all()
        }
        #expect(try told(.reordered) == ["k0", "k1", "k3", "k2", "k4", "k5"])
        #expect(try told(.repeated) == ["k0", "k1", "k2", "k3", "k2", "k3", "k4", "k5"])
        #expect(try told(.missingEntry(1)) == ["k0", "k1", "k2", "k4", "k5"])
        #expect(try told(.empty, nth: 1) == [])

        server.faults.removeAll()
        server.faults.add(FaultRule("cut", FaultRule.Match(), .listing(.truncatedXML(bytes: 100))))
        let cut = try page("")
        #expect(cut.isWhole && cut.body.count == 100)

        server.faults.removeAll()
        server.faults.add(FaultRule("token", FaultRule.Match(), .listing(.missingToken)))
        let lost = try page("")
        #expect(lost.elements("IsTruncated") == ["true"] && lost.elements("NextContinuationToken") == [])

        for isMoving in [false, true] {
            server.faults.removeAll()
            server.faults.add(FaultRule("ever", FaultRule.Match(), .listing(.endless(isMoving: isMoving))))
            #expect(try all() == nil)
            let end = "continuation-token=6b35"
            let tokens = try (0..<2).map { _ in try page(end).elements("NextContinuationToken") }
            #expect((tokens[0] == tokens[1]) == !isMoving)
        }
    }

    @Test("Version 1 lists by marker and is what old servers have")
    func versionOne() throws {
        try plant(["a", "b/1", "b/2", "c"])
        server.behaviour.refusesListV2 = true
        #expect(try page("").code == "NotImplemented")
        let first = try #require(client.request("GET", "/photos", query: "max-keys=2&delimiter=/"))
        #expect(first.elements("NextMarker") == ["b/"])
        let rest = try #require(client.request("GET", "/photos", query: "marker=b/1"))
        #expect(rest.elements("Key") == ["b/2", "c"] && rest.elements("NextMarker") == [])
    }

    @Test("A page of no keys is empty and not truncated; a wrong number is refused")
    func limits() throws {
        try plant(["a"])
        let none = try page("max-keys=0")
        #expect(none.elements("Key") == [] && none.elements("IsTruncated") == ["false"])
        #expect(try page("max-keys=x").code == "InvalidArgument")
        #expect(try page("continuation-token=%21").code == "InvalidArgument")
        #expect(try page("encoding-type=rot13").code == "InvalidArgument")
    }
}
