import Runtime
import Testing

@Suite("Numbers of bytes")
struct ByteSizeTests {
    @Test(
        "Sizes as people write them",
        arguments: [
            ("0", 0), ("512", 512), ("512B", 512), ("1k", 1000), ("1KB", 1000), ("1KiB", 1024), ("1ki", 1024),
            ("10MiB", 10 << 20), ("10 MiB", 10 << 20), ("1.5GB", 1_500_000_000), ("1.5 gib", 1_610_612_736),
            ("0.5k", 500), ("2T", 2_000_000_000_000), ("2TiB", 2 << 40), (".5M", 500_000),
            ("8000000TiB", 8_000_000 << 40),
        ])
    func parsing(_ text: String, _ bytes: Int64) {
        #expect(ByteSize.parse(text) == bytes)
    }

    @Test(
        "What is no size is refused",
        arguments: [
            "", " ", "B", "-1", "+1", "1,5", "1.2.3", "1x", "1KBB", "MiB", "1e3", "0x10", "nan", "inf", "½",
            "99999999999999999999", "9000000TiB",
        ])
    func refused(_ text: String) {
        #expect(ByteSize.parse(text) == nil)
    }

    @Test(
        "Sizes as they are shown",
        arguments: [
            (0, "0 B"), (1023, "1023 B"), (1024, "1.00 KiB"), (1536, "1.50 KiB"), (10 << 10, "10.0 KiB"),
            (100 << 10, "100 KiB"), (1023 << 10, "1023 KiB"), (1 << 20, "1.00 MiB"), (1_572_864, "1.50 MiB"),
            (5 << 40, "5.00 TiB"), (Int64.max, "8192 PiB"),
            // Where rounding needs another digit or the next unit.
            ((1 << 20) - 1, "1.00 MiB"), ((1 << 20) - 512, "1.00 MiB"), ((1 << 20) - 513, "1023 KiB"),
            ((1 << 50) - 1, "1.00 PiB"), (10_235, "10.0 KiB"), (10_234, "9.99 KiB"), (102_349, "100 KiB"),
            (102_348, "99.9 KiB"),
        ] as [(Int64, String)])
    func formatting(_ bytes: Int64, _ text: String) {
        #expect(ByteSize.format(bytes) == text)
    }

    @Test(
        "Decimals are rounded half away from zero",
        arguments: [
            (0.0, 2, "0.00"), (1.005, 0, "1"), (0.5, 0, "1"), (-0.5, 0, "-1"), (-0.4, 0, "0"), (2.25, 1, "2.3"),
            (0.05, 3, "0.050"), (-1.5, 2, "-1.50"), (999.999, 2, "1000.00"), (0.000_000_001, 9, "0.000000001"),
            (.infinity, 2, "inf"),
        ])
    func decimals(_ value: Double, _ decimals: Int, _ text: String) {
        #expect(Decimals.format(value, decimals) == text)
    }
}

@Suite("JSON text")
struct JSONTextTests {
    @Test(
        "Strings are escaped so that a line stays a line",
        arguments: [
            ("", "\"\""), ("a", "\"a\""), ("\"\\/", "\"\\\"\\\\/\""), ("\n\r\t", "\"\\n\\r\\t\""),
            ("\u{0}\u{1F}", "\"\\u0000\\u001f\""), ("\u{7F}", "\"\\u007f\""),
            ("\u{2028}\u{2029}", "\"\\u2028\\u2029\""),
            ("é€😀", "\"é€😀\""), ("\u{85}", "\"\\u0085\""), ("\r\n", "\"\\r\\n\""),
        ])
    func strings(_ text: String, _ json: String) {
        #expect(JSONText.quoted(text).unicodeScalars.elementsEqual(json.unicodeScalars))
    }

    @Test("A decomposed letter stays decomposed")
    func normalization() {
        #expect(Array(JSONText.quoted("e\u{301}").utf8) == [0x22, 0x65, 0xCC, 0x81, 0x22])
    }

    @Test("Fields come in the order they were set, of every type")
    func fields() {
        var inner = JSONText()
        inner.set("a", 1)
        var json = JSONText()
        json.set("text", "x")
        json.set("count", UInt64.max)
        json.set("yes", true)
        json.set("number", 1.2345, decimals: 3)
        json.set("no number", Double.nan, decimals: 3)
        json.setNull("nothing")
        json.set("inner", inner)
        json.set("many", [inner, JSONText()])
        json.set("names", ["a", "\""])
        json.set("none", [String]())
        #expect(
            json.object == """
                {"text":"x","count":18446744073709551615,"yes":true,"number":1.235,"no number":null,"nothing":null,\
                "inner":{"a":1},"many":[{"a":1},{}],"names":["a","\\""],"none":[]}
                """)
    }
}

@Suite("Back-off")
struct BackoffTests {
    @Test(
        "A wait is between nothing and the ceiling, which doubles up to the cap",
        arguments: 1...3 as ClosedRange<UInt64>)
    func bounds(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let backoff = Backoff(base: .milliseconds(100), cap: .seconds(3))
        for attempt in 0..<80 {
            let ceiling: Duration = attempt < 5 ? .milliseconds(100 << attempt) : .seconds(3)
            let delays = (0..<200).map { _ in backoff.delay(attempt: attempt, using: &random) }
            #expect(delays.allSatisfy { $0 >= .zero && $0 <= ceiling }, "seed \(seed), attempt \(attempt)")
            // Full jitter: the whole range is used.
            #expect(delays.contains { $0 < ceiling * 0.2 } && delays.contains { $0 > ceiling * 0.8 }, "seed \(seed)")
        }
    }

    @Test("No waiting at all is possible, for tests")
    func none() {
        var random = SeededGenerator(seed: 1)
        #expect(Backoff(base: .zero, cap: .zero).delay(attempt: 9, using: &random) == .zero)
    }

    @Test("The seeded generator gives SplitMix64's numbers")
    func splitMix() {
        var random = SeededGenerator(seed: 1_234_567)
        #expect(random.next() == 6_457_827_717_110_365_317)
        #expect(random.next() == 3_203_168_211_198_807_973)
        #expect(random.next() == 9_817_491_932_198_370_423)
    }
}
