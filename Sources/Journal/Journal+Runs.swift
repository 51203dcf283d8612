public import ObjectModel
public import SQLite

/// One run of a mirror, finished or not.
public struct RunRecord: Hashable, Identifiable, Sendable {
    public var id: Int64
    public var startedAt: Timestamp
    /// Nil for a run that is under way or was killed; then `status` and `summary` are nil too.
    public var finishedAt: Timestamp?
    public var status: String?
    /// The summary as the JSON object that the run printed.
    public var summary: String?
}

extension Journal {
    /// How many runs are kept per mirror.
    static let keptRuns = 100

    /// Records that a run began and gives its number. Runs before the last 100 of the mirror are dropped.
    public func startRun(mirror: String, at start: Timestamp) throws(DiskError) -> Int64 {
        try write(mirror: mirror) { (connection, id) throws(DiskError) in
            let insert = try connection.statement("INSERT INTO run (mirror, started_ms) VALUES (?, ?)")
            try insert.bind(1, id)
            try insert.bind(2, start.milliseconds)
            try insert.run()
            let run = connection.lastInsertedRow
            let prune = try connection.statement(
                """
                DELETE FROM run WHERE mirror = ?1 AND id <=
                (SELECT id FROM run WHERE mirror = ?1 ORDER BY id DESC LIMIT 1 OFFSET \(Self.keptRuns))
                """)
            try prune.bind(1, id)
            try prune.run()
            return run
        }
    }

    /// Records how a run ended. `summary` is kept as given.
    public func finishRun(
        _ run: RunRecord.ID, summary: String, status: String, at end: Timestamp
    ) throws(DiskError) {
        let update = try open().statement("UPDATE run SET finished_ms = ?, status = ?, summary = ? WHERE id = ?")
        try update.bind(1, end.milliseconds)
        try update.bind(2, status)
        try update.bind(3, summary)
        try update.bind(4, run)
        try update.run()
    }

    /// The run that began last, or that began last among those that ended with `status`; nil if there was none.
    public func lastRun(mirror: String, status: String? = nil) throws(DiskError) -> RunRecord? {
        let connection = try open()
        guard let id = try mirrorID(mirror, creating: false, in: connection) else { return nil }
        let select = try connection.statement(
            """
            SELECT id, started_ms, finished_ms, status, summary FROM run
            WHERE mirror = ?1 AND (?2 IS NULL OR status = ?2) ORDER BY id DESC LIMIT 1
            """)
        try select.bind(1, id)
        try select.bind(2, status)
        guard try select.step() else { return nil }
        defer { select.reset() }
        return RunRecord(
            id: select.integer(0), startedAt: Timestamp(milliseconds: select.integer(1)),
            finishedAt: select.isNull(2) ? nil : Timestamp(milliseconds: select.integer(2)),
            status: select.optionalText(3), summary: select.optionalText(4))
    }
}
