/// A stretch of an arena.
struct ByteRange: BitwiseCopyable, Sendable {
    var offset: UInt32
    var length: UInt32
}
