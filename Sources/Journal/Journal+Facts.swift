public import SQLite

extension Journal {
    /// Remembers a small fact about the mirror until it is set again, for example why deletions are paused; nil removes
    /// it. Names are the caller's.
    public func setFact(mirror: String, _ name: String, _ value: String?) throws(DiskError) {
        try write(mirror: mirror) { (connection, id) throws(DiskError) in
            let change =
                if value == nil {
                    try connection.statement("DELETE FROM fact WHERE mirror = ? AND name = ?")
                } else {
                    try connection.statement("INSERT OR REPLACE INTO fact (mirror, name, value) VALUES (?, ?, ?)")
                }
            try change.bind(1, id)
            try change.bind(2, name)
            if let value { try change.bind(3, value) }
            try change.run()
        }
    }

    /// The fact as it was set last; nil if it was not, or was removed.
    public func fact(mirror: String, _ name: String) throws(DiskError) -> String? {
        let connection = try open()
        guard let id = try mirrorID(mirror, creating: false, in: connection) else { return nil }
        let select = try connection.statement("SELECT value FROM fact WHERE mirror = ? AND name = ?")
        try select.bind(1, id)
        try select.bind(2, name)
        guard try select.step() else { return nil }
        defer { select.reset() }
        return select.text(0)
    }
}
