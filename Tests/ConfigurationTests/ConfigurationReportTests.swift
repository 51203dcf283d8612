import Configuration
import Runtime
import Testing

@Suite("The report of config check")
struct ConfigurationReportTests {
    static let yaml = """
        servers:
          main:
            url: http://main.example.com:9000
            access_key: AKIAIOSFODNN7EXAMPLE
            secret_key: s3cr3t
            session_token: t0k3n
            region: eu-west-1
          local:
            url: http://127.0.0.1:9000
          broken:
            url: https://broken.example.com
            access_key: K
            secret_key_env: UNSET
        mirrors:
          apks:
            source: main/apks
            target: https://s3.example.com/apks
            exclude: ["*.tmp"]
          lost:
            source: nowhere/apks
            target: local/apks
        state: /var/lib/minio-sync/state.db
        """

    private func report(permissions: UInt32 = 0o644) throws -> ConfigurationReport {
        let environment = Environment.test(
            [
                "MC_HOST_standby": "https://KEYKEYKEYKEY:envs3cr3t@standby.example.com",
                "MC_HOST_local": "http://[::1]:9000",
                "AWS_ACCESS_KEY_ID": Example.access, "AWS_SECRET_ACCESS_KEY": "awss3cr3t", "HOME": "/h",
            ],
            files: [
                "/etc/minio-sync/minio-sync.yaml": Self.yaml,
                "/h/.mc/config.json":
                    #"{"aliases":{"main":{"url":"https://mc.example.com","accessKey":"A","secretKey":"mcs3cr3t"}}}"#,
            ], permissions: permissions)
        let file = try ConfigurationFile.load(path: nil, environment: environment, mirrorFlags: ["exclude"])
        return ConfigurationReport(ServerDirectory(file: file, environment: environment)) {
            mirror throws(ConfigurationError) in
            if mirror.name == "apks" { throw ConfigurationError("apks", why: "the option is odd", advice: "drop it") }
        }
    }

    @Test("says where each server comes from, how it is reached, and what does not count")
    func text() throws {
        let text = try report().lines.joined(separator: "\n")
        for expected in [
            "Configuration file: /etc/minio-sync/minio-sync.yaml", "State file: /var/lib/minio-sync/state.db",
            "  main: http://main.example.com:9000\n    from: /etc/minio-sync/minio-sync.yaml, line 2\n"
                + "    not used: /h/.mc/config.json\n    access key AKIA…, secret key ••••, session token ••••\n"
                + "    region: eu-west-1",
            "  standby: https://standby.example.com\n    from: environment variable MC_HOST_standby",
            "  local: http://[::1]:9000\n    from: environment variable MC_HOST_local\n    not used: /etc/minio-sync",
            "  broken: cannot be used",
            "  https://s3.example.com: https://s3.example.com\n    from: environment variable AWS",
            "  apks: main/apks → https://s3.example.com/apks\n    exclude: *.tmp",
        ] {
            #expect(text.contains(expected), "\(expected)\n\nis not in\n\n\(text)")
        }
    }

    @Test("lists every error once, the mirrors' too")
    func errors() throws {
        let errors = try report().errors.map(\.description)
        #expect(errors.count == 3)
        for (error, expected) in zip(errors, ["UNSET", "the option is odd", "\"nowhere\""]) {
            #expect(error.contains(expected))
        }
    }

    @Test("warns of files that everybody can read and of unencrypted servers elsewhere")
    func warnings() throws {
        let warnings = try report().warnings
        #expect(warnings.count == 3)
        for (warning, expected) in zip(warnings, ["chmod o-r /etc", "chmod o-r /h", "main: http://"]) {
            #expect(warning.contains(expected), "\(warning)")
        }
        #expect(try report(permissions: 0o600).warnings.count == 1)
    }

    @Test("holds no secret, as text or JSON")
    func secrets() throws {
        let report = try report()
        for text in report.lines + [report.json.object] {
            for secret in ["s3cr3t", "t0k3n", Example.access] { #expect(!text.contains(secret), "\(text)") }
        }
        #expect(report.json.object.hasPrefix(#"{"type":"configuration","status":"failed","file":"/etc/minio-sync/"#))
    }
}
