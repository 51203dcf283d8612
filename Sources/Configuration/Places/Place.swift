public import ObjectModel

/// What a user names as source or target: a server, a bucket, the keys below a prefix, or a local folder.
///
/// | text | meaning |
/// |---|---|
/// | `ALIAS`, `ALIAS/` | every bucket of the server with that name |
/// | `ALIAS/BUCKET[/PREFIX]` | the keys in a bucket that begin with the prefix |
/// | `https://host:port[/BUCKET[/PREFIX]]` | the same on a server without a name |
/// | `./x`, `../x`, `/x`, `.`, `..`, `file:///x` | a local folder |
///
/// A prefix is taken byte for byte, in URLs too: nothing is percent-decoded, `//` stays, and so does a final slash.
public struct Place: Hashable, Sendable {
    public enum Location: Hashable, Sendable {
        case alias(String)
        case endpoint(ServerAddress)
        /// A local path as given, percent-decoded where it came as a `file:` URL.
        case folder(String)
    }

    public let location: Location
    /// Nil for a whole server and for a folder.
    public let bucket: String?
    /// Empty for a whole bucket, a whole server and a folder.
    public let prefix: ObjectKey
    /// What the user wrote.
    public let text: String

    /// - Throws: `ConfigurationError` for an empty text, a malformed URL or alias, an impossible bucket name, and for
    ///   credentials in a URL.
    public init(_ text: String) throws(ConfigurationError) {
        self.text = text
        let bytes = Array(text.utf8)[...]
        let lowered = bytes.prefix(8).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        let rest: ArraySlice<UInt8>
        if bytes.isEmpty {
            throw Self.error("The place is empty", why: "nothing is named")
        } else if bytes.contains(0) {
            throw Self.error("The place cannot be used", why: "it holds a NUL byte")
        } else if lowered.starts(with: "file:".utf8) {
            location = .folder(try Self.path(ofFileURL: bytes))
            (bucket, prefix) = (nil, ObjectKey(bytes: []))
            return
        } else if Self.isPath(bytes) {
            location = .folder(text)
            (bucket, prefix) = (nil, ObjectKey(bytes: []))
            return
        } else if lowered.starts(with: "http://".utf8) || lowered.starts(with: "https://".utf8) {
            (location, rest) = try Self.endpoint(bytes)
        } else if let colon = Self.range(of: "://", in: bytes) {
            let scheme = String(decoding: bytes[..<colon], as: UTF8.self)
            throw Self.error("The place \(scheme)://… cannot be used", why: "\(scheme) is no scheme that it can have")
        } else {
            let alias = bytes.prefix { $0 != UInt8(ascii: "/") }
            let name = String(decoding: alias, as: UTF8.self)
            guard Self.isAlias(name) else {
                throw Self.error(
                    "The place \(text) cannot be used",
                    why: "\"\(name)\" is no alias (a letter, then letters, digits, - and _)")
            }
            location = .alias(name)
            rest = bytes.dropFirst(alias.count)
        }
        let name = rest.dropFirst().prefix { $0 != UInt8(ascii: "/") }
        prefix = ObjectKey(bytes: Array(rest.dropFirst(name.count + 2)))
        if name.isEmpty, rest.count <= 1 {
            bucket = nil
        } else {
            let bucket = String(decoding: name, as: UTF8.self)
            if let why = Self.problem(ofBucket: name) {
                throw Self.error("The bucket \"\(bucket)\" of the place \(text) cannot be used", why: why)
            }
            self.bucket = bucket
        }
    }

    /// Whether `name` can name a server, by mc's rule: a letter, then letters, digits, `-` and `_`.
    public static func isAlias(_ name: String) -> Bool {
        guard let first = name.utf8.first, isLetter(first) else { return false }
        return name.utf8.allSatisfy {
            isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
    }

    /// Why no server can have a bucket of this name; nil if one may. The rules of S3 from before 2018 within today's
    /// length, because buckets with capitals and underscores still exist.
    private static func problem(ofBucket name: ArraySlice<UInt8>) -> String? {
        let isAllowed = { (byte: UInt8) in
            isLetter(byte) || isDigit(byte) || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_")].contains(byte)
        }
        if name.isEmpty { return "the name is empty" }
        if !name.allSatisfy(isAllowed) { return "it may hold letters, digits, dots, hyphens and underscores only" }
        if !(3...63).contains(name.count) { return "it must be 3 to 63 characters long" }
        if let first = name.first, let last = name.last,
            [UInt8(ascii: "-"), UInt8(ascii: ".")].contains(first)
                || [UInt8(ascii: "-"), UInt8(ascii: ".")].contains(last)
        {
            return "it may not begin or end with a hyphen or a dot"
        }
        if range(of: "..", in: name) != nil { return "it may not hold two dots in a row" }
        return nil
    }

    private static func isPath(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.first == UInt8(ascii: "/") || bytes.elementsEqual(".".utf8) || bytes.elementsEqual("..".utf8)
            || bytes.starts(with: "./".utf8) || bytes.starts(with: "../".utf8)
    }

    private static func path(ofFileURL url: ArraySlice<UInt8>) throws(ConfigurationError) -> String {
        let rest = url.dropFirst("file:".utf8.count)
        var path = rest
        if rest.starts(with: "//localhost/".utf8) { path = rest.dropFirst("//localhost".utf8.count) }
        if rest.starts(with: "///".utf8) { path = rest.dropFirst(2) }
        let text = String(decoding: url, as: UTF8.self)
        guard path.first == UInt8(ascii: "/"), !path.starts(with: "//".utf8) || rest.starts(with: "///".utf8) else {
            throw error("The place \(text) cannot be used", why: "a file URL is written file:///folder")
        }
        return String(decoding: PercentDecoding.decode(path), as: UTF8.self)
    }

    private static func endpoint(
        _ url: ArraySlice<UInt8>
    ) throws(ConfigurationError) -> (Location, ArraySlice<UInt8>) {
        do throws(ServerAddress.Malformed) {
            let (scheme, rest) = try ServerAddress.splitScheme(url)
            let authority = rest.prefix { $0 != UInt8(ascii: "/") }
            // A secret may hold a slash, so an @ anywhere before the bucket's end may close credentials.
            let head = rest.prefix(
                authority.count + 1 + rest.dropFirst(authority.count + 1).prefix { $0 != 0x2F }.count)
            if head.contains(UInt8(ascii: "@")) { throw ServerAddress.Malformed(description: "it holds credentials") }
            let endpoint = try ServerAddress(scheme: scheme, authority: authority)
            return (.endpoint(endpoint), rest.dropFirst(authority.count))
        } catch {
            // The text is not quoted: it may hold a secret.
            throw ConfigurationError(
                "The URL given as a place cannot be used", why: error.description,
                advice: "write https://host:port/BUCKET/PREFIX and give the keys in AWS_ACCESS_KEY_ID and "
                    + "AWS_SECRET_ACCESS_KEY, or name the server by an alias")
        }
    }

    private static func range(of needle: String, in bytes: ArraySlice<UInt8>) -> Int? {
        let needle = Array(needle.utf8)
        return bytes.indices.first { bytes[$0...].starts(with: needle) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func error(_ what: String, why: String) -> ConfigurationError {
        ConfigurationError(
            what, why: why,
            advice: "write ALIAS/BUCKET/PREFIX or https://host:port/BUCKET/PREFIX")
    }
}

extension Place: CustomStringConvertible {
    public var description: String { text }
}
