import ObjectModel
import Runtime
import Stores
import Testing

@testable import MirrorEngine

@Suite("How a failed key is tried again")
struct RetryPlanTests {
    static func error(_ kind: StoreError.Kind, code: String = "") -> StoreError {
        StoreError(
            kind, server: "http://192.0.2.1:9000", operation: "PutObject", bucket: "data", key: "k", code: code)
    }

    @Test(
        "Every kind of error is a passing condition of the server, a change of the object, or the object's own",
        arguments: [
            (StoreError.Kind.unreachable, RetryPlan.Cause.condition), (.untrusted, .condition), (.timedOut, .condition),
            (.interrupted, .condition), (.refused, .condition), (.noSuchBucket, .condition), (.slowDown, .condition),
            (.serverFailure, .condition), (.full, .condition), (.malformedAnswer, .condition),
            (.noSuchKey, .changed), (.noSuchUpload, .changed), (.cancelled, .changed),
            (.preconditionFailed, .object), (.digestMismatch, .object), (.unacceptable, .object),
            (.notImplemented, .object), (.other, .object),
        ])
    func causes(kind: StoreError.Kind, expected: RetryPlan.Cause) {
        #expect(RetryPlan.cause(of: .server(Self.error(kind))) == expected)
    }

    @Test("Some conditions are the server's for sure; others may be of one key alone")
    func concernsAll() {
        for kind in [StoreError.Kind.unreachable, .untrusted, .timedOut, .interrupted, .slowDown] {
            #expect(RetryPlan.concernsAll(.server(Self.error(kind))))
        }
        for kind in [StoreError.Kind.refused, .serverFailure, .full, .noSuchBucket, .malformedAnswer, .other] {
            #expect(!RetryPlan.concernsAll(.server(Self.error(kind))))
        }
        #expect(!RetryPlan.concernsAll(.changed))
    }

    @Test("What the engine itself finds wrong with an object is the object's own; a change is a change")
    func ownFailures() {
        #expect(RetryPlan.cause(of: .changed) == .changed)
        #expect(RetryPlan.cause(of: ObjectFailure(Self.error(.preconditionFailed))) == .changed)
        #expect(RetryPlan.cause(of: .notProven("x")) == .object)
        #expect(RetryPlan.cause(of: .corruptSource("x")) == .object)
        #expect(RetryPlan.cause(of: .impossible("x")) == .object)
    }

    /// The longest of many waits, in milliseconds: near the ceiling, and never above it.
    private func longest(_ cause: RetryPlan.Cause, attempt: Int, retrying: Int = 0) -> Int {
        var random = SeededGenerator(seed: 7)
        let waits = (0..<2000).map { _ in
            RetryPlan.delay(cause, attempt: attempt, retrying: retrying, using: &random)
        }
        #expect(waits.allSatisfy { $0 >= 0 })
        return Int((waits.max() ?? 0) / 1_000_000)
    }

    @Test(
        "Waits grow from the first ceiling to the cap, jittered over all of it",
        arguments: [
            (RetryPlan.Cause.changed, 0, 20), (.changed, 1, 40), (.changed, 30, 1000), (.condition, 0, 200),
            (.condition, 2, 800), (.condition, 30, 2000), (.object, 0, 500), (.object, 4, 8000), (.object, 60, 300_000),
        ])
    func waits(cause: RetryPlan.Cause, attempt: Int, ceiling: Int) {
        let longest = longest(cause, attempt: attempt)
        #expect(longest <= ceiling && longest >= ceiling * 9 / 10, "\(longest) ms")
    }

    @Test("Many keys that wait for one server try about fifty times a second together", arguments: [1000, 10_000])
    func manyKeys(retrying: Int) {
        let longest = longest(.condition, attempt: 30, retrying: retrying)
        // Full jitter waits half the ceiling on average, and a little more for the first two seconds.
        #expect((retrying * 18...retrying * 22 + 2000).contains(longest), "\(longest) ms")
        #expect(self.longest(.condition, attempt: 30, retrying: 1_000_000) <= 300_000)
    }
}
