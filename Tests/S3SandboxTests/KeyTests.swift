import Glibc
import ObjectModel
import S3Sandbox
import TestSupport
import Testing

@Suite("Keys")
struct KeyTests {
    static let targets: [(target: String, key: [UInt8])] = [
        ("a/b", Array("a/b".utf8)), ("a//b", Array("a//b".utf8)), ("/x", Array("/x".utf8)),
        ("a/./b/../c", Array("a/./b/../c".utf8)), ("..", Array("..".utf8)), ("%2E%2E%2Fx", Array("../x".utf8)),
        ("a%00b", [0x61, 0, 0x62]), ("%FF%FE", [0xFF, 0xFE]), ("a+b%20c%2Bd", Array("a+b c+d".utf8)),
        ("%", Array("%".utf8)), ("e%CC%81", [0x65, 0xCC, 0x81]), ("%C3%A9", [0xC3, 0xA9]), ("dir/", Array("dir/".utf8)),
        ("x%0Ay", Array("x\ny".utf8)), ("a%3Fb%23c", Array("a?b#c".utf8)),
        (String(repeating: "n", count: 1024), [UInt8](repeating: 0x6E, count: 1024)),
    ]

    @Test("Every byte of a key counts, in memory and in a folder", arguments: [false, true])
    func bytes(isFolder: Bool) throws {
        let folder = isFolder ? TemporaryFolder() : nil
        var options = Sandbox.Options()
        options.buckets = ["photos"]
        if let folder { options.storage = .folder(folder.path) }
        let server = try Sandbox.start(options)
        let client = TestClient(server)
        for (target, key) in Self.targets {
            #expect(client.request("PUT", "/photos/\(target)", body: key)?.status == 200, "\(target)")
            #expect(client.request("GET", "/photos/\(target)")?.body == key, "\(target)")
        }
        let expected = Self.targets.map { ObjectKey(bytes: $0.key) }.sorted()
        #expect(server.store.keys(in: "photos") == expected)
        server.stop()

        guard folder != nil else { return }
        let again = try Sandbox.start(options)
        #expect(again.store.keys(in: "photos") == expected)
        for (_, key) in Self.targets { #expect(try again.store.bytes(of: ObjectKey(bytes: key), in: "photos") == key) }
    }

    @Test("A key that is too long, or that the server cannot hold, is refused")
    func refusals() throws {
        var options = Sandbox.Options()
        options.buckets = ["photos"]
        options.behaviour.refusedKeys = [Behaviour.Refusal(key: "*\\*")]
        let server = try Sandbox.start(options)
        let client = TestClient(server)
        let long = String(repeating: "n", count: 1025)
        #expect(client.request("PUT", "/photos/\(long)")?.code == "KeyTooLongError")
        #expect(client.request("PUT", "/photos/a%5Cb")?.code == "XMinioInvalidObjectName")
        #expect(server.store.keys(in: "photos") == [])
    }

    @Test("A server that collapses slashes stores and finds the short name")
    func collapsing() throws {
        var options = Sandbox.Options()
        options.buckets = ["photos"]
        options.behaviour.collapsesSlashes = true
        let server = try Sandbox.start(options)
        let client = TestClient(server)
        #expect(client.request("PUT", "/photos//x//y", body: [1])?.status == 200)
        #expect(server.store.keys(in: "photos") == ["x/y"])
        #expect(client.request("HEAD", "/photos//x//y")?.status == 200)
    }

    @Test("What a kill left half done in a folder is cleared at the next start")
    func recovery() throws {
        let folder = TemporaryFolder()
        var options = Sandbox.Options()
        options.buckets = ["photos"]
        options.storage = .folder(folder.path)
        var server = try Sandbox.start(options)
        try server.store.put("kept", in: "photos", [1, 2, 3])
        try server.store.put("torn", in: "photos", [1, 2, 3])
        server.stop()
        let torn = try #require(
            folder.names(in: "photos").first { $0.hasPrefix("torn") && $0.hasSuffix(".data") })
        unsafe _ = truncate(folder.file("photos/\(torn)"), 1)
        folder.write("orphan", to: "photos/orphan~0.data")
        folder.write("{", to: "photos/broken~0.json")
        folder.write("half an upload", to: ".incoming/9")
        server = try Sandbox.start(options)
        #expect(server.store.keys(in: "photos") == ["kept"])
        let left = folder.names(in: "photos").filter { !$0.hasPrefix("kept") && !$0.hasPrefix("torn") }
        #expect(left == [".bucket"])
        #expect(folder.names(in: ".incoming") == [])
    }
}
