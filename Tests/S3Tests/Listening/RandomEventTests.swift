import FoundationEssentials
import ObjectModel
import Runtime
import Testing

@testable import S3

@Suite("Random streams of events")
struct RandomEventTests {
    /// Pieces of which streams are made, well-formed or not.
    private static let pieces =
        [
            "{", "}", "[", "]", ":", ",", "\"", "\\", "\"Records\":", "\"s3\":", "\"object\":", "\"key\":",
            "\"bucket\":",
            "\"name\":", "\"size\":", "\"eventName\":\"s3:ObjectCreated:Put\"", "null", "true", "1", "-1.5e7",
            "\\u00e9",
            "\\ud83d", "\\ude80", "\\u", "é", "🚀", "\n", "\r\n", " ", "{\"Records\":null}\n", "%41", "+", "\t", "<",
            "{\"Records\":[{\"eventName\":\"s3:ObjectRemoved:Delete\",\"s3\":{\"bucket\":{\"name\":\"b\"},"
                + "\"object\":{\"key\":\"k\"}}}]}\n",
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0x00], [0xED, 0xA0, 0x80]]

    /// JSON text of a value, with everything that may be skipped.
    private func value(_ depth: Int, _ random: inout SeededGenerator) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
        case 0: "null"
        case 1: Bool.random(using: &random) ? "true" : "false"
        case 2: "\(Int.random(in: -1000...1000, using: &random))"
        case 3: "\(Double.random(in: -10...10, using: &random))"
        case 4: JSONText.quoted(key(&random))
        case 5:
            "["
                + (0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth - 1, &random) }
                .joined(separator: space(&random) + ",") + "]"
        default:
            "{"
                + (0..<Int.random(in: 0...3, using: &random)).map {
                    "\"\($0)\"" + space(&random) + ":" + value(depth - 1, &random)
                }.joined(separator: ",") + space(&random) + "}"
        }
    }

    private func space(_ random: inout SeededGenerator) -> String {
        ["", "", "", " ", "\t", "\r"].randomElement(using: &random) ?? ""
    }

    private func key(_ random: inout SeededGenerator) -> String {
        let scalars = (1...Int.random(in: 1...12, using: &random)).map { _ -> Character in
            let range: ClosedRange<UInt32> =
                Int.random(in: 0...3, using: &random) == 0 ? 0...0x10FFFF : 0x20...0x7E
            return UnicodeScalar(UInt32.random(in: range, using: &random)).map(Character.init) ?? "x"
        }
        return String(scalars)
    }

    /// A document as a server might write it, and the event in it.
    private func document(_ random: inout SeededGenerator) -> (text: String, key: String, size: Int) {
        let key = key(&random)
        let size = Int.random(in: 0...100_000, using: &random)
        func members(_ members: [String]) -> String {
            let all = members + (0..<2).map { "\"x\($0)\":" + value(3, &random) }
            return "{" + all.shuffled(using: &random).joined(separator: space(&random) + ",") + "}"
        }
        let object = members(["\"key\":\(JSONText.quoted(key))", "\"size\":\(size)"])
        let place = members(["\"bucket\":\(members(["\"name\":\"b\""]))", "\"object\":\(object)"])
        let record = members(["\"eventName\":\"s3:ObjectCreated:Put\"", "\"s3\":\(place)"])
        return (members(["\"Records\":[\(record)]"]) + "\n", key, size)
    }

    private struct Oracle: Decodable {
        struct Record: Decodable {
            struct Place: Decodable {
                struct Object: Decodable {
                    var key: String
                    var size: Int
                }
                var object: Object
            }
            var s3: Place
        }
        var records: [Record]

        enum CodingKeys: String, CodingKey {
            case records = "Records"
        }
    }

    @Test("What a server may write is read as JSONDecoder reads it", arguments: 0..<8 as Range<UInt64>)
    func documents(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for round in 0..<200 {
            let (text, key, size) = document(&random)
            var parser = EventParser(filter: EventFilter(bucket: nil, prefix: ""))
            var events: [BucketEvent] = []
            try parser.feed(Array(text.utf8), to: &events)
            let oracle = try JSONDecoder().decode(Oracle.self, from: Data(text.utf8)).records.map(\.s3.object)
            #expect(events.map(\.keys.first) == oracle.map { ObjectKey($0.key) }, "seed \(seed), round \(round)")
            #expect(events.map(\.size) == oracle.map { Int64($0.size) }, "seed \(seed), round \(round)")
            #expect(events.first?.keys.first == ObjectKey(key) && events.first?.size == Int64(size))
        }
    }

    private func mutated(_ random: inout SeededGenerator) -> [UInt8] {
        if Bool.random(using: &random) {
            return (0..<Int.random(in: 0...20, using: &random)).flatMap { _ -> [UInt8] in
                Self.pieces.randomElement(using: &random) ?? []
            }
        }
        var bytes = (0..<3).flatMap { _ in Array(document(&random).text.utf8) }
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let start = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, start + Int.random(in: 0...5, using: &random))
            bytes.replaceSubrange(start..<end, with: Self.pieces.randomElement(using: &random) ?? [])
        }
        return bytes
    }

    /// The events up to the end of the stream or to what is wrong with it, and what that is.
    private func read(_ chunks: [ArraySlice<UInt8>], lineLimit: Int) -> ([BucketEvent], String?) {
        var parser = EventParser(filter: EventFilter(bucket: "b", prefix: ""), lineLimit: lineLimit)
        var events: [BucketEvent] = []
        do throws(EventStreamError) {
            for chunk in chunks { try parser.feed(Array(chunk), to: &events) }
            return (events, nil)
        } catch {
            return (events, "\(error)")
        }
    }

    @Test("nothing traps, and how a stream is cut into chunks changes nothing", arguments: 0..<8 as Range<UInt64>)
    func chunks(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var good = 0
        for round in 0..<500 {
            let bytes = mutated(&random)
            let lineLimit = Int.random(in: 0...4, using: &random) == 0 ? 300 : 1 << 20
            let whole = read([bytes[...]], lineLimit: lineLimit)
            var chunks: [ArraySlice<UInt8>] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...(round % 2 == 0 ? 1 : 40), using: &random)
                chunks.append(rest.prefix(count))
                rest = rest.dropFirst(count)
            }
            let pieces = read(chunks, lineLimit: lineLimit)
            #expect(pieces.0 == whole.0, "seed \(seed), round \(round)")
            #expect(pieces.1 == whole.1, "seed \(seed), round \(round)")
            if whole.1 == nil { good += 1 }
        }
        #expect(good > 10 && good < 490, "seed \(seed): \(good) streams were whole")
    }
}
