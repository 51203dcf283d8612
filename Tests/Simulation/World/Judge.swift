import MirrorEngine
import ObjectModel

/// A promise that was broken.
struct Failure {
    let promise: String
    let sentence: String
    /// As the server has it.
    let key: ObjectKey?
}

/// Judges the promises of DESIGN.md on all that happened. It knows the truth of every server at every moment, and nothing
/// of the engine but what it tells.
final class Judge {
    /// It has this one.
    unowned let round: Round
    private(set) var failures: [Failure] = []
    /// Deletions on the target by each process, with the target's number of objects in scope before.
    var deletions: [Int: [(time: Int64, before: Int)]] = [:]
    var creations: [Int: [Int64]] = [:]
    /// How often each process wrote an object.
    private var written: [Int: Int] = [:]
    var doubts = Doubts()
    /// The oldest look that may go before a deletion, in nanoseconds. A batch's looks may wait for one that gets no answer.
    static let lookAge: Int64 = 3 * WorldStore.patience
    /// What a person has said to each process: when, and how many deletions he saw.
    private var approvals: [Int: [(time: Int64, seen: Int)]] = [:]

    init(_ round: Round) {
        self.round = round
    }

    func fail(_ promise: String, _ sentence: String, key: ObjectKey? = nil) {
        round.world.story?.note(key, "BROKEN \(promise): \(sentence)")
        guard failures.count < 5 else { return }
        failures.append(Failure(promise: promise, sentence: sentence, key: key))
    }

    private var plan: Plan { round.plan }

    // MARK: Each change of the target

    func see(_ key: ObjectKey, _ before: Version?, _ change: Past.Change) {
        guard case .process(let id, let sent) = change.cause else { return }
        guard let instance = round.instances[id] else { return }
        if let trash = plan.options.trash, key.hasPrefix(trash) {
            if change.version == nil { fail("trash", "process \(id) deleted what is kept", key: key) }
            return
        }
        guard key.hasPrefix(plan.targetPrefix) else {
            return fail("scope", "process \(id) wrote outside of the mirror's prefix", key: key)
        }
        if let trash = plan.options.trash { judgeKept(key, before, sent, change, trash) }
        let relative = key.droppingFirst(plan.targetPrefix.bytes.count)
        let original = relative.prefixed(by: plan.sourcePrefix)
        if change.version == nil {
            judgeDeletion(key, relative, original, sent, instance, change)
        } else if let version = change.version {
            judgeVersion(key, original, version)
            written[id, default: 0] += 1
            if before == nil { creations[id, default: []].append(change.time) }
        }
    }

    /// Nothing is deleted on doubt.
    private func judgeDeletion(
        _ key: ObjectKey, _ relative: ObjectKey, _ original: ObjectKey, _ sent: Int64, _ instance: Instance,
        _ change: Past.Change
    ) {
        let id = instance.process.id
        if !plan.options.removes { fail("opt-in", "process \(id) deleted, and was not told to", key: key) }
        if !plan.isInScope(relative) { fail("scope", "process \(id) deleted what is not in scope", key: key) }
        let present = round.target.keys.count + 1
        deletions[id, default: []].append((change.time, present))
        judgeGuard(instance, key)
        judgeDoubts(key, original, sent, instance, change)
        let past = round.source.past
        if past.wasMissing(original, during: sent...change.time) { return }
        let look = instance.source.absence(of: original, before: sent)
        guard look == nil || sent - (look ?? 0) > Self.lookAge else { return }
        let when = look.map { "the last look was answered at \(Story.clock($0))" } ?? "no look showed it missing"
        fail(
            "no deletion of what the source has",
            "process \(id) deleted it by a request sent at \(Story.clock(sent)); \(when)", key: key)
    }

    func note(approvalOf seen: Int, by id: Int) {
        round.world.story?.note(nil, "process \(id): a person approves \(seen) deletions")
        approvals[id, default: []].append((round.world.now, seen))
    }

    /// Deletions stay under `--max-delete`.
    private func judgeGuard(_ instance: Instance, _ key: ObjectKey) {
        let id = instance.process.id
        let all = deletions[id] ?? []
        // A person's word begins the measuring anew, and covers as many as he saw.
        let word = approvals[id]?.last
        let start = instance.kind == .run ? 0 : max(round.world.now - 600_000_000_000, word?.time ?? 0)
        let approved =
            (approvals[id] ?? []).filter { $0.time > round.world.now - 3_600_000_000_000 }.map(\.seen).max() ?? 0
        let recent = all.filter { $0.time > start }
        let created = (creations[id] ?? []).filter { $0 > start }.count
        let limit = plan.options.deletionGuard
        switch limit.limit {
        case .count(let most):
            if recent.count > most + approved {
                fail("guard", "\(recent.count) deletions by process \(id), at most \(most)", key: key)
            }
        case .percent(let most):
            let base = max(recent.map(\.before).max() ?? 0, round.target.keys.count) + created
            let loss = recent.count - created - approved
            // What a disaster took since the last listing nobody can count.
            let isCounted = ![.wiped, .restored, .bucketGone].contains(where: round.weather.has)
            if isCounted, loss > limit.floor, Double(loss) > Double(base) * most / 100 {
                fail("guard", "\(loss) of \(base) lost by process \(id), at most \(most) %", key: key)
            }
        }
    }

    /// Every version on the target is one of the source's, whole.
    private func judgeVersion(_ key: ObjectKey, _ original: ObjectKey, _ version: Version) {
        if round.source.past.hasHad(version.bytes, at: original) { return }
        // What was on the target may be kept, or given other headers.
        if round.target.past.hasHad(version.bytes, at: key), round.weather.has(.tampering) { return }
        // Found out after it is there, and mended: judged at the end.
        if round.mayTear { return }
        fail("whole versions", "version \(version.number) is none of the source's", key: key)
    }

    // MARK: Claims

    /// Whether two states are the same for this mirror's way of comparing.
    private func isSame(_ source: Version?, _ target: Version?) -> Bool {
        guard let source, let target else { return source == nil && (target == nil || !plan.options.removes) }
        if plan.options.comparison == .size { return source.bytes.count == target.bytes.count }
        return source.bytes == target.bytes
    }

    /// Whether claims can be true at all: what lists wrongly can't be seen through.
    private var areClaimsJudged: Bool {
        !round.weather.has(.staleListing) && !round.weather.has(.tornListing)
            && plan.source.etags != .absent && plan.target.etags != .absent
    }

    /// What is claimed to be identical was so, at one moment of `span`, key by key.
    func judgeClaim(_ claim: String, by id: Int, during span: ClosedRange<Int64>) {
        guard areClaimsJudged else { return }
        for (key, relative) in round.everyKey() where plan.isInScope(relative) {
            if isSame(round.source.objects[key], round.target.objects[relative.prefixed(by: plan.targetPrefix)]) {
                continue
            }
            let copies = round.target.past.states(of: relative.prefixed(by: plan.targetPrefix), during: span)
            let originals = round.source.past.states(of: key, during: span)
            if originals.contains(where: { one in copies.contains { isSame(one, $0) } }) { continue }
            if mayBeTakenForAnother(key) { continue }
            return fail(
                "claims",
                "process \(id) claims \(claim) (\(Story.clock(span.lowerBound)) to \(Story.clock(span.upperBound))), and the target has \(Self.words(copies)) of it where the source has "
                    + "\(Self.words(originals))", key: relative.prefixed(by: plan.targetPrefix))
        }
    }

    /// Whether the source had other bytes of this key with the same ETag, size and date: nothing tells them apart.
    private func mayBeTakenForAnother(_ key: ObjectKey) -> Bool {
        guard plan.source.etags == .sizes else { return false }
        let versions = (round.source.past.changes[key] ?? []).compactMap(\.version)
        return versions.contains { one in
            versions.contains {
                $0.number > one.number && $0.etag == one.etag && abs($0.modified.seconds - one.modified.seconds) <= 1
                    && $0.bytes != one.bytes
            }
        }
    }

    static func words(_ states: [Version?]) -> String {
        states.map { $0.map { "version \($0.number)" } ?? "nothing" }.joined(separator: ", ")
    }

    /// A run that ended says nothing that is not true.
    func judgeSummary(_ instance: Instance) {
        guard let summary = instance.summary else { return }
        let id = instance.process.id
        judgeCounts(summary, id)
        let done = deletions[id]?.count ?? 0
        if summary.deleted < done - round.target.world.effectsUnderWay, summary.status == .ok, !round.hasLostAnswers {
            fail("counts", "process \(id) tells of \(summary.deleted) deletions and did \(done)")
        }
        guard summary.status == .ok else { return }
        if summary.failed > 0 || summary.unproven > 0 || summary.error != nil {
            fail("claims", "process \(id) ended well with \(summary.failed) failures and \(summary.unproven) unproven")
        }
        judgeClaim("done and proven", by: id, during: instance.began...round.world.now)
    }

    /// A run counts what it did and nothing else. What it found done, another may have done for it.
    private func judgeCounts(_ summary: MirrorSummary, _ id: Int) {
        let removing: [Fault] = [.tampering, .wiped, .restored, .bucketGone]
        guard !removing.contains(where: round.weather.has), !round.hasLostAnswers,
            written.keys.allSatisfy({ $0 == id }),
            deletions.keys.allSatisfy({ $0 == id })
        else { return }
        let (removed, wrote) = (deletions[id]?.count ?? 0, written[id] ?? 0)
        if summary.deleted > removed {
            fail("counts", "process \(id) tells of \(summary.deleted) deletions and did \(removed)")
        }
        if summary.copied.objects > wrote {
            fail("counts", "process \(id) tells of \(summary.copied.objects) copies and wrote \(wrote) objects")
        }
    }

    // MARK: The end

    /// Both sides are the same, as far as the mirror may bring it about.
    func judgeEnd(_ watch: Instance?) {
        for failure in differences(watch) { fail(failure.promise, failure.sentence, key: failure.key) }
    }

    /// What is not as it should be in the end.
    func differences(_ watch: Instance?) -> [Failure] {
        let status = watch?.watch?.status
        let isHeld = status.map { $0.objection != nil || $0.deletesPaused != nil || $0.heldDeletes > 0 } ?? true
        return round.everyKey().lazy.filter { self.plan.isInScope($0.1) }.compactMap { key, relative in
            let copyKey = relative.prefixed(by: self.plan.targetPrefix)
            return self.difference(self.round.source.objects[key], self.round.target.objects[copyKey], isHeld: isHeld)
                .map { Failure(promise: $0.0, sentence: $0.1, key: copyKey) }
        }
    }

    private func difference(_ original: Version?, _ copy: Version?, isHeld: Bool) -> (String, String)? {
        guard let original else {
            guard copy != nil, plan.options.removes, !isHeld else { return nil }
            return ("convergence", "it is still on the target in the calm")
        }
        guard let copy else { return ("convergence", "it is not on the target in the calm") }
        if original.bytes == copy.bytes {
            guard plan.options.overwrites, original.headers != copy.headers, !round.mayHideHeaders,
                canTell(original, copy)
            else { return nil }
            return ("headers", "its headers differ in the calm")
        }
        if mayDiffer(original, copy) { return nil }
        return (
            "convergence",
            "the target has version \(copy.number) of \(copy.bytes.count) bytes where the source has \(original.number) of "
                + "\(original.bytes.count)"
        )
    }

    /// Whether a difference may stay for good: it can't be told by the means that the mirror was given, or is kept on purpose.
    private func mayDiffer(_ original: Version, _ copy: Version) -> Bool {
        if !plan.options.overwrites { return true }
        guard original.bytes.count == copy.bytes.count else { return false }
        if plan.options.comparison == .size { return true }
        return !canTell(original, copy)
    }

    /// Whether ETags tell whether two objects are the same.
    private func canTell(_ original: Version, _ copy: Version) -> Bool {
        Server.digest(of: original.bytes, original.parts) == original.etag
            && Server.digest(of: copy.bytes, copy.parts) == copy.etag && original.etag.isComparable(with: copy.etag)
    }

    /// No upload is left behind.
    ///
    /// What a process without state left, or one whose state nobody has taken up, nobody can know; nor whose upload one is
    /// that began at a time which clocks tell otherwise since.
    func judgeUploads(_ watch: Instance?) {
        for (id, upload) in round.target.uploads.sorted(by: { $0.key < $1.key }) {
            guard let instance = round.instances[upload.process], let path = instance.statePath,
                path == watch?.statePath, !round.hasLostState,
                !round.weather.has(.diskFull), !round.weather.has(.stateReadOnly), !round.weather.has(.clockJump),
                !round.weather.has(.clockDrift)
            else { continue }
            fail("no orphan uploads", "\(id) is left of process \(upload.process)", key: upload.key)
        }
    }
}
