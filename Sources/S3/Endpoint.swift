import ObjectModel

/// Where an S3 server is and how its buckets are addressed.
public struct Endpoint: Sendable, Hashable {
    public enum Scheme: String, Sendable, Hashable {
        case http
        case https
    }

    /// How a bucket's name goes into the URL.
    public enum Addressing: String, Sendable, Hashable {
        /// `http://host/bucket/key`: MinIO and most others.
        case path
        /// `http://bucket.host/key`: AWS.
        case virtualHost
    }

    public var scheme: Scheme
    /// A name, an IPv4 address, or an IPv6 address in brackets.
    public var host: String
    /// Nil is the scheme's own.
    public var port: Int?
    public var addressing: Addressing

    /// Without an explicit `addressing`, AWS' hosts are addressed by virtual host and all others by path.
    public init(scheme: Scheme, host: String, port: Int? = nil, addressing: Addressing? = nil) {
        self.scheme = scheme
        self.host = host.lowercased()
        self.port = port == (scheme == .http ? 80 : 443) ? nil : port
        self.addressing = addressing ?? (self.host.hasSuffix(".amazonaws.com") ? .virtualHost : .path)
    }

    /// `http://host:port`, without a slash at the end.
    public var url: String { "\(scheme.rawValue)://\(authority(bucket: nil))" }

    /// What goes into the `Host` header.
    func authority(bucket: String?) -> String {
        var text = host
        if let bucket, isVirtual(bucket) { text = "\(bucket).\(host)" }
        if let port { text += ":\(port)" }
        return text
    }

    /// Percent-encoded path of a key (or of the bucket, or of the service).
    func path(bucket: String?, key: ObjectKey?) -> [UInt8] {
        guard let bucket else { return [UInt8(ascii: "/")] }
        var path: [UInt8] = [UInt8(ascii: "/")]
        if !isVirtual(bucket) {
            URIEncoding.append(Array(bucket.utf8), keepSlash: false, to: &path)
            if key != nil { path.append(UInt8(ascii: "/")) }
        }
        if let key { URIEncoding.append(key.bytes, keepSlash: true, to: &path) }
        return path
    }

    /// A name with a dot would not match a wildcard certificate; one with capitals is no host name.
    private func isVirtual(_ bucket: String) -> Bool {
        addressing == .virtualHost
            && (scheme == .http || !bucket.contains(".")) && !bucket.contains { $0.isUppercase || $0 == "_" }
    }
}
