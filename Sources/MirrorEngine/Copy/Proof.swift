import ObjectModel

/// What an upload's answer proves.
enum Proof: Hashable {
    /// The target has the bytes. `pair` is true where the two ETags differ nevertheless, so that the journal has to
    /// remember that they belong together.
    case proven(pair: Bool)
    /// The target's ETag says nothing about bytes, or something else: reading them back tells.
    case needsReading

    /// From the source's ETag, the target's, and the ETag that was computed of the bytes on their way (nil: none was).
    ///
    /// | source's | target's | computed | |
    /// |---|---|---|---|
    /// | MD5 or composite | equal | | proven |
    /// | any | MD5 or composite, equal to the computed one | there | proven, a pair |
    /// | any | anything else | | needs reading |
    static func of(source: ETag, target: ETag, computed: ETag?) -> Proof {
        if case .opaque = target { return .needsReading }
        if source == target { return .proven(pair: false) }
        if let computed, computed == target { return .proven(pair: true) }
        return .needsReading
    }
}
