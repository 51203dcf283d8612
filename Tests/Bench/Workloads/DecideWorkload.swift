import Journal
import MirrorEngine
import ObjectModel

/// Decisions about pairs of every kind, as often of each: the rows of the table of `Decision.decide`.
struct DecideWorkload: Workload {
    private struct Case {
        var source: ObjectState?
        var target: ObjectState?
        var pair: ProvenPair?
        var options = DecisionOptions()
        let expected: Decision
    }

    private static let rowCount = 100

    private let cases: [Case]
    let items: Int

    init() {
        var material = Material(seed: 3)
        cases = (0..<Self.rowCount).flatMap { _ in Self.cases(&material) }
        items = cases.count
    }

    func round() -> Int {
        var right = 0
        for each in cases {
            let decision = Decision.decide(
                source: each.source, target: each.target, provenPair: each.pair, options: each.options)
            if decision == each.expected { right += 1 }
        }
        return right
    }

    private static func cases(_ material: inout Material) -> [Case] {
        let date = Timestamp(seconds: 1_790_000_000)
        func state(_ etag: String, size: Int64 = 4096, seconds: Int64 = 0) -> ObjectState {
            ObjectState(
                size: size, etag: ETag(etag), lastModified: Timestamp(milliseconds: date.milliseconds + seconds * 1000),
                storageClass: "STANDARD")
        }
        let (plain, other) = (material.digits(32), material.digits(32))
        let (multipart, opaque) = ("\(material.digits(32))-7", "kms-\(material.digits(32))")
        func pair(_ seconds: Int64 = 0) -> ProvenPair {
            ProvenPair(
                key: "releases/\(plain).apk", sourceETag: ETag(plain),
                sourceLastModified: Timestamp(seconds: date.seconds + seconds), sourceSize: 4096,
                targetETag: ETag(opaque), targetLastModified: date)
        }
        var bySize = DecisionOptions()
        bySize.comparison = .size
        var byContent = DecisionOptions()
        byContent.comparison = .content
        var headers = DecisionOptions()
        headers.checksHeaders = true
        var keeping = DecisionOptions()
        keeping.overwrites = false
        var doubtful = DecisionOptions()
        doubtful.headersDoubtfulFrom = Timestamp(seconds: date.seconds - 60)
        return [
            Case(target: state(plain), expected: .extra),
            Case(source: state(plain), expected: .copy(.missing)),
            Case(source: state(plain), target: state(plain), expected: .same),
            Case(source: state(multipart), target: state(multipart), expected: .same),
            Case(source: state(opaque), target: state(opaque), expected: .unproven(.incomparable)),
            Case(source: state(plain), target: state(plain, size: 4097), expected: .copy(.size)),
            Case(source: state(plain), target: state(other), expected: .copy(.etag)),
            Case(source: state(plain), target: state(other), options: bySize, expected: .same),
            Case(source: state(plain), target: state(other), options: keeping, expected: .unproven(.exists)),
            Case(source: state(plain), target: state(multipart), expected: .unproven(.incomparable)),
            Case(source: state(plain, seconds: 9), target: state(multipart), expected: .copy(.etag)),
            Case(source: state(plain), target: state(opaque), options: byContent, expected: .compareContent),
            Case(source: state(plain), target: state(opaque), pair: pair(), expected: .same),
            Case(source: state(plain, seconds: 9), target: state(opaque), pair: pair(), expected: .compareHeaders),
            Case(source: state(plain, seconds: 9), target: state(opaque), pair: pair(9), expected: .same),
            Case(source: state(plain, seconds: 9), target: state(plain), expected: .compareHeaders),
            Case(source: state(plain), target: state(plain), options: headers, expected: .compareHeaders),
            Case(source: state(plain), target: state(plain), options: doubtful, expected: .compareHeaders),
        ]
    }
}
