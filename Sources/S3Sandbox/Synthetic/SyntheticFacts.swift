import ObjectModel

/// What a synthetic object is besides its key: pure functions of its index, cheap to find anew for each listing.
struct SyntheticFacts {
    /// Bytes, 1 to 1 MiB.
    let size: Int
    /// The 16 bytes that the ETag shows, most significant first. They look like an MD5 and are none.
    let etag: (high: UInt64, low: UInt64)
    let month, day, hour, minute, second, millisecond: Int

    /// All objects are of this year.
    static let year = 2024

    /// `differs`: whether this server's object is another one than usual.
    init(_ index: Int, differs: Bool) {
        let index = UInt64(index)
        let bits = Self.mix(index)
        size = Int(bits >> 44) + 1
        // A few bits times the number of values, shifted back, stand for a slow remainder.
        millisecond = (Int(bits >> 34 & 0x3FF) * 1000) >> 10
        second = (Int(bits >> 27 & 0x7F) * 60) >> 7
        minute = (Int(bits >> 20 & 0x7F) * 60) >> 7
        hour = (Int(bits >> 14 & 0x3F) * 24) >> 6
        day = 1 + ((Int(bits >> 8 & 0x3F) * 28) >> 6)
        month = 1 + ((Int(bits >> 3 & 0x1F) * 12) >> 5)
        let high = Self.mix(bits ^ (differs ? 0x5851_F42D_4C95_7F2D : 0))
        etag = (high, Self.mix(high))
    }

    /// Source: splitmix64, whose output is a bijection of its state.
    private static func mix(_ state: UInt64) -> UInt64 {
        var z = state &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    var modified: Timestamp {
        Timestamp(
            year: Self.year, month: month, day: day, hour: hour, minute: minute, second: second,
            millisecond: millisecond) ?? Timestamp(seconds: 0)
    }

    /// 32 lower-case hexadecimal digits.
    var etagText: String {
        Hexadecimal.encode(
            [etag.high, etag.low].flatMap { word in
                (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) }
            })
    }

    /// Eight hexadecimal digits as eight characters, the first in the lowest byte.
    static func digits(_ value: UInt32) -> UInt64 {
        var nibbles = UInt64(value.byteSwapped)
        nibbles = (nibbles | nibbles << 16) & 0x0000_FFFF_0000_FFFF
        nibbles = (nibbles | nibbles << 8) & 0x00FF_00FF_00FF_00FF
        nibbles = (nibbles >> 4 & 0x000F_000F_000F_000F) | (nibbles & 0x000F_000F_000F_000F) << 8
        let letters = (nibbles &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return nibbles &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
    }
}

/// The bytes of a synthetic object.
final class SyntheticBody: ObjectBody {
    let size: Int64
    private let seed: UInt64

    init(_ facts: SyntheticFacts) {
        size = Int64(facts.size)
        seed = facts.etag.low
    }

    func bytes(in range: Range<Int64>) -> [UInt8] {
        range.map { UInt8(truncatingIfNeeded: seed >> UInt64(($0 & 7) * 8) &+ UInt64($0 >> 3)) }
    }
}
