import ObjectModel
import S3Sandbox
import Testing

@testable import S3

@Suite("Listings", .timeLimit(.minutes(10)))
struct ListingTests {
    private static let keys: [ObjectKey] = [
        " ", "!", "+", "%2F", "a", "a b", "a!", "a+b", "a/b", "a/b/c", "a//b", "é", "e\u{301}", "&<>\"'", "~", "\n",
        "\u{1}", "€/😀", "z",
    ]

    private func server(_ change: (inout Sandbox.Options) -> Void = { _ in }) throws -> ServerUnderTest {
        let server = try ServerUnderTest {
            $0.behaviour.pageSize = 4
            change(&$0)
        }
        for key in Self.keys { try server.put(key, count: 1) }
        server.sandbox.requests.removeAll()
        return server
    }

    private func failure(_ client: S3Client) async -> S3Error? {
        await #expect(throws: S3Error.self) { try await onReactor { try await client.keys() } }
    }

    @Test("All keys come, in order and as they are, page by page")
    func pages() async throws {
        let server = try server()
        let client = server.client()
        let pages = try await onReactor { try await client.keys() }
        #expect(pages.flatMap { $0 } == Self.keys.sorted())
        #expect(pages.map(\.count) == [4, 4, 4, 4, 3])
        #expect(server.sandbox.requests.records.count == 5)
        #expect(client.clockOffset.map { abs($0) < 5000 } == true)
    }

    @Test("Keys come as they are from a server that does not encode them")
    func unencoded() async throws {
        let server = try server { $0.behaviour.ignoresEncodingType = true }
        try server.sandbox.store.remove("\u{1}", in: ServerUnderTest.bucket)
        let client = server.client()
        let keys = try await onReactor { try await client.keys() }.flatMap { $0 }
        #expect(keys == Self.keys.sorted().filter { $0 != "\u{1}" })
    }

    @Test("Only what begins with the prefix comes", arguments: ["a", "a/", "é", "a b", "x"])
    func prefix(_ prefix: String) async throws {
        let server = try server()
        let client = server.client()
        let prefix = ObjectKey(prefix)
        let keys = try await onReactor { try await client.keys(prefix: prefix) }.flatMap { $0 }
        #expect(keys == Self.keys.sorted().filter { $0.hasPrefix(prefix) })
    }

    @Test(
        "A listing begins after a key and stops where it is told, and folds by a delimiter", arguments: [false, true])
    func options(_ isVersion1: Bool) async throws {
        let server = try server {
            $0.behaviour.refusesListV2 = isVersion1
            $0.behaviour.pageSize = 1000
        }
        let client = server.client()
        let (keys, prefixes) = try await onReactor {
            let listing = client.listObjects(
                bucket: ServerUnderTest.bucket, prefix: "", startAfter: "a!", delimiter: "/", pageSize: 1000)
            let page = try await listing.next()
            return (page.map { page in (0..<page.count).map { page.page.key(at: $0) } }, page?.commonPrefixes)
        }
        #expect(keys == Self.keys.sorted().filter { $0 > "a!" && !$0.bytes.contains(0x2F) })
        #expect(prefixes == ["a/", "€/"])
    }

    @Test("An empty bucket is an empty listing, a missing one a failure")
    func emptyAndMissing() async throws {
        let server = try ServerUnderTest()
        let client = server.client()
        #expect(try await onReactor { try await client.keys() } == [[]])
        let error = await #expect(throws: S3Error.self) {
            try await onReactor { try await client.listObjects(bucket: "missing").next()?.count }
        }
        #expect(error?.kind == .noSuchBucket)
    }

    @Test("A server without version 2 is listed by version 1, and asked for version 2 once")
    func version1() async throws {
        let server = try server { $0.behaviour.refusesListV2 = true }
        let client = server.client()
        let pages = try await onReactor { [try await client.keys(), try await client.keys()] }
        #expect(pages[0].flatMap { $0 } == Self.keys.sorted())
        #expect(pages[1] == pages[0])
        #expect(server.statuses(.listObjectsV2) == [501])
        #expect(server.statuses(.listObjects).count == 10)
    }

    // MARK: Bounds

    /// The keys of a listing through `last`, page by page.
    private func keys(_ client: S3Client, after first: ObjectKey?, through last: ObjectKey) async throws -> [ObjectKey]
    {
        try await onReactor {
            let listing = client.listObjects(bucket: ServerUnderTest.bucket, startAfter: first)
            listing.bound(through: last)
            var keys: [ObjectKey] = []
            while let page = try await listing.next() { keys += (0..<page.count).map { page.page.key(at: $0) } }
            return keys
        }
    }

    @Test("Ranges of a listing that follow each other are the listing", arguments: [1, 4])
    func ranges(_ pageSize: Int) async throws {
        let server = try server { $0.behaviour.pageSize = pageSize }
        let client = server.client()
        let sorted = Self.keys.sorted()
        for point in sorted + ["", "a\"", "b", "zz"] {
            let head = try await keys(client, after: nil, through: point)
            let tail = try await keys(client, after: point, through: "\u{10FFFF}")
            #expect(head == sorted.filter { $0 <= point } && tail == sorted.filter { $0 > point }, "\(point)")
        }
    }

    @Test("A bounded listing asks for no page past the one that reaches its end")
    func boundedRequests() async throws {
        let server = try server()
        let sorted = Self.keys.sorted()
        _ = try await keys(server.client(), after: nil, through: sorted[1])
        #expect(server.sandbox.requests.records.count == 1)
    }

    @Test("A page out of order is not cut, so that its disorder is seen and no key is lost")
    func disorderAtTheBound() async throws {
        let server = try server { $0.behaviour.pageSize = 1000 }
        server.sandbox.faults.add(FaultRule("reordered", .operation(.listObjectsV2), .listing(.reordered)))
        let all = try await keys(server.client(), after: nil, through: "a")
        #expect(all == Self.keys.sorted().reversed())
    }

    // MARK: Lies

    @Test(
        "A listing that does not end, or does not go on, is a failure and never an end",
        arguments: [.missingToken, .repeated, .endless(isMoving: false)] as [ListingLie], [1, 3])
    func lies(_ lie: ListingLie, _ nth: Int) async throws {
        let server = try server()
        server.sandbox.faults.add(
            FaultRule("lie", .init(operations: [.listObjectsV2], after: nth - 1), .listing(lie)))
        let error = await failure(server.client())
        #expect(error?.kind == .malformedAnswer)
        #expect(server.sandbox.requests.records.count < 12)
    }

    @Test("Version 1 that goes on without saying where from goes on after its last key, or fails")
    func version1Lies() async throws {
        let empty = Listings.page("", fields: "<IsTruncated>true</IsTruncated>")
        let raw = try ScriptedServer([
            "HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n",
            answer(Listings.page(Listings.Object("a").xml, fields: "<IsTruncated>true</IsTruncated>")), answer(empty),
        ])
        let error = await failure(ServerUnderTest.client(port: raw.port))
        #expect(error?.kind == .malformedAnswer)
        #expect(raw.requests.count == 3)
        #expect(raw.requests[2].contains("marker=a"))
    }

    private func answer(_ document: String) -> String {
        "HTTP/1.1 200 OK\r\nContent-Length: \(document.utf8.count)\r\n\r\n\(document)"
    }

    @Test("A page that is no whole XML is asked for again, as often as anything is, and then a failure")
    func truncatedXML() async throws {
        let server = try server()
        server.sandbox.faults.add(
            FaultRule("cut", .operation(.listObjectsV2, times: 2), .listing(.truncatedXML(bytes: 300))))
        let client = server.client()
        #expect(try await onReactor { try await client.keys() }.flatMap { $0 } == Self.keys.sorted())
        #expect(server.sandbox.requests.records.count == 7)
        server.sandbox.requests.removeAll()
        server.sandbox.faults.add(
            FaultRule("cut", .operation(.listObjectsV2), .listing(.truncatedXML(bytes: 300))))
        let error = await failure(client)
        #expect(error?.kind == .malformedAnswer)
        #expect(server.sandbox.requests.records.count == 3)
    }

    @Test(
        "A page that is no listing is a failure after as many tries as anything has",
        arguments: [
            "<html></html>", "not XML", "", "<ListBucketResult><Contents><Size>x</Size></Contents></ListBucketResult>",
        ])
    func noListing(_ document: String) async throws {
        let raw = try ScriptedServer(Array(repeating: answer(document), count: 40))
        let client = ServerUnderTest.client(port: raw.port)
        let error = await failure(client)
        #expect(error?.kind == .malformedAnswer)
        #expect(raw.requests.count == 3)
        #expect(error?.message.isEmpty == false)
    }

    @Test(
        "A connection that breaks within a page costs that page's bytes, nothing else",
        arguments: [1, 200, 1000] as [Int64])
    func cut(_ bytes: Int64) async throws {
        let server = try server()
        server.sandbox.faults.add(FaultRule("cut", .operation(.listObjectsV2, nth: 2), .cut(afterBytes: bytes)))
        let client = server.client()
        #expect(try await onReactor { try await client.keys() }.flatMap { $0 } == Self.keys.sorted())
        #expect(server.sandbox.requests.records.count == 6)
    }

    @Test("An error document in place of a page is that error")
    func errorDocument() async throws {
        let server = try server()
        server.sandbox.faults.add(
            FaultRule("no", .operation(.listObjectsV2), .errorIn200(.init(200, code: "AccessDenied"), spaces: 5)))
        let error = await failure(server.client())
        #expect(error?.code == "AccessDenied")
    }

    @Test("An error document in place of a page that may pass is tried again")
    func passingErrorDocument() async throws {
        let server = try server()
        server.sandbox.faults.add(
            FaultRule(
                "busy", .operation(.listObjectsV2, times: 2), .errorIn200(.init(200, code: "SlowDown"), spaces: 5)))
        let client = server.client()
        #expect(try await onReactor { try await client.keys() }.flatMap { $0 } == Self.keys.sorted())
        #expect(server.sandbox.requests.records.count == 7)
    }

    @Test("A failure stays a failure when the listing is asked again")
    func staysFailed() async throws {
        let server = try server()
        server.sandbox.faults.add(
            FaultRule("no", .operation(.listObjectsV2, nth: 2), .status(.init(403, code: "AccessDenied"))))
        let client = server.client()
        let outcomes = try await onReactor {
            let listing = client.listObjects(bucket: ServerUnderTest.bucket)
            var outcomes: [Bool] = []
            for _ in 0..<4 {
                do { outcomes.append(try await listing.next() != nil) } catch { outcomes.append(false) }
            }
            return outcomes
        }
        #expect(outcomes == [true, false, false, false])
        let ended = await #expect(throws: S3Error.self) {
            try await onReactor {
                let listing = client.listObjects(bucket: "missing")
                _ = try? await listing.next()
                return try await listing.next() == nil
            }
        }
        #expect(ended?.kind == .noSuchBucket)
    }
}
