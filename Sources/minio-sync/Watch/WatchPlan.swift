import Configuration

/// The mirrors that a watch keeps, by name.
struct WatchPlan {
    let mirrors: [(name: String, plan: MirrorPlan)]
    /// Why mirrors of the configuration file can't be used, where others can.
    let unusable: [CommandError]
    let configuredState: String?

    /// Reads the configuration anew.
    ///
    /// - Throws: `CommandError` if none of the mirrors can be used.
    init(_ arguments: MirrorArguments, _ remarks: Remarks) throws(CommandError) {
        let (file, environment) = try MirrorPlan.configuration(arguments)
        configuredState = file.state
        if case .places(let source, let target) = arguments.job {
            let plan = try MirrorPlan(source, target, arguments.options, file, environment, remarks)
            mirrors = [(source.text, plan)]
            unusable = []
            return
        }
        let definitions: [MirrorDefinition]
        do throws(ConfigurationError) {
            if case .named(let name) = arguments.job {
                definitions = [try file.mirror(named: name)]
            } else {
                definitions = file.mirrors
            }
        } catch {
            throw CommandError(error.description)
        }
        var mirrors: [(name: String, plan: MirrorPlan)] = []
        var unusable: [CommandError] = []
        for definition in definitions {
            do {
                // Said in the file, --once keeps a mirror out, unless it is named.
                if case .all = arguments.job, try MirrorOptions(definition).once { continue }
                let (source, target, options) = try MirrorPlan.resolve(arguments, definition)
                mirrors.append(
                    (definition.name, try MirrorPlan(source, target, options, file, environment, remarks)))
            } catch let error as CommandError {
                unusable.append(CommandError(Self.naming(definition, error.message), error.code))
            } catch {
                unusable.append(CommandError(Self.naming(definition, "\(error)")))
            }
        }
        if mirrors.isEmpty, let first = unusable.first { throw first }
        guard !mirrors.isEmpty else {
            throw CommandError(
                "There is nothing to watch: \(file.path ?? ConfigurationFile.defaultPath) "
                    + (file.isUnreadable
                        ? "cannot be read by this user"
                        : file.path == nil ? "does not exist" : "defines no mirror to watch")
                    + "; write it (minio-sync config check shows what is understood), or give SOURCE and TARGET.")
        }
        self.mirrors = mirrors
        self.unusable = unusable
    }

    /// Which of many mirrors cannot be used, where the message does not say where it stands.
    private static func naming(_ definition: MirrorDefinition, _ message: String) -> String {
        if message.contains(definition.file) { return message }
        return "Mirror \(definition.name) (\(definition.file), line \(definition.line)): \(message)"
    }
}
