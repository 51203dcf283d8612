import Digests
import S3

/// The additional checksums of S3 (`x-amz-checksum-*`), as clients send them in a header or a trailer.
///
/// Source: "Checking object integrity", S3 user guide. Values travel as base64 of the big-endian checksum. SHA-1 is left
/// out: no client chooses it by itself.
enum ChecksumAlgorithm: String, CaseIterable, Sendable {
    case crc32, crc32c, crc64nvme, sha256

    var header: String { "x-amz-checksum-\(rawValue)" }
    /// The name in XML documents.
    var element: String { "Checksum\(rawValue.uppercased())" }
}

/// A running checksum of one algorithm.
final class Checksum {
    let algorithm: ChecksumAlgorithm
    private var register: UInt64
    private var hasher = SHA256Hasher()

    init(_ algorithm: ChecksumAlgorithm) {
        self.algorithm = algorithm
        register = algorithm == .crc64nvme ? .max : 0xFFFF_FFFF
    }

    func update(_ bytes: RawSpan) {
        switch algorithm {
        case .crc32: fold(bytes, CRCTables.crc32)
        case .crc32c: fold(bytes, CRCTables.crc32c)
        case .crc64nvme: fold(bytes, CRCTables.crc64nvme)
        case .sha256: hasher.update(bytes)
        }
    }

    private func fold(_ bytes: RawSpan, _ table: [UInt64]) {
        var value = register
        let table = table.span
        unsafe bytes.withUnsafeBytes { buffer in
            for offset in 0..<buffer.count {
                value = unsafe table[Int(UInt8(truncatingIfNeeded: value) ^ buffer[offset])] ^ value >> 8
            }
        }
        register = value
    }

    /// The checksum's bytes, big-endian. Nothing may be added afterwards.
    func finish() -> [UInt8] {
        if algorithm == .sha256 { return hasher.finish().bytes }
        let width = algorithm == .crc64nvme ? 8 : 4
        let value = register ^ (width == 8 ? .max : 0xFFFF_FFFF)
        return (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (width - 1 - $0))) }
    }
}

/// Tables of the reflected polynomials.
private enum CRCTables {
    static let crc32 = table(0xEDB8_8320)
    static let crc32c = table(0x82F6_3B78)
    static let crc64nvme = table(0x9A6C_9329_AC4B_C9B5)

    private static func table(_ polynomial: UInt64) -> [UInt64] {
        (0..<256).map { byte in
            var value = UInt64(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ polynomial : value >> 1 }
            return value
        }
    }
}
