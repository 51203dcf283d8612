import Configuration
import ObjectModel
import S3

/// Finds mirrors that would undo one another's work when they run side by side. Pure.
struct SharedTarget {
    /// What of a mirror matters for it.
    struct Mirror {
        struct Side: Hashable {
            /// The server's URL.
            var server: String
            /// Nil for all buckets.
            var bucket: String?
            var prefix: ObjectKey

            func overlaps(_ other: Side) -> Bool {
                guard server == other.server else { return false }
                guard let bucket, let otherBucket = other.bucket else { return true }
                return bucket == otherBucket && (prefix.hasPrefix(other.prefix) || other.prefix.hasPrefix(prefix))
            }
        }

        var name: String
        var source: Side
        var target: Side
        /// Deletes whatever its own source lacks, which a filter of names would limit.
        var removesOthers: Bool
    }

    private var mirrors: [Mirror] = []

    /// Why `mirror` cannot run beside those that were taken before, as a part of a sentence; takes it if it can.
    mutating func objection(to mirror: Mirror) -> String? {
        for other in mirrors where mirror.removesOthers || other.removesOthers {
            if mirror.target.overlaps(other.target) {
                return
                    "it shares its target with mirror \(other.name), and one would delete what the other copies; give "
                    + "each a prefix of its own, or leave out remove"
            }
            if mirror.target.overlaps(other.source), mirror.source.overlaps(other.target) {
                return
                    "it goes back where mirror \(other.name) comes from, and new objects would be deleted before they are "
                    + "copied; leave out one of the two, or remove"
            }
        }
        mirrors.append(mirror)
        return nil
    }
}

extension SharedTarget.Mirror {
    init(_ name: String, _ plan: MirrorPlan) {
        self.name = name
        source = Side(
            server: plan.sourceClient.endpoint.url, bucket: plan.source.bucket, prefix: plan.source.prefix)
        target = Side(
            server: plan.targetClient.endpoint.url, bucket: plan.target.bucket, prefix: plan.target.prefix)
        removesOthers = plan.options.remove && plan.options.rules.isEmpty
    }

    /// Nil where the definition cannot be used, which is told elsewhere.
    init?(_ definition: MirrorDefinition, _ directory: ServerDirectory) {
        guard let options = try? MirrorFlags(definition), !options.once,
            let source = Self.side(definition.source, directory), let target = Self.side(definition.target, directory)
        else { return nil }
        (name, self.source, self.target) = (definition.name, source, target)
        removesOthers = options.remove && options.rules.isEmpty
    }

    private static func side(_ text: String, _ directory: ServerDirectory) -> Side? {
        guard let place = try? Place(text), let server = try? directory.server(for: place) else { return nil }
        return Side(server: "\(server.endpoint)", bucket: place.bucket, prefix: place.prefix)
    }
}
