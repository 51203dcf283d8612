import Configuration

/// The command line of `mirror`: what to mirror, and the flags as given.
struct MirrorArguments: Hashable, Sendable {
    enum Job: Hashable, Sendable {
        case places(source: Place, target: Place)
        /// A mirror of the configuration file.
        case named(String)
        /// All mirrors of the configuration file; only for a watch.
        case all
    }

    let job: Job
    /// Of the command line alone; for a named mirror, `options(of:)` has all.
    let options: MirrorFlags
    private let uses: [FlagUse]

    init(_ reading: Command<MirrorFlags>.Reading) throws(UsageError) {
        uses = reading.uses
        var options = MirrorFlags()
        try MirrorFlags.command.apply(uses, to: &options)
        self.options = options
        switch reading.positionals.count {
        case 2:
            job = .places(
                source: try Self.place(reading.positionals[0]), target: try Self.place(reading.positionals[1]))
        case 1:
            let name = reading.positionals[0]
            guard Place.isAlias(name) else {
                throw UsageError("TARGET is missing; write minio-sync mirror \(name) TARGET.")
            }
            job = .named(name)
        case 0 where options.watch:
            job = .all
        case 0:
            throw UsageError(
                "There is nothing to mirror; write minio-sync mirror SOURCE TARGET, or the NAME of a configured mirror."
            )
        default:
            throw UsageError(
                "mirror takes SOURCE and TARGET only, so \"\(reading.positionals[2])\" is too much; quote names that hold "
                    + "spaces.")
        }
        // For a named mirror the two sources of options are judged together.
        if case .places = job { try options.validate() }
    }

    /// The options of a named mirror: the file's, with those of the command line over them. Rules of the command line come
    /// first, so that they decide.
    func options(of mirror: MirrorDefinition) throws(UsageError) -> MirrorFlags {
        var options = try MirrorFlags(mirror)
        // A mirror that is otherwise run once may be watched by its name.
        options.once = false
        let rules = options.rules
        options.rules = []
        try MirrorFlags.command.apply(uses, to: &options)
        options.rules += rules
        try options.validate()
        return options
    }

    static func place(_ text: String) throws(UsageError) -> Place {
        do throws(ConfigurationError) {
            return try Place(text)
        } catch {
            throw UsageError(error.description)
        }
    }
}

extension MirrorFlags {
    /// The options of a mirror as the configuration file has them, unvalidated against each other.
    ///
    /// - Throws: `UsageError` that names the file and the line.
    init(_ mirror: MirrorDefinition) throws(UsageError) {
        self.init()
        let uses = mirror.options.map {
            FlagUse(name: $0.flag, value: $0.value, origin: "\(mirror.file), line \($0.line)")
        }
        try Self.command.apply(uses, to: &self)
    }
}
