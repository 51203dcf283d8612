import MirrorEngine
import ObjectModel
import Runtime

extension WatchStatus {
    /// One word for where it stands; the worst counts.
    var word: String {
        if deletesPaused != nil { return "deletes-paused" }
        if serverGone != nil { return "server-gone" }
        switch feed {
        case .connecting: return "connecting"
        case .lost: return "stream-lost"
        case .listening: return isReconciling ? "reconciling" : "listening"
        case .polling: return "polling"
        }
    }

    /// One line for people.
    func line(_ name: String) -> String {
        var text = "\(name): \(word)"
        if let lag {
            text += ", \(Decimals.format(lag.inSeconds, lag < .seconds(10) ? 1 : 0)) s behind"
        }
        text += ", \(pending) pending, \(retrying) retrying, \(poisoned) poisoned"
        if heldDeletes > 0 { text += ", \(heldDeletes) deletions held back" }
        text += lastIdentical.map { ", identical as of \($0.iso8601)" } ?? ", not yet seen identical"
        let guarded = objection == deletesPaused ? nil : objection
        for reason in [deletesPaused, serverGone, guarded].compactMap(\.self) { text += "; \(reason)" }
        return text
    }

    /// One JSON object.
    func json(mirror: String, bucket: String?, source: String, target: String) -> JSONText {
        var line = JSONText()
        line.set("type", "mirror")
        line.set("mirror", mirror)
        if let bucket { line.set("bucket", bucket) }
        line.set("source", source)
        line.set("target", target)
        line.set("state", word)
        line.set("reconciling", isReconciling)
        line.set("lagSeconds", lag?.inSeconds ?? 0, decimals: 3)
        line.set("pending", pending)
        line.set("retrying", retrying)
        line.set("poisoned", poisoned)
        line.set("heldDeletes", heldDeletes)
        set("lastReconcile", lastReconcile?.iso8601, in: &line)
        set("lastIdentical", lastIdentical?.iso8601, in: &line)
        set("deletesPaused", deletesPaused, in: &line)
        set("guard", objection, in: &line)
        set("serverGone", serverGone, in: &line)
        line.set("sourceObjects", self.source.objects)
        line.set("sourceBytes", self.source.bytes)
        line.set("targetObjects", self.target.objects)
        line.set("targetBytes", self.target.bytes)
        line.set("copied", copied.objects)
        line.set("copiedBytes", copied.bytes)
        line.set("metadata", metadata)
        line.set("deleted", deleted)
        line.set("failures", failures)
        return line
    }

    private func set(_ name: String, _ value: String?, in line: inout JSONText) {
        if let value { line.set(name, value) } else { line.setNull(name) }
    }
}
