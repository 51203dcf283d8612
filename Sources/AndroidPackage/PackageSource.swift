/// Gives bytes of a file: the only way in which this room reads.
///
/// Asynchronous, so that requests for ranges of an object can stand behind it.
public protocol PackageSource {
    /// In bytes. It has to stay the same, as do the bytes, for as long as something is read.
    var size: Int64 { get }

    /// Exactly these bytes, at most 64 MiB and never past `size`. What it throws passes through unchanged.
    func read(_ range: Range<Int64>) async throws -> [UInt8]
}
