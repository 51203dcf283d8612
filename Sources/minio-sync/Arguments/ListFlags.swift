import Configuration

/// What `ls` is asked to show.
struct ListFlags: Hashable, ConnectingFlags {
    var recursive = false
    var json = false
    var debug = false
    var configurationFile: String?
    var connection = ConnectionFlags()

    static let command = Command<ListFlags>(
        name: "ls", summary: "list buckets, or the objects of one", forms: ["ALIAS[/BUCKET[/PREFIX]]"],
        details: [
            "Lists what a mirror would see: sizes, dates and ETags, with folders (up to the next /) taken together."
        ],
        groups: [
            Command<ListFlags>.Group(
                title: "Output",
                flags: [
                    .toggle("recursive", short: "r", "List every object, not folders") { $0.recursive = $1 },
                    .toggle("json", "One JSON object a line") { $0.json = $1 },
                    .toggle("debug", "Requests on standard error; never secrets") { $0.debug = $1 },
                    .text("config", "FILE", "Configuration (default \(ConfigurationFile.defaultPath))") {
                        $0.configurationFile = $1
                    },
                ]),
            Command<ListFlags>.connectionGroup,
        ])
}

/// The command line of `ls`.
struct ListArguments: Hashable, Sendable {
    let place: Place
    let options: ListFlags

    init(_ reading: Command<ListFlags>.Reading) throws(UsageError) {
        guard let text = reading.positionals.first else {
            throw UsageError("There is nothing to list; write minio-sync ls ALIAS or minio-sync ls ALIAS/BUCKET.")
        }
        guard reading.positionals.count == 1 else {
            throw UsageError("ls takes one place; quote a name that holds spaces.")
        }
        place = try MirrorArguments.place(text)
        var options = ListFlags()
        try ListFlags.command.apply(reading.uses, to: &options)
        try options.connection.validate()
        self.options = options
    }
}
