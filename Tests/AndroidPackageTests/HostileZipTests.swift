import AndroidPackage
import Testing

@Suite("Hostile ZIPs")
struct HostileZipTests {
    private static let manifest = HandmadeZip.File("AndroidManifest.xml", HandmadeManifest().bytes)

    private static func zip(_ change: (inout HandmadeZip) -> Void) -> [UInt8] {
        var zip = HandmadeZip([manifest, .init("assets/a", Array(repeating: 65, count: 100))])
        change(&zip)
        return zip.bytes
    }

    private static func kinds(_ bytes: [UInt8]) async throws -> [PackageProblem.Kind] {
        try await examine(bytes).problems.map(\.kind)
    }

    @Test("a handmade package is read")
    func plain() async throws {
        let (facts, problems) = try await examine(Self.zip { _ in })
        #expect(facts.package == "com.example.app")
        #expect(facts.versionName == "2.0.6")
        #expect(problems.map(\.kind) == [.unsigned])
    }

    @Test("what looks like an end in a comment is none")
    func comment() async throws {
        let falseEnd = le(UInt32(0x0605_4B50)) + Array(repeating: 0, count: 30)
        #expect(try await Self.kinds(Self.zip { $0.comment = falseEnd }) == [.unsigned])
    }

    @Test(
        "a file that is no ZIP is no package",
        arguments: [[], [0x50], [0x50, 0x4B, 5, 6], Array(repeating: 0, count: 100_000), Array("hello".utf8)])
    func noZIP(_ bytes: [UInt8]) async throws {
        let error = await #expect(throws: PackageError.self) { try await AndroidPackage.facts(of: BytesSource(bytes)) }
        #expect(error?.problem.kind == .notPackage)
    }

    /// A name for each way of being wrong.
    static let unreadableZips: [(name: String, bytes: [UInt8], kind: PackageProblem.Kind)] = [
        ("no manifest", zip { $0.files.removeFirst() }, .notPackage),
        ("directory past its end", zip { $0.directoryOffset = 0xFFFF_FFF0 }, .brokenZip),
        ("directory larger than the file", zip { $0.directorySize = 0xFFFF_FFF0 }, .brokenZip),
        ("directory that begins too early", zip { $0.directoryOffset = 0 }, .brokenZip),
        ("bytes behind the end", zip { _ in } + [0], .truncated),
    ]

    @Test("a ZIP that contradicts itself throws, in one sentence", arguments: unreadableZips)
    func unreadable(_ name: String, _ bytes: [UInt8], _ kind: PackageProblem.Kind) async throws {
        let error = await #expect(throws: PackageError.self) { try await AndroidPackage.facts(of: BytesSource(bytes)) }
        #expect(error?.problem.kind == kind)
        #expect(error?.description.hasSuffix(".") == true)
    }

    static let damagedZips: [(name: String, bytes: [UInt8], kind: PackageProblem.Kind)] = [
        ("fewer entries than said", zip { $0.entryCount = 9 }, .brokenZip),
        ("bytes before the end", zip { $0.tail = [1, 2, 3] }, .brokenZip),
        ("two of one name", zip { $0.files.append($0.files[1]) }, .brokenZip),
        ("two manifests", zip { $0.files.append($0.files[0]) }, .brokenZip),
        ("overlap", zip { $0.files[1].offset = 10 }, .brokenZip),
        ("the same bytes twice", zip { $0.files[1].offset = 0 }, .brokenZip),
        ("entry past the directory", zip { $0.files[1].compressedSize = 0xFFFF_FFF0 }, .brokenZip),
        ("manifest past the directory", zip { $0.files[0].compressedSize = 0xFFFF_FFF0 }, .brokenZip),
        ("encrypted", zip { $0.files[0].flags = 1 }, .badManifest),
        ("unknown method", zip { $0.files[0].method = 93 }, .badManifest),
        ("no DEFLATE", zip { $0.files[0].method = 8 }, .badManifest),
        ("another name", zip { $0.files[0].localName = "AndroidManifest.XML" }, .badManifest),
        ("another CRC-32", zip { $0.files[0].crc = 1 }, .badManifest),
        ("two sizes", zip { $0.files[0].size = 1 }, .badManifest),
        (
            "larger than a manifest may be",
            zip {
                $0.files[0].size = 9 << 20
                $0.files[0].method = 8
            }, .badManifest
        ),
        (
            "a ZIP64 field that says too much",
            zip {
                $0.files[0].size = .max
                $0.files[0].extra = le(UInt16(1)) + le(UInt16(8)) + le(UInt64.max >> 1)
            }, .badManifest
        ),
    ]

    @Test("damage that leaves something to read is told of", arguments: damagedZips)
    func damaged(_ name: String, _ bytes: [UInt8], _ kind: PackageProblem.Kind) async throws {
        #expect(try await Self.kinds(bytes).contains(kind))
        // The JAR's reader meets the same.
        _ = try await AndroidPackage.verifyJAR(BytesSource(bytes))
    }

    @Test("what DEFLATE makes of a file ends where its announced size does")
    func bomb() async throws {
        let content = HandmadeManifest().bytes
        // One block, which is not compressed.
        let deflated = [1] + le(UInt16(content.count)) + le(~UInt16(content.count)) + content
        for (announced, isRead) in [(0, true), (-1, false), (1, false)] {
            var file = HandmadeZip.File("AndroidManifest.xml", deflated)
            file.method = 8
            file.size = UInt32(content.count + announced)
            let plain = HandmadeZip([.init("AndroidManifest.xml", content)])
            file.crc = plain.bytes[14..<18].reversed().reduce(0) { $0 << 8 | UInt32($1) }
            let (facts, problems) = try await examine(HandmadeZip([file]).bytes)
            #expect((facts.package == "com.example.app") == isRead)
            #expect(problems.contains { $0.kind == .badManifest } != isRead)
        }
    }

    @Test("a large package takes at most four reads", arguments: ["v3", "rotated", "string-version", "v2", "v1"])
    func reads(_ name: String) async throws {
        let bytes = try Fixture.package(name)
        // Where the directory begins, and where the contents end, the signing block following on them.
        let directory = Int(Self.le32(bytes, bytes.count - 6))
        let hasBlock = name != "v1"
        let contents = hasBlock ? directory - 8 - Int(Self.le32(bytes, directory - 24)) : directory
        var large = Array(bytes[..<contents]) + [UInt8](repeating: 0, count: 8 << 20) + bytes[contents...]
        large.replaceSubrange((large.count - 6)..<(large.count - 2), with: le(UInt32(directory + 8 << 20)))
        let source = BytesSource(large)
        let facts = try await AndroidPackage.facts(of: source)
        #expect(facts.package == "com.example.app")
        #expect(facts.versionName != nil)
        #expect(source.reads.count <= 4)
        #expect(source.reads.reduce(0) { $0 + $1.count } < 300 << 10)
    }

    private static func le32(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        bytes[offset..<(offset + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    @Test("what the source throws passes through unchanged, whichever read it is")
    func sourceError() async throws {
        struct Broken: Error {}
        struct BrokenSource: PackageSource {
            let bytes: [UInt8]
            let from: Int64
            var size: Int64 { Int64(bytes.count) + 1 << 20 }
            func read(_ range: Range<Int64>) throws -> [UInt8] {
                guard range.lowerBound >= from else { throw Broken() }
                let padded = [UInt8](repeating: 0, count: 1 << 20) + bytes
                return Array(padded[Int(range.lowerBound)..<Int(range.upperBound)])
            }
        }
        let bytes = Self.zip { $0.directoryOffset = UInt32($0.files.count) }
        for from in [Int64.max, 1 << 19] {
            await #expect(throws: Broken.self) {
                try await AndroidPackage.facts(of: BrokenSource(bytes: bytes, from: from))
            }
        }
    }
}
