import ObjectModel
import TestSupport
import Testing

@testable import Audit

@Suite("Which places are to blame, and how they are told")
struct BlameTests {
    init() { Spelling.use() }

    private static let names = ["main", "standby", "third"]

    /// - Parameter agreements: what the second and the third place say with the first one; nil where the key is absent.
    private func verdict(_ agreements: Agreement?..., reference: Bool = true) -> Verdict {
        let object = ObjectFacts(size: 1, etag: .absent, lastModified: nil)
        return Verdict.of(
            [reference ? object : nil] + agreements.map { $0 == nil ? nil : object },
            isCounted: [true, true, true]
        ) { _, other in agreements[other - 1] ?? .same }
    }

    @Test("The worst decides, and a place that is merely open is at no fault beside it")
    func worst() {
        let missing = verdict(.open(.layout), nil)
        #expect(missing.state == .missing && missing.reason == .missing)
        #expect(missing.atFault == [false, false, true])
        #expect(missing.hasOpen)
        let differs = verdict(.differ(.size), nil)
        #expect(differs.state == .differs && differs.atFault == [false, true, true])
        let open = verdict(.open(.opaque), .same)
        #expect(open.state == .unverifiable && open.atFault == [false, true, false])
        let extra = verdict(nil, .same, reference: false)
        #expect(extra.state == .extra && extra.atFault == [false, false, true])
        #expect(verdict(.same, .same) == Verdict(.identical, places: 3))
    }

    @Test("Each sentence speaks of the places that it is true of")
    func sentences() {
        #expect(
            Explanation.of(verdict(.differ(.size), nil), Self.names) == "standby has another size. third lacks it.")
        #expect(
            Explanation.of(verdict(.open(.layout), nil), Self.names)
                == "third lacks it. Nothing tells yet whether standby has the same bytes (layout); --resolve does.")
        let content = verdict(.differ(.content), .same)
        #expect(Explanation.of(content, Self.names, read: [1]) == "standby has other bytes; they were read.")
        #expect(Explanation.of(content, Self.names, read: [2]) == "standby has other bytes, by the ETags.")
        #expect(Explanation.of(verdict(nil, nil), Self.names) == "standby and third lack it.")
        #expect(Explanation.of(verdict(.same, .same), Self.names) == "")
    }
}
