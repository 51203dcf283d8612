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
        var shared = SharedTarget()
        for definition in definitions {
            do {
                // Said in the file, --once keeps a mirror out, unless it is named.
                if case .all = arguments.job, try MirrorFlags(definition).once { continue }
                let (source, target, options) = try MirrorPlan.resolve(arguments, definition)
                let plan = try MirrorPlan(source, target, options, file, environment, remarks)
                if let objection = shared.objection(to: SharedTarget.Mirror(definition.name, plan)) {
                    throw CommandError("It cannot run beside the others: \(objection).")
                }
                mirrors.append((definition.name, plan))
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

    private init(mirrors: [(name: String, plan: MirrorPlan)], unusable: [CommandError], configuredState: String?) {
        (self.mirrors, self.unusable, self.configuredState) = (mirrors, unusable, configuredState)
    }

    /// The plan without mirrors into themselves on servers that go by two names, which cannot be used. A server that is
    /// away tells nothing, and is no reason to refuse.
    ///
    /// - Throws: `CommandError` if no mirror is left.
    func checked(_ remarks: Remarks) async throws(CommandError) -> WatchPlan {
        let problems = await withTaskGroup(of: (String, CommandError)?.self) { group in
            for (name, plan) in mirrors {
                group.addTask {
                    do throws(CommandError) {
                        // Other mirrors, signals and systemd's watchdog wait meanwhile.
                        try await plan.checkServers(remarks, within: .seconds(3))
                        return nil
                    } catch {
                        return (name, error)
                    }
                }
            }
            return await group.compactMap { $0 }.reduce(into: [String: CommandError]()) { $0[$1.0] = $1.1 }
        }
        let usable = mirrors.filter { problems[$0.name] == nil }
        let all = mirrors.compactMap { problems[$0.name] } + unusable
        if usable.isEmpty, let first = all.first { throw first }
        return WatchPlan(mirrors: usable, unusable: all, configuredState: configuredState)
    }
}
