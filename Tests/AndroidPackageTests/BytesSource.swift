import AndroidPackage
import TestSupport

/// A package in memory, which counts the reads.
final class BytesSource: PackageSource {
    struct OutOfRange: Error {}

    let bytes: [UInt8]
    private(set) var reads: [Range<Int64>] = []

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var size: Int64 { Int64(bytes.count) }

    func read(_ range: Range<Int64>) throws -> [UInt8] {
        guard range.lowerBound >= 0, range.upperBound <= size else { throw OutOfRange() }
        reads.append(range)
        return Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
    }
}

/// The packages in `Fixtures/APK` and what the tools said about them when they were made.
enum Fixture {
    static let folder = "\(TestFile.fixtures)/APK"

    static func package(_ name: String) throws -> [UInt8] { try contents("\(name).apk") }

    /// Values by name, in order.
    static func golden(_ name: String) throws -> [String: [String]] {
        golden(text: String(decoding: try contents("\(name).txt"), as: UTF8.self))
    }

    static func golden(text: String) -> [String: [String]] {
        var values: [String: [String]] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1)
            values[String(parts[0]), default: []].append(parts.count > 1 ? String(parts[1]) : "")
        }
        return values
    }

    private struct Missing: Error {
        let path: String
    }

    private static func contents(_ name: String) throws -> [UInt8] {
        let path = "\(folder)/\(name)"
        guard let bytes = TestFile.read(path) else { throw Missing(path: path) }
        return bytes
    }
}

/// Facts, and all problems: those that the facts have, and those of the bytes.
func examine(_ bytes: [UInt8]) async throws -> (facts: PackageFacts, problems: [PackageProblem]) {
    let source = BytesSource(bytes)
    let facts = try await AndroidPackage.facts(of: source)
    return (facts, facts.problems + (try await AndroidPackage.verify(source, facts: facts)))
}
