public import ObjectModel
public import SQLite

/// Two objects that were proven to hold the same bytes, although their ETags cannot tell.
///
/// It says something about the present only if the source still has this ETag, size and date, and the target this ETag; a
/// target without ETags must still have its date.
public struct ProvenPair: Hashable, Sendable {
    public var key: ObjectKey
    public var sourceETag: ETag
    public var sourceLastModified: Timestamp
    public var sourceSize: Int64
    public var targetETag: ETag
    /// As the target's listing or a HEAD has it; nil where nobody looked.
    public var targetLastModified: Timestamp?

    public init(
        key: ObjectKey, sourceETag: ETag, sourceLastModified: Timestamp, sourceSize: Int64, targetETag: ETag,
        targetLastModified: Timestamp? = nil
    ) {
        self.key = key
        self.sourceETag = sourceETag
        self.sourceLastModified = sourceLastModified
        self.sourceSize = sourceSize
        self.targetETag = targetETag
        self.targetLastModified = targetLastModified
    }
}

extension Journal {
    /// Records pairs in one transaction; an earlier one of the same key is replaced.
    public func record(_ pairs: [ProvenPair], mirror: String) throws(DiskError) {
        if pairs.isEmpty { return }
        try write(mirror: mirror) { (connection, id) throws(DiskError) in
            let insert = try connection.statement(
                """
                INSERT OR REPLACE INTO proven_pair
                (mirror, key, source_etag, source_modified_ms, source_size, target_etag, target_modified_ms)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """)
            try insert.bind(1, id)
            for pair in pairs {
                try insert.bind(2, pair.key.bytes)
                try insert.bind(3, pair.sourceETag.text)
                try insert.bind(4, pair.sourceLastModified.milliseconds)
                try insert.bind(5, pair.sourceSize)
                try insert.bind(6, pair.targetETag.text)
                try insert.bind(7, pair.targetLastModified?.milliseconds)
                try insert.run()
            }
        }
    }

    /// What is recorded for each of `keys`, in their order; nil where nothing is.
    public func provenPairs(mirror: String, keys: [ObjectKey]) throws(DiskError) -> [ProvenPair?] {
        let connection = try open()
        guard !keys.isEmpty, let id = try mirrorID(mirror, creating: false, in: connection) else {
            return Array(repeating: nil, count: keys.count)
        }
        // One transaction for all: the file's lock is taken once, not per key.
        return try connection.transaction(writing: false) { () throws(DiskError) in
            let select = try connection.statement(
                """
                SELECT source_etag, source_modified_ms, source_size, target_etag, target_modified_ms
                FROM proven_pair WHERE mirror = ? AND key = ?
                """)
            try select.bind(1, id)
            var found: [ProvenPair?] = []
            found.reserveCapacity(keys.count)
            for key in keys {
                try select.bind(2, key.bytes)
                guard try select.step() else {
                    found.append(nil)
                    continue
                }
                found.append(
                    ProvenPair(
                        key: key, sourceETag: ETag(utf8: select.bytes(0)),
                        sourceLastModified: Timestamp(milliseconds: select.integer(1)),
                        sourceSize: select.integer(2), targetETag: ETag(utf8: select.bytes(3)),
                        targetLastModified: select.isNull(4) ? nil : Timestamp(milliseconds: select.integer(4))))
                select.reset()
            }
            return found
        }
    }

    /// Removes what is recorded for `keys`; keys without a record are ignored.
    public func forget(mirror: String, keys: [ObjectKey]) throws(DiskError) {
        if keys.isEmpty { return }
        try write(mirror: mirror) { (connection, id) throws(DiskError) in
            let delete = try connection.statement("DELETE FROM proven_pair WHERE mirror = ? AND key = ?")
            try delete.bind(1, id)
            for key in keys {
                try delete.bind(2, key.bytes)
                try delete.run()
            }
        }
    }
}
