/// `MC_HOST_<alias>=http(s)://ACCESS:SECRET[:TOKEN]@host:port`, as mc reads it.
///
/// mc's rule: the access key ends at the first colon; the host begins after the last `@`, so the secret may hold `/`,
/// `+`, `=` and `@`; a second colon begins the session token, which may hold colons. Unlike in newer versions of mc,
/// `%XX` is decoded, as older ones did and its documentation says: a colon in a secret is written `%3A`, and a percent
/// sign that two hexadecimal digits follow `%25`.
enum MCHostVariable {
    static let prefix = "MC_HOST_"

    /// Parses `value`. Errors name the variable and never quote the value.
    static func parse(_ value: String, alias: String) throws(ConfigurationError) -> ServerDefinition {
        let variable = prefix + alias
        do throws(ServerAddress.Malformed) {
            let (scheme, rest) = try ServerAddress.splitScheme(Array(value.utf8)[...])
            guard let at = rest.lastIndex(of: UInt8(ascii: "@")) else {
                return ServerDefinition(name: alias, endpoint: try ServerAddress(value), origin: .environment(variable))
            }
            var host = rest[(at + 1)...]
            if host.last == UInt8(ascii: "/") { host.removeLast() }
            if host.contains(UInt8(ascii: "/")) {
                throw ServerAddress.Malformed(description: "it has a path after the host")
            }
            let endpoint = try ServerAddress(scheme: scheme, authority: host)
            let parts = rest[..<at].split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            let texts = parts.map { String(decoding: PercentDecoding.decode($0), as: UTF8.self) }
            guard texts.count >= 2, !texts[0].isEmpty, !texts[1].isEmpty else {
                throw ServerAddress.Malformed(description: "the secret key is missing")
            }
            let token = texts.count == 3 && !texts[2].isEmpty ? SecretText(texts[2]) : nil
            return ServerDefinition(
                name: alias, endpoint: endpoint,
                keys: .init(accessKey: texts[0], secretKey: SecretText(texts[1]), sessionToken: token),
                origin: .environment(variable))
        } catch {
            throw ConfigurationError(
                "The environment variable \(variable) cannot be used", why: error.description,
                advice: "write it as https://ACCESSKEY:SECRETKEY@host:port, with %3A for a colon in the secret")
        }
    }
}
