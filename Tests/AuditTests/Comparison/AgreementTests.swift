import Digests
import ObjectModel
import Testing

@testable import Audit

@Suite("What two places say together")
struct AgreementTests {
    private static let one = "9e107d9d372bb6826bd81d3542a419d6"
    private static let other = "e4d909c290d0fb1ca068ffaddf22cbd0"
    /// The MD5 of the sixteen bytes of `one`: the ETag of an upload in a single part.
    private static let single = MD5Hasher.digest(MD5Digest(hexadecimal: Array(one.utf8))?.bytes ?? []).hexadecimal

    private static func facts(
        _ etag: String, size: Int64? = 5, md5: String? = nil, sha256: String? = nil
    ) -> ObjectFacts {
        ObjectFacts(size: size, etag: ETag(etag), lastModified: nil, md5: md5, sha256: sha256)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let left: ObjectFacts
        let right: ObjectFacts
        let plain: Agreement
        let encrypted: Agreement

        init(_ left: ObjectFacts, _ right: ObjectFacts, _ plain: Agreement, encrypted: Agreement? = nil) {
            (self.left, self.right, self.plain, self.encrypted) = (left, right, plain, encrypted ?? plain)
        }

        var testDescription: String { "\(left.etag) \(right.etag)" }
    }

    static let rows = [
        Row(facts(one), facts(one, size: 6), .differ(.size)),
        Row(facts("", size: 0), facts("x", size: 0), .same),
        Row(facts(one), facts(one), .same),
        Row(facts(one), facts(one.uppercased()), .same),
        Row(facts(one), facts(other), .differ(.etag), encrypted: .open(.opaque)),
        Row(facts("\(one)-2"), facts("\(one)-2"), .same),
        Row(facts("\(one)-2"), facts("\(other)-2"), .open(.layout)),
        Row(facts("\(one)-2"), facts("\(one)-3"), .open(.layout)),
        Row(facts(one), facts("\(other)-2"), .open(.layout)),
        Row(facts(one), facts("\(single)-1"), .same),
        Row(facts("\(single)-1"), facts(other), .differ(.etag), encrypted: .open(.opaque)),
        Row(facts(""), facts(one), .open(.absentETag)),
        Row(facts("abc"), facts("abc"), .open(.opaque)),
        Row(facts("W/\"\(one)\""), facts(one), .open(.opaque)),
        Row(facts("abc", sha256: "aa"), facts("def", sha256: "aa"), .same),
        Row(facts(one, sha256: "aa"), facts(one, sha256: "bb"), .differ(.content)),
        Row(facts("abc", md5: one), facts(one), .same),
        Row(facts("abc", md5: one), facts(other), .open(.opaque)),
        Row(facts("\(other)-2", md5: one), facts(one), .same),
        Row(facts("abc", md5: one), facts(other, md5: other), .differ(.content)),
        Row(facts("", size: nil, md5: one), facts(one), .same),
        Row(facts("", size: nil, md5: one), facts(other), .open(.unread)),
        Row(facts("", size: nil, md5: one), facts(other, md5: one), .same),
        Row(facts("", size: nil, md5: one), facts(one, md5: other), .differ(.content)),
        Row(facts("", size: nil, md5: one), facts("\(one)-2"), .open(.unread)),
        Row(facts("", size: nil, sha256: "aa"), facts(one), .open(.unread)),
        Row(facts("", size: nil, sha256: "aa"), facts(one, md5: one, sha256: "aa"), .same),
    ]

    @Test("Each row of the table", arguments: rows)
    func table(_ row: Row) {
        #expect(Agreement.of(row.left, row.right) == row.plain)
        #expect(Agreement.of(row.right, row.left) == row.plain)
        #expect(Agreement.of(row.left, row.right, isEncrypted: true) == row.encrypted)
    }
}

@Suite("What all places say together")
struct VerdictTests {
    private static let facts = ObjectFacts(size: 1, etag: .absent, lastModified: nil)

    private func verdict(
        _ present: [Bool], counted: [Bool] = [true, true, true], _ agreements: [Int: Agreement] = [:]
    ) -> Verdict {
        Verdict.of(present.map { $0 ? Self.facts : nil }, isCounted: counted) { agreements[$1] ?? .same }
    }

    @Test("The reference has it: what is worst is told, and who is at fault")
    func present() {
        #expect(verdict([true, true, true]).state == .identical)
        let differs = verdict([true, true, true], [2: .differ(.size)])
        #expect(differs.state == .differs && differs.reason == .size && differs.atFault == [false, false, true])
        let missing = verdict([true, false, true], [2: .open(.layout)])
        #expect(missing.state == .missing && missing.atFault == [false, true, false] && missing.hasOpen)
        let worst = verdict([true, false, true], [2: .differ(.etag)])
        #expect(worst.state == .differs && worst.reason == .etag && worst.atFault == [false, true, true])
        #expect(verdict([true, true, true], [1: .open(.opaque)]).state == .unverifiable)
    }

    @Test("The reference lacks it: whoever has it has it in excess")
    func extra() {
        let verdict = verdict([false, true, false])
        #expect(verdict.state == .extra && verdict.atFault == [false, true, false])
    }

    @Test("A place that is out does not count, and the next one is the reference")
    func uncounted() {
        #expect(verdict([true, true, false], counted: [true, true, false]).state == .identical)
        #expect(verdict([false, true, true], counted: [false, true, true]).state == .identical)
        #expect(verdict([false, true, false], counted: [false, true, true]).state == .missing)
    }

    @Test("Bytes that rotted outweigh the rest")
    func blame() {
        var verdict = verdict([true, true, true], [1: .differ(.content)])
        verdict.blame([0])
        #expect(verdict.state == .differs && verdict.reason == .corrupt && verdict.atFault == [true, false, false])
    }
}
