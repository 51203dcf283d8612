public import ObjectModel

/// A key that may differ between source and target, and has not been looked at yet.
public struct PendingKey: Hashable, Sendable {
    public var key: ObjectKey
    /// When it was first known that it may differ.
    public var since: Timestamp
    /// Whether an event said that it was removed.
    public var isRemoval: Bool
    /// Whether a listing showed it, and not events alone.
    public var isListed: Bool

    public init(key: ObjectKey, since: Timestamp, isRemoval: Bool, isListed: Bool = false) {
        self.key = key
        self.since = since
        self.isRemoval = isRemoval
        self.isListed = isListed
    }
}

extension Journal {
    /// Adds keys in one transaction. Each mirror has a set of them: a key that waits already keeps the earlier `since`,
    /// the later word on whether it was removed, and that a listing showed it.
    ///
    /// About a thousand at a time is quickest.
    public func addPending(mirror: String, _ keys: [PendingKey]) throws(JournalError) {
        if keys.isEmpty { return }
        try write(mirror: mirror) { (connection, id) throws(JournalError) in
            let insert = try connection.statement(
                """
                INSERT INTO pending (mirror, key, since_ms, is_removal, is_listed) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET since_ms = min(since_ms, excluded.since_ms), is_removal = excluded.is_removal,
                    is_listed = max(is_listed, excluded.is_listed)
                WHERE since_ms > excluded.since_ms OR is_removal <> excluded.is_removal
                    OR is_listed < excluded.is_listed
                """)
            try insert.bind(1, id)
            for pending in keys {
                try insert.bind(2, pending.key.bytes)
                try insert.bind(3, pending.since.milliseconds)
                try insert.bind(4, pending.isRemoval ? 1 : 0)
                try insert.bind(5, pending.isListed ? 1 : 0)
                try insert.run()
            }
        }
    }

    /// Takes (removes) up to `limit` of the keys that have waited longest, oldest first; keys of the same moment in the
    /// order of their bytes. Empty only when none wait, or for a limit below 1.
    public func takePending(mirror: String, limit: Int) throws(JournalError) -> [PendingKey] {
        let connection = try open()
        // A look that takes no write lock: a watch at rest asks often.
        guard limit > 0, let id = try mirrorID(mirror, creating: false, in: connection),
            try oldestPending(id, connection) != nil
        else { return [] }
        return try connection.transaction { () throws(JournalError) in
            let select = try connection.statement(
                """
                SELECT key, since_ms, is_removal, is_listed FROM pending WHERE mirror = ?
                ORDER BY since_ms, key LIMIT ?
                """)
            try select.bind(1, id)
            try select.bind(2, Int64(limit))
            var taken: [PendingKey] = []
            while try select.step() {
                taken.append(
                    PendingKey(
                        key: ObjectKey(bytes: select.bytes(0)), since: Timestamp(milliseconds: select.integer(1)),
                        isRemoval: select.integer(2) != 0, isListed: select.integer(3) != 0))
            }
            let delete = try connection.statement("DELETE FROM pending WHERE mirror = ? AND key = ?")
            try delete.bind(1, id)
            for pending in taken {
                try delete.bind(2, pending.key.bytes)
                try delete.run()
            }
            return taken
        }
    }

    /// How many keys wait.
    public func pendingCount(mirror: String) throws(JournalError) -> Int {
        let connection = try open()
        guard let id = try mirrorID(mirror, creating: false, in: connection) else { return 0 }
        let select = try connection.statement("SELECT count(*) FROM pending WHERE mirror = ?")
        try select.bind(1, id)
        guard try select.step() else { return 0 }
        defer { select.reset() }
        return Int(select.integer(0))
    }

    /// Since when the key waits that has waited longest; nil when none wait.
    public func oldestPending(mirror: String) throws(JournalError) -> Timestamp? {
        let connection = try open()
        guard let id = try mirrorID(mirror, creating: false, in: connection) else { return nil }
        return try oldestPending(id, connection)
    }

    private func oldestPending(_ id: Int64, _ connection: SQLiteConnection) throws(JournalError) -> Timestamp? {
        let select = try connection.statement("SELECT min(since_ms) FROM pending WHERE mirror = ?")
        try select.bind(1, id)
        guard try select.step() else { return nil }
        defer { select.reset() }
        return select.isNull(0) ? nil : Timestamp(milliseconds: select.integer(0))
    }
}
