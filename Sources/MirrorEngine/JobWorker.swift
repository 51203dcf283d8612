import Journal
import ObjectModel
import Runtime
import S3
import Stores

/// Settles one key: looks at both sides where it has to, decides, acts, proves, counts and reports.
struct JobWorker {
    let run: MirrorRun
    let job: Job
    let began: Int64

    private var key: ObjectKey { job.key }
    private var options: MirrorOptions { run.options }

    private var copier: ObjectCopier {
        ObjectCopier(
            source: run.source, target: run.target, journal: run.journal, budget: run.budget, trash: options.trash,
            listingTrust: run.listingTrust, notice: { [run] in run.notice($0) },
            runStart: run.settings.withLock { $0.start })
    }

    /// Throws what kept the key from being settled.
    func perform() async throws {
        var source = job.source
        var target = job.target
        let decision: Decision
        if let known = job.decision, !isDoubtfulCopy(known) {
            decision = known
        } else {
            (source, target) = try await lookAtBoth()
            let pair = await run.journal.pairs(for: [key]).first ?? nil
            decision = Decision.decide(
                source: source, target: target, provenPair: pair, options: run.decisionOptions)
        }
        try await act(on: decision, source, target)
    }

    /// A copy of a key that the target may keep under another name: only a look tells whether it is missing.
    private func isDoubtfulCopy(_ decision: Decision) -> Bool {
        decision == .copy(.missing) && KeyAliases.isDoubtful(key)
    }

    private func lookAtBoth() async throws -> (ObjectState?, ObjectState?) {
        async let left = run.source.head(key)
        async let right = run.target.head(key)
        let (source, target) = try await (left, right)
        if let source, target != nil { try await checkName(size: source.size, mustMatch: false) }
        return (source.map(ObjectState.init), target.map(ObjectState.init))
    }

    private func act(on decision: Decision, _ source: ObjectState?, _ target: ObjectState?) async throws {
        switch decision {
        case .same:
            if let source { run.noteSame(key, source) }
        case .extra:
            // Gone from the source since it was listed.
            if let target { try await run.extras.append([Extra(key: key, size: target.size).spilled]) }
        case .unproven(let reason):
            run.tally.withLock { $0.summary.unproven += 1 }
            report(.skip, .unproven, reason, source)
        case .copy(let reason):
            guard let source else { return }
            try await copy(source, target, reason, as: .copy)
        case .compareContent:
            guard let source, let target else { return }
            if try await copier.haveEqualContent(key, source, target) {
                await remember(source, target.etag)
                run.noteSame(key, source)
            } else if options.overwrites {
                try await copy(source, target, .content, as: .copy)
            } else {
                try await act(on: .unproven(.exists), source, target)
            }
        case .compareHeaders:
            guard let source, let target else { return }
            try await compareHeaders(source, target)
        }
    }

    // MARK: Copies

    private func copy(
        _ source: ObjectState, _ target: ObjectState?, _ reason: Reason, as action: ObjectReport.Action
    ) async throws {
        guard !options.isDryRun else {
            run.tally.withLock { tally in
                if action == .copy { tally.summary.copied.add(source.size) } else { tally.summary.metadata += 1 }
            }
            report(action, .planned, reason, source)
            return
        }
        let outcome = try await copier.copy(key, expected: source, replacing: target)
        try await checkName(size: outcome.state.size, mustMatch: true)
        run.tally.withLock { tally in
            if action == .copy { tally.summary.copied.add(outcome.state.size) } else { tally.summary.metadata += 1 }
            if let target { tally.targetChange.remove(target.size) }
            tally.targetChange.add(outcome.state.size)
        }
        report(action, .ok, reason, outcome.state)
    }

    /// Throws if the key is one that servers are known to change, and the target's listing lacks it, or (after it was
    /// written) lists it without its bytes.
    private func checkName(size: Int64, mustMatch: Bool) async throws {
        guard KeyAliases.isDoubtful(key) else { return }
        guard let listed = try await run.target.listed(key) else { throw aliasFailure() }
        guard listed.size == size || !mustMatch else {
            throw ObjectFailure.impossible(
                "\(run.target.name) keeps \(listed.size) of the \(size) bytes of \(key): it takes the key for something "
                    + "else, a folder perhaps.")
        }
    }

    /// The target keeps this key under another name. What has that name there is no extra, and if the source has it too
    /// it may just have been overwritten: it is looked at again.
    private func aliasFailure() -> ObjectFailure {
        let names = KeyAliases.names(of: key)
        run.tally.withLock { $0.shadows.formUnion(names) }
        for name in names where !KeyAliases.isDoubtful(name) { run.dirty.markNow(Job(key: name, reason: .content)) }
        return .impossible(
            "\(run.target.name) keeps the key \(key) under another name, so it cannot hold this object as it is.")
    }

    // MARK: Headers

    private func compareHeaders(_ source: ObjectState, _ target: ObjectState) async throws {
        async let left = run.source.head(key)
        async let right = run.target.head(key)
        guard let sourceInfo = try await left, let targetInfo = try await right,
            sourceInfo.etag == source.etag, targetInfo.etag == target.etag, sourceInfo.size == targetInfo.size
        else { throw ObjectFailure.changed }
        let wanted = try await headers(of: sourceInfo, in: run.source)
        let present = try await headers(of: targetInfo, in: run.target)
        if wanted.isKept(by: present) {
            await remember(source, target.etag)
            run.noteSame(key, source)
            return
        }
        guard options.overwrites else { return try await act(on: .unproven(.exists), source, target) }
        if options.isDryRun || source.size > ObjectCopier.putLimit {
            return try await copy(source, target, .metadata, as: .metadata)
        }
        try await setHeaders(wanted, present, source, target)
    }

    private func setHeaders(
        _ wanted: ObjectHeaders, _ present: ObjectHeaders, _ source: ObjectState, _ target: ObjectState
    ) async throws {
        if let trash = options.trash { try await run.target.keep(key, size: target.size, under: trash) }
        _ = try await run.target.setHeaders(
            key, headers: wanted, tagsDiffer: wanted.tags != present.tags, ifMatch: target.etag)
        guard let info = try await run.target.head(key) else { throw ObjectFailure.changed }
        guard info.etag == target.etag else {
            // A copy in place makes one part of many on some servers: the bytes have to come anew.
            return try await copy(source, ObjectState(info), .metadata, as: .metadata)
        }
        guard wanted.isKept(by: try await headers(of: info, in: run.target)) else {
            throw ObjectFailure.impossible(
                "\(run.target.name) does not keep all headers, metadata or tags of \(key) as \(run.source.name) has "
                    + "them.")
        }
        await remember(source, target.etag)
        run.tally.withLock { $0.summary.metadata += 1 }
        report(.metadata, .ok, .metadata, source)
    }

    private func headers(of info: ObjectInfo, in store: any ObjectStore) async throws -> ObjectHeaders {
        var headers = info.headers
        if info.tagCount ?? 0 > 0 { headers.setTags(try await store.tags(of: key)) }
        return headers
    }

    private func remember(_ source: ObjectState, _ targetETag: ETag) async {
        guard !options.isDryRun else { return }
        await run.journal.remember(
            ProvenPair(
                key: key, sourceETag: source.etag, sourceLastModified: source.lastModified, sourceSize: source.size,
                targetETag: targetETag))
    }

    private func report(
        _ action: ObjectReport.Action, _ status: ObjectReport.Status, _ reason: Reason, _ state: ObjectState?
    ) {
        run.report(
            ObjectReport(
                action: action, key: run.source.fullKey(key), size: state?.size, etag: state?.etag, status: status,
                reason: reason, error: nil, seconds: Double(MonotonicClock.nanoseconds() - began) / 1e9))
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
