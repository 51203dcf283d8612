/// Keys and region for URLs without an alias, from where the AWS command line takes them.
///
/// Keys: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; then the profile (`AWS_PROFILE`, or
/// `default`) of `~/.aws/credentials` (`AWS_SHARED_CREDENTIALS_FILE`) and of `~/.aws/config` (`AWS_CONFIG_FILE`); then
/// none. Region: `AWS_REGION`, `AWS_DEFAULT_REGION`, then the profile of `~/.aws/config`.
struct AWSSettings {
    let keys: ServerDefinition.Keys?
    let region: String?
    /// Where the keys came from, in words.
    let source: String

    static func load(_ environment: Environment) throws(ConfigurationError) -> AWSSettings {
        let profile = environment.value("AWS_PROFILE") ?? "default"
        let credentialsPath = environment.value("AWS_SHARED_CREDENTIALS_FILE") ?? environment.inHome(".aws/credentials")
        let configPath = environment.value("AWS_CONFIG_FILE") ?? environment.inHome(".aws/config")
        let config = try section(profile == "default" ? "default" : "profile \(profile)", of: configPath, environment)
        let region = environment.value("AWS_REGION") ?? environment.value("AWS_DEFAULT_REGION") ?? config?["region"]

        let access = environment.value("AWS_ACCESS_KEY_ID")
        let secret = environment.value("AWS_SECRET_ACCESS_KEY")
        if let access, let secret {
            let token = environment.value("AWS_SESSION_TOKEN").map { Secret($0) }
            let keys = ServerDefinition.Keys(accessKey: access, secretKey: Secret(secret), sessionToken: token)
            return AWSSettings(keys: keys, region: region, source: "environment variable AWS_ACCESS_KEY_ID")
        }
        if access != nil || secret != nil {
            throw ConfigurationError(
                "The AWS keys in the environment cannot be used",
                why: "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set", advice: "set both or none")
        }
        let credentials = try section(profile, of: credentialsPath, environment)
        for (section, path) in [(credentials, credentialsPath), (config, configPath)] {
            guard let section, let path else { continue }
            let access = section["aws_access_key_id"] ?? ""
            let secret = section["aws_secret_access_key"] ?? ""
            if access.isEmpty, secret.isEmpty { continue }
            guard !access.isEmpty, !secret.isEmpty else {
                throw ConfigurationError(
                    "The profile \(profile) of \(path) cannot be used",
                    why: "it has one of aws_access_key_id and aws_secret_access_key", advice: "give both")
            }
            let token = section["aws_session_token"].flatMap { $0.isEmpty ? nil : Secret($0) }
            let keys = ServerDefinition.Keys(accessKey: access, secretKey: Secret(secret), sessionToken: token)
            return AWSSettings(keys: keys, region: region, source: "profile \(profile) of \(path)")
        }
        if environment.value("AWS_PROFILE") != nil, credentials == nil, config == nil {
            throw ConfigurationError(
                "The AWS profile \(profile) cannot be used", why: "neither AWS file has it",
                advice: "correct AWS_PROFILE or add the profile to ~/.aws/credentials")
        }
        return AWSSettings(keys: nil, region: region, source: "anonymous, no AWS keys were found")
    }

    /// One section of an INI file as AWS writes them: `[name]`, `key = value`, whole-line comments after `#` or `;`.
    /// Indented lines belong to nested settings and are passed over. Nil without the file or the section.
    private static func section(
        _ name: String, of path: String?, _ environment: Environment
    ) throws(ConfigurationError) -> [String: String]? {
        guard let path else { return nil }
        let file: Environment.File?
        do throws(Environment.Unreadable) {
            file = try environment.readFile(path)
        } catch {
            throw ConfigurationError(
                "Cannot read the AWS file \(path)", why: error.description,
                advice: "correct its permissions or give the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        }
        guard let file else { return nil }
        var values: [String: String]?
        var isInside = false
        for line in file.bytes.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            guard let first = line.first, ![0x20, 0x09, 0x23, 0x3B].contains(first) else { continue }
            let text = trimmed(line)
            if first == UInt8(ascii: "[") {
                let title = text.dropFirst().prefix { $0 != UInt8(ascii: "]") }
                let words = title.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 })
                isInside = words.elementsEqual(name.utf8.split(separator: 0x20)) { $0.elementsEqual($1) }
                if isInside { values = values ?? [:] }
            } else if isInside, let equals = text.firstIndex(of: UInt8(ascii: "=")) {
                let key = String(decoding: trimmed(text[..<equals]), as: UTF8.self).lowercased()
                values?[key] = String(decoding: trimmed(text[(equals + 1)...]), as: UTF8.self)
            }
        }
        return values
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text.drop { $0 == 0x20 || $0 == 0x09 }
        while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
        return text
    }
}
