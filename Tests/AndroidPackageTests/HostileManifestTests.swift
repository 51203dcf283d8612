import Testing

@testable import AndroidPackage

@Suite("Hostile manifests")
struct HostileManifestTests {
    private typealias Made = HandmadeManifest

    @Test(
        "both encodings of strings are read, short ones and long ones", arguments: [true, false], [1, 127, 128, 4000])
    func encodings(_ isUTF8: Bool, _ length: Int) throws {
        var made = Made()
        made.isUTF8 = isUTF8
        made.strings[6] = String(repeating: "x", count: length - 1) + "ü"
        let manifest = try AndroidManifest(made.bytes)
        #expect(manifest.package == "com.example.app")
        #expect(manifest.versionName == .text(made.strings[6]))
    }

    @Test("no nesting is too deep")
    func nesting() throws {
        var made = Made()
        let depth = 100_000
        var body = Made.start(0, [Made.package])
        for _ in 0..<depth { body += Made.start(3) }
        for _ in 0..<depth { body += Made.end(3) }
        made.body = body + Made.end(0)
        #expect(try AndroidManifest(made.bytes).package == "com.example.app")
    }

    /// Named by what is wrong.
    static let brokenManifests: [(name: String, bytes: [UInt8])] = {
        func body(_ bytes: [UInt8]) -> [UInt8] {
            var made = HandmadeManifest()
            made.body = bytes
            return made.bytes
        }
        let whole = HandmadeManifest().bytes
        return [
            ("nothing", []),
            ("text", Array("<manifest/>".utf8)),
            ("no element", body([])),
            ("no end", body(HandmadeManifest.start(0))),
            ("no start", body(HandmadeManifest.end(0))),
            ("two roots", body(HandmadeManifest.start(0) + HandmadeManifest.end(0) + HandmadeManifest.start(0))),
            ("another root", body(HandmadeManifest.start(3) + HandmadeManifest.end(3))),
            ("a chunk of no length", body(le(UInt16(0x0102)) + le(UInt16(0)) + le(UInt32(0)))),
            ("a chunk shorter than its header", body(le(UInt16(0x0102)) + le(UInt16(16)) + le(UInt32(8)))),
            ("a chunk longer than the file", body(le(UInt16(0x0102)) + le(UInt16(16)) + le(UInt32.max))),
            ("more attributes than there are", body(HandmadeManifest.start(0, count: .max) + HandmadeManifest.end(0))),
            ("attributes too short", body(HandmadeManifest.start(0, [HandmadeManifest.package], size: 8))),
            ("cut", Array(whole.dropLast())),
            ("strings after elements", HandmadeManifest.chunk(0x0003, [], HandmadeManifest.start(0))),
        ]
    }()

    @Test("what is no manifest is refused", arguments: brokenManifests)
    func broken(_ name: String, _ bytes: [UInt8]) {
        #expect(throws: Malformed.self) { try AndroidManifest(bytes) }
    }

    @Test("a string that cannot be there is refused")
    func strings() throws {
        var bytes = Made().bytes
        // The offset of the package's name.
        bytes.replaceSubrange((8 + 28 + 8)..<(8 + 28 + 12), with: le(UInt32.max))
        #expect(throws: Malformed.self) { try AndroidManifest(bytes) }
        var made = Made()
        made.strings[6] = String(repeating: "x", count: 20_000)
        #expect(throws: Malformed.self) { try AndroidManifest(made.bytes) }
    }

    @Test("a name that is repeated does not cost its length each time")
    func repeatedNames() throws {
        var made = Made()
        made.strings[3] = String(repeating: "x", count: 30_000)
        made.body = Made.start(0, [Made.package])
        for _ in 0..<20_000 { made.body? += Made.start(3) + Made.end(3) }
        made.body? += Made.end(0)
        let clock = ContinuousClock()
        let bytes = made.bytes
        let time = try clock.measure { _ = try AndroidManifest(bytes) }
        #expect(time < .seconds(5))
    }

    static let packageNames: [(name: String, isValid: Bool)] = [
        ("com.example.app", true), ("a.b", true), ("a1_.b2", true), ("android", true), ("com", false), ("", false),
        (".a", false), ("a.", false), ("a..b", false), ("1a.b", false), ("a.b c", false), ("a.b\n", false),
        ("ä.b", false),
        (String(repeating: "a", count: 222) + ".b", false),
    ]

    @Test("a package's name is what Android takes for one", arguments: packageNames)
    func names(_ name: String, _ isValid: Bool) async throws {
        var made = Made()
        made.strings[2] = name
        let (_, problems) = try await examine(made.zip)
        #expect(problems.contains { $0.kind == .badManifest } != isValid)
    }

    static let codeValues: [(kind: UInt8, data: UInt32, code: Int64, isValid: Bool)] = [
        (0x10, 48, 48, true), (0x11, 0xFFFF_FFFF, 0xFFFF_FFFF, true), (0x03, 7, 48, true), (0x03, 2, 0, false),
        (0x01, 0x7F01_0000, 0, false), (0x12, 1, 0, false), (0x03, 0xFFFF_FFFF, 0, false),
    ]

    @Test("a version code is a number", arguments: codeValues)
    func versionCodes(_ kind: UInt8, _ data: UInt32, _ code: Int64, _ isValid: Bool) async throws {
        var made = Made()
        made.strings.append("48")
        made.body = Made.start(0, [Made.package, .init(name: 4, kind: kind, data: data)]) + Made.end(0)
        let (facts, problems) = try await examine(made.zip)
        #expect(facts.versionCode == code)
        #expect(problems.contains { $0.kind == .badManifest } != isValid)
    }

    @Test("a version name that is a resource nobody has says so")
    func reference() async throws {
        var made = Made()
        made.body = Made.start(0, [Made.package, .init(name: 5, kind: 1, data: 0x7F0B_0001)]) + Made.end(0)
        let (facts, _) = try await examine(made.zip)
        #expect(facts.versionName == nil)
        #expect(facts.versionNameReference == "@0x7f0b0001")
    }

    @Test("a resource that refers to itself is not followed for ever, and a sound one is found")
    func circle() throws {
        let package = try Fixture.package("string-version")
        // The table is stored as it is: type 2, a header of twelve bytes.
        let start = try #require(
            (0..<package.count - 12).first {
                package[$0..<($0 + 4)] == [2, 0, 12, 0] && package[($0 + 8)..<($0 + 12)] == [1, 0, 0, 0]
            })
        let size = package[(start + 4)..<(start + 8)].reversed().reduce(0) { $0 << 8 | Int($1) }
        var table = Array(package[start..<(start + size)])
        let reference = try #require((0..<table.count - 8).first { table[$0..<($0 + 4)] == [8, 0, 0, 1] })
        let target = table[(reference + 4)..<(reference + 8)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        #expect(try ResourceTable(table).value(of: target) == .text("7.1-übung"))
        // The alias is the resource before or after the one that it refers to.
        for alias in [target - 1, target + 1] {
            table.replaceSubrange((reference + 4)..<(reference + 8), with: le(alias))
            #expect(try ResourceTable(table).value(of: alias) == nil)
        }
        for length in stride(from: 0, to: table.count, by: 3) {
            #expect(throws: Malformed.self) { try ResourceTable(Array(table.prefix(length))) }
        }
    }
}
