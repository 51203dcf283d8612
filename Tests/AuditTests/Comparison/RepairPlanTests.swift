import ObjectModel
import TestSupport
import Testing

@testable import Audit

@Suite("The plan to mend what was found")
struct RepairPlanTests {
    init() { Spelling.use() }

    private func finding(_ state: Finding.State, _ reason: Finding.Reason, _ atFault: String...) -> Finding {
        Finding(
            key: "k", state: state, reason: reason,
            places: ["main/a", "standby/a", "third/a b"].map {
                Finding.Place(name: $0, object: nil, isAtFault: atFault.contains($0))
            }, detail: "")
    }

    private func lines(_ findings: [Finding], isManifest: Bool = false, unreached: Set<String> = []) -> [String] {
        var plan = RepairPlan(
            places: ["main/a", "standby/a", "third/a b"], flags: ["--include=*.apk"], isManifest: isManifest)
        for finding in findings { plan.add(finding) }
        return plan.lines(without: unreached)
    }

    @Test("Each place at fault has one command with what its faults need, and the audit's scope")
    func commands() {
        #expect(lines([]) == [])
        #expect(
            lines([finding(.missing, .missing, "standby/a"), finding(.differs, .size, "standby/a")])
                == ["minio-sync mirror --once '--include=*.apk' main/a standby/a"])
        #expect(
            lines([
                finding(.extra, .extra, "third/a b"), finding(.differs, .content, "third/a b"),
                finding(.differs, .tags, "standby/a"),
            ]) == [
                "minio-sync mirror --once --check-metadata '--include=*.apk' main/a standby/a",
                "minio-sync mirror --once --remove --compare=bytes '--include=*.apk' main/a 'third/a b'",
            ])
    }

    @Test("What is unverifiable is told and has no command")
    func unverifiable() {
        let open = finding(.unverifiable, .layout, "standby/a")
        #expect(lines([open]).map { $0.prefix(34) } == ["# 1 key could not be verified: an "])
        let rest = lines([open, open, finding(.missing, .missing, "standby/a")])
        #expect(rest.count == 2 && !rest[0].hasPrefix("#") && rest[1].hasPrefix("# 2 keys could not be verified"))
        // One that a place lacks besides is among both.
        var both = finding(.missing, .missing, "standby/a")
        both.places[1].state = .missing
        both.places[2].state = .unverifiable
        #expect(lines([both]).count == 2)
        #expect(lines([open], isManifest: true) == [])
    }

    @Test("What was not looked at needs no mending, a damaged reference no mirror, a manifest neither")
    func none() {
        #expect(lines([finding(.error, .request)]) == [])
        let damaged = lines([finding(.differs, .corrupt, "main/a")])
        #expect(damaged.count == 1 && damaged[0].hasPrefix("# main/a itself is damaged"))
        #expect(lines([finding(.missing, .missing, "main/a")], isManifest: true).allSatisfy { $0.hasPrefix("#") })
    }

    @Test("Nothing is planned from or to a place that was not read to its end")
    func unreached() {
        let findings = [finding(.extra, .extra, "standby/a"), finding(.missing, .missing, "third/a b")]
        #expect(lines(findings, unreached: ["main/a"]).allSatisfy { $0.hasPrefix("#") })
        let rest = lines(findings, unreached: ["standby/a"])
        #expect(rest.count == 1 && rest[0].hasSuffix("main/a 'third/a b'"))
    }
}
