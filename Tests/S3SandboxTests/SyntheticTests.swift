import ObjectModel
import Runtime
import S3
import Testing

@testable import S3Sandbox

@Suite("Synthetic objects")
struct SyntheticTests {
    private typealias Shape = SyntheticObjects.Shape

    private static func start(_ objects: SyntheticObjects, buckets: [String] = []) throws -> Sandbox {
        var options = Sandbox.Options()
        options.storage = .synthetic(objects)
        options.buckets = buckets
        return try Sandbox.start(options)
    }

    /// What a page tells, read in one pass.
    private struct Page: Equatable {
        var keys: [String] = []
        var etags: [String] = []
        var prefixes: [String] = []
        var isTruncated = false
        var next: String?

        init(_ body: [UInt8]) {
            var isPrefix = false
            for piece in body.split(separator: UInt8(ascii: "<")) where piece.first != UInt8(ascii: "/") {
                let text = String(decoding: piece, as: UTF8.self)
                guard let end = text.firstIndex(of: ">") else { continue }
                let value = String(text[text.index(after: end)...])
                switch text[..<end] {
                case "Key": keys.append(value)
                case "ETag": etags.append(value)
                case "CommonPrefixes": isPrefix = true
                case "Prefix" where isPrefix: prefixes.append(value)
                case "IsTruncated": isTruncated = value == "true"
                case "NextContinuationToken", "NextMarker": next = value
                default: break
                }
            }
        }
    }

    private static func page(_ server: Sandbox, _ query: String) throws -> Page {
        let answer = try #require(TestClient(server).send("GET", "/synthetic?\(query)"))
        try #require(answer.status == 200)
        return Page(answer.body)
    }

    /// All pages of a listing, by tokens, one after the other.
    private static func pages(_ server: Sandbox, _ query: String, limit: Int) throws -> [Page] {
        var pages: [Page] = []
        var token = ""
        while true {
            let page = try page(server, "list-type=2&max-keys=\(limit)\(query)\(token)")
            pages.append(page)
            guard page.isTruncated else { return pages }
            token = "&continuation-token=\(try #require(page.next))"
            try #require(pages.count < 5000)
        }
    }

    private static func keys(_ objects: SyntheticObjects) -> [ObjectKey] {
        let keys = SyntheticKeys(objects.count, shape: objects.shape)
        return (0..<objects.count).map { keys[$0] }
    }

    @Test(
        "Pages of any size give each key once and in order, from any start",
        arguments: Shape.allCases, [0, 1, 1000, 1001, 2100])
    private func paging(shape: Shape, count: Int) throws {
        let objects = SyntheticObjects(count, shape: shape)
        let server = try Self.start(objects)
        let expected = Self.keys(objects)
        #expect(zip(expected, expected.dropFirst()).allSatisfy { $0 < $1 })
        let texts = expected.map(\.description)
        for limit in [17, 333, 5000] {
            let pages = try Self.pages(server, "", limit: limit)
            #expect(pages.flatMap(\.keys) == texts)
            #expect(pages.dropLast().allSatisfy { $0.keys.count == min(limit, 1000) })
        }
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<10 {
            // A key, a key that is not there, or what is before or behind all.
            var start = texts.randomElement(using: &generator) ?? "data/"
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: start = String(start.dropLast(Int.random(in: 0..<start.count, using: &generator)))
            case 1: start += "x"
            default: break
            }
            let limit = Int.random(in: 1...1000, using: &generator)
            let after = ObjectKey(start)
            let behind = texts[(expected.firstIndex { after < $0 } ?? count)...]
            let first = try Self.page(server, "list-type=2&max-keys=\(limit)&start-after=\(start)")
            #expect(first.keys == Array(behind.prefix(limit)), "after \(start)")
            #expect(first.isTruncated == (behind.count > limit))
            let old = try Self.page(server, "max-keys=\(limit)&marker=\(start)")
            #expect(old.keys == first.keys && old.isTruncated == first.isTruncated && old.next == nil)
        }
    }

    @Test("Keys ascend up to the largest number, and each is found by its name", arguments: Shape.allCases)
    private func largest(shape: Shape) {
        let keys = SyntheticKeys(SyntheticObjects.maximum, shape: shape)
        var generator = SeededGenerator(seed: 2)
        var indices = (0..<200).map { _ in Int.random(in: 0..<keys.count - 1, using: &generator) }
        // Where blocks, and with them upper folders, change.
        indices += (0..<200).map { _ in
            keys.blockSize * Int.random(in: 1..<keys.count / keys.blockSize, using: &generator) - 1
        }
        indices += (1..<200).map { keys.blockSize * $0 - 1 } + [0, keys.count - 2]
        for index in indices {
            #expect(keys[index] < keys[index + 1], "at \(index)")
            #expect(keys.index(of: keys[index + 1]) == index + 1)
            #expect(keys.first(after: keys[index]) == index + 1)
        }
        #expect(keys.first(after: keys[keys.count - 1]) == keys.count)
        #expect(keys.index(of: "data/0000000017.bi") == nil)
    }

    @Test("Prefixes and delimiters roll up as a plain model does", arguments: Shape.allCases)
    private func rollsUp(shape: Shape) throws {
        let objects = SyntheticObjects(2600, shape: shape)
        let server = try Self.start(objects)
        let all = Self.keys(objects).map(\.description)
        let prefixes = [
            "", "d", "data", "data/", "data/000000012", "data/0000000127.bin", "region-0001", "region-0001/",
            "region-0001/archive/site-0001/", "region-0000/site-0000/p04/", "region-0000/site-0000/p24/q0", "zzz",
        ]
        for prefix in prefixes {
            for delimiter in ["/", "-00", "0"] {
                // What each key is listed as, in order, each once.
                var expected: [(name: String, isPrefix: Bool)] = []
                for key in all where key.hasPrefix(prefix) {
                    let rest = key.dropFirst(prefix.count)
                    guard let end = rest.firstRange(of: delimiter) else {
                        expected.append((key, false))
                        continue
                    }
                    let name = String(key[..<end.upperBound])
                    if expected.last?.name != name { expected.append((name, true)) }
                }
                for limit in [3, 1000] where expected.count < 200 * limit {
                    let pages = try Self.pages(server, "&prefix=\(prefix)&delimiter=\(delimiter)", limit: limit)
                    #expect(pages.flatMap(\.keys) == expected.filter { !$0.isPrefix }.map(\.name), "below \(prefix)")
                    #expect(pages.flatMap(\.prefixes) == expected.filter(\.isPrefix).map(\.name), "below \(prefix)")
                    #expect(pages.dropLast().allSatisfy { $0.keys.count + $0.prefixes.count == limit })
                }
            }
        }
    }

    @Test("A page is byte for byte what the sandbox writes object by object", arguments: Shape.allCases)
    private func sameBytes(shape: Shape) throws {
        let server = try Self.start(SyntheticObjects(3000, shape: shape, differsEvery: 3))
        let client = TestClient(server)
        for query in [
            "list-type=2", "list-type=2&encoding-type=url&fetch-owner=true&start-after=data/0000000995.bin",
            "max-keys=999",
            "list-type=2&prefix=region-0001/archive/site-0000/&delimiter=/", "marker=region-0001/archive/site-0000/p07",
            "list-type=2&max-keys=0", "delimiter=/&max-keys=1", "list-type=2&prefix=none",
        ] {
            server.faults.removeAll()
            let fast = try #require(client.send("GET", "/synthetic?\(query)"))
            // A lie about an entry that is on no page leaves the page as it is, written the slow way.
            server.faults.add(FaultRule("slow", FaultRule.Match(), .listing(.missingEntry(5000))))
            let slow = try #require(client.send("GET", "/synthetic?\(query)"))
            #expect(fast.status == 200 && fast.isWhole && fast.body == slow.body, "\(query)")
        }
    }

    @Test("Servers started alike list alike, and every Kth ETag differs where asked")
    func differences() throws {
        let one = try Self.page(try Self.start(SyntheticObjects(20)), "list-type=2")
        let two = try Self.page(try Self.start(SyntheticObjects(20)), "list-type=2")
        let other = try Self.page(try Self.start(SyntheticObjects(20, differsEvery: 7)), "list-type=2")
        #expect(one == two)
        #expect(one.keys == other.keys)
        #expect(one.etags.indices.filter { one.etags[$0] != other.etags[$0] } == [6, 13])
        #expect(Set(one.etags).count == 20)
    }

    @Test("An object is read as it is listed, whoever asks")
    func reading() throws {
        let server = try Self.start(SyntheticObjects(5), buckets: ["one", "two"])
        var client = TestClient(server)
        client.credentials = Credentials(accessKey: "anyone", secretKey: "anything")
        let listing = try #require(client.request("GET", "/two", query: "list-type=2&max-keys=1"))
        let head = try #require(client.request("HEAD", "/two/data/0000000000.bin"))
        #expect(head.status == 200)
        #expect([try #require(head.headers["content-length"])] == listing.elements("Size"))
        #expect(
            head.headers["etag"]?.filter { $0 != "\"" }
                == listing.elements("ETag").first?.components(between: "&#34;", and: "&").first)
        let modified = try #require(listing.elements("LastModified").first.flatMap { Timestamp(iso8601: $0.utf8) })
        #expect(head.headers["last-modified"] == modified.httpDate)
        let get = try #require(client.send("GET", "/one/data/0000000000.bin"))
        #expect(get.isWhole && get.body.count == Int(head.headers["content-length"] ?? ""))
        let part = [HeaderField("range", "bytes=5-8")]
        #expect(client.send("GET", "/one/data/0000000000.bin", part)?.body == Array(get.body[5...8]))
        #expect(client.send("HEAD", "/one/data/0000000005.bin")?.status == 404)
        #expect(client.send("GET", "/three?list-type=2")?.code == "NoSuchBucket")
        #expect(client.send("HEAD", "/three")?.status == 404 && client.send("HEAD", "/one")?.status == 200)
        #expect(client.send("GET", "/one?location")?.status == 200)
        #expect(client.send("GET", "/")?.elements("Name") == ["one", "two"])
    }

    @Test(
        "Everything else is not implemented",
        arguments: [
            ("PUT", "/synthetic/k"), ("DELETE", "/synthetic/data/0000000000.bin"), ("PUT", "/more"),
            ("POST", "/synthetic?delete"), ("GET", "/synthetic?versions"),
            ("GET", "/synthetic?events=s3:ObjectCreated:*"),
            ("GET", "/synthetic/data/0000000000.bin?tagging"), ("POST", "/synthetic/k?uploads"),
        ])
    func refusals(method: String, target: String) throws {
        let server = try Self.start(SyntheticObjects(5))
        let answer = try #require(TestClient(server).send(method, target, [], [1, 2, 3]))
        #expect(answer.status == 501 && answer.code == "NotImplemented")
    }

    @Test("Faults apply to pages of synthetic objects")
    func faults() throws {
        let server = try Self.start(SyntheticObjects(1000))
        server.faults.add(FaultRule("cut", FaultRule.Match(), .cut(afterBytes: 1000)))
        let cut = try #require(TestClient(server).send("GET", "/synthetic?list-type=2"))
        #expect(!cut.isWhole && cut.body.count == 1000)
        server.faults.removeAll()
        server.faults.add(FaultRule("short", FaultRule.Match(), .shorten(byBytes: 10)))
        let short = try #require(TestClient(server).send("GET", "/synthetic?list-type=2"))
        #expect(short.isWhole && !short.text.hasSuffix("</ListBucketResult>"))
        server.faults.removeAll()
        server.behaviour.listOrder = .path
        #expect(TestClient(server).send("GET", "/synthetic?list-type=2")?.code == "NotImplemented")
    }

    @Test("Requests, keys and prefixes are counted, without a record of each if so asked", arguments: [true, false])
    func counts(keepsRecords: Bool) throws {
        var options = Sandbox.Options()
        options.storage = .synthetic(SyntheticObjects(1500))
        options.keepsRecords = keepsRecords
        let server = try Sandbox.start(options)
        let client = TestClient(server)
        for query in ["list-type=2", "list-type=2&start-after=data/0000000999.bin", "delimiter=/"] {
            _ = client.send("GET", "/synthetic?\(query)")
        }
        _ = client.send("HEAD", "/synthetic/none")
        #expect(
            client.send("GET", "/.sandbox/counts")?.text
                == #"{"requests":{"HeadObject":1,"ListObjects":1,"ListObjectsV2":2},"keys":1500,"prefixes":1,"slowDown":0}"#
                + "\n")
        #expect(server.requests.records.count == (keepsRecords ? 4 : 0))
        #expect(server.requests.count(.listObjectsV2) == 2)
        #expect(client.send("DELETE", "/.sandbox/requests")?.status == 204)
        #expect(server.requests.totals == RequestCounts())
    }
}
