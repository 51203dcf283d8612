import Runtime

/// Text from the system's generator, for identifiers and invented ETags.
enum RandomText {
    /// Two digits for each of `bytes` bytes.
    static func hexadecimal(bytes: Int) -> String {
        Hexadecimal.encode(UniqueText.bytes(bytes))
    }
}
