import Stores
import Testing

@testable import MirrorEngine

@Suite("What the end of a stream of changes means")
struct ChangeFeedAnswerTests {
    private func answer(_ kind: StoreError.Kind, silent: Int = 0, refused: Int = 0) -> ChangeFeed.Answer {
        ChangeFeed.answer(to: RetryPlanTests.error(kind), silent: silent, refused: refused, retry: .seconds(10))
    }

    @Test(
        "A stream that broke is asked for again; one that can't be had is done without meanwhile",
        arguments: [
            (StoreError.Kind.notImplemented, ChangeFeed.Answer.unavailable(.seconds(300))),
            (.refused, .unavailable(.seconds(10))), (.noSuchBucket, .unavailable(.seconds(10))),
            (.unacceptable, .unavailable(.seconds(10))), (.other, .unavailable(.seconds(10))),
            (.unreachable, .lost), (.untrusted, .lost), (.timedOut, .lost), (.interrupted, .lost), (.slowDown, .lost),
            (.serverFailure, .lost), (.malformedAnswer, .lost), (.full, .lost), (.noSuchKey, .lost),
        ])
    func answers(kind: StoreError.Kind, expected: ChangeFeed.Answer) {
        for silent in 0..<3 {
            #expect(answer(kind, silent: silent, refused: silent * 2) == expected)
        }
    }

    @Test("Three tries without a first byte count as none to be had")
    func silent() {
        for kind in [StoreError.Kind.timedOut, .interrupted] {
            #expect(answer(kind, silent: 3) == .unavailable(.seconds(10)))
        }
    }

    @Test("A server that answers, again and again, with anything but a stream is done without, and asked every second")
    func refused() {
        for kind in [StoreError.Kind.serverFailure, .slowDown, .malformedAnswer] {
            #expect(answer(kind, refused: 7) == .lost)
            #expect(answer(kind, refused: 8) == .unavailable(.seconds(1)))
        }
    }
}
