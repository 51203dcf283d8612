/// A `MANIFEST.MF` or `.SF`: sections of names and values (Oracle's JAR File Specification, "Manifest Specification").
struct JARManifest {
    struct Section {
        /// Names in lower case, for which case doesn't count.
        /// Only those that signatures are about.
        var attributes: [String: [UInt8]] = [:]
        /// With the empty line that ends it, which digests include.
        var range: Range<Int>
        /// Without a line, as after several empty lines.
        var isEmpty = false
    }

    let bytes: [UInt8]
    private(set) var main: Section
    /// By the names of the files that they are about.
    private(set) var files: [[UInt8]: Section] = [:]

    /// Bytes of the largest one that is read.
    static let limit: Int64 = 16 << 20
    /// A ZIP has no more files without ZIP64.
    private static let maximumFiles = 1 << 16
    private static let maximumAttributes = 32

    init(_ bytes: [UInt8]) throws(Malformed) {
        self.bytes = bytes
        main = Section(range: 0..<0)
        var position = 0
        var isMain = true
        while position < bytes.count {
            let section = try Self.section(bytes, &position)
            if isMain {
                main = section
                isMain = false
            } else if let name = section.attributes["name"] {
                guard files.count < Self.maximumFiles else { throw Malformed("it has too many sections") }
                guard files.updateValue(section, forKey: name) == nil else {
                    throw Malformed("it has two sections of one name")
                }
            } else if !section.isEmpty {
                throw Malformed("it has a section without a name")
            }
        }
    }

    /// Reads a section and the empty line behind it.
    private static func section(_ bytes: [UInt8], _ position: inout Int) throws(Malformed) -> Section {
        let start = position
        var attributes: [String: [UInt8]] = [:]
        var line: [UInt8] = []
        while position < bytes.count {
            let next = lineRange(bytes, &position)
            if next.isEmpty {
                // Empty lines before a section belong to it as little as to the one before.
                if line.isEmpty { return Section(range: start..<position, isEmpty: true) }
                break
            }
            if bytes[next.lowerBound] == UInt8(ascii: " ") {
                guard !line.isEmpty else { throw Malformed("its first line goes on with another one") }
                line += bytes[next].dropFirst()
            } else {
                try add(line, to: &attributes)
                line = Array(bytes[next])
            }
        }
        try add(line, to: &attributes)
        return Section(attributes: attributes, range: start..<position)
    }

    private static func add(_ line: [UInt8], to attributes: inout [String: [UInt8]]) throws(Malformed) {
        if line.isEmpty { return }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon <= 70 else {
            throw Malformed("it has a line without a name")
        }
        var value = line[(colon + 1)...]
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        let name = String(decoding: line[..<colon].map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
        guard name == "name" || name == "x-android-apk-signed" || isDigest(name) else { return }
        guard attributes.count < maximumAttributes else { throw Malformed("it has too many digests in a section") }
        attributes[name] = Array(value)
    }

    private static func isDigest(_ name: String) -> Bool {
        name.hasSuffix("-digest") || name.hasSuffix("-digest-manifest")
            || name.hasSuffix("-digest-manifest-main-attributes")
    }

    /// The next line without its end, which is CR LF, CR or LF.
    private static func lineRange(_ bytes: [UInt8], _ position: inout Int) -> Range<Int> {
        let start = position
        while position < bytes.count, bytes[position] != 0x0A, bytes[position] != 0x0D { position += 1 }
        let end = position
        if position < bytes.count {
            let isReturn = bytes[position] == 0x0D
            position += 1
            if isReturn, position < bytes.count, bytes[position] == 0x0A { position += 1 }
        }
        return start..<end
    }

    /// The digests that a section gives under names like `SHA-256-Digest`, with `suffix` behind the algorithm's name.
    static func digests(_ section: Section, suffix: String) -> [(algorithm: DigestAlgorithm, base64: [UInt8])] {
        DigestAlgorithm.allCases.compactMap { algorithm in
            let names =
                switch algorithm {
                case .sha1: ["sha1", "sha-1", "sha"]
                case .sha256: ["sha-256", "sha256"]
                case .sha384: ["sha-384", "sha384"]
                case .sha512: ["sha-512", "sha512"]
                }
            let value = names.lazy.compactMap { section.attributes[$0 + suffix] }.first
            return value.map { (algorithm, $0) }
        }
    }

    /// Whether every digest that there is, and one at least, is that of `bytes`.
    static func matches(_ digests: [(algorithm: DigestAlgorithm, base64: [UInt8])], _ bytes: [UInt8]) -> Bool {
        !digests.isEmpty
            && digests.allSatisfy { JARBase64.decode($0.base64) == MessageDigest.digest(bytes, $0.algorithm) }
    }
}

/// RFC 4648 base64 as JAR manifests hold digests in it.
enum JARBase64 {
    /// Nil for what is not base64.
    static func decode(_ text: [UInt8]) -> [UInt8]? {
        var bytes: [UInt8] = []
        var word: UInt32 = 0
        var bits = 0
        var digits = text[...]
        while digits.last == UInt8(ascii: "=") || digits.last == UInt8(ascii: " ") { digits = digits.dropLast() }
        for digit in digits {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = digit - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = digit - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            default: return nil
            }
            word = word << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
            }
        }
        return bits < 6 ? bytes : nil
    }
}
