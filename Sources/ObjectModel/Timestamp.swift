/// A moment in UTC with a resolution of one millisecond.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z, negative before.
    public var milliseconds: Int64

    @inlinable
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    @inlinable
    public init(seconds: Int64) {
        self.milliseconds = seconds * 1000
    }

    /// Whole seconds since the epoch, rounded down.
    @inlinable
    public var seconds: Int64 {
        let (quotient, remainder) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    @inlinable
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    /// From a civil date in UTC; nil for a field out of range, such as a 31st of April (a 60th second is taken as the 59th).
    public init?(
        year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0, millisecond: Int = 0
    ) {
        guard (1...12).contains(month), (1...Self.length(ofMonth: month, in: year)).contains(day),
            (0...23).contains(hour), (0...59).contains(minute),
            (0...60).contains(second), (0...999).contains(millisecond), (0...9999).contains(year)
        else { return nil }
        let seconds =
            Self.days(year: year, month: month, day: day) * 86_400
            + Int64(hour * 3600 + minute * 60 + min(second, 59))
        self.init(milliseconds: seconds * 1000 + Int64(millisecond))
    }

    /// Year, month, day, hour, minute, second and millisecond in UTC.
    public var civil: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, millisecond: Int) {
        let seconds = self.seconds
        let millisecond = Int(milliseconds - seconds * 1000)
        var day = seconds / 86_400
        var rest = seconds % 86_400
        if rest < 0 {
            rest += 86_400
            day -= 1
        }
        // Civil-from-days for the proleptic Gregorian calendar, eras of 400 years that begin on 1 March.
        let z = day + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (
            Int(year), Int(month), Int(dayOfYear - (153 * shifted + 2) / 5 + 1), Int(rest / 3600),
            Int(rest % 3600 / 60), Int(rest % 60), millisecond
        )
    }

    /// In days, in the Gregorian calendar.
    public static func length(ofMonth month: Int, in year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func days(year: Int, month: Int, day: Int) -> Int64 {
        let y = Int64(month <= 2 ? year - 1 : year)
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = Int64((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1)
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Timestamp {
    /// Parses `2026-11-21T01:02:03Z` with an optional fraction of any length, as S3 listings write it. UTC only.
    public init?(iso8601 text: some Collection<UInt8>) {
        let bytes = Array(text)
        guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"), bytes[4] == 0x2D, bytes[7] == 0x2D,
            bytes[10] == UInt8(ascii: "T"), bytes[13] == 0x3A, bytes[16] == 0x3A,
            let year = Self.number(bytes[0..<4]), let month = Self.number(bytes[5..<7]),
            let day = Self.number(bytes[8..<10]), let hour = Self.number(bytes[11..<13]),
            let minute = Self.number(bytes[14..<16]), let second = Self.number(bytes[17..<19])
        else { return nil }
        var millisecond = 0
        let fraction = bytes[19..<(bytes.count - 1)]
        if !fraction.isEmpty {
            guard fraction.first == UInt8(ascii: "."), fraction.count > 1,
                let digits = Self.number(fraction.dropFirst().prefix(3))
            else { return nil }
            millisecond = fraction.count == 2 ? digits * 100 : fraction.count == 3 ? digits * 10 : digits
        }
        self.init(
            year: year, month: month, day: day, hour: hour, minute: minute, second: second, millisecond: millisecond)
    }

    /// Parses the fixed form of RFC 9110, `Sat, 21 Nov 2026 01:02:03 GMT`, of `Date` and `Last-Modified`.
    public init?(httpDate text: String) {
        // Every answer of a server has one or two of these.
        let bytes = Array(text.utf8)
        guard bytes.count == 29, bytes[3] == UInt8(ascii: ","), [4, 7, 11, 16, 25].allSatisfy({ bytes[$0] == 0x20 }),
            bytes[19] == 0x3A, bytes[22] == 0x3A, bytes[26...] == Self.greenwich || bytes[26...] == Self.universal,
            let month = Self.months.firstIndex(where: { $0.utf8.elementsEqual(bytes[8..<11]) }),
            let day = Self.number(bytes[5..<7]), let year = Self.number(bytes[12..<16]),
            let hour = Self.number(bytes[17..<19]), let minute = Self.number(bytes[20..<22]),
            let second = Self.number(bytes[23..<25])
        else { return nil }
        self.init(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
    }

    /// `2026-11-21T01:02:03.004Z`.
    public var iso8601: String {
        let c = civil
        return "\(Self.padded(c.year, 4))-\(Self.padded(c.month))-\(Self.padded(c.day))T"
            + "\(Self.padded(c.hour)):\(Self.padded(c.minute)):\(Self.padded(c.second)).\(Self.padded(c.millisecond, 3))Z"
    }

    /// `20261121T010203Z`, the form of `x-amz-date`.
    public var basicFormat: String {
        let c = civil
        return "\(Self.padded(c.year, 4))\(Self.padded(c.month))\(Self.padded(c.day))T"
            + "\(Self.padded(c.hour))\(Self.padded(c.minute))\(Self.padded(c.second))Z"
    }

    /// `Sat, 21 Nov 2026 01:02:03 GMT`.
    public var httpDate: String {
        let c = civil
        let dayNumber = Int((seconds - Int64(c.hour * 3600 + c.minute * 60 + c.second)) / 86_400)
        let weekday = Self.weekdays[((dayNumber + 4) % 7 + 7) % 7]
        return "\(weekday), \(Self.padded(c.day)) \(Self.months[c.month - 1]) \(Self.padded(c.year, 4)) "
            + "\(Self.padded(c.hour)):\(Self.padded(c.minute)):\(Self.padded(c.second)) GMT"
    }

    private static let greenwich = Array("GMT".utf8)[...]
    private static let universal = Array("UTC".utf8)[...]
    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func padded(_ value: Int, _ width: Int = 2) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int(digit - 0x30)
        }
        return value
    }
}

extension Timestamp: CustomStringConvertible {
    public var description: String { iso8601 }
}
