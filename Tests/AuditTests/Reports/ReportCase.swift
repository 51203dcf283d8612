import AndroidPackage
import ObjectModel
import Runtime
import Testing

@testable import Audit

/// What one audit told, and how its reports are wanted.
struct ReportCase: Sendable, CustomTestStringConvertible {
    /// The folder in `Fixtures/Reports`.
    let name: String
    var context: ReportContext
    var events: [AuditEvent]

    var testDescription: String { name }

    /// Its report in one format.
    func report(_ format: ReportFormat) throws -> [UInt8] {
        let out = Collected()
        let writer = format.writer(context) { bytes in out.bytes.append(contentsOf: bytes) }
        for event in events { try writer.take(event) }
        try writer.finish()
        return out.bytes
    }

    final class Collected {
        var bytes: [UInt8] = []
    }

    static let all = [identical, everyFinding, shownInFull, hostile, unreachable, manifest, packages, cutShort]

    static let pair = ["main/apks", "standby/apks"]
    static let three = ["main/apks", "standby/apks", "third/apks"]
    static let start = Timestamp(iso8601: Array("2026-11-21T01:02:03.004Z".utf8))!
    static let time = Timestamp(iso8601: Array("2026-11-20T10:11:12Z".utf8))!
    static let hello = ETag("5d41402abc4b2a76b9719d911017c592")
    static let world = ETag("7d793037a0760186574b0282f2f435e7")

    static func context(_ places: [String], showsIdentical: Bool = false) -> ReportContext {
        ReportContext(places: places, showsIdentical: showsIdentical, version: "1.2.3")
    }

    static func facts(_ size: Int64, _ etag: ETag) -> ObjectFacts {
        ObjectFacts(size: size, etag: etag, lastModified: time)
    }

    /// A finding on the given objects, of which those in `on` are at fault.
    static func finding(
        _ key: ObjectKey, _ state: Finding.State, _ reason: Finding.Reason?, _ objects: [(String, ObjectFacts?)],
        on: [Int], _ detail: String
    ) -> AuditEvent {
        let places = objects.enumerated().map { index, object in
            Finding.Place(name: object.0, object: object.1, isAtFault: on.contains(index))
        }
        return .finding(Finding(key: key, state: state, reason: reason, places: places, detail: detail))
    }

    /// A summary that counts the findings of `events`, and `identical` keys besides.
    static func summary(
        _ places: [String], _ events: [AuditEvent], identical: Int = 0,
        _ change: (inout AuditSummary) -> Void = { _ in }
    ) -> AuditEvent {
        var summary = AuditSummary()
        summary.places = places.map { name in
            var place = AuditSummary.Place(name: name)
            place.objects = 10_037
            place.bytes = 13_312_000_000
            return place
        }
        for case .finding(let finding) in events { summary.count(finding) }
        summary.compared += identical
        summary.identical += identical
        summary.requests = [.list: 33, .head: 12]
        summary.seconds = 1.234
        summary.start = start
        change(&summary)
        summary.status = summary.concluded
        return .summary(summary)
    }
}
