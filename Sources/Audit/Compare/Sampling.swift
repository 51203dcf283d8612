public import ObjectModel

extension AuditSummary.Sample {
    /// Whether a key is drawn: the same for the same seed and key, wherever and in whatever order it is met.
    public func includes(_ key: ObjectKey) -> Bool {
        // FNV-1a, mixed with the seed and then by SplitMix64's finaliser, so that close keys fall apart.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ seed
        for byte in key.bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        hash ^= hash >> 31
        return Double(hash >> 11) / Double(1 << 53) < share
    }
}
