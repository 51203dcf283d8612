import ObjectModel
import Runtime
import Stores

/// Deletes keys from the target that the source does not have: the one way in which runs and watches do it.
///
/// For example, a source that is restored while a batch waits: its key was gone when the job looked, a copy of the target's
/// object went to the trash for two seconds, and meanwhile the key came back. The look that counts is the one after that.
///
/// 1. Look: the source itself answers for each key that there is none.
/// 2. Its bucket is there; where no event told of the removal, it is not empty either.
/// 3. The guards admit the rest.
/// 4. What is to be kept is kept; what can't be kept is not deleted. That took time: 1 and 2 once more.
/// 5. Delete, and ask the target for every key whether it is gone: some answer that it is and have done nothing.
struct Deletion: Sendable {
    /// A key that only the target has, as far as is known.
    struct Candidate: Sendable {
        let extra: Extra
        /// Whether the source itself told that a client removed it: an absence that no lost disk explains.
        let isRemoval: Bool
    }

    enum Outcome: Sendable {
        case deleted
        /// The source has it.
        case present(ObjectInfo)
        /// A guard holds it back, for this reason.
        case held(HeldReason)
        /// It would be deleted, if this were no dry run.
        case planned
    }

    typealias Result = Swift.Result<Outcome, ObjectFailure>

    /// What became of a batch.
    struct Report: Sendable {
        /// For each candidate, in their order.
        var results: [Result]
        /// Of those that the guards admitted, how many are known not to have been done. An answer that was lost may mean a
        /// deletion.
        var notDone = 0
        /// How many may have been done, and nobody saw whether they were.
        var unseen = 0
    }

    /// What the guards are asked about.
    struct Due: Sendable {
        let count: Int
        /// What the look found on the source after all.
        let present: [(key: ObjectKey, info: ObjectInfo)]
    }

    let source: any ObjectStore
    let target: any ObjectStore
    let options: MirrorOptions
    /// Whether an empty source explains an absence that no event told; runs have measured that before.
    let asksForEmptySource: Bool

    /// Requests of one kind under way at once.
    private static let atOnce = 64

    /// Deletes what may be deleted of `candidates`, at most as many as the target takes at once.
    ///
    /// - Parameters:
    ///   - admit: whether so many may be deleted now, which counts them; asked once, for those that are due. Throws where
    ///     that can't be told, or where nothing may be deleted because of what the look found.
    func delete(
        _ candidates: [Candidate], admit: @Sendable (Due) throws(ObjectFailure) -> HeldReason?
    ) async -> Report {
        var round = Round(candidates)
        var admitted = 0
        do {
            try await look(&round)
            guard !round.due.isEmpty else { return Report(results: round.results) }
            if let reason = try admit(Due(count: round.due.count, present: round.present)) {
                round.endAll(.success(.held(reason)))
            } else if options.isDryRun {
                round.endAll(.success(.planned))
            } else {
                admitted = round.due.count
                if let trash = options.trash {
                    await keep(under: trash, &round)
                    try await look(&round)
                }
                try await deleteAndVerify(&round)
            }
        } catch {
            // The target refused the batch as a whole.
            if ObjectFailure(error).isRefusal { round.mayBeDone = false }
            round.endAll(.failure(ObjectFailure(error)))
        }
        guard admitted > 0 else { return Report(results: round.results) }
        let results = round.results
        let confirmed = results.count { if case .success(.deleted) = $0 { true } else { false } }
        return Report(results: results, notDone: admitted - round.done, unseen: round.done - confirmed)
    }

    /// What becomes of each candidate.
    private struct Round {
        let candidates: [Candidate]
        /// Those that are still to be deleted, by their index.
        private(set) var due: [Int]
        private var ended: [Int: Result] = [:]
        /// Whether deletions were sent to the target, which may have done them whatever came back.
        var mayBeDone = false
        /// Those that the target deleted, or may have.
        private(set) var done = 0

        init(_ candidates: [Candidate]) {
            self.candidates = candidates
            due = Array(candidates.indices)
        }

        var results: [Result] { candidates.indices.map { ended[$0] ?? .failure(.changed) } }

        func key(_ index: Int) -> ObjectKey { candidates[index].extra.key }

        var present: [(key: ObjectKey, info: ObjectInfo)] {
            candidates.indices.compactMap { index in
                if case .success(.present(let info)) = ended[index] { (key(index), info) } else { nil }
            }
        }

        mutating func end(_ results: [Int: Result]) {
            ended.merge(results) { $1 }
            due.removeAll { results[$0] != nil }
        }

        mutating func endAll(_ result: Result) {
            for index in due { ended[index] = result }
            if mayBeDone { done += due.count }
            due = []
        }

        /// They are gone, though nobody could see it.
        mutating func endUnseen(_ results: [Int: Result]) {
            done += results.count
            end(results)
        }
    }

    // MARK: The steps

    /// Takes out what the source has or can't tell of, and all of it where its bucket is not there: a 404 of a HEAD may mean
    /// just that, so the bucket is asked for after the keys.
    private func look(_ round: inout Round) async throws {
        let asked = round
        let looked = await forEach(round.due) { index -> Result? in
            do throws(StoreError) {
                return try await source.head(asked.key(index)).map { .success(.present($0)) }
            } catch {
                return .failure(.server(error))
            }
        }
        round.end(looked)
        guard !round.due.isEmpty else { return }
        let isExplained = round.due.allSatisfy { round.candidates[$0].isRemoval }
        guard asksForEmptySource, !options.deletionGuard.allowsEmptySource, !isExplained else {
            guard try await !source.exists() else { return }
            // It names the server that lacks it, where a listing tells.
            if asksForEmptySource { _ = try await source.isEmpty() }
            throw bucketGone
        }
        guard try await source.isEmpty() else { return }
        let unexplained = round.due.filter { !round.candidates[$0].isRemoval }
        round.end(
            Dictionary(
                uniqueKeysWithValues: unexplained.map { ($0, .success(.held(.emptySource(targetObjects: nil)))) }))
    }

    private var bucketGone: ObjectFailure {
        .bucketGone("The bucket of \(source.name) is gone; nothing is deleted from \(target.name).")
    }

    private func keep(under trash: ObjectKey, _ round: inout Round) async {
        let asked = round
        let failed = await forEach(round.due) { index -> Result? in
            let extra = asked.candidates[index].extra
            do throws(StoreError) {
                try await target.keep(extra.key, size: extra.size, under: trash)
                return nil
            } catch {
                // Gone already: there is nothing to keep.
                return error.kind == .noSuchKey ? nil : .failure(.server(error))
            }
        }
        round.end(failed)
    }

    private func deleteAndVerify(_ round: inout Round) async throws {
        guard !round.due.isEmpty else { return }
        let due = round.due
        round.mayBeDone = true
        let failures = try await target.delete(due.map(round.key))
        var refused: [Int: Result] = [:]
        var lost: [Int: Result] = [:]
        for case (let index, let failure?) in zip(due, failures) {
            if failure.wasAnswered { refused[index] = .failure(.server(failure)) }
            if !failure.wasAnswered { lost[index] = .failure(.server(failure)) }
        }
        round.end(refused)
        round.endUnseen(lost)
        await verify(&round)
        round.endAll(.success(.deleted))
    }

    private func verify(_ round: inout Round) async {
        let asked = round
        let unseen = Mutex<[Int: Result]>([:])
        let survivors = await forEach(round.due) { index -> Result? in
            do throws(StoreError) {
                return try await target.head(asked.key(index)) == nil ? nil : .failure(notDeleted(asked.key(index)))
            } catch {
                unseen.withLock { $0[index] = .failure(.server(error)) }
                return nil
            }
        }
        round.end(survivors)
        round.endUnseen(unseen.withLock { $0 })
    }

    private func notDeleted(_ key: ObjectKey) -> ObjectFailure {
        .notDeleted("\(target.name) answered that \(key) was deleted and still has it; is it read-only?")
    }

    /// Asks for each of `indices`, many at once, and gives those answers that there are.
    private func forEach(
        _ indices: [Int], _ body: @escaping @Sendable (Int) async -> Result?
    ) async -> [Int: Result] {
        if let only = indices.first, indices.count == 1 { return await body(only).map { [only: $0] } ?? [:] }
        return await withTaskGroup(of: (Int, Result?).self) { group in
            var answers: [Int: Result] = [:]
            for (count, index) in indices.enumerated() {
                if count >= Self.atOnce, let (index, answer) = await group.next() { answers[index] = answer }
                group.addTask { (index, await body(index)) }
            }
            for await (index, answer) in group { answers[index] = answer }
            return answers
        }
    }
}
