import ObjectModel

/// Reading the values of a listing's elements from bytes in place, without allocating.
enum ListingValues {
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

    /// The months that were read last, one for each of the two digits' low bits: a listing's objects are mostly of few.
    @safe struct Months: ~Copyable {
        private struct Month: BitwiseCopyable {
            /// `2026-11-` as it lies in memory.
            var text: UInt64 = 0
            /// Its first moment, in milliseconds since the epoch.
            var milliseconds: Int64 = 0
            /// Days that it has.
            var length = 0
        }

        private static let slotCount = 32
        private let slots: UnsafeMutablePointer<Month>

        init() {
            unsafe slots = .allocate(capacity: Self.slotCount)
            unsafe slots.initialize(repeating: Month(), count: Self.slotCount)
        }

        deinit {
            unsafe slots.deallocate()
        }

        /// The first moment of the day that ten bytes tell, as in `2026-11-21`, in milliseconds since the epoch.
        @inline(__always)
        func day(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
            let word = unsafe UnsafeRawBufferPointer(text).loadUnaligned(as: UInt64.self)
            let slot = unsafe slots + Int((text[5] & 1) << 4 | text[6] & 15)
            if unsafe slot.pointee.text != word {
                guard let month = unsafe Self.month(text) else { return nil }
                unsafe slot.pointee = Month(text: word, milliseconds: month.milliseconds, length: month.length)
            }
            guard let day = unsafe pair(text, 8), unsafe day >= 1 && day <= slot.pointee.length else { return nil }
            return unsafe slot.pointee.milliseconds + Int64(day - 1) * 86_400_000
        }

        @inline(never)
        private static func month(_ text: UnsafeBufferPointer<UInt8>) -> (milliseconds: Int64, length: Int)? {
            guard unsafe text[4] == 0x2D, unsafe text[7] == 0x2D, let century = unsafe pair(text, 0),
                let year = unsafe pair(text, 2), let month = unsafe pair(text, 5),
                let first = Timestamp(year: century * 100 + year, month: month, day: 1)
            else { return nil }
            return (first.milliseconds, Timestamp.length(ofMonth: month, in: century * 100 + year))
        }
    }

    /// Milliseconds since the epoch from `2026-11-21T01:02:03.004Z`, with a fraction of any length or none; UTC only.
    @inline(__always)
    static func timestamp(_ text: UnsafeBufferPointer<UInt8>, _ months: borrowing Months) -> Int64? {
        let count = text.count
        guard count >= 20, unsafe text[10] == 0x54, unsafe text[13] == 0x3A, unsafe text[16] == 0x3A,
            unsafe text[count - 1] == 0x5A, let day = unsafe months.day(text)
        else { return nil }
        var millisecond = 0
        if count > 20 {
            guard unsafe text[19] == 0x2E, count > 21 else { return nil }
            for index in 20..<(count - 1) {
                let digit = unsafe text[index] &- 0x30
                if digit > 9 { return nil }
                if index < 23 { millisecond = millisecond * 10 + Int(digit) }
            }
            if count == 22 { millisecond *= 100 } else if count == 23 { millisecond *= 10 }
        }
        guard let hour = unsafe pair(text, 11), let minute = unsafe pair(text, 14), let second = unsafe pair(text, 17),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        // A 60th second is taken as the 59th, as `Timestamp` does.
        let seconds = Int64(hour * 3600 + minute * 60 + min(second, 59))
        return day + seconds * 1000 + Int64(millisecond)
    }

    /// Two decimal digits.
    @inline(__always)
    private static func pair(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int? {
        let tens = unsafe text[index] &- 0x30
        let ones = unsafe text[index + 1] &- 0x30
        guard tens <= 9, ones <= 9 else { return nil }
        return Int(tens) * 10 + Int(ones)
    }

    /// An ETag without white space and quotes at both ends; a weak one with its quotes.
    @inline(__always)
    static func etag(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        // As nearly every server writes it: one pair of quotes around 32 digits.
        if unsafe text.count == 34 && text[0] == 0x22 && text[33] == 0x22 && text[1] > 0x2F && text[32] > 0x2F {
            return unsafe UnsafeBufferPointer(rebasing: text[1..<33])
        }
        let value = unsafe trimmed(text)
        if unsafe value.count > 2 && value[0] == UInt8(ascii: "W") && value[1] == UInt8(ascii: "/") && value[2] == 0x22
        {
            return unsafe value
        }
        return unsafe trimmed(value, alsoQuotes: true)
    }

    /// Fills in the ETag's fields of `entry` by the rules of `ETag`. False where it is opaque, which is for the caller to
    /// store.
    @inline(__always)
    static func readETag(_ text: UnsafeBufferPointer<UInt8>, into entry: inout ListingEntry) -> Bool {
        guard text.count >= 32, let base = text.baseAddress else { return false }
        let raw = unsafe UnsafeRawPointer(base)
        guard let a = unsafe hexadecimal(raw), let b = unsafe hexadecimal(raw + 8),
            let c = unsafe hexadecimal(raw + 16),
            let d = unsafe hexadecimal(raw + 24)
        else { return false }
        if text.count == 32 {
            entry.etagKind = .md5
            entry.etagParts = 0
        } else {
            guard unsafe text[32] == 0x2D, (34...38).contains(text.count), unsafe text[33] != 0x30,
                let parts = unsafe number(UnsafeBufferPointer(rebasing: text[33...])), (1...10_000).contains(parts)
            else { return false }
            entry.etagKind = .composite
            entry.etagParts = UInt16(parts)
        }
        entry.etagHigh = UInt64(a) << 32 | UInt64(b)
        entry.etagLow = UInt64(c) << 32 | UInt64(d)
        entry.etagCapitals = unsafe capitals(raw)
        return true
    }

    /// Eight hexadecimal digits in either case, all in one word; nil if one of them is none.
    @inline(__always)
    private static func hexadecimal(_ text: UnsafeRawPointer) -> UInt32? {
        let each: UInt64 = 0x0101_0101_0101_0101
        let word = UInt64(bigEndian: unsafe text.loadUnaligned(as: UInt64.self))
        // Letters have bit 6, digits bit 5; the value is the low nibble, and nine more for a letter.
        let isLetter = (word >> 6) & each
        let values = (word & (each * 0x0F)) &+ isLetter &* 9
        // Written back as digits they must be what came, in lower case; a value of 16 is a letter past f.
        let isOverNine = ((values &+ each * 6) >> 4) & each
        let digits = values &+ each * 0x30 &+ isOverNine &* 0x27
        guard values & (each * 0x10) == 0, digits == word | (each * 0x20),
            (word >> 5 | word >> 6) & each == each
        else { return nil }
        var packed = (values | values >> 4) & 0x00FF_00FF_00FF_00FF
        packed = (packed | packed >> 8) & 0x0000_FFFF_0000_FFFF
        return UInt32(truncatingIfNeeded: packed | packed >> 16)
    }

    /// Which of 32 hexadecimal digits are capital letters, as `MD5Digest.capitals` has it.
    @inline(__always)
    private static func capitals(_ text: UnsafeRawPointer) -> UInt32 {
        let each: UInt64 = 0x0101_0101_0101_0101
        var areAny: UInt64 = 0
        for offset in stride(from: 0, to: 32, by: 8) {
            let word = unsafe text.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            areAny |= (word >> 6) & ~(word >> 5) & each
        }
        if areAny == 0 { return 0 }
        var all: UInt32 = 0
        for offset in stride(from: 0, to: 32, by: 8) {
            let word = UInt64(bigEndian: unsafe text.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            // Letters have bit 6, small ones bit 5 as well. The product gathers the eight bytes' bits in its highest byte.
            let areCapitals = (word >> 6) & ~(word >> 5) & each
            all = all << 8 | UInt32(truncatingIfNeeded: (areCapitals &* 0x0102_0408_1020_4080) >> 56)
        }
        return all
    }

    /// Decodes `+` and `%XX` into `output`, which has room for the text; how much it wrote, nil for a `%` without two
    /// digits.
    @inline(__always)
    static func decode(_ text: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>) -> Int? {
        guard let source = text.baseAddress, let target = output.baseAddress else { return 0 }
        var read = 0
        var written = 0
        while read < text.count {
            // Eight bytes at a time as long as none of them means another.
            if read + 8 <= text.count, written + 8 <= output.count {
                let word = unsafe UnsafeRawPointer(source + read).loadUnaligned(as: UInt64.self)
                if word.matches(UInt8(ascii: "%")) | word.matches(UInt8(ascii: "+")) == 0 {
                    unsafe UnsafeMutableRawPointer(target + written).storeBytes(of: word, as: UInt64.self)
                    read += 8
                    written += 8
                    continue
                }
            }
            var byte = unsafe source[read]
            read += 1
            if byte == UInt8(ascii: "%") {
                guard read + 1 < text.count, let high = URIEncoding.value(of: unsafe source[read]),
                    let low = URIEncoding.value(of: unsafe source[read + 1])
                else { return nil }
                byte = high << 4 | low
                read += 2
            } else if byte == UInt8(ascii: "+") {
                byte = 0x20
            }
            unsafe target[written] = byte
            written += 1
        }
        return written
    }
}
