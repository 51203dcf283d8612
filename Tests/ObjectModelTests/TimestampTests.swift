import ObjectModel
import Runtime
import Testing

@Suite("Moments")
struct TimestampTests {
    struct Known: Sendable, CustomTestStringConvertible {
        let iso: String
        let seconds: Int64
        let http: String
        var testDescription: String { iso }
    }

    /// As Python's `datetime` has them.
    static let known = [
        Known(iso: "0001-01-01T00:00:00Z", seconds: -62_135_596_800, http: "Mon, 01 Jan 0001 00:00:00 GMT"),
        Known(iso: "1582-10-15T00:00:00Z", seconds: -12_219_292_800, http: "Fri, 15 Oct 1582 00:00:00 GMT"),
        Known(iso: "1600-02-29T12:00:00Z", seconds: -11_670_955_200, http: "Tue, 29 Feb 1600 12:00:00 GMT"),
        Known(iso: "1899-12-31T23:59:59Z", seconds: -2_208_988_801, http: "Sun, 31 Dec 1899 23:59:59 GMT"),
        Known(iso: "1900-03-01T00:00:00Z", seconds: -2_203_891_200, http: "Thu, 01 Mar 1900 00:00:00 GMT"),
        Known(iso: "1969-12-31T23:59:59Z", seconds: -1, http: "Wed, 31 Dec 1969 23:59:59 GMT"),
        Known(iso: "1970-01-01T00:00:00Z", seconds: 0, http: "Thu, 01 Jan 1970 00:00:00 GMT"),
        Known(iso: "1972-02-29T06:07:08Z", seconds: 68_191_628, http: "Tue, 29 Feb 1972 06:07:08 GMT"),
        Known(iso: "2000-02-29T23:59:59Z", seconds: 951_868_799, http: "Tue, 29 Feb 2000 23:59:59 GMT"),
        Known(iso: "2000-03-01T00:00:00Z", seconds: 951_868_800, http: "Wed, 01 Mar 2000 00:00:00 GMT"),
        Known(iso: "2026-11-21T01:02:03Z", seconds: 1_795_222_923, http: "Sat, 21 Nov 2026 01:02:03 GMT"),
        Known(iso: "2038-01-19T03:14:08Z", seconds: 2_147_483_648, http: "Tue, 19 Jan 2038 03:14:08 GMT"),
        Known(iso: "2100-02-28T23:59:59Z", seconds: 4_107_542_399, http: "Sun, 28 Feb 2100 23:59:59 GMT"),
        Known(iso: "2100-03-01T00:00:00Z", seconds: 4_107_542_400, http: "Mon, 01 Mar 2100 00:00:00 GMT"),
        Known(iso: "2400-02-29T00:00:00Z", seconds: 13_574_563_200, http: "Tue, 29 Feb 2400 00:00:00 GMT"),
        Known(iso: "9999-12-31T23:59:59Z", seconds: 253_402_300_799, http: "Fri, 31 Dec 9999 23:59:59 GMT"),
    ]

    @Test("Known moments are read and written in every form", arguments: known)
    func values(_ known: Known) {
        let moment = Timestamp(seconds: known.seconds)
        #expect(Timestamp(iso8601: Array(known.iso.utf8)) == moment)
        #expect(Timestamp(httpDate: known.http) == moment)
        #expect(moment.iso8601 == known.iso.dropLast() + ".000Z")
        #expect(moment.httpDate == known.http)
        #expect(moment.basicFormat == known.iso.filter { $0 != "-" && $0 != ":" })
        #expect(moment.seconds == known.seconds)
    }

    @Test("Every written moment is read again as itself", arguments: 1...4 as ClosedRange<UInt64>)
    func roundTrips(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let moment = Timestamp(milliseconds: .random(in: -62_135_596_800_000...253_402_300_799_999, using: &random))
            let whole = Timestamp(seconds: moment.seconds)
            #expect(Timestamp(iso8601: Array(moment.iso8601.utf8)) == moment, "seed \(seed)")
            #expect(Timestamp(httpDate: moment.httpDate) == whole, "seed \(seed): \(moment)")
            let c = moment.civil
            #expect(
                Timestamp(
                    year: c.year, month: c.month, day: c.day, hour: c.hour, minute: c.minute, second: c.second,
                    millisecond: c.millisecond) == moment, "seed \(seed)")
            #expect(whole <= moment && moment.milliseconds - whole.milliseconds < 1000, "seed \(seed)")
            // A day later is the next weekday, a text later in order too.
            let next = Timestamp(milliseconds: moment.milliseconds + 1)
            #expect(next.iso8601 > moment.iso8601 || next.civil.year > 9999, "seed \(seed): \(moment)")
        }
    }

    @Test(
        "Fractions have any length; what a millisecond cannot hold is cut",
        arguments: [
            ("2026-11-21T01:02:03.4Z", 400), ("2026-11-21T01:02:03.04Z", 40), ("2026-11-21T01:02:03.004Z", 4),
            ("2026-11-21T01:02:03.0049Z", 4), ("2026-11-21T01:02:03.999999999Z", 999),
        ])
    func fractions(_ text: String, _ milliseconds: Int64) {
        #expect(Timestamp(iso8601: Array(text.utf8))?.milliseconds == 1_795_222_923_000 + milliseconds)
    }

    @Test(
        "What is no moment in UTC is refused",
        arguments: [
            "", "Z", "2026-11-21", "2026-11-21T01:02:03", "2026-11-21T01:02:03+01:00", "2026-11-21 01:02:03Z",
            "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
            "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "2026-11-21T01:02:03.Z",
            "2026-11-21T01:02:03.xZ", "2026-11-21T01:02:03,5Z", "20x6-11-21T01:02:03Z", "-026-11-21T01:02:03Z",
            "2026/11/21T01:02:03Z", "2026-02-31T00:00:00Z", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
            "2024-02-30T00:00:00Z", "2026-04-31T00:00:00Z", "2026-11-31T00:00:00Z",
        ])
    func refused(_ text: String) {
        #expect(Timestamp(iso8601: Array(text.utf8)) == nil)
    }

    @Test(
        "What is no HTTP date is refused",
        arguments: [
            "", "Sat, 21 Nov 2026 01:02:03", "Sat, 21 Nov 2026 01:02:03 +0100", "Sat, 21 Nov 2026 01:02 GMT",
            "Sat, 21 Nnn 2026 01:02:03 GMT", "Sat, 32 Nov 2026 01:02:03 GMT", "Tue, 31 Nov 2026 01:02:03 GMT",
            "Saturday, 21-Nov-26 01:02:03 GMT",
            "Sat Nov 21 01:02:03 2026",
        ])
    func refusedDates(_ text: String) {
        #expect(Timestamp(httpDate: text) == nil)
    }

    @Test("A leap second counts as the second before it")
    func leapSecond() {
        #expect(
            Timestamp(iso8601: Array("2016-12-31T23:59:60Z".utf8))
                == Timestamp(iso8601: Array("2016-12-31T23:59:59Z".utf8)))
    }

    @Test("Seconds are rounded down on both sides of 1970")
    func seconds() {
        #expect(Timestamp(milliseconds: 1999).seconds == 1)
        #expect(Timestamp(milliseconds: -1).seconds == -1)
        #expect(Timestamp(milliseconds: -1000).seconds == -1)
        #expect(Timestamp(milliseconds: -1001).seconds == -2)
    }
}
