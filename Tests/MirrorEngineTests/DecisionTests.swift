import Journal
import ObjectModel
import Testing

@testable import MirrorEngine

@Suite("Decisions")
struct DecisionTests {
    private static let md5 = ETag("9e107d9d372bb6826bd81d3542a419d6")
    private static let otherMD5 = ETag("e4d909c290d0fb1ca068ffaddf22cbd0")
    private static let composite = ETag("9e107d9d372bb6826bd81d3542a419d6-3")
    private static let otherComposite = ETag("e4d909c290d0fb1ca068ffaddf22cbd0-3")
    private static let longerComposite = ETag("e4d909c290d0fb1ca068ffaddf22cbd0-4")
    private static let opaque = ETag("opaque")
    private static let noon = Timestamp(seconds: 1_795_219_200)

    /// 10 bytes, modified at noon plus `after` milliseconds.
    private static func state(_ etag: ETag = md5, size: Int64 = 10, after milliseconds: Int64 = 1) -> ObjectState {
        ObjectState(size: size, etag: etag, lastModified: Timestamp(milliseconds: noon.milliseconds + milliseconds))
    }

    private static func pair(_ source: ObjectState, _ target: ObjectState) -> ProvenPair {
        ProvenPair(
            key: "k", sourceETag: source.etag, sourceLastModified: source.lastModified, sourceSize: source.size,
            targetETag: target.etag, targetLastModified: target.lastModified)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var source: ObjectState?
        var target: ObjectState?
        var pair: ProvenPair?
        var options = DecisionOptions()
        let expected: Decision

        init(
            _ description: String, _ source: ObjectState?, _ target: ObjectState?, pair: ProvenPair? = nil,
            _ expected: Decision, _ options: (inout DecisionOptions) -> Void = { _ in }
        ) {
            testDescription = description
            self.source = source
            self.target = target
            self.pair = pair
            self.expected = expected
            options(&self.options)
        }
    }

    private static let later: Int64 = 5000

    /// The truth table of `Decision.decide`, row by row; where a row leaves a column open, several.
    static let table: [Row] = [
        Row("only the target has it", nil, state(), .extra),
        Row("nobody has it any more", nil, nil, .extra),
        Row("only the source has it", state(), nil, .copy(.missing)),
        Row("another size", state(size: 11), state(), .copy(.size)),
        Row("another size under one ETag", state(size: 11), state(size: 10), .copy(.size)),
        Row("another size and a later target", state(size: 9), state(after: later), .copy(.size)),
        Row("another size, by size", state(size: 9), state(), .copy(.size)) { $0.comparison = .size },
        Row("equal size, other bytes, by size", state(), state(otherMD5), .same) { $0.comparison = .size },
        Row("equal size, no ETags, by size", state(.absent), state(.absent), .same) { $0.comparison = .size },
        Row("equal MD5s", state(), state(), .same),
        Row("equal MD5s, by content", state(), state(), .same) { $0.comparison = .content },
        Row("equal composites", state(composite), state(composite), .same),
        Row("equal opaque ETags", state(opaque), state(opaque), .unproven(.incomparable)),
        Row("no ETags", state(.absent), state(.absent), .unproven(.incomparable)),
        Row(
            "other ETags, a proven pair", state(composite), state(otherMD5),
            pair: pair(state(composite), state(otherMD5)), .same),
        Row(
            "no ETags, a proven pair", state(.absent), state(.absent), pair: pair(state(.absent), state(.absent)), .same
        ),
        Row(
            "no ETags, a proven pair, and a target written since", state(.absent), state(.absent, after: later),
            pair: pair(state(.absent), state(.absent)), .unproven(.incomparable)),
        Row(
            "a target without ETags, a proven pair, by content", state(), state(.absent),
            pair: pair(state(), state(.absent)), .compareContent
        ) { $0.comparison = .content },
        Row("other MD5s", state(), state(otherMD5), .copy(.etag)),
        Row("other MD5s, by content", state(), state(otherMD5), .copy(.etag)) { $0.comparison = .content },
        Row("other MD5s and a later target", state(), state(otherMD5, after: later), .copy(.etag)),
        Row("other composites", state(composite), state(otherComposite), .copy(.etag)),
        Row("incomparable, source later", state(after: later), state(composite), .copy(.etag)),
        Row("incomparable, source later, by content", state(after: later), state(composite), .copy(.etag)) {
            $0.comparison = .content
        },
        Row("incomparable, by content", state(), state(composite), .compareContent) { $0.comparison = .content },
        Row("equal MD5s, by bytes", state(), state(), .compareContent) { $0.comparison = .bytes },
        Row("incomparable, by bytes", state(), state(composite), .compareContent) { $0.comparison = .bytes },
        Row("incomparable, source later, by bytes", state(after: later), state(composite), .compareContent) {
            $0.comparison = .bytes
        },
        Row(
            "a proven pair, by bytes", state(), state(composite), pair: pair(state(), state(composite)), .compareContent
        ) {
            $0.comparison = .bytes
        },
        Row("other MD5s, by bytes", state(), state(otherMD5), .copy(.etag)) { $0.comparison = .bytes },
        Row("incomparable", state(), state(composite), .unproven(.incomparable)),
        Row("composites of other numbers", state(composite), state(longerComposite), .unproven(.incomparable)),
        Row("an opaque ETag", state(opaque), state(), .unproven(.incomparable)),
        Row("two opaque ETags", state(opaque), state(ETag("other")), .unproven(.incomparable)),
        Row("one ETag", state(), state(.absent, after: later), .unproven(.incomparable)),
    ]

    @Test("Every row of the truth table", arguments: table)
    func rows(_ row: Row) {
        #expect(
            Decision.decide(source: row.source, target: row.target, provenPair: row.pair, options: row.options)
                == row.expected)
    }

    // MARK: Pairs

    /// A source whose ETag cannot be compared, and a target.
    private static let pairSource = state(opaque)
    private static let pairTarget = state()

    static let foreignPairs: [Row] = [
        Row("of another source ETag", state(ETag("older")), pairTarget, .same),
        Row("of another size", state(opaque, size: 9), pairTarget, .same),
        Row("of another target ETag", pairSource, state(otherMD5), .same),
    ]

    @Test("A pair proves nothing about other states", arguments: foreignPairs)
    func foreign(_ row: Row) throws {
        let pair = Self.pair(try #require(row.source), try #require(row.target))
        #expect(
            Decision.decide(
                source: Self.pairSource, target: Self.pairTarget, provenPair: pair, options: DecisionOptions())
                == .unproven(.incomparable))
    }

    @Test(
        "Another date proves the bytes of a source with a digest, not its headers",
        arguments: [-later, later])
    func datesOfPairs(_ milliseconds: Int64) {
        let target = Self.state(Self.opaque)
        let pair = Self.pair(Self.state(Self.otherMD5, after: milliseconds), target)
        #expect(
            Decision.decide(
                source: Self.state(Self.otherMD5), target: target, provenPair: pair, options: DecisionOptions())
                == .same
        )
        #expect(
            Decision.decide(
                source: Self.state(Self.otherMD5, after: 2 * Self.later), target: target, provenPair: pair,
                options: DecisionOptions()) == .compareHeaders)
    }

    @Test("A pair of another date proves nothing where the ETag is no digest", arguments: [-later, later])
    func datesOfOpaquePairs(_ milliseconds: Int64) {
        let pair = Self.pair(Self.state(Self.opaque, after: milliseconds), Self.pairTarget)
        #expect(
            Decision.decide(
                source: Self.pairSource, target: Self.pairTarget, provenPair: pair, options: DecisionOptions())
                == .unproven(.incomparable))
        let other = Self.pair(Self.pairTarget, Self.state(Self.opaque, after: milliseconds))
        #expect(
            Decision.decide(
                source: Self.pairTarget, target: Self.state(Self.opaque), provenPair: other, options: DecisionOptions())
                == .unproven(.incomparable))
    }

    @Test("A pair of another date proves nothing where the source has no ETag", arguments: [-later, later])
    func datesWithoutETags(_ milliseconds: Int64) {
        let pair = Self.pair(Self.state(.absent, after: milliseconds), Self.pairTarget)
        #expect(
            Decision.decide(
                source: Self.state(.absent), target: Self.pairTarget, provenPair: pair, options: DecisionOptions())
                == .unproven(.incomparable))
    }

    @Test("A pair written down in whole seconds is of the same object with milliseconds, and the other way round")
    func granularityOfPairs() {
        let whole = Self.state(Self.opaque, after: 0)
        let fine = Self.state(Self.opaque, after: 700)
        for (written, seen) in [(whole, fine), (fine, whole)] {
            #expect(
                Decision.decide(
                    source: seen, target: Self.pairTarget, provenPair: Self.pair(written, Self.pairTarget),
                    options: DecisionOptions()) == .same)
        }
    }

    // MARK: Headers

    static let headers: [Row] = [
        Row("source later", state(after: later), state(), .compareHeaders),
        Row("source later, by size", state(opaque, after: later), state(), .compareHeaders) { $0.comparison = .size },
        Row("target later", state(), state(after: later), .same),
        Row("same moment", state(), state(), .same),
        Row("source a millisecond later", state(after: 2), state(after: 1), .compareHeaders),
        Row("source a millisecond earlier", state(after: 1), state(after: 2), .same),
        // A time without milliseconds is a whole second: 12:00:00 may be as late as 12:00:00.999.
        Row("within the target's second", state(after: 700), state(after: 0), .same),
        Row("within the source's second", state(after: 0), state(after: 700), .same),
        Row("whole seconds, the next one", state(after: 1000), state(after: 0), .compareHeaders),
        Row("whole seconds against milliseconds", state(after: 1000), state(after: 999), .compareHeaders),
        Row(
            "source later, but proven so", state(after: later), state(),
            pair: pair(state(after: later), state()), .same),
        Row("source later, nothing is overwritten", state(after: later), state(), .same) { $0.overwrites = false },
        Row("always, if asked to", state(), state(after: later), .compareHeaders) { $0.checksHeaders = true },
        Row("always, even of a proven pair", state(), state(), pair: pair(state(), state()), .compareHeaders) {
            $0.checksHeaders = true
        },
        Row("always, even where nothing is overwritten", state(), state(), .compareHeaders) {
            $0.checksHeaders = true
            $0.overwrites = false
        },
        Row("never of other bytes", state(), state(otherMD5), .copy(.etag)) { $0.checksHeaders = true },
        // The source's clock is ahead: its noon plus 10 s is the target's noon.
        Row("a clock that is ahead", state(after: 10_001), state(after: 1000), .same) { $0.clockSkew = 10_000 },
        Row("a clock that is ahead, and later", state(after: 12_001), state(after: 1001), .compareHeaders) {
            $0.clockSkew = 10_000
        },
        Row("a clock that is behind", state(after: -8001), state(after: 1001), .compareHeaders) {
            $0.clockSkew = -10_000
        },
        Row("a clock that is behind, and earlier", state(after: -10_001), state(after: 1001), .same) {
            $0.clockSkew = -10_000
        },
        Row("changed since an earlier run began", state(after: 2000), state(after: later), .compareHeaders) {
            $0.headersDoubtfulFrom = noon
        },
        Row("unchanged since an earlier run began", state(after: -2000), state(after: later), .same) {
            $0.headersDoubtfulFrom = noon
        },
        Row(
            "changed since an earlier run began, which proved it", state(after: 2000), state(after: later),
            pair: pair(state(after: 2000), state()), .same
        ) { $0.headersDoubtfulFrom = noon },
    ]

    @Test("Headers are looked at where they may differ and nowhere else", arguments: headers)
    func headerRows(_ row: Row) {
        #expect(
            Decision.decide(source: row.source, target: row.target, provenPair: row.pair, options: row.options)
                == row.expected)
    }

    @Test("A later source by the skewed clock alone is not copied over what cannot be compared")
    func skewOfIncomparable() {
        var options = DecisionOptions()
        options.clockSkew = 10_000
        let ahead = Self.state(Self.opaque, after: 10_001)
        #expect(
            Decision.decide(source: ahead, target: Self.state(after: 1000), options: options)
                == .unproven(.incomparable))
        options.clockSkew = 0
        #expect(Decision.decide(source: ahead, target: Self.state(after: 1000), options: options) == .copy(.etag))
    }

    // MARK: No overwriting

    @Test("Without overwriting, every copy over something becomes unproven and everything else stays", arguments: table)
    func noOverwrite(_ row: Row) {
        var options = row.options
        options.overwrites = false
        var expected = row.expected
        if case .copy(let reason) = expected, reason != .missing { expected = .unproven(.exists) }
        #expect(
            Decision.decide(source: row.source, target: row.target, provenPair: row.pair, options: options) == expected)
    }
}
