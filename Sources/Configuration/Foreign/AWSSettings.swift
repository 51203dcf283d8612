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
        let regionVariable = environment.value("AWS_REGION") ?? environment.value("AWS_DEFAULT_REGION")
        let access = environment.value("AWS_ACCESS_KEY_ID")
        let secret = environment.value("AWS_SECRET_ACCESS_KEY")
        // A file that is not needed may be anything.
        let config =
            regionVariable != nil && access != nil && secret != nil
            ? nil : try section(profile == "default" ? "default" : "profile \(profile)", of: configPath, environment)
        let region = regionVariable ?? config?["region"]
        if let access, let secret {
            let token = environment.value("AWS_SESSION_TOKEN").map { SecretText($0) }
            let keys = ServerDefinition.Keys(accessKey: access, secretKey: SecretText(secret), sessionToken: token)
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
            let token = section["aws_session_token"].flatMap { $0.isEmpty ? nil : SecretText($0) }
            let keys = ServerDefinition.Keys(accessKey: access, secretKey: SecretText(secret), sessionToken: token)
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
    ///
    /// - Throws: for a file that cannot be read, or has other lines: what is meant for keys must not pass for none.
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
        var hasSection = false
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let bytes = file.bytes.starts(with: byteOrderMark) ? file.bytes.dropFirst(3) : file.bytes[...]
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            guard let first = line.first, ![0x20, 0x09, 0x0D, 0x23, 0x3B].contains(first) else { continue }
            let text = trimmed(line)
            if first == UInt8(ascii: "["), text.contains(UInt8(ascii: "]")) {
                hasSection = true
                let title = text.dropFirst().prefix { $0 != UInt8(ascii: "]") }
                let words = title.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 })
                isInside = words.elementsEqual(name.utf8.split(separator: 0x20)) { $0.elementsEqual($1) }
                if isInside { values = values ?? [:] }
            } else {
                guard hasSection, let equals = text.firstIndex(where: { $0 == 0x3D || $0 == 0x3A }) else {
                    throw ConfigurationError(
                        "The AWS file \(path) cannot be used",
                        why: "its line \(index + 1) is neither [section], nor key = value in one, nor a comment",
                        advice: "correct it, or give the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
                }
                guard isInside else { continue }
                let key = String(decoding: trimmed(text[..<equals]), as: UTF8.self).lowercased()
                values?[key] = String(decoding: trimmed(text[(equals + 1)...]), as: UTF8.self)
            }
        }
        return values
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text.drop { $0 == 0x20 || $0 == 0x09 }
        while let last = text.last, last == 0x20 || last == 0x09 || last == 0x0D { text.removeLast() }
        return text
    }
}
