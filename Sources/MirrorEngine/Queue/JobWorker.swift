import Journal
import ObjectModel
import Runtime
import Stores

/// Settles one key: looks at both sides where it has to, decides, acts, proves, counts and reports.
struct JobWorker {
    let work: MirrorWork
    let job: Job
    let began: Int64

    private var key: ObjectKey { job.key }
    private var options: MirrorOptions { work.options }

    private var copier: ObjectCopier {
        ObjectCopier(
            source: work.source, target: work.target, journal: work.journal, budget: work.budget, trash: options.trash,
            heldLimit: options.heldLimit, partUnit: options.partUnit,
            listingTrust: work.listingTrust, notice: { noteBrokenPromise($0) },
            runStart: work.settings.withLock { $0.start }, isWatching: work.isWatching, surroundings: work.surroundings,
            executor: work.executor)
    }

    /// Throws what kept the key from being settled.
    func perform() async throws {
        try await settle()
        // What an earlier try began and this one had no use for: the object changed since, or went back to what it was. A
        // run that ends sweeps then.
        if work.isWatching, work.journal.hasUpload(of: key) {
            try? await UploadSweeper(target: work.target, journal: work.journal).abandon(uploadsOf: key)
        }
    }

    /// Said once an object, and of the first ones only where a run ends: a source whose ETags are no digests breaks all of
    /// its promises, and how each object ended is told anyway.
    private func noteBrokenPromise(_ text: String) {
        guard job.attempt == 0 else { return }
        let count = work.tally.withLock { tally in
            tally.brokenPromises += 1
            return tally.brokenPromises
        }
        if count <= Self.noticesOfOneKind || work.isWatching {
            work.notice(text)
        } else if count == Self.noticesOfOneKind + 1 {
            work.notice(
                "More objects did not arrive as their ETags promise; they are read again, too, without a notice.")
        }
    }

    private static let noticesOfOneKind = 10

    // Most jobs are copies that the listings decided on, and many are under way at once. What they don't need is kept out of
    // their functions: its locals would take memory in each of them.

    private func settle() async throws {
        if let known = job.decision, !isDoubtfulCopy(known) {
            return try await act(on: known, job.source, job.target)
        }
        try await lookAndAct()
    }

    @inline(never)
    private func lookAndAct() async throws {
        let sides = try await lookAtBoth()
        if sides.source == nil, try await isFolder() { return }
        if sides.source == nil, sides.target == nil, job.reason == .extra, key.bytes.last == UInt8(ascii: "/") {
            // JuiceFS lists a folder that became empty and answers that there is no such object; it goes all the same.
            return try await work.takeExtra(Extra(key: key, size: 0), job)
        }
        let (source, target) = (sides.source.map(ObjectState.init), sides.target.map(ObjectState.init))
        if let source, !work.isInScope(source, now: work.time.wall()) { return }
        let pair = await work.journal.pairs(for: [key]).first ?? nil
        let decision = Decision.decide(source: source, target: target, provenPair: pair, options: work.decisionOptions)
        if let source, let target, let left = sides.source, let right = sides.target,
            decision == .same || decision == .compareHeaders
        {
            // Both headers are here, and dates of whole seconds may hide that they differ.
            return try await compareHeaders(source, target, left, right)
        }
        try await act(on: decision, source, target)
    }

    /// A source that lists a key and answers that there is none contradicts itself: nothing is deleted for that, and nothing
    /// is called mirrored. True for a folder that is listed and is no object, which JuiceFS does with empty ones.
    ///
    /// Not asked where an event or the whole listing says, too, that it is gone.
    private func isFolder() async throws -> Bool {
        guard !job.isRemoval, job.reason != .extra else { return false }
        guard try await work.source.listed(key) != nil else { return false }
        guard key.bytes.last == UInt8(ascii: "/") else {
            // It may have come between the two questions.
            guard job.attempt > 1 else { throw ObjectFailure.changed }
            throw ObjectFailure.impossible(
                "\(work.source.name) lists \(key) and answers a HEAD of it with 404, so it cannot be copied; nothing is "
                    + "deleted for it.")
        }
        let isFirst = work.tally.withLock { tally in
            tally.folders += 1
            return tally.folders == 1
        }
        if isFirst {
            work.notice("\(work.source.name) lists \(key), which is an empty folder and no object; such are left out.")
        }
        return true
    }

    /// A copy of a key that the target may keep under another name: only a look tells whether it is missing.
    /// Whether what a listing lacks may be there: under another name, or because the listing turned out to be in another
    /// order only after this key. That matters where what is there must be kept.
    private func isDoubtfulCopy(_ decision: Decision) -> Bool {
        decision == .copy(.missing) && (KeyAliases.isDoubtful(key) || options.trash != nil || !options.overwrites)
    }

    private func lookAtBoth() async throws -> (source: ObjectInfo?, target: ObjectInfo?) {
        async let left = work.source.head(key)
        async let right = work.target.head(key)
        let (source, target) = try await (left, right)
        if let source, target != nil { try await checkName(size: source.size, mustMatch: false) }
        return (source, target)
    }

    private func act(on decision: Decision, _ source: ObjectState?, _ target: ObjectState?) async throws {
        switch decision {
        case .same:
            if let source { work.noteSame(key, source) }
        case .extra:
            // Gone from the source since it was listed.
            if let target { try await work.takeExtra(Extra(key: key, size: target.size), job) }
        case .unproven(let reason):
            work.tally.withLock { $0.summary.unproven += 1 }
            report(.skip, .unproven, reason, source)
        case .copy(let reason):
            guard let source else { return }
            try await copy(source, target, reason, as: .copy)
        case .compareContent:
            if let source, let target { try await compareContent(source, target) }
        case .compareHeaders:
            if let source, let target { try await fetchAndCompareHeaders(source, target) }
        }
    }

    @inline(never)
    private func compareContent(_ source: ObjectState, _ target: ObjectState) async throws {
        if try await copier.haveEqualContent(key, source, target) {
            let pair = await work.journal.pairs(for: [key]).first ?? nil
            await remember(source, target)
            let options = work.decisionOptions
            if Decision.comparesHeaders(source, target, provenPair: pair, options: options) {
                return try await act(on: .compareHeaders, source, target)
            }
            work.noteSame(key, source)
        } else if options.overwrites {
            try await copy(source, target, .content, as: .copy)
        } else {
            try await act(on: .unproven(.exists), source, target)
        }
    }

    /// Compares headers where neither side's are here.
    @inline(never)
    private func fetchAndCompareHeaders(_ source: ObjectState, _ target: ObjectState) async throws {
        async let left = work.source.head(key)
        async let right = work.target.head(key)
        guard let sourceInfo = try await left, let targetInfo = try await right, sourceInfo.etag == source.etag,
            targetInfo.etag == target.etag, sourceInfo.size == targetInfo.size
        else { throw ObjectFailure.changed }
        try await compareHeaders(source, target, sourceInfo, targetInfo)
    }

    // MARK: Copies

    private func copy(
        _ source: ObjectState, _ target: ObjectState?, _ reason: Reason, as action: ObjectReport.Action
    ) async throws {
        guard !options.isDryRun else {
            work.tally.withLock { tally in
                if action == .copy { tally.summary.copied.add(source.size) } else { tally.summary.metadata += 1 }
            }
            report(action, .planned, reason, source)
            return
        }
        let outcome: ObjectCopier.Outcome
        do {
            outcome = try await copier.copy(key, expected: source, replacing: target)
        } catch let error as StoreError where error.kind == .noSuchKey {
            // Gone since it was listed, or never there: a look tells.
            throw ObjectFailure.changed
        }
        try await checkHeaders(outcome)
        try await checkName(size: outcome.state.size, mustMatch: true)
        work.tally.withLock { tally in
            if action == .copy { tally.summary.copied.add(outcome.state.size) } else { tally.summary.metadata += 1 }
            tally.target.put(outcome.state.size, replacing: target?.size, listing: job.listing, began: began)
            // What listings found may have been there for long: only what is new to everybody is set off.
            if target == nil, job.listing == nil { tally.created += 1 }
        }
        report(action, .ok, reason, outcome.state)
    }

    /// Throws if the key is one that servers are known to change, and the target's listing lacks it, or (after it was
    /// written) lists it without its bytes.
    private func checkName(size: Int64, mustMatch: Bool) async throws {
        if KeyAliases.isDoubtful(key) { try await lookUpName(size: size, mustMatch: mustMatch) }
    }

    @inline(never)
    private func lookUpName(size: Int64, mustMatch: Bool) async throws {
        guard let listed = try await work.target.listed(key) else { throw aliasFailure() }
        guard listed.size == size || !mustMatch else {
            throw ObjectFailure.impossible(
                "\(work.target.name) keeps \(listed.size) of the \(size) bytes of \(key): it takes the key for something "
                    + "else, a folder perhaps.")
        }
    }

    /// The target keeps this key under another name. What has that name there is no extra, and if the source has it too
    /// it may just have been overwritten: it is looked at again.
    private func aliasFailure() -> ObjectFailure {
        let names = KeyAliases.names(of: key)
        work.tally.withLock { tally in
            for name in names { tally.shadows[name, default: []].insert(key) }
        }
        for name in names where !KeyAliases.isDoubtful(name) { work.dirty.markNow(Job(key: name, reason: .content)) }
        return .impossible(
            "\(work.target.name) keeps the key \(key) under another name, so it cannot hold this object as it is.")
    }

    // MARK: Headers

    @inline(never)
    private func compareHeaders(
        _ source: ObjectState, _ target: ObjectState, _ sourceInfo: ObjectInfo, _ targetInfo: ObjectInfo
    ) async throws {
        let wanted = try await headers(of: sourceInfo, in: work.source)
        let present = try await headers(of: targetInfo, in: work.target)
        if wanted.isKept(by: present) {
            await remember(source, target)
            work.noteSame(key, source)
            return
        }
        guard options.overwrites else { return try await act(on: .unproven(.exists), source, target) }
        if options.isDryRun || source.size > work.target.capabilities.largestWrite {
            return try await copy(source, target, .metadata, as: .metadata)
        }
        try await setHeaders(wanted, present, source, target)
    }

    private func setHeaders(
        _ wanted: ObjectHeaders, _ present: ObjectHeaders, _ source: ObjectState, _ target: ObjectState
    ) async throws {
        if let trash = options.trash { try await work.target.keep(key, size: target.size, under: trash) }
        _ = try await work.target.setHeaders(
            key, headers: wanted, tagsDiffer: wanted.tags != present.tags, ifMatch: target.etag)
        guard let info = try await work.target.head(key) else { throw ObjectFailure.changed }
        guard info.etag == target.etag else {
            // A copy in place makes one part of many on some servers: the bytes have to come anew.
            return try await copy(source, ObjectState(info), .metadata, as: .metadata)
        }
        guard wanted.isKept(by: try await headers(of: info, in: work.target)) else {
            throw await headersNotKept(wanted, try await headers(of: info, in: work.target))
        }
        await remember(source, ObjectState(info))
        work.tally.withLock { $0.summary.metadata += 1 }
        report(.metadata, .ok, .metadata, source)
    }

    /// Looks once at each kind of headers that the target was given, whether it has kept them.
    private func checkHeaders(_ outcome: ObjectCopier.Outcome) async throws {
        guard outcome.isResumed || work.headerTrust.mustLook(at: outcome.headers) else { return }
        try await verifyHeaders(of: outcome)
    }

    @inline(never)
    private func verifyHeaders(of outcome: ObjectCopier.Outcome) async throws {
        let wanted = outcome.headers
        guard let info = try await work.target.head(key) else { throw ObjectFailure.changed }
        let present = try await headers(of: info, in: work.target)
        if wanted.isKept(by: present) {
            work.headerTrust.learn(wanted)
        } else {
            // An upload that was taken up again has the headers of its beginning.
            throw outcome.isResumed ? ObjectFailure.changed : await headersNotKept(wanted, present)
        }
    }

    /// A target that drops headers is remembered: the listings of the next runs would not show it.
    private func headersNotKept(_ wanted: ObjectHeaders, _ present: ObjectHeaders) async -> ObjectFailure {
        let kinds = wanted.kindsNotKept(by: present).joined(separator: ", ")
        await work.journal.setFact(MirrorJournal.dropsHeaders, kinds)
        return .impossible(
            "\(work.target.name) does not keep all headers, metadata or tags of \(key) as \(work.source.name) has them: "
                + "\(kinds).")
    }

    private func headers(of info: ObjectInfo, in store: any ObjectStore) async throws -> ObjectHeaders {
        var headers = info.headers
        if info.tagCount ?? 0 > 0 { headers.setTags(try await store.tags(of: key)) }
        return headers
    }

    private func remember(_ source: ObjectState, _ target: ObjectState) async {
        guard !options.isDryRun, !(work.isWatching && source.etag == target.etag && mayChangeUnseen(source)) else {
            return
        }
        await work.journal.remember(
            ProvenPair(
                key: key, sourceETag: source.etag, sourceLastModified: source.lastModified, sourceSize: source.size,
                targetETag: target.etag, targetLastModified: target.lastModified))
    }

    /// Whether another change of the headers may still get the same date, where dates are whole seconds: then the next
    /// reconcile looks again.
    private func mayChangeUnseen(_ source: ObjectState) -> Bool {
        source.lastModified.seconds + 2 >= work.time.wall().seconds + (work.source.clockOffset ?? 0) / 1000
    }

    private func report(
        _ action: ObjectReport.Action, _ status: ObjectReport.Status, _ reason: Reason, _ state: ObjectState?
    ) {
        work.report(
            ObjectReport(
                action: action, key: work.source.fullKey(key), size: state?.size, etag: state?.etag, status: status,
                reason: reason, error: nil, seconds: Double(work.time.now() - began) / 1e9))
    }
}

extension ObjectHeaders {
    /// Whether a reader of `other` gets what a reader of this gets. A type that the source does not name is whatever
    /// the target's server gives to objects without one.
    func isKept(by other: ObjectHeaders) -> Bool {
        if contentType != nil { return self == other }
        var typed = self
        typed.contentType = other.contentType
        return typed == other
    }
}
