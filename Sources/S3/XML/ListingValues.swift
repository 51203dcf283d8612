import ObjectModel

/// Reading the values of a listing's elements from bytes in place, without allocating.
enum ListingValues {
    /// Hexadecimal digits to their values; 255 for every other byte.
    private static let hexadecimal: [UInt8] = (0...255).map { URIEncoding.value(of: UInt8($0)) ?? 255 }

    /// Without white space at both ends.
    @inline(__always)
    static func trimmed(_ text: UnsafeBufferPointer<UInt8>, alsoQuotes: Bool = false) -> UnsafeBufferPointer<UInt8> {
        func isTrimmed(_ byte: UInt8) -> Bool {
            byte == 0x20 || (0x09...0x0D).contains(byte) || (alsoQuotes && byte == 0x22)
        }
        var start = 0
        var end = text.count
        while start < end, isTrimmed(unsafe text[start]) { start += 1 }
        while end > start, isTrimmed(unsafe text[end - 1]) { end -= 1 }
        return unsafe UnsafeBufferPointer(rebasing: text[start..<end])
    }

    /// A decimal number without sign; nil for anything else, nothing included, or past `Int64`.
    @inline(__always)
    static func number(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        guard text.count > 0, text.count <= 19 else { return nil }
        var value: Int64 = 0
        for index in 0..<text.count {
            let digit = unsafe text[index] &- 0x30
            guard digit <= 9 else { return nil }
            let (product, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowedAgain) = product.addingReportingOverflow(Int64(digit))
            if overflowed || overflowedAgain { return nil }
            value = sum
        }
        return value
    }

    /// `true` or `false` in any case.
    static func flag(_ text: UnsafeBufferPointer<UInt8>) -> Bool? {
        switch unsafe String(decoding: text, as: UTF8.self).lowercased() {
        case "true": true
        case "false": false
        default: nil
        }
    }

    /// Milliseconds since the epoch from `2026-11-21T01:02:03.004Z`, with a fraction of any length or none; UTC only.
    @inline(__always)
    static func timestamp(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        let count = text.count
        guard count >= 20, unsafe text[4] == 0x2D, unsafe text[7] == 0x2D, unsafe text[10] == 0x54,
            unsafe text[13] == 0x3A, unsafe text[16] == 0x3A, unsafe text[count - 1] == 0x5A
        else { return nil }
        var isValid = true
        @inline(__always) func digits(_ start: Int, _ length: Int) -> Int {
            var value = 0
            for index in start..<(start + length) {
                let digit = unsafe text[index] &- 0x30
                if digit > 9 { isValid = false }
                value = value * 10 + Int(digit)
            }
            return value
        }
        var millisecond = 0
        if count > 20 {
            guard unsafe text[19] == 0x2E, count > 21 else { return nil }
            let present = min(count - 21, 3)
            millisecond = digits(20, present)
            for _ in present..<3 { millisecond *= 10 }
            for index in 20..<(count - 1) where unsafe text[index] &- 0x30 > 9 { return nil }
        }
        let (year, month, day) = (digits(0, 4), digits(5, 2), digits(8, 2))
        let (hour, minute, second) = (digits(11, 2), digits(14, 2), digits(17, 2))
        guard isValid else { return nil }
        return Timestamp(
            year: year, month: month, day: day, hour: hour, minute: minute, second: second, millisecond: millisecond)?
            .milliseconds
    }

    /// Fills in the ETag's fields of `entry` by the rules of `ETag`. False where it is opaque, which is for the caller to
    /// store.
    @inline(__always)
    static func readETag(_ text: UnsafeBufferPointer<UInt8>, into entry: inout ListingEntry) -> Bool {
        guard text.count >= 32 else { return false }
        var high: UInt64 = 0
        var low: UInt64 = 0
        var seen: UInt8 = 0
        unsafe hexadecimal.withUnsafeBufferPointer { table in
            for index in 0..<16 {
                let value = unsafe table[Int(text[index])]
                seen |= value
                high = high << 4 | UInt64(value & 15)
            }
            for index in 16..<32 {
                let value = unsafe table[Int(text[index])]
                seen |= value
                low = low << 4 | UInt64(value & 15)
            }
        }
        guard seen < 16 else { return false }
        if text.count == 32 {
            entry.etagKind = .md5
            entry.etagParts = 0
        } else {
            guard unsafe text[32] == 0x2D, (34...38).contains(text.count),
                let parts = unsafe number(UnsafeBufferPointer(rebasing: text[33...])), (1...10_000).contains(parts)
            else { return false }
            entry.etagKind = .composite
            entry.etagParts = UInt16(parts)
        }
        entry.etagHigh = high
        entry.etagLow = low
        return true
    }
}
