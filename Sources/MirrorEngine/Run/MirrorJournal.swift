import Journal
import ObjectModel
import Runtime

/// One mirror's view of the journal; without a journal it remembers nothing and says so.
///
/// Failures of the journal never stop a copy: what is lost with it is time in the next run (HEADs, parts sent again).
/// They are kept and reported once, at the end.
final class MirrorJournal: Sendable {
    private let journal: Journal?
    private let time: any Time
    let mirror: String
    private struct State {
        var pending: [ProvenPair] = []
        var failure: String?
        /// Uploads that could not be aborted when that was due.
        var leftovers: [(key: ObjectKey, id: String)] = []
        /// The mirror's lock, or the place beside the run that has it.
        var place: MirrorLock?
        var isHolder = false
        /// Records of uploads that were begun here, or taken over while nobody else worked on the mirror, and are not
        /// ended; and how many of them there are of each key.
        private var own: [UploadRecord.ID: UploadRecord] = [:]
        private(set) var uploading: [ObjectKey: Int] = [:]

        /// The journal may have given the number of one that was ended to another's.
        func owns(_ record: UploadRecord) -> Bool {
            own[record.id].map { $0.key == record.key && $0.createdAt == record.createdAt } ?? false
        }

        mutating func adopt(_ record: UploadRecord) {
            if owns(record) { return }
            if let other = own[record.id] { drop(other) }
            own[record.id] = record
            uploading[record.key, default: 0] += 1
        }

        mutating func drop(_ record: UploadRecord) {
            guard owns(record) else { return }
            own[record.id] = nil
            let count = uploading[record.key] ?? 0
            uploading[record.key] = count > 1 ? count - 1 : nil
        }
    }
    private let state = Mutex(State())

    init(_ journal: Journal?, mirror: String, time: any Time) {
        self.journal = journal
        self.time = time
        self.mirror = mirror
    }

    var isKept: Bool { journal != nil }

    /// The first failure since the run began.
    var failure: String? { state.withLock { $0.failure } }

    private func attempt<T: Sendable>(_ body: (Journal) async throws -> T) async -> T? {
        guard let journal else { return nil }
        do {
            return try await body(journal)
        } catch {
            state.withLock { if $0.failure == nil { $0.failure = "\(error)" } }
            return nil
        }
    }

    // MARK: The lock

    /// Says that work on the mirror begins: takes its lock, or joins beside the run that has it.
    ///
    /// Until then, and where that fails, only uploads that were begun here are touched.
    func acquireLock() async {
        if let lock = await attempt({ try await $0.lock(mirror: mirror) }) ?? nil {
            state.withLock { state in
                state.place = lock
                state.isHolder = true
            }
        } else {
            let place = await attempt { try await $0.join(mirror: mirror) }
            state.withLock { $0.place = place }
        }
    }

    /// Takes the lock once another run that had it has ended.
    func acquireLockIfFreed() async {
        guard !state.withLock({ $0.isHolder }), isKept else { return }
        guard let lock = await attempt({ try await $0.lock(mirror: mirror) }) ?? nil else { return }
        let place = state.withLock { state in
            defer { state.place = lock }
            state.isHolder = true
            return state.place
        }
        place?.release()
    }

    /// Says that the work has ended.
    func releaseLock() {
        let place = state.withLock { state in
            defer { state.place = nil }
            state.isHolder = false
            return state.place
        }
        place?.release()
    }

    /// Whether nobody else works on the mirror: this has its lock and nobody has joined.
    ///
    /// What another has written down or begun counts as left behind only if this is asked, and true, after it was seen:
    /// whoever began it joined before.
    func isAlone() async -> Bool {
        guard state.withLock({ $0.isHolder }) else { return false }
        return await attempt { try await !$0.isJoined(mirror: mirror) } ?? false
    }

    // MARK: Pairs

    /// Remembers `pair` with the next batch.
    func remember(_ pair: ProvenPair) async {
        let batch = state.withLock { state -> [ProvenPair] in
            state.pending.append(pair)
            guard state.pending.count >= 256 else { return [] }
            defer { state.pending = [] }
            return state.pending
        }
        if !batch.isEmpty { _ = await attempt { try await $0.record(batch, mirror: mirror) } }
    }

    /// Writes what is remembered and not yet on disk.
    func flush() async {
        let batch = state.withLock { state in
            defer { state.pending = [] }
            return state.pending
        }
        if !batch.isEmpty { _ = await attempt { try await $0.record(batch, mirror: mirror) } }
    }

    func pairs(for keys: [ObjectKey]) async -> [ProvenPair?] {
        await attempt { try await $0.provenPairs(mirror: mirror, keys: keys) }
            ?? Array(repeating: nil, count: keys.count)
    }

    // MARK: Uploads

    /// Writes down that an upload is about to begin, before it does: a crash in between leaves a trace.
    func beginUpload(
        _ key: ObjectKey, sourceETag: ETag, sourceSize: Int64, partSizes: [Int64]
    ) async -> UploadRecord? {
        let record = UploadRecord(
            mirror: mirror, key: key, sourceETag: sourceETag, sourceSize: sourceSize, partSizes: partSizes,
            createdAt: time.wall())
        let begun = await attempt { try await $0.beginUpload(record) }
        if let begun { state.withLock { $0.adopt(begun) } }
        return begun
    }

    func setUploadID(_ id: String, of record: UploadRecord?) async {
        if let record { _ = await attempt { try await $0.setUploadID(id, of: record) } }
    }

    func endUpload(_ record: UploadRecord?) async {
        guard let record else { return }
        state.withLock { $0.drop(record) }
        _ = await attempt { try await $0.endUpload(record) }
    }

    /// Whether an upload of `key` was begun and not ended. Knows those of earlier processes once `uploads` was asked.
    func hasUpload(of key: ObjectKey) -> Bool { state.withLock { $0.uploading[key] != nil } }

    /// Milliseconds since an upload was intended.
    func age(of record: UploadRecord) -> Int64 { time.wall().milliseconds - record.createdAt.milliseconds }

    /// The newest upload of `key` that was not ended, of those that `uploads` gives.
    func upload(of key: ObjectKey) async -> UploadRecord? {
        guard let newest = await attempt({ try await $0.upload(mirror: mirror, key: key) }) ?? nil else { return nil }
        if state.withLock({ $0.owns(newest) }) { return newest }
        return await uploads().last { $0.key == key }
    }

    /// The uploads that were not ended, oldest first: all of them for a run that is alone, which takes them over, else
    /// those that were begun here.
    func uploads() async -> [UploadRecord] {
        var records = await attempt { try await $0.uploads(mirror: mirror) } ?? []
        let isOthers: (UploadRecord) -> Bool = { record in !self.state.withLock { $0.owns(record) } }
        if records.contains(where: isOthers), await !isAlone() { records.removeAll(where: isOthers) }
        let known = records
        state.withLock { state in
            for record in known { state.adopt(record) }
        }
        return known
    }

    /// Notes an upload that is still on the target although nobody goes on with it; kept in memory, for a run without a
    /// journal as well.
    func noteLeftover(_ key: ObjectKey, _ id: String) {
        state.withLock { $0.leftovers.append((key, id)) }
    }

    /// How many of them are still there.
    var leftovers: Int { state.withLock { $0.leftovers.count } }

    func takeLeftovers() -> [(key: ObjectKey, id: String)] {
        state.withLock { state in
            defer { state.leftovers = [] }
            return state.leftovers
        }
    }

    // MARK: Runs and servers

    func startRun(at start: Timestamp) async -> Int64? {
        await attempt { try await $0.startRun(mirror: mirror, at: start) }
    }

    func finishRun(_ id: Int64?, summary: String, status: String) async {
        guard let id else { return }
        _ = await attempt { try await $0.finishRun(id, summary: summary, status: status, at: time.wall()) }
    }

    /// Up to when headers of equal objects are known to be equal: when the last run began that ended well; while none
    /// has, when the first one began, for which one that begins at `start` now is taken if there was none.
    func headersKnownUntil(start: Timestamp, isDryRun: Bool) async -> Timestamp? {
        if let good = await attempt({ try await $0.lastRun(mirror: mirror, status: "ok") }) ?? nil {
            return good.startedAt
        }
        if let begun = await fact(Self.begun).flatMap(Int64.init) { return Timestamp(milliseconds: begun) }
        if !isDryRun { await setFact(Self.begun, "\(start.milliseconds)") }
        return nil
    }

    /// When the first run began, in milliseconds.
    private static let begun = "begun"

    /// The fact that the target was seen to drop headers: which.
    static let dropsHeaders = "drops-headers"

    func fact(_ name: String) async -> String? {
        await attempt { try await $0.fact(mirror: mirror, name) } ?? nil
    }

    /// Whether it is written.
    @discardableResult
    func setFact(_ name: String, _ value: String?) async -> Bool {
        await attempt { try await $0.setFact(mirror: mirror, name, value) } != nil
    }

    func keyOrder(of endpoint: String) async -> KeyOrder? {
        await attempt { try await $0.keyOrder(endpoint: endpoint) } ?? nil
    }

    func setKeyOrder(_ order: KeyOrder, of endpoint: String) async {
        _ = await attempt { try await $0.setKeyOrder(order, endpoint: endpoint) }
    }
}
