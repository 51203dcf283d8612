/// Looking for a byte in eight bytes at once, of which the first in memory is the lowest of the word.
extension UInt64 {
    /// The highest bit of each byte that is `byte`. Bits above the lowest one that is set may be wrong.
    @inline(__always)
    func matches(_ byte: UInt8) -> UInt64 {
        let each: UInt64 = 0x0101_0101_0101_0101
        let zeroed = self ^ (each &* UInt64(byte))
        return (zeroed &- each) & ~zeroed & (each * 0x80)
    }
}
