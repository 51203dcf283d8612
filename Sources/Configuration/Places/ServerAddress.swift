/// A server's address: scheme, host and port.
public struct ServerAddress: Hashable, Sendable {
    public enum Scheme: String, Hashable, Sendable {
        case http
        case https

        /// The port that a URL without one means.
        public var defaultPort: Int { self == .http ? 80 : 443 }
    }

    /// Why a text is no address. The words never repeat the text, which may hold a secret.
    public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    public let scheme: Scheme
    /// In lower case; an IPv6 address without its brackets.
    public let host: String
    /// 1 to 65,535.
    public let port: Int

    /// Parses `http(s)://host[:port][/]`, the host a name, an IPv4 address or an IPv6 address in brackets.
    ///
    /// A path other than `/`, a query, a fragment and credentials (`user@`) are refused: S3 has no use for the former,
    /// and the latter would be visible to every user of the machine.
    public init(_ text: String) throws(Malformed) {
        let (scheme, rest) = try Self.splitScheme(Array(text.utf8)[...])
        let authority = rest.prefix { $0 != UInt8(ascii: "/") }
        let path = rest.dropFirst(authority.count)
        guard path.count <= 1 else {
            throw Malformed(description: "it has a path, where only scheme://host:port may be")
        }
        try self.init(scheme: scheme, authority: authority)
    }

    /// `host[:port]` of a URL.
    init(scheme: Scheme, authority: ArraySlice<UInt8>) throws(Malformed) {
        if authority.contains(UInt8(ascii: "@")) { throw Malformed(description: "it holds credentials") }
        if authority.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) {
            throw Malformed(description: "it has a query or a fragment")
        }
        self.scheme = scheme
        let port: ArraySlice<UInt8>
        if authority.first == UInt8(ascii: "[") {
            let inside = authority.dropFirst().prefix { $0 != UInt8(ascii: "]") }
            let after = authority.dropFirst(inside.count + 2)
            guard inside.count + 2 <= authority.count, inside.contains(UInt8(ascii: ":")),
                inside.allSatisfy({ Self.isAddressByte($0) }), after.isEmpty || after.first == UInt8(ascii: ":")
            else { throw Malformed(description: "the IPv6 address is not of the form [2001:db8::1]") }
            host = String(decoding: inside, as: UTF8.self).lowercased()
            port = after.isEmpty ? [] : after
        } else {
            let name = authority.prefix { $0 != UInt8(ascii: ":") }
            guard !name.isEmpty else { throw Malformed(description: "the host is missing") }
            guard name.allSatisfy({ Self.isHostByte($0) }), name.count <= 253 else {
                throw Malformed(description: "the host holds a character that no host name has")
            }
            host = String(decoding: name, as: UTF8.self).lowercased()
            port = authority.dropFirst(name.count)
        }
        if port.isEmpty {
            self.port = scheme.defaultPort
        } else {
            let digits = port.dropFirst()
            guard (1...5).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(String(decoding: digits, as: UTF8.self)), (1...65_535).contains(number)
            else { throw Malformed(description: "the port is not a number from 1 to 65535") }
            self.port = number
        }
    }

    static func splitScheme(_ text: ArraySlice<UInt8>) throws(Malformed) -> (Scheme, ArraySlice<UInt8>) {
        for scheme in [Scheme.http, .https] {
            let start = Array("\(scheme.rawValue)://".utf8)
            let head = text.prefix(start.count).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
            if head == start { return (scheme, text.dropFirst(start.count)) }
        }
        throw Malformed(description: "it does not begin with http:// or https://")
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// What an IPv6 address with a zone (`fe80::1%25eth0`) holds.
    private static func isAddressByte(_ byte: UInt8) -> Bool {
        isHostByte(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "%")
    }

    /// Whether the host is this machine by its name or address.
    public var isLoopback: Bool {
        host == "localhost" || host.hasSuffix(".localhost") || host == "::1"
            || host.hasPrefix("127.") && host.utf8.allSatisfy { $0 == 0x2E || (0x30...0x39).contains($0) }
    }
}

extension ServerAddress: CustomStringConvertible {
    /// `https://host:port`, without the port where it is the scheme's default: the same text for the same server.
    public var description: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return "\(scheme.rawValue)://\(name)\(port == scheme.defaultPort ? "" : ":\(port)")"
    }
}
