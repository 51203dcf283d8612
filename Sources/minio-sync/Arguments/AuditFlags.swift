import Audit
import Configuration
import Listings
import Runtime

/// What an audit is asked to do.
struct AuditFlags: Hashable, ConnectingFlags, FilteringFlags {
    /// What makes the exit code 1.
    enum Failure: String, Hashable, Sendable, CaseIterable {
        case differ
        case missing
        case extra
        case unverifiable
        /// APKs with problems, and packages that do not agree.
        case apk
    }

    /// A report besides the main one.
    struct Report: Hashable, Sendable {
        var format: ReportFormat
        var file: String
    }

    /// `PACKAGE=VERSION+CODE`.
    struct Expectation: Hashable, Sendable {
        var package: String
        var version: String

        init?(_ text: String) {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let plus = parts[1].lastIndex(of: "+"),
                case let digits = parts[1][parts[1].index(after: plus)...], let code = Int64(digits), code >= 0,
                // As it is written: no sign, no zeros in front.
                digits == "\(code)", parts[0].contains(".")
            else { return nil }
            (package, version) = (parts[0], parts[1])
        }
    }

    var deep = false
    var resolve = false
    /// Above 0, at most 1.
    var sample: Double?
    var seed: UInt64?
    var metadata = false
    var settle = Duration.zero
    var manifest: String?

    var expectations: [Expectation] = []
    var packages: [Glob] = []
    var looksIntoPackages = true

    var rules: [Filter.Rule] = []
    var olderThan: AgeLimit?
    var newerThan: AgeLimit?
    var storageClasses: Set<String> = []

    var format = ReportFormat.text
    var output: String?
    var reports: [Report] = []
    var all = false
    var repairPlan = false
    /// Nil: all of them.
    var failOn: Set<Failure>?
    /// Share of the compared keys, from 0 to 1.
    var tolerance = 0.0
    var quiet = false
    var debug = false

    var maxWorkers: Int?
    var retries: Int?
    var downloadLimit: Int64?
    var configurationFile: String?
    var connection = ConnectionFlags()

    /// Refuses options that contradict each other.
    func validate(places: Int) throws(UsageError) {
        try connection.validate()
        if deep, sample != nil {
            throw UsageError("--deep reads everything and --sample a part of it; drop one of them.")
        }
        if seed != nil, sample == nil {
            throw UsageError("--seed says what --sample draws; add --sample or drop --seed.")
        }
        if !looksIntoPackages, !expectations.isEmpty {
            throw UsageError("--expect needs to look into APKs; drop --no-apk.")
        }
        let names = expectations.map(\.package)
        if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw UsageError("--expect names \(twice) twice; give it one version.")
        }
        let files = reports.map(\.file) + [output].compactMap(\.self)
        if let twice = files.first(where: { file in files.count { $0 == file } > 1 }) {
            throw UsageError("Two reports would be written to \(twice); give each a file of its own.")
        }
        if manifest == nil, places < 2, expectations.isEmpty {
            throw UsageError(
                "One place has nothing to be compared with; give another one, --manifest FILE, or --expect PACKAGE=VERSION+CODE."
            )
        }
    }
}
