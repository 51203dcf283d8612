import Configuration
import Testing

@Suite("Looking up a server")
struct ServerDirectoryTests {
    static let yaml = """
        servers:
          main:
            url: https://yaml.example.com
            access_key: YAMLKEY
            secret_key: yaml-secret
        """
    static let mc = """
        {"version":"10","aliases":{
          "main":{"url":"https://mc.example.com","accessKey":"MCKEY","secretKey":"mc-secret","api":"S3v4","path":"on"},
          "only":{"url":"http://192.0.2.7:9000","accessKey":"","secretKey":"","api":"S3v4","path":"auto"},
          "token":{"url":"http://192.0.2.8:9000/","accessKey":"A","secretKey":"B","sessionToken":"C"},
          "half":{"url":"http://192.0.2.9:9000","accessKey":"A"}}}
        """

    private func directory(
        _ variables: [String: String] = [:], yaml: String? = nil, files: [String: String] = [:]
    ) throws -> ServerDirectory {
        var files = files
        files["/etc/minio-sync/minio-sync.yaml"] = yaml
        let environment = Environment.test(variables, files: files)
        let file = try ConfigurationFile.load(path: nil, environment: environment, mirrorFlags: [])
        return ServerDirectory(file: file, environment: environment)
    }

    @Test("prefers MC_HOST_ to the configuration file, and that to mc's file")
    func precedence() throws {
        let home = ["HOME": "/home/op"]
        let files = ["/home/op/.mc/config.json": Self.mc]
        let variable = ["MC_HOST_main": "https://ENVKEY:env-secret@env.example.com"]
        let all = try directory(home.merging(variable) { $1 }, yaml: Self.yaml, files: files)
        #expect(try all.server(alias: "main").endpoint.host == "env.example.com")
        let two = try directory(home, yaml: Self.yaml, files: files)
        #expect(try two.server(alias: "main").endpoint.host == "yaml.example.com")
        let one = try directory(home, files: files).server(alias: "main")
        #expect(one.endpoint.host == "mc.example.com")
        #expect(one.keys == .init(accessKey: "MCKEY", secretKey: SecretText("mc-secret")))
        #expect(one.pathStyle == .on)
    }

    @Test("reads mc's file in its folder or $MC_CONFIG_DIR, in its old form too")
    func mcFile() throws {
        let found = try directory(["MC_CONFIG_DIR": "/srv/mc"], files: ["/srv/mc/config.json": Self.mc])
        #expect(try found.server(alias: "only").keys == nil)
        #expect(try found.server(alias: "token").keys?.sessionToken == SecretText("C"))
        #expect(throws: ConfigurationError.self) { try found.server(alias: "half") }
        let old =
            #"{"version":"9","hosts":{"gone":{"url":"http://192.0.2.7","accessKey":"A","secretKey":"B","api":"S3v4","lookup":"dns"}}}"#
        let older = try directory(["HOME": "/h"], files: ["/h/.mc/config.json": old])
        #expect(try older.server(alias: "gone").keys?.accessKey == "A")
    }

    @Test(
        "reads MC_HOST_ as mc does",
        arguments: [
            ("https://AK:SK@192.0.2.1:9000", "AK", "SK", nil, "https://192.0.2.1:9000"),
            ("https://AK:SK@192.0.2.1:9000/", "AK", "SK", nil, "https://192.0.2.1:9000"),
            ("http://AK:a/b+c=d@e@h.example.com", "AK", "a/b+c=d@e", nil, "http://h.example.com"),
            ("http://AK:a%2Fb%3Ac%40@h.example.com", "AK", "a/b:c@", nil, "http://h.example.com"),
            ("http://AK:100%@h.example.com", "AK", "100%", nil, "http://h.example.com"),
            ("http://AK:50%zz%2541@h.example.com", "AK", "50%zz%41", nil, "http://h.example.com"),
            ("http://AK:SK:to/k@e:n@h.example.com:81", "AK", "SK", "to/k@e:n", "http://h.example.com:81"),
            ("http://AK:SK@[2001:db8::1]:9000", "AK", "SK", nil, "http://[2001:db8::1]:9000"),
            ("http://AK:S#K?@h.example.com", "AK", "S#K?", nil, "http://h.example.com"),
        ] as [(String, String, String, String?, String)])
    func variable(value: String, access: String, secret: String, token: String?, endpoint: String) throws {
        let server = try directory(["MC_HOST_main": value]).server(alias: "main")
        #expect(server.keys?.accessKey == access)
        #expect(server.keys?.secretKey.exposed == secret)
        #expect(server.keys?.sessionToken?.exposed == token)
        #expect(server.endpoint.description == endpoint)
    }

    @Test("takes MC_HOST_ without keys as anonymous")
    func anonymous() throws {
        #expect(try directory(["MC_HOST_main": "http://h.example.com:9000"]).server(alias: "main").keys == nil)
    }

    @Test(
        "refuses a malformed MC_HOST_ without showing what may be a secret",
        arguments: [
            "http://AK:s3cr3t@h.example.com/path", "http://AK:s3cr3t", "AK:s3cr3t@h", "http://AK:s3cr3t@",
            "http://s3cr3t@h.example.com", "http://:s3cr3t@h.example.com", "http://AK:s3cr3t@h:port",
        ])
    func malformed(value: String) throws {
        let directory = try directory(["MC_HOST_main": value])
        let error = try #require(#expect(throws: ConfigurationError.self) { try directory.server(alias: "main") })
        #expect(!error.description.contains("s3cr3t"), "\(error)")
        #expect(error.description.contains("MC_HOST_main"))
        #expect(isOneSentence(error.description), "\(error)")
    }

    @Test("suggests the nearest alias for an unknown one, or how to define it")
    func unknown() throws {
        let some = try directory(["MC_HOST_standby": "http://h"], yaml: Self.yaml)
        let near = try #require(#expect(throws: ConfigurationError.self) { try some.server(alias: "stanby") })
        #expect(near.description.contains("did you mean \"standby\""))
        let far = try #require(#expect(throws: ConfigurationError.self) { try some.server(alias: "elsewhere") })
        #expect(far.description.contains("main, standby"))
        let none = try directory()
        let empty = try #require(#expect(throws: ConfigurationError.self) { try none.server(alias: "x") })
        #expect(empty.description.contains("set MC_HOST_x="))
    }

    @Test(
        "reports mc's file that cannot be read or is no JSON, quoting nothing of it",
        arguments: ["unreadable", "{\"s3cr3t"])
    func brokenMCFile(text: String) throws {
        let directory = try directory(["HOME": "/h"], files: ["/h/.mc/config.json": text])
        let error = try #require(#expect(throws: ConfigurationError.self) { try directory.server(alias: "main") })
        #expect(error.description.contains("/h/.mc/config.json"))
        #expect(!error.description.contains("s3cr3t"))
    }

    @Test("gives a URL the AWS keys of the environment, then of the profile, then none")
    func url() throws {
        let place = try Place("https://s3.example.com/apks")
        let files = [
            "/h/.aws/credentials": """
            # comment
            [default]
            aws_access_key_id = FILEKEY
            aws_secret_access_key=file/secret=
            [ other ]
            aws_access_key_id = OTHERKEY
            aws_secret_access_key = other
            aws_session_token = tok
            """,
            "/h/.aws/config": """
            [default]
            region = eu-west-1
            s3 =
              region = nested
            [profile other]
            region=eu-west-2
            """,
        ]
        let both = try directory(
            [
                "HOME": "/h", "AWS_ACCESS_KEY_ID": Example.access, "AWS_SECRET_ACCESS_KEY": Example.secret,
                "AWS_SESSION_TOKEN": "t", "AWS_DEFAULT_REGION": "eu-central-1",
            ], files: files)
        let first = try #require(try both.server(for: place))
        #expect(first.keys?.secretKey.exposed == Example.secret)
        #expect(first.keys?.sessionToken?.exposed == "t")
        #expect(first.region == "eu-central-1")
        #expect(first.name == "https://s3.example.com")

        let second = try #require(try directory(["HOME": "/h"], files: files).server(for: place))
        #expect(second.keys == .init(accessKey: "FILEKEY", secretKey: SecretText("file/secret=")))
        #expect(second.region == "eu-west-1")

        let other = try #require(
            try directory(["HOME": "/h", "AWS_PROFILE": "other"], files: files).server(for: place))
        #expect(
            other.keys == .init(accessKey: "OTHERKEY", secretKey: SecretText("other"), sessionToken: SecretText("tok")))
        #expect(other.region == "eu-west-2")

        #expect(try directory().server(for: place)?.keys == nil)
        #expect(try directory().server(for: Place("./x")) == nil)
        let half = try directory(["AWS_ACCESS_KEY_ID": "A"])
        #expect(throws: ConfigurationError.self) { try half.server(for: place) }
        let lost = try directory(["HOME": "/h", "AWS_PROFILE": "lost"], files: files)
        #expect(throws: ConfigurationError.self) { try lost.server(for: place) }
    }

    @Test(
        "names an AWS file that is none, quoting nothing of it, where it is needed",
        arguments: [
            ("credentials", "{\"s3cr3t\": 1}\n", 1), ("credentials", "\u{7F}ELF\u{0}s3cr3t", 1),
            ("credentials", "[default]\naws_access_key_id = A\ns3cr3t\n", 3),
            ("credentials", "\n# x\naws_access_key_id = s3cr3t\n", 3), ("credentials", "[default\n", 1),
            ("config", "<html>s3cr3t</html>", 1),
        ])
    func brokenAWSFile(name: String, text: String, line: Int) throws {
        let place = try Place("https://s3.example.com/apks")
        let files = ["/h/.aws/\(name)": text]
        let error = try #require(
            #expect(throws: ConfigurationError.self) { try directory(["HOME": "/h"], files: files).server(for: place) })
        #expect(error.description.contains("/h/.aws/\(name) cannot be used: its line \(line) "), "\(error)")
        #expect(!error.description.contains("s3cr3t"))
        let variables = [
            "HOME": "/h", "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B", "AWS_REGION": "eu-west-1",
            "MC_HOST_main": "http://h",
        ]
        #expect(try directory(variables, files: files).server(for: place)?.keys?.accessKey == "A")
        #expect(try directory(variables, files: files).server(alias: "main").keys == nil)
    }

    @Test("takes AWS files as other programs write them: with CRLF, a byte order mark, colons, empty lines")
    func otherAWSFile() throws {
        let text = "\u{FEFF}[default]\r\n\r\n; x\r\naws_access_key_id: A\r\naws_secret_access_key = b:c=\r\n"
        let server = try directory(["HOME": "/h"], files: ["/h/.aws/credentials": text])
            .server(for: Place("https://s3.example.com/apks"))
        #expect(server?.keys == .init(accessKey: "A", secretKey: SecretText("b:c=")))
    }
}

@Suite("A secret")
struct SecretTests {
    @Test("shows in no way of printing")
    func hidden() {
        let keys = ServerDefinition.Keys(
            accessKey: Example.access, secretKey: SecretText("s3cr3t"), sessionToken: SecretText("t0k3n"))
        var dumped = ""
        dump(keys, to: &dumped)
        for text in ["\(keys)", String(reflecting: keys), String(describing: keys), dumped] {
            #expect(!text.contains("s3cr3t"))
            #expect(!text.contains("t0k3n"))
        }
        #expect(keys.maskedAccessKey == "AKIA…")
    }
}
