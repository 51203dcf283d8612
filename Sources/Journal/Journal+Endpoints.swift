public import ObjectModel
public import SQLite

extension Journal {
    /// The order in which the endpoint was last seen to list keys; nil if it was not seen.
    ///
    /// `endpoint` is named by the caller, canonically (scheme, host and port).
    public func keyOrder(endpoint: String) throws(DiskError) -> KeyOrder? {
        let select = try open().statement("SELECT key_order FROM endpoint WHERE name = ?")
        try select.bind(1, endpoint)
        guard try select.step() else { return nil }
        defer { select.reset() }
        return KeyOrder(rawValue: select.text(0))
    }

    public func setKeyOrder(_ order: KeyOrder, endpoint: String) throws(DiskError) {
        let insert = try open().statement("INSERT OR REPLACE INTO endpoint (name, key_order) VALUES (?, ?)")
        try insert.bind(1, endpoint)
        try insert.bind(2, order.rawValue)
        try insert.run()
    }
}
