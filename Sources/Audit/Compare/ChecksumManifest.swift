public import ObjectModel

/// The lines of a file as `md5sum` and `sha256sum` print them: digests by name. Pure.
public struct ChecksumManifest: Sendable {
    public enum Digest: Hashable, Sendable {
        case md5(String)
        case sha256(String)
    }

    /// One line that cannot be read. Prints as one sentence.
    public struct Malformed: Error, Hashable, CustomStringConvertible {
        /// From 1.
        public let line: Int
        public let why: String

        public var description: String { "line \(line) \(why)" }
    }

    public struct Entry: Hashable, Sendable {
        public var key: ObjectKey
        /// In lower-case hexadecimal.
        public var digest: Digest
    }

    /// In the order of the keys' bytes; each key once.
    public let entries: [Entry]

    /// Reads the GNU form (`DIGEST␠␠NAME`, `DIGEST␠*NAME`, a backslash before a line whose name has escapes) and the BSD
    /// form (`MD5 (NAME) = DIGEST`), as GNU coreutils document them. A leading `./` of a name is dropped. Blank lines and
    /// lines that begin with `#` say nothing.
    ///
    /// - Throws: `Malformed` for a line that is neither, and for a name that comes twice with different digests.
    public init(_ text: [UInt8]) throws(Malformed) {
        var digests: [ObjectKey: (digest: Digest, line: Int)] = [:]
        var number = 0
        for line in text.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            let line = line.last == 0x0D ? line.dropLast() : line
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) || line.first == UInt8(ascii: "#") { continue }
            guard let (digest, name) = Self.bsd(line) ?? Self.gnu(line), !name.isEmpty else {
                throw Malformed(line: number, why: "is no line of md5sum or sha256sum")
            }
            let key = ObjectKey(bytes: name.starts(with: [0x2E, 0x2F]) ? Array(name.dropFirst(2)) : name)
            if let known = digests[key], known.digest != digest {
                throw Malformed(
                    line: number, why: "gives \(key) another digest than line \(known.line); leave one of them out")
            }
            digests[key] = (digest, number)
        }
        entries = digests.map { Entry(key: $0.key, digest: $0.value.digest) }.sorted { $0.key < $1.key }
    }

    private static func gnu(_ line: ArraySlice<UInt8>) -> (Digest, [UInt8])? {
        let isEscaped = line.first == UInt8(ascii: "\\")
        let line = isEscaped ? line.dropFirst() : line
        let digits = line.prefix { $0 != 0x20 }
        let rest = line.dropFirst(digits.count)
        guard let digest = digest(digits), rest.count > 2, let mode = rest.dropFirst().first,
            mode == 0x20 || mode == UInt8(ascii: "*")
        else { return nil }
        let name = Array(rest.dropFirst(2))
        return (digest, isEscaped ? unescaped(name) : name)
    }

    private static func bsd(_ line: ArraySlice<UInt8>) -> (Digest, [UInt8])? {
        let isEscaped = line.first == UInt8(ascii: "\\")
        let line = isEscaped ? line.dropFirst() : line
        for prefix in ["MD5 (", "SHA256 ("] where line.starts(with: prefix.utf8) {
            let separator = Array(") = ".utf8)
            let rest = Array(line.dropFirst(prefix.utf8.count))
            let length = prefix == "MD5 (" ? 32 : 64
            let nameLength = rest.count - length - separator.count
            guard nameLength > 0, rest[nameLength..<(nameLength + separator.count)].elementsEqual(separator),
                let digest = digest(rest.suffix(length))
            else { return nil }
            let name = Array(rest[..<nameLength])
            return (digest, isEscaped ? unescaped(name) : name)
        }
        return nil
    }

    private static func digest(_ digits: ArraySlice<UInt8>) -> Digest? {
        let isHexadecimal = digits.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x46).contains($0) || (0x61...0x66).contains($0)
        }
        guard isHexadecimal else { return nil }
        let text = String(decoding: digits, as: UTF8.self).lowercased()
        return digits.count == 32 ? .md5(text) : digits.count == 64 ? .sha256(text) : nil
    }

    private static func unescaped(_ name: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = name[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let next = rest.popFirst() else {
                result.append(byte)
                continue
            }
            switch next {
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            default: result.append(next)
            }
        }
        return result
    }
}
