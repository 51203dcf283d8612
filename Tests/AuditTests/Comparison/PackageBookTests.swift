import AndroidPackage
import ObjectModel
import Testing

@testable import Audit

@Suite("Packages over all places")
struct PackageBookTests {
    private static let places = ["main/apks", "standby/apks"]

    private func entry(
        _ place: Int, _ key: ObjectKey, _ code: Int64, signers: [String] = ["aa"], lineage: [String] = []
    ) -> PackageEntry {
        var facts = PackageFacts(package: "com.example.app", versionCode: code)
        facts.versionName = "2.0.\(code)"
        facts.signers = signers
        facts.lineage = lineage
        return PackageEntry(place: Self.places[place], key: key, facts: facts, problems: [], isVerified: false)
    }

    private func bytes(_ digit: Character, size: Int64 = 9) -> ObjectFacts {
        ObjectFacts(size: size, etag: ETag(String(repeating: digit, count: 32)), lastModified: nil)
    }

    private func finding(
        _ entries: [(PackageEntry, ObjectFacts?)], expecting expectations: [String: String] = [:]
    ) throws -> PackageFinding {
        var book = PackageBook(places: Self.places, expectations: expectations)
        for (entry, object) in entries { book.add(entry, object) }
        let findings = book.findings()
        return try #require(findings.first)
    }

    @Test("The newest is told for each place, and whether all agree")
    func newest() throws {
        let same = try finding([
            (entry(0, "a-7.apk", 7), bytes("a")), (entry(0, "a-9.apk", 9), bytes("b")),
            (entry(1, "a-9.apk", 9), bytes("b")),
        ])
        #expect(same.agrees && same.problems.isEmpty && same.newest.map(\.version) == ["2.0.9+9", "2.0.9+9"])
        let other = try finding([(entry(0, "a.apk", 9), bytes("a")), (entry(1, "a.apk", 8), bytes("b"))])
        #expect(!other.agrees && other.problems.count == 1 && other.problems[0].contains("2.0.8+8"))
        let absent = try finding([(entry(0, "a.apk", 9), bytes("a"))])
        #expect(!absent.agrees && absent.newest.map(\.version) == ["2.0.9+9", nil])
    }

    @Test("Places that were not reached are left out, and what has no name is no package")
    func leftOut() {
        var book = PackageBook(places: Self.places, expectations: [:])
        book.add(entry(0, "a.apk", 9), bytes("a"))
        var nameless = entry(0, "b.apk", 0)
        nameless.facts?.package = ""
        book.add(nameless, bytes("b"))
        let findings = book.findings(without: [Self.places[1]])
        #expect(findings.map(\.package) == ["com.example.app"])
        #expect(findings.first?.newest.map(\.version) == ["2.0.9+9"] && findings.first?.agrees == true)
    }

    @Test("An expectation holds where every place has it as the newest, also for a package that was not met")
    func expectation() throws {
        let both = [(entry(0, "a.apk", 9), bytes("a")), (entry(1, "a.apk", 9), bytes("a"))]
        #expect(try finding(both, expecting: ["com.example.app": "2.0.9+9"]).problems.isEmpty)
        #expect(try finding(both, expecting: ["com.example.app": "2.0.8+8"]).problems.count == 1)
        #expect(try finding([], expecting: ["com.example.none": "1+1"]).problems.count == 1)
        #expect(try finding(both, expecting: ["com.example.app": "2.0.9+9"]).isMet)
        #expect(try !finding(both, expecting: ["com.example.app": "2.0.8+8"]).isMet)
    }

    @Test("An expectation does not hold where what is expected cannot be installed, unless a sound one is beside it")
    func brokenExpectation() throws {
        var broken = entry(1, "a.apk", 9)
        broken.problems = ["It has no signature."]
        let both = [(entry(0, "a.apk", 9), bytes("a")), (broken, bytes("a"))]
        let expected = ["com.example.app": "2.0.9+9"]
        let one = try finding(both, expecting: expected)
        #expect(!one.isMet && one.problems.count == 1 && one.problems[0].contains("standby/apks"))
        #expect(try finding(both + [(entry(1, "b.apk", 9), bytes("a"))], expecting: expected).isMet)
    }

    @Test("One version with different bytes is told, under one key or several; unknown bytes are not")
    func differentBytes() throws {
        let differ = try finding([(entry(0, "a.apk", 9), bytes("a")), (entry(1, "b.apk", 9), bytes("b"))])
        #expect(differ.problems.count == 1 && differ.problems[0].contains("different bytes"))
        let open = ObjectFacts(size: 9, etag: ETag("opaque"), lastModified: nil)
        #expect(try finding([(entry(0, "a.apk", 9), bytes("a")), (entry(1, "b.apk", 9), open)]).problems.isEmpty)
    }

    @Test("Different signers are told, but for a key that was rotated")
    func signers() throws {
        let strange = try finding([
            (entry(0, "a-8.apk", 8), bytes("a")), (entry(0, "a-9.apk", 9, signers: ["bb"]), bytes("b")),
            (entry(1, "a-9.apk", 9, signers: ["bb"]), bytes("b")),
        ])
        #expect(strange.problems.count == 1 && strange.problems[0].contains("different keys"))
        let rotated = try finding([
            (entry(0, "a-8.apk", 8), bytes("a")),
            (entry(0, "a-9.apk", 9, signers: ["bb"], lineage: ["aa"]), bytes("b")),
            (entry(1, "a-9.apk", 9, signers: ["bb"], lineage: ["aa"]), bytes("b")),
        ])
        #expect(rotated.problems.isEmpty)
    }

    @Test(
        "A key is called the latest where that is a word of it",
        arguments: [
            ("app-latest.apk", true), ("latest/app.apk", true), ("app_latest", true), ("APP.Latest.apk", true),
            ("my-translatest.apk", false), ("greatest/app.apk", false), ("latest2.apk", false), ("élatest.apk", false),
        ])
    func calledLatest(_ key: String, _ isCalled: Bool) {
        #expect(PackageBook.isCalledLatest(ObjectKey(key)) == isCalled)
    }

    @Test("A key that is called the latest and is not, is told")
    func backwards() throws {
        let both: [(PackageEntry, ObjectFacts?)] = [0, 1].flatMap { place in
            [
                (entry(place, "app-9.apk", 9), bytes("a")), (entry(place, "app-latest.apk", 8), bytes("b")),
            ]
        }
        let finding = try finding(both)
        #expect(finding.problems.count == 2 && finding.problems.allSatisfy { $0.contains("older than") })
    }
}
