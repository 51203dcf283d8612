import ObjectModel

@testable import Audit

extension ReportCase {
    static let identical = ReportCase(
        name: "identical", context: context(pair), events: [summary(pair, [], identical: 10_037)])

    /// Each class of finding, with a reason of each kind, on three places.
    static let everyFinding = ReportCase(name: "every-finding", context: context(three), events: findings + [end])

    /// The same with what is identical, and on a narrow terminal with colours.
    static let shownInFull: ReportCase = {
        var shown = ReportCase(name: "shown-in-full", context: context(three, showsIdentical: true), events: [])
        shown.context.isColored = true
        shown.context.width = 64
        let good = ["apks/a.apk", "apks/z.apk"].map { key in
            finding(ObjectKey(key), .identical, nil, three.map { ($0, facts(5, hello)) }, on: [], "")
        }
        shown.events = [good[0]] + findings + [good[1], end]
        return shown
    }()

    private static let end = summary(three, findings, identical: 10_030) { summary in
        summary.read = 12
        summary.bytesRead = 262_144_000
        summary.sample = AuditSummary.Sample(share: 0.05, seed: 42)
    }

    private static let findings: [AuditEvent] = [
        finding(
            "apks/content.apk", .differs, .content,
            [
                ("main/apks", read(5, hello, md5: "5d41402abc4b2a76b9719d911017c592", digit: "a")),
                ("standby/apks", read(5, hello, md5: "7d793037a0760186574b0282f2f435e7", digit: "b")),
                ("third/apks", read(5, hello, md5: "5d41402abc4b2a76b9719d911017c592", digit: "a")),
            ], on: [1], "The bytes that were read differ."),
        finding(
            "apks/error.apk", .error, .request,
            [("main/apks", facts(5, hello)), ("standby/apks", facts(5, hello)), ("third/apks", nil)], on: [2],
            "HEAD was refused with 403 AccessDenied (request 17A2B3); check the policy of this key."),
        finding(
            "apks/extra.apk", .extra, .extra,
            [("main/apks", nil), ("standby/apks", facts(11, world)), ("third/apks", facts(11, world))], on: [1, 2],
            "Only standby/apks and third/apks have it."),
        finding(
            "apks/missing.apk", .missing, .missing,
            [("main/apks", facts(5, hello)), ("standby/apks", facts(5, hello)), ("third/apks", nil)], on: [2],
            "third/apks lacks it."),
        finding(
            "apks/name.apk", .unverifiable, .absentETag,
            [("main/apks", facts(5, hello)), ("standby/apks", facts(5, .absent)), ("third/apks", facts(5, hello))],
            on: [1], "standby/apks gives no ETag; --resolve reads it."),
        finding(
            "apks/parts.apk", .unverifiable, .layout,
            [
                ("main/apks", facts(20_971_520, ETag("9b2cf535f27731c974343645a3985328-4"))),
                ("standby/apks", facts(20_971_520, ETag("1f3870be274f6c49b3e31a0c6728957f-3"))),
                ("third/apks", facts(20_971_520, ETag("9b2cf535f27731c974343645a3985328-4"))),
            ], on: [1], "Uploaded in other parts, so the ETags cannot be compared; --resolve settles it."),
        finding(
            "apks/size.apk", .differs, .size,
            [
                ("main/apks", facts(5_242_880, hello)), ("standby/apks", facts(5_242_879, world)),
                ("third/apks", facts(5, world)),
            ], on: [1, 2], "The sizes differ."),
        .notice("Replication was given 10 s to settle; 2 keys changed meanwhile."),
        .repair("minio-sync mirror main/apks standby/apks --include 'apks/size.apk'"),
        .repair("minio-sync mirror main/apks third/apks --include 'apks/size.apk' --include 'apks/missing.apk'"),
    ]

    private static func read(_ size: Int64, _ etag: ETag, md5: String, digit: Character) -> ObjectFacts {
        ObjectFacts(
            size: size, etag: etag, lastModified: time, md5: md5, sha256: String(repeating: digit, count: 64))
    }

    /// One of the places gave no listing, and so is no part of the findings; two have one name.
    static let unreachable: ReportCase = {
        let places = ["main/apks", "https://storage.example.com:9000/apks", "main/apks"]
        let findings = [
            finding(
                "apks/a.apk", .missing, .missing, [("main/apks", facts(5, hello)), ("main/apks", nil)], on: [1],
                "It is missing.")
        ]
        let end = summary(places, findings, identical: 10_036) { summary in
            summary.places[1].objects = 0
            summary.places[1].bytes = 0
            summary.places[1].error =
                "The server https://storage.example.com:9000 could not be reached (Connection refused); check that it runs."
        }
        return ReportCase(name: "unreachable", context: context(places), events: findings + [end])
    }()

    /// One place is the lines of a manifest, which tell digests and no sizes.
    static let manifest: ReportCase = {
        let places = ["release.md5", "main/apks"]
        let line = ObjectFacts(size: nil, etag: .absent, lastModified: nil, md5: hello.text)
        var cold = facts(20_971_520, ETag("9b2cf535f27731c974343645a3985328-4"))
        cold.storageClass = "GLACIER"
        let findings = [
            finding(
                "apks/a.apk", .differs, .content, [(places[0], line), (places[1], facts(5, world))], on: [1],
                "Its bytes are not those of the manifest."),
            finding(
                "apks/b.apk", .unverifiable, .unread, [(places[0], line), (places[1], cold)], on: [1],
                "Its ETag cannot be compared with a digest; --resolve reads it."),
            finding(
                "apks/c.apk", .missing, .missing, [(places[0], line), (places[1], nil)], on: [1], "It is missing."),
        ]
        return ReportCase(
            name: "manifest", context: context(places),
            events: findings + [summary(places, findings, identical: 7) { $0.places[0].hasSizes = false }])
    }()

    /// The audit was ended from outside before it could sum up.
    static let cutShort = ReportCase(
        name: "cut-short", context: context(pair),
        events: [
            finding(
                "a.apk", .missing, .missing, [(pair[0], facts(5, hello)), (pair[1], nil)], on: [1], "It is missing.")
        ])

    /// Keys and words that try to be more than text.
    static let hostile: ReportCase = {
        let places = ["<b>\"main\"/a&b", "=cmd|'/c calc'!A1"]
        let keys: [ObjectKey] = [
            "\u{1B}[2J\u{7}bell", "\"quoted\", with commas", "'apostrophe", "+1+1", "-1",
            "=HYPERLINK(\"https://example.com\")",
            "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>.apk", "@SUM(A1:A2)",
            "a\u{0}nul\u{FFFE}none\u{FFFF}", "back\\slash\\u{1B}", "cafe\u{301} \u{5E9}\u{5DC}\u{5D5}\u{5DD} \u{1F600}",
            "evil\u{202E}gnp.apk", "line\nfeed\r\ntab\t", ObjectKey(bytes: [0x66, 0xFF, 0xFE, 0x2E]), "]]>&amp;&#x41;",
            ObjectKey(String(repeating: "long/", count: 60) + "name.apk"), "  spaces  ", "\u{FF1D}wide",
        ]
        let findings = keys.map { key in
            finding(
                key, .differs, .etag,
                [(places[0], facts(5, .opaque("<i>&\"'\u{1B}"))), (places[1], facts(5, .absent))],
                on: [1], "A server said: \"<script>alert('x')</script>\"\u{9}\u{1B}[0m\r\n=1+1.")
        }
        let last: [AuditEvent] = [
            .package(
                PackageEntry(
                    place: places[1], key: keys[0], facts: nil, problems: ["</td>\u{0}<b>not a ZIP</b>"],
                    isVerified: false)),
            .packages(
                PackageFinding(
                    package: "com.example.\"}\n\\<b>", newest: [(places[0], "=1+1"), (places[1], "1\n+48")],
                    agrees: false,
                    expected: "'x'", problems: ["<u>\u{202E}</u>"])),
            .notice("<!-- \u{2028} --> ]]>"), .repair("minio-sync mirror 'a' \"b\" <c> && \u{1B}]0;title\u{7}"),
        ]
        let end = summary(places, findings) { summary in
            summary.places[1].error = "</p><script>alert(2)</script>\u{1B}[31m"
            summary.packageProblems = 2
            summary.packages = 1
            summary.apks = 2
        }
        return ReportCase(name: "hostile", context: context(places), events: findings + last + [end])
    }()
}
