public import Runtime

extension ConfigurationReport {
    /// The report as text for people, one element a line.
    public var lines: [String] {
        var lines = ["Configuration file: \(file.path ?? "none (\(ConfigurationFile.defaultPath) does not exist)")"]
        if let state = file.state { lines.append("State file: \(state)") }
        lines += ["", "Servers:"]
        if servers.isEmpty { lines.append("  none") }
        for server in servers { lines += Self.lines(server) }
        lines += ["", "Mirrors:"]
        if file.mirrors.isEmpty { lines.append("  none") }
        for mirror in file.mirrors {
            lines.append("  \(mirror.name): \(mirror.source) → \(mirror.target)")
            lines += mirror.options.map { "    \($0.flag): \($0.value)" }
        }
        if !warnings.isEmpty { lines += ["", "Warnings:"] + warnings.map { "  \($0)." } }
        if !errors.isEmpty { lines += ["", "Errors:"] + errors.map { "  \($0)" } }
        return lines
    }

    private static func lines(_ server: Server) -> [String] {
        guard case .success(let definition) = server.result else { return ["  \(server.name): cannot be used"] }
        var lines = ["  \(server.name): \(definition.endpoint)"]
        lines.append("    from: \(definition.origin)")
        lines += server.shadowed.map { "    not used: \($0)" }
        if let keys = definition.keys {
            let token = keys.sessionToken.map { ", session token \($0)" } ?? ""
            lines.append("    access key \(keys.maskedAccessKey), secret key \(keys.secretKey)\(token)")
        } else {
            lines.append("    anonymous")
        }
        lines.append("    region: \(definition.region ?? "as the server says")")
        lines += details(definition).map { "    \($0.name): \($0.value)" }
        return lines
    }

    /// What is only worth a line where it is set.
    private static func details(_ server: ServerDefinition) -> [(name: String, value: String)] {
        var details: [(String, String)] = []
        if server.pathStyle != .auto { details.append(("path_style", server.pathStyle.rawValue)) }
        if let caFile = server.caFile { details.append(("ca_file", caFile)) }
        if let certificate = server.clientCertificate { details.append(("client_certificate", certificate)) }
        if let key = server.clientKey { details.append(("client_key", key)) }
        if server.insecure { details.append(("insecure", "true")) }
        return details
    }

    /// The report as one JSON object.
    public var json: JSONText {
        var report = JSONText()
        report.set("type", "configuration")
        report.set("status", errors.isEmpty ? "ok" : "failed")
        if let path = file.path { report.set("file", path) } else { report.setNull("file") }
        if let state = file.state { report.set("state", state) } else { report.setNull("state") }
        report.set("servers", servers.map(Self.json))
        report.set("mirrors", file.mirrors.map(Self.json))
        report.set("warnings", warnings)
        report.set("errors", errors.map(\.description))
        return report
    }

    private static func json(_ server: Server) -> JSONText {
        var object = JSONText()
        object.set("name", server.name)
        switch server.result {
        case .success(let definition):
            object.set("url", definition.endpoint.description)
            object.set("from", definition.origin.description)
            if let keys = definition.keys {
                object.set("accessKey", keys.maskedAccessKey)
                object.set("secretKey", keys.secretKey.description)
                if let token = keys.sessionToken { object.set("sessionToken", token.description) }
            }
            if let region = definition.region { object.set("region", region) }
            for (name, value) in details(definition) { object.set(name, value) }
        case .failure(let error):
            object.set("error", error.description)
        }
        if !server.shadowed.isEmpty { object.set("notUsed", server.shadowed) }
        return object
    }

    private static func json(_ mirror: MirrorDefinition) -> JSONText {
        var object = JSONText()
        object.set("name", mirror.name)
        object.set("source", mirror.source)
        object.set("target", mirror.target)
        object.set(
            "options",
            mirror.options.map { option in
                var pair = JSONText()
                pair.set("flag", option.flag)
                pair.set("value", option.value)
                return pair
            })
        return object
    }
}
