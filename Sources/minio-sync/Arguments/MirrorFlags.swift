import Configuration
import Listings
import MirrorEngine
import ObjectModel
import Service

/// What a mirror is asked to do, from the command line and the configuration file.
struct MirrorFlags: Hashable, ConnectingFlags, FilteringFlags {
    /// What tells that two objects are the same.
    enum Comparison: String, Hashable, Sendable, CaseIterable {
        case etag
        case size
        case content
        case bytes
    }

    /// How many deletions are too many to be believed.
    enum DeletionLimit: Hashable, Sendable {
        case objects(Int)
        /// Of the target's objects, above 0 and at most 100.
        case percent(Double)

        init?(_ text: String) {
            if text.utf8.last == UInt8(ascii: "%") {
                guard let percent = Double(String(text.dropLast())), percent > 0, percent <= 100 else { return nil }
                self = .percent(percent)
            } else {
                guard let count = Int(text), count >= 0 else { return nil }
                self = .objects(count)
            }
        }
    }

    /// Where what is learnt is kept.
    enum State: Hashable, Sendable {
        /// The configuration file's, or the default place.
        case usual
        case file(String)
        case none
    }

    enum Verbosity: Hashable, Sendable {
        case quiet
        case normal
        case verbose
    }

    /// Goes on until it is stopped.
    var watch = false
    /// Said in the configuration file, it keeps a mirror out of a watch over all of them.
    var once = false
    var watching = WatchOptions()
    var logFormat = LogFormat.text

    var remove = false
    var overwrite = true
    /// In the order given, those of the command line before those of the configuration file.
    var rules: [Filter.Rule] = []
    var olderThan: AgeLimit?
    var newerThan: AgeLimit?
    var storageClasses: Set<String> = []
    var compare = Comparison.etag
    var checkMetadata = false
    var preserve = false

    var dryRun = false
    /// Nil: 50 % of the target's objects once more than 100 are concerned.
    var maxDelete: DeletionLimit?
    var allowEmptySource = false
    /// Where on the target what is replaced or deleted is kept.
    var trash: ObjectKey?
    var skipErrors = false

    /// Nil: adapts.
    var maxWorkers: Int?
    /// Nil: the engine's default.
    var retries: Int?
    /// Bytes a second, above zero.
    var uploadLimit: Int64?
    var downloadLimit: Int64?

    var json = false
    var verbosity = Verbosity.normal
    var debug = false
    var summary = false

    var state = State.usual
    var configurationFile: String?
    var connection = ConnectionFlags()

    /// Refuses options that contradict each other.
    func validate() throws(UsageError) {
        try connection.validate()
        if trash != nil, !remove, !overwrite {
            throw UsageError("--trash keeps nothing with --no-overwrite and without --remove; drop one of them.")
        }
        if watch, dryRun {
            throw UsageError("--watch and --dry-run contradict each other: a dry run ends; drop one of them.")
        }
        if watch, once {
            throw UsageError("--watch and --once contradict each other; drop one of them.")
        }
        if maxDelete != nil, !remove {
            throw UsageError("--max-delete limits what --remove does; add --remove or drop --max-delete.")
        }
    }
}
