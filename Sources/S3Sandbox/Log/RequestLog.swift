import Glibc
import Runtime

/// What was asked and answered. A record is there before its client has the last byte of the answer, so a test that has
/// its answer finds its request.
public final class RequestLog: Sendable {
    private struct State {
        var records: [RequestRecord] = []
        var sequence = 0
        var counts = RequestCounts()
    }

    private let state = Mutex(State())
    private let file: Int32
    private let keepsRecords: Bool

    /// `path`: a file to append to as well. Without `keepsRecords` that is the only place, and memory holds only counts.
    init(path: String?, keepsRecords: Bool = true) throws {
        self.keepsRecords = keepsRecords
        guard let path else {
            file = -1
            return
        }
        file = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw StorageFailure("open", path) }
    }

    deinit {
        if file >= 0 { close(file) }
    }

    func nextSequence() -> Int {
        state.withLock { state in
            state.sequence += 1
            return state.sequence
        }
    }

    func append(_ record: RequestRecord) {
        let line = file >= 0 ? Array((record.line + "\n").utf8) : []
        state.withLock { state in
            state.counts.add(record)
            if keepsRecords { state.records.append(record) }
            // One call for a whole line, so that readers see whole lines. A full disk costs the line, not the answer.
            if file >= 0 { unsafe _ = write(file, line, line.count) }
        }
    }

    /// All records since the start or the last `removeAll`. The sandbox's own paths are not logged.
    public var records: [RequestRecord] { state.withLock { $0.records } }

    public func removeAll() {
        state.withLock { state in
            state.records.removeAll()
            state.counts = RequestCounts()
        }
    }

    /// The records' sums.
    public var totals: RequestCounts { state.withLock { $0.counts } }

    /// How many requests there were of one operation.
    public func count(_ operation: Operation) -> Int {
        totals.requests[operation, default: 0]
    }

    /// Number of requests by operation.
    public var counts: [Operation: Int] { totals.requests }

    var lines: [UInt8] {
        Array(records.map { $0.line + "\n" }.joined().utf8)
    }
}
