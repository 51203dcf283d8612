import Digests

extension SHA256Digest {
    /// Appends 64 lower-case digits.
    @inline(__always)
    func appendHexadecimal(to buffer: inout RawArray<UInt8>) {
        unsafe withBytes { unsafe buffer.appendHexadecimal($0) }
    }
}
