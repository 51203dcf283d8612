import Runtime

/// Why deletions are held back. What follows from it is decided by the case; the words are made here, for people only.
enum HeldReason: Hashable, Sendable {
    /// A pause that an earlier process began, in the words that it left.
    case pausedBefore(String)
    /// The deletions of the last `minutes` add up to more than the number that is allowed.
    case addUp(Int, within: Int64, most: Int)
    /// The target would lose more than the percentage that is allowed, within `minutes`.
    case loss(Int, within: Int64, most: Double, left: Int)
    /// One listing's deletions are more than the number that is allowed.
    case tooMany(Int, most: Int)
    /// One listing's deletions are more than the percentage that is allowed of the target's objects.
    case tooGreatAPart(Int, of: Int, most: Double)
    /// The source has nothing, while the target has as many objects; nil where nobody has counted them.
    case emptySource(targetObjects: Int?)
    /// The source had nothing a while ago, and most of what the target has is not there again.
    case sourceWasEmpty(objects: Int, deletions: Int, of: Int)
    /// The same, for a single key whose removal nobody told: no listing has measured it since.
    case sourceNotMeasured

    /// Whether it is the present emptiness of the source, which no approval lifts.
    var isEmptySource: Bool {
        if case .emptySource = self { true } else { false }
    }

    /// Whether it is that the source was empty a while ago.
    var isDoubt: Bool {
        switch self {
        case .sourceWasEmpty, .sourceNotMeasured: true
        default: false
        }
    }
}

extension HeldReason: CustomStringConvertible {
    var description: String {
        switch self {
        case .pausedBefore(let words): words
        case .addUp(let sum, let minutes, let most):
            "\(sum) deletions within \(minutes) minutes are more than \(ProgramWords.deletionLimit.spelled) \(most)"
        case .loss(let loss, let minutes, let most, let left):
            "within \(minutes) minutes the target would lose \(loss) of its objects, more than "
                + "\(ProgramWords.deletionLimit.spelled) \(Self.percent(most)); \(left) are left"
        case .tooMany(let count, let most):
            "\(count) deletions are due, more than \(ProgramWords.deletionLimit.spelled) \(most)"
        case .tooGreatAPart(let count, let objects, let most):
            "\(count) of the target's \(objects) objects would be deleted, more than "
                + "\(ProgramWords.deletionLimit.spelled) \(Self.percent(most))"
        case .emptySource(nil): "the source is empty; if that is meant, say \(ProgramWords.allowEmptySource.spelled)"
        case .emptySource(let objects?):
            "the source is empty while the target has \(objects) objects; if that is meant, say "
                + ProgramWords.allowEmptySource.spelled
        case .sourceNotMeasured:
            "the source was empty a while ago, and no listing has shown since that it is complete; the next "
                + "reconcile decides"
        case .sourceWasEmpty(let objects, let count, let present):
            "the source was empty and has \(objects) objects now, while \(count) of the target's \(present) would be "
                + "deleted; if that is meant, run \(ProgramWords.resumeDeletions.spelled)"
        }
    }

    private static func percent(_ most: Double) -> String {
        "\(Decimals.format(most, most == most.rounded() ? 0 : 1))%"
    }
}
