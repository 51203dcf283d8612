import ObjectModel
import Runtime
import Testing

@testable import Service

@Suite("The log")
struct LogTests {
    /// Takes lines as a console would.
    final class Sink: Sendable {
        private let taken = Mutex<[String]>([])
        var lines: [String] { taken.withLock { $0 } }
        func take(_ line: String) { taken.withLock { $0.append(line) } }
    }

    static let moment = Timestamp(milliseconds: 1_795_235_492_123)

    private func log(
        _ sink: Sink, _ format: LogFormat = .text, level: LogLevel = .info, prefix: Bool = false, time: Bool = true
    ) -> Log {
        Log(
            format: format, level: level, hasPriorityPrefix: prefix, showsTime: time, now: { Self.moment },
            write: sink.take)
    }

    @Test("A fact is one line, in both formats, with and without time and priority")
    func formats() {
        let sink = Sink()
        for (format, prefix, time) in [
            (LogFormat.text, false, true), (.text, true, false), (.json, false, true), (.json, true, false),
        ] {
            log(sink, format, prefix: prefix, time: time).write(
                .info, "copied", ["mirror": "apks", "key": "a/b.apk", "size": 123])
        }
        #expect(
            sink.lines == [
                "time=2026-11-21T04:31:32.123Z level=info event=copied mirror=apks key=a/b.apk size=123",
                "<6>level=info event=copied mirror=apks key=a/b.apk size=123",
                #"{"time":"2026-11-21T04:31:32.123Z","level":"info","event":"copied","mirror":"apks","key":"a/b.apk","size":123}"#,
                #"<6>{"level":"info","event":"copied","mirror":"apks","key":"a/b.apk","size":123}"#,
            ])
    }

    @Test(
        "Values of every kind",
        arguments: [
            ("x", "f=x", #""f":"x""#), (.integer(-1), "f=-1", #""f":-1"#), (.count(UInt64.max), nil, nil),
            (true, "f=true", #""f":true"#), (.decimal(1.25, digits: 1), "f=1.3", #""f":1.3"#),
            (.decimal(.nan, digits: 1), "f=nan", #""f":null"#),
            (.seconds(.milliseconds(1500)), "f=1.500", #""f":1.500"#),
            (.time(Timestamp(milliseconds: 0)), "f=1970-01-01T00:00:00.000Z", #""f":"1970-01-01T00:00:00.000Z""#),
            (.key("ä"), "f=ä", #""f":"ä""#), (.text(ByteSizeLike()), "f=\"10 MiB\"", #""f":"10 MiB""#),
        ] as [(LogValue, String?, String?)])
    func values(_ value: LogValue, _ text: String?, _ json: String?) {
        let sink = Sink()
        log(sink, .text, time: false).write(.info, "e", [("f", value)])
        log(sink, .json, time: false).write(.info, "e", [("f", value)])
        #expect(sink.lines[0] == "level=info event=e " + (text ?? "f=9223372036854775807"))
        #expect(sink.lines[1] == #"{"level":"info","event":"e","# + (json ?? #""f":9223372036854775807"#) + "}")
    }

    struct ByteSizeLike: CustomStringConvertible {
        var description: String { "10 MiB" }
    }

    @Test(
        "Text is quoted where a reader could take it for something else",
        arguments: [
            ("a/b-c_d.apk:[x]{y}'z'", "a/b-c_d.apk:[x]{y}'z'"), ("é€😀", "é€😀"), ("", #""""#), ("a b", #""a b""#),
            ("a=b", #""a=b""#), (#"a"b"#, #""a\"b""#), (#"a\b"#, #""a\\b""#), ("a\u{A0}b", "\"a\u{A0}b\""),
            ("\u{FFFD}", "\"\u{FFFD}\""),
        ])
    func quoting(_ text: String, _ word: String) {
        #expect(LogLine.word(text) == word)
    }

    @Test(
        "No value starts a new line or steers a terminal, in both formats",
        arguments: [
            "\n", "\r", "\r\n", "\t", "\u{0}", "\u{1B}[2J", "\u{7F}", "\u{85}", "\u{9B}2J", "\u{2028}", "\u{2029}",
            "\u{202E}", "\u{2066}",
        ])
    func controls(_ text: String) {
        let sink = Sink()
        log(sink, .text).write(.info, "event\(text)", ["f": "a\(text)b", "g": "\(text)level=error"])
        log(sink, .json).write(.info, "event\(text)", ["f": "a\(text)b"])
        #expect(sink.lines[0].unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        #expect(!sink.lines[0].unicodeScalars.contains { text.unicodeScalars.contains($0) && $0.value > 0x7E })
        #expect(!sink.lines[1].unicodeScalars.contains { $0.value < 0x20 || [0x2028, 0x2029].contains($0.value) })
    }

    @Test("Lines below the level are not written, and nothing is made of them")
    func levels() {
        let sink = Sink()
        let log = log(sink, level: .notice, prefix: true, time: false)
        for level in LogLevel.allCases { log.write(level, "e") }
        #expect(sink.lines == ["<3>level=error event=e", "<4>level=warning event=e", "<5>level=notice event=e"])
        #expect(log.writes(.error) && log.writes(.notice) && !log.writes(.info))
    }

    @Test("Many threads write whole lines, each one once, in the order of their times")
    func threads() async {
        let sink = Sink()
        let clock = Mutex<Int64>(0)
        let log = Log(
            format: .text, level: .info, hasPriorityPrefix: false, showsTime: true,
            now: {
                clock.withLock { time in
                    time += 1
                    return Timestamp(milliseconds: time)
                }
            }, write: sink.take)
        await withTaskGroup { group in
            for worker in 0..<8 {
                group.addTask { @concurrent in
                    for number in 0..<250 { log.write(.info, "e", ["n": .count(worker * 250 + number)]) }
                }
            }
        }
        let lines = sink.lines
        #expect(lines == lines.sorted())
        #expect(Set(lines.compactMap { $0.split(separator: "n=").last.flatMap { Int($0) } }) == Set(0..<2000))
        #expect(lines.count == 2000)
    }
}
