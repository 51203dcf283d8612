import Glibc
import Runtime

/// What was asked and answered. A record is there before its client has the last byte of the answer, so a test that has
/// its answer finds its request.
public final class RequestLog: Sendable {
    private struct State {
        var records: [RequestRecord] = []
        var sequence = 0
    }

    private let state = Mutex(State())
    private let file: Int32

    /// `path`: a file to append to as well.
    init(path: String?) throws {
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
            state.records.append(record)
            // One call for a whole line, so that readers see whole lines. A full disk costs the line, not the answer.
            if file >= 0 { unsafe _ = write(file, line, line.count) }
        }
    }

    /// All records since the start or the last `removeAll`. The sandbox's own paths are not logged.
    public var records: [RequestRecord] { state.withLock { $0.records } }

    public func removeAll() {
        state.withLock { $0.records.removeAll() }
    }

    /// How many requests there were of one operation.
    public func count(_ operation: Operation) -> Int {
        records.reduce(0) { $0 + ($1.operation == operation ? 1 : 0) }
    }

    /// Number of requests by operation.
    public var counts: [Operation: Int] {
        records.reduce(into: [:]) { $0[$1.operation, default: 0] += 1 }
    }

    var lines: [UInt8] {
        Array(records.map { $0.line + "\n" }.joined().utf8)
    }
}
