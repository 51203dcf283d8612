import Audit
import Configuration
import Listings
import ObjectModel
import Runtime

extension AuditFlags {
    static let command = Command<AuditFlags>(
        name: "audit", summary: "tell whether places hold the same objects, yes or no; writes to no server",
        forms: ["REFERENCE PLACE …", "PLACE … --manifest FILE"],
        details: [
            "Places are ALIAS (all buckets), ALIAS/BUCKET[/PREFIX] or https://host:port/BUCKET[/PREFIX]; the first is what "
                + "the others are measured by. Only listings are read, unless a flag asks for more or APKs are met.",
            "--include and --exclude are about keys below the prefix, and for all buckets about keys without the bucket's "
                + "name. Where they leave no key in scope, nothing is compared, and the exit code is 1.",
            "Exit codes: 0 identical and nothing unverifiable; 1 something differs, is missing, extra or unverifiable; 2 "
                + "usage, configuration, or a report that cannot be written; 3 a server cannot be reached or refuses; 130 interrupted.",
        ],
        groups: [
            closeness, packageGroup, Command<AuditFlags>.filterGroup(reference: "REFERENCE"), reporting, verdict,
            speed, files, Command<AuditFlags>.connectionGroup,
        ])

    fileprivate typealias Group = Command<AuditFlags>.Group

    private static var closeness: Group {
        Group(
            title: "How closely",
            flags: [
                .toggle("resolve", "Read the objects whose ETags cannot be compared, and no others") {
                    $0.resolve = $1
                },
                .toggle("deep", "Read every byte on every place: finds bytes that rotted, too") { $0.deep = $1 },
                .parsed(
                    "sample", "PERCENT", "Read a random part of the objects, such as 5%",
                    expects: "a percentage from above 0% to 100%", percentage
                ) { $0.sample = $1 },
                .parsed(
                    "seed", "N", "What --sample draws with, to draw the same again", expects: "a whole number",
                    { UInt64($0) }
                ) { $0.seed = $1 },
                .toggle("metadata", "Compare headers, user metadata and tags of every object (a HEAD each)") {
                    $0.metadata = $1
                },
                .parsed(
                    "settle", "TIME", "Look at what differs again after so long, for replication in flight",
                    expects: "a length of time such as 10s or 2m",
                    { DurationText.parse($0).flatMap { (.zero)...(.seconds(86_400)) ~= $0 ? $0 : nil } }
                ) { $0.settle = $1 },
                .text(
                    "manifest", "FILE", "Compare with the output of md5sum or sha256sum, names relative to the prefix"
                ) {
                    $0.manifest = $1
                },
            ])
    }

    private static var packageGroup: Group {
        Group(
            title: "APKs",
            flags: [
                .parsed(
                    "expect", "PACKAGE=VERSION+CODE",
                    "Fail unless this is the package's newest version on every place; may be repeated",
                    expects: "a package and its version, such as com.example.app=2.0.6+48", { Expectation($0) }
                ) { $0.expectations.append($1) },
                .glob("apk", "The keys that are APKs, in place of *.apk; may be repeated") { $0.packages.append($1) },
                .toggle("no-apk", "Look into no APK") { $0.looksIntoPackages = !$1 },
            ])
    }

    private static var reporting: Group {
        Group(
            title: "Reports",
            flags: [
                .choice("format", "Form of the report (default text)") { $0.format = $1 },
                .text("output", "FILE", "Write it to a file, whole or not at all, instead of standard output") {
                    $0.output = $1 == "-" ? nil : $1
                },
                .parsed(
                    "report", "FORMAT=FILE", "Write another report; may be repeated",
                    expects: "a form and a file, such as html=audit.html", report
                ) { $0.reports.append($1) },
                .toggle("all", "Report identical objects, too") { $0.all = $1 },
                .toggle("repair-plan", "Print the mirror commands that would mend what is found") {
                    $0.repairPlan = $1
                },
                .toggle("json", "The same as --format json") { $0.format = $1 ? .json : .text },
                .toggle("quiet", short: "q", "No progress") { $0.quiet = $1 },
                .toggle("debug", "Requests on standard error; never secrets") { $0.debug = $1 },
            ])
    }

    private static var verdict: Group {
        Group(
            title: "Exit code",
            flags: [
                .parsed(
                    "fail-on", "LIST", "What makes the exit code 1: some of differ,missing,extra,unverifiable,apk",
                    expects: "some of differ,missing,extra,unverifiable,apk", failures
                ) { $0.failOn = ($0.failOn ?? []).union($1) },
                .parsed(
                    "tolerance", "PERCENT", "Accept so many missing objects of those compared (default 0%)",
                    expects: "a percentage from 0% to 100%", { $0 == "0%" ? 0 : percentage($0) }
                ) { $0.tolerance = $1 },
            ])
    }

    private static var speed: Group {
        Group(
            title: "Speed",
            flags: [
                .number("max-workers", "N", 1...10_000, "At most N requests at a time a server; by default it adapts") {
                    $0.maxWorkers = $1
                },
                .number("retry", "N", 0...1000, "Try a failed request N times more (default 4)") { $0.retries = $1 },
                .rate("limit-download", "At most so many bytes a second from each server, such as 10MiB") {
                    $0.downloadLimit = $1
                },
            ])
    }

    fileprivate static var files: Group {
        Group(
            title: "Files",
            flags: [
                .text("config", "FILE", "Configuration (default \(ConfigurationFile.defaultPath))") {
                    $0.configurationFile = $1
                }
            ])
    }

    /// As a share from 0 to 1.
    private static let percentage: @Sendable (String) -> Double? = { text in
        guard text.hasSuffix("%"), let percent = Double(String(text.dropLast())), percent > 0, percent <= 100 else {
            return nil
        }
        return percent / 100
    }

    private static let report: @Sendable (String) -> Report? = { text in
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, parts[1] != "-", let format = ReportFormat(rawValue: parts[0]) else { return nil }
        return Report(format: format, file: parts[1])
    }

    private static let failures: @Sendable (String) -> Set<Failure>? = { text in
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        // The states' own name is taken, too.
        let failures = names.map { Failure(rawValue: $0 == "differs" ? "differ" : $0) }
        return failures.contains(nil) ? nil : Set(failures.compactMap(\.self))
    }
}

/// The command line of `audit`.
struct AuditArguments: Hashable, Sendable {
    let places: [Place]
    let options: AuditFlags
    /// The flags that say which objects are meant, as they were given.
    let scope: [String]
    /// Those that say how their servers are reached. They name files with secrets, and hold none.
    let connection: [String]

    init(_ reading: Command<AuditFlags>.Reading) throws(UsageError) {
        var places: [Place] = []
        for text in reading.positionals { places.append(try MirrorArguments.place(text)) }
        guard !places.isEmpty else {
            throw UsageError("There is nothing to audit; write minio-sync audit REFERENCE PLACE.")
        }
        var options = AuditFlags()
        try AuditFlags.command.apply(reading.uses, to: &options)
        try options.validate(places: places.count)
        let whole = places.filter { $0.bucket == nil }
        if let server = whole.first, whole.count < places.count, let part = places.first(where: { $0.bucket != nil }) {
            throw UsageError(
                "\(server) names a whole server and \(part) one bucket; give a bucket everywhere, or nowhere to audit all "
                    + "buckets.")
        }
        if let server = whole.first, options.manifest != nil {
            throw UsageError("A manifest speaks of one bucket, and \(server) is a whole server; name the bucket.")
        }
        try Self.checkTogether(places)
        self.places = places
        self.options = options
        let filter = Command<AuditFlags>.filterGroup(reference: "REFERENCE")
        scope = Self.words(reading, of: filter.flags)
        connection = Self.words(
            reading, of: AuditFlags.files.flags + Command<AuditFlags>.connectionGroup.flags)
    }

    private static func words(_ reading: Command<AuditFlags>.Reading, of flags: [Flag<AuditFlags>]) -> [String] {
        let names = Set(flags.map(\.name))
        return reading.uses.filter { names.contains($0.name) }.map { use in
            use.value.map { "--\(use.name)=\($0)" } ?? "--\(use.name)"
        }
    }

    private static func checkTogether(_ places: [Place]) throws(UsageError) {
        let prefixed = places.filter { !$0.prefix.bytes.isEmpty }
        if let first = prefixed.first,
            let other = prefixed.first(where: { $0.prefix.endsInSlash != first.prefix.endsInSlash })
        {
            throw UsageError(
                "\(first) and \(other) do not go together: keys are what follows the prefix, so one side would get a slash "
                    + "too many or too few; end all prefixes with / or none.")
        }
        for (index, place) in places.enumerated() {
            let isTwin = places[..<index].contains {
                $0.location == place.location && $0.bucket == place.bucket && $0.prefix == place.prefix
            }
            if isTwin {
                throw UsageError(
                    "\(place) is given twice, and what is compared with itself is always the same; drop one.")
            }
        }
    }
}
