/// What an audit tells while it goes on: findings in the order of their keys, then packages, then the summary.
public enum AuditEvent: Sendable {
    case finding(Finding)
    case package(PackageEntry)
    case packages(PackageFinding)
    /// A command that would mend what was found, or a sentence on why none would.
    case repair(String)
    /// Something about the audit as a whole that a person should know, one sentence.
    case notice(String)
    case summary(AuditSummary)
}
