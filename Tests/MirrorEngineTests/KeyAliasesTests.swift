import ObjectModel
import Testing

@testable import MirrorEngine

@Suite("Keys under other names")
struct KeyAliasesTests {
    @Test(
        "Plain keys are not doubted",
        arguments: ["", "a", "a/b", ".a", "a.", "...", "a/..b", "..a/b", "a b", "é", "a/...", "a+%2F"])
    func plain(_ key: String) {
        #expect(!KeyAliases.isDoubtful(ObjectKey(key)))
    }

    @Test(
        "Keys that servers are known to change are doubted, and their other names are known",
        arguments: [
            ("/a", ["a"]), ("//a", ["a"]), ("a//b", ["a/b"]), ("a/", ["a"]), ("a/b/", ["a/b"]), ("a\\b", ["a/b"]),
            ("a/./b", ["a/b"]), ("./a", ["a"]), ("a/.", ["a"]), ("a/../b", ["b"]), ("../b", ["b"]), ("a/b/..", ["a"]),
            ("\\", []), ("/", []), ("//", []), (".", []), ("..", []),
        ])
    func doubtful(_ key: String, _ names: [String]) {
        let key = ObjectKey(key)
        #expect(KeyAliases.isDoubtful(key))
        let found = KeyAliases.names(of: key)
        #expect(found.isSuperset(of: names.map { ObjectKey($0) }), "\(found)")
        #expect(!found.contains(key))
        #expect(!found.contains(""))
        // What every key might be called would be kept from every deletion.
        #expect(found.allSatisfy { $0.bytes.contains { $0 != UInt8(ascii: "/") } }, "\(found)")
    }
}
