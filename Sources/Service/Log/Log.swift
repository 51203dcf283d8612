public import ObjectModel
import Runtime

/// The log of a long-running process: one line a fact, whole lines, from any thread.
///
/// ```
/// time=2026-11-21T04:31:32.123Z level=info event=copied mirror=apks key=a/b.apk size=123
/// ```
///
/// `time`, `level` and `event` come first; a field must not be called so.
public final class Log: Sendable {
    private let format: LogFormat
    private let level: LogLevel
    private let hasPriorityPrefix: Bool
    private let showsTime: Bool
    private let now: @Sendable () -> Timestamp
    private let output: @Sendable (String) -> Void
    /// Held while a line is handed over, so that lines come in the order of their times.
    private let turn = Mutex(())

    /// - Parameters:
    ///   - level: lines that matter less are not written.
    ///   - hasPriorityPrefix: whether each line begins with `<N>`, by which systemd's journal tells its level.
    ///   - showsTime: whether each line has its time, in UTC; the journal keeps it by itself.
    ///   - now: the clock of those times.
    ///   - write: takes one line without its line break. It is called on the thread that has the fact to tell, one call
    ///     at a time, and must not write to this log itself.
    public init(
        format: LogFormat, level: LogLevel, hasPriorityPrefix: Bool, showsTime: Bool,
        now: @escaping @Sendable () -> Timestamp, write: @escaping @Sendable (String) -> Void
    ) {
        self.format = format
        self.level = level
        self.hasPriorityPrefix = hasPriorityPrefix
        self.showsTime = showsTime
        self.now = now
        output = write
    }

    /// Whether lines of this level are written; to save the work of making one.
    public func writes(_ level: LogLevel) -> Bool { level <= self.level }

    /// Writes a fact. `event` is its name, such as `copied`; the fields keep their order.
    public func write(_ level: LogLevel, _ event: String, _ fields: KeyValuePairs<String, LogValue> = [:]) {
        guard writes(level) else { return }
        write(level, event, fields.map { ($0.key, $0.value) })
    }

    /// Writes a fact whose fields are not known beforehand.
    public func write(_ level: LogLevel, _ event: String, _ fields: [(String, LogValue)]) {
        guard writes(level) else { return }
        turn.withLock { _ in
            let line = LogLine(
                time: showsTime ? now() : nil, level: level, event: event, fields: fields,
                hasPriorityPrefix: hasPriorityPrefix)
            output(line.text(format))
        }
    }
}
