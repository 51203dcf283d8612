import Configuration
import Testing

@Suite("The configuration file")
struct ConfigurationFileTests {
    static let flags = ["remove", "include", "exclude", "max-workers", "older-than"]

    private func load(
        _ yaml: String, _ variables: [String: String] = [:], files: [String: String] = [:]
    ) throws -> (ConfigurationFile, ServerDirectory) {
        let environment = Environment.test(variables, files: files.merging(["/etc/ms/c.yaml": yaml]) { $1 })
        let file = try ConfigurationFile.load(path: "/etc/ms/c.yaml", environment: environment, mirrorFlags: Self.flags)
        return (file, ServerDirectory(file: file, environment: environment))
    }

    @Test("gives servers with every setting, paths resolved against its folder")
    func servers() throws {
        let (_, directory) = try load(
            """
            servers:
              main:
                url: "https://[2001:db8::1]:9000"
                access_key: AKIAIOSFODNN7EXAMPLE
                secret_key: 'a: #b'
                session_token: t
                region: eu-west-1
                path_style: off
                ca_file: ca.pem
                client_certificate: /abs/c.pem
                client_key: keys/c.key
                insecure: yes
            """)
        let server = try directory.server(alias: "main")
        #expect(server.endpoint.description == "https://[2001:db8::1]:9000")
        #expect(
            server.keys
                == .init(accessKey: Example.access, secretKey: SecretText("a: #b"), sessionToken: SecretText("t")))
        #expect(server.region == "eu-west-1")
        #expect(server.pathStyle == .off)
        #expect(server.caFile == "/etc/ms/ca.pem")
        #expect(server.clientCertificate == "/abs/c.pem")
        #expect(server.clientKey == "/etc/ms/keys/c.key")
        #expect(server.insecure)
        #expect(server.origin == .configurationFile(path: "/etc/ms/c.yaml", line: 2))
    }

    static let indirect = """
        servers:
          main:
            url: https://s3.example.com
            access_key_env: MAIN_KEY
            secret_key_file: main-secret
        """

    @Test("takes secrets from variables and files, systemd's credentials before its own folder")
    func indirectSecrets() throws {
        let files = ["/etc/ms/main-secret": "beside\n", "/run/cred/main-secret": "systemd\r\n"]
        let (_, beside) = try load(Self.indirect, ["MAIN_KEY": "K"], files: files)
        #expect(try beside.server(alias: "main").keys == .init(accessKey: "K", secretKey: SecretText("beside")))
        let (_, credentials) = try load(
            Self.indirect, ["MAIN_KEY": "K", "CREDENTIALS_DIRECTORY": "/run/cred"], files: files)
        #expect(try credentials.server(alias: "main").keys?.secretKey.exposed == "systemd")
    }

    @Test("finds the files of a folder that systemd loads whole, and what systemd has not beside its own file")
    func credentialFolder() throws {
        let yaml = Self.indirect.replacing("main-secret", with: "credentials/main-secret")
        let variables = ["MAIN_KEY": "K", "CREDENTIALS_DIRECTORY": "/run/cred"]
        var files = ["/etc/ms/credentials/main-secret": "beside"]
        func secret() throws -> String? {
            try load(yaml, variables, files: files).1.server(alias: "main").keys?.secretKey.exposed
        }
        #expect(try secret() == "beside")
        files["/run/cred/credentials_main-secret"] = "systemd"
        #expect(try secret() == "systemd")
        files = [:]
        let error = try #require(#expect(throws: ConfigurationError.self) { try secret() })
        #expect(error.description.contains("from /etc/ms/credentials/main-secret: there is no such file; restart"))
        #expect(isOneSentence(error.description), "\(error)")
    }

    @Test(
        "says which secret is missing, and only when it is needed",
        arguments: [
            ([:], "beside", "MAIN_KEY"), (["MAIN_KEY": "K"], nil, "/etc/ms/main-secret"),
            (["MAIN_KEY": "K"], "unreadable", "Permission denied"), (["MAIN_KEY": "K"], "\n", "empty"),
            (["MAIN_KEY": "K"], "two\nlines\n", "more than one line"),
        ] as [([String: String], String?, String)])
    func missingSecret(variables: [String: String], secret: String?, expected: String) throws {
        let files = secret.map { ["/etc/ms/main-secret": $0] } ?? [:]
        let (_, directory) = try load(Self.indirect, variables, files: files)
        let error = try #require(#expect(throws: ConfigurationError.self) { try directory.server(alias: "main") })
        #expect(error.description.contains(expected), "\(error)")
        #expect(isOneSentence(error.description), "\(error)")
    }

    @Test("gives mirrors with their options in order, lists spread")
    func mirrors() throws {
        let (file, _) = try load(
            """
            state: state.db
            mirrors:
              apks:
                source: main/apks
                target: standby/apks
                include: ["*.apk", '*.sig']
                remove: true
                exclude:
                  - incoming/*
                max-workers: 010
            """)
        #expect(file.state == "/etc/ms/state.db")
        let mirror = try file.mirror(named: "apks")
        #expect(mirror.source == "main/apks")
        #expect(mirror.target == "standby/apks")
        let expected = [
            ("include", "*.apk", 6), ("include", "*.sig", 6), ("remove", "true", 7), ("exclude", "incoming/*", 9),
            ("max-workers", "010", 10),
        ]
        #expect(mirror.options == expected.map { MirrorDefinition.Option(flag: $0.0, value: $0.1, line: $0.2) })
        let error = try #require(#expect(throws: ConfigurationError.self) { try file.mirror(named: "apk") })
        #expect(error.description.contains("did you mean \"apks\""))
    }

    @Test(
        "may be empty, or missing where it was not named",
        arguments: ["", "# nothing\n", "---\n", "servers:\nmirrors: {}\n"])
    func empty(yaml: String) throws {
        let (file, _) = try load(yaml)
        #expect(file.mirrors.isEmpty)
        let none = try ConfigurationFile.load(path: nil, environment: .test(), mirrorFlags: [])
        #expect(none.path == nil)
        #expect(throws: ConfigurationError.self) {
            try ConfigurationFile.load(path: "/none.yaml", environment: .test(), mirrorFlags: [])
        }
        // The service's file must not stand in the way of other users.
        let hidden = try ConfigurationFile.load(
            path: nil, environment: .test(files: [ConfigurationFile.defaultPath: "unreadable"]), mirrorFlags: [])
        #expect(hidden.path == nil && hidden.isUnreadable)
        let error = try #require(#expect(throws: ConfigurationError.self) { try hidden.mirror(named: "apks") })
        #expect(error.description.contains("cannot be read by this user"))
    }

    @Test(
        "is refused in one sentence with the line and a way out",
        arguments: [
            ("server:\n  x: 1", "line 1", "did you mean \"servers\""),
            ("servers:\n  main:\n    url: http://h\n    acces_key: x", "line 4", "did you mean \"access_key\""),
            ("mirrors:\n  m:\n    source: a/b\n    older_than: 1d", "line 4", "did you mean \"older-than\""),
            ("mirrors:\n  m:\n    source: main/apks", "line 2", "has no \"target\""),
            ("mirrors:\n  m: [a]", "line 2", "not a list of names"),
            ("mirrors:\n  m:\n    source: a/b\n    target: [a, b]", "line 4", "takes one value"),
            ("mirrors:\n  m:\n    source: a/b\n    target: c/d\n    remove:", "line 5", "has no value"),
            ("mirrors:\n  a b:\n    source: a/b", "line 2", "other characters"),
            ("servers:\n  main:\n    url: https://h/path", "line 3", "has a path"),
            ("servers:\n  main:\n    url: https://k:s3cr3t@h", "line 3", "credentials"),
            ("servers:\n  main:\n    url: http://h\n    access_key: a", "line 2", "one of access_key"),
            (
                "servers:\n  main:\n    url: http://h\n    secret_key: a\n    secret_key_env: b", "line 2",
                "more than one way"
            ),
            ("servers:\n  main:\n    url: http://h\n    insecure: perhaps", "line 4", "neither true nor false"),
            ("servers:\n  main:\n    url: http://h\n    path_style: maybe", "line 4", "none of auto"),
            ("state: a\nstate: b", "line 2", "there twice"), ("state: &x a\nmirrors: *x", "line 1", "anchor"),
            ("state: !!str a", "line 1", "tag"), ("state: a\n---\nstate: b", "line 2", "second document"),
            ("state: \"a", "line 1", "correct the line"), ("\tstate: a", "line 1", "correct the line"),
            ("state: a\n  b: c", "line 2", "correct the line"), ("[a]: b", "line 1", "key is not a plain name"),
            ("just text", "line 1", "not a list of names"),
            ("x: \(String(repeating: "[", count: 500))", "line 1", "levels deep"),
        ])
    func refused(yaml: String, line: String, expected: String) throws {
        let error = try #require(#expect(throws: ConfigurationError.self) { try load(yaml) })
        #expect(error.description.contains("/etc/ms/c.yaml"), "\(error)")
        #expect(error.description.contains(line), "\(error)")
        #expect(error.description.contains(expected), "\(error)")
        #expect(!error.description.contains("s3cr3t"), "\(error)")
        #expect(isOneSentence(error.description), "\(error)")
    }

    @Test("cannot be made to take memory without bounds")
    func bounded() throws {
        let many = "mirrors: [" + String(repeating: "a,", count: 200_000) + "]"
        let error = try #require(#expect(throws: ConfigurationError.self) { try load(many) })
        #expect(error.description.contains("more than 100000 values"))
    }

    @Test("is read from disk up to a mebibyte, with the system's reason where it cannot be")
    func disk() throws {
        let process = Environment.process()
        #expect(process.variables["PATH"] != nil)
        #expect(try process.readFile("/proc/none/such") == nil)
        #expect(try process.readFile("/etc/passwd/under-a-file") == nil)
        #expect(try process.readFile("/etc/passwd")?.isWorldReadable == true)
        #expect(throws: Environment.Unreadable("it is a directory")) { try process.readFile("/etc") }
        #expect(throws: Environment.Unreadable("it is larger than 1 MiB")) { try process.readFile("/dev/zero") }
    }
}
