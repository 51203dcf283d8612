import ObjectModel
import Runtime
import Testing

@testable import Audit

@Suite("Keys that wait on disk")
struct CandidateTests {
    @Test("A record brings back what it was made of")
    func roundTrip() {
        var random = SeededGenerator(seed: 20_261_121)
        let etags: [ETag] = [
            .absent, ETag("9e107d9d372bb6826bd81d3542a419d6"), ETag("9e107d9d372bb6826bd81d3542a419d6-31"),
            ETag("opaque ü"), ETag("W/\"x\""), ETag("9E107D9D372bb6826bd81d3542a419d6"),
        ]
        for _ in 0..<300 {
            let row = AuditMerge.Row(
                key: ObjectKey(
                    bytes: (0..<Int.random(in: 0...40, using: &random)).map { _ in .random(in: 0...255, using: &random)
                    }),
                facts: (0..<Int.random(in: 1...5, using: &random)).map { _ in
                    guard Bool.random(using: &random), let etag = etags.randomElement(using: &random) else {
                        return nil
                    }
                    return ObjectFacts(
                        size: .random(in: 0...Int64.max, using: &random), etag: etag,
                        lastModified: Timestamp(milliseconds: .random(in: -5...9_999_999_999_999, using: &random)))
                }, isSame: .random(using: &random))
            let candidate = Candidate(row)
            #expect(Candidate(record: candidate.record) { _ in nil } == candidate)
        }
    }

    @Test("A manifest's line is looked up again")
    func manifest() {
        let line = ChecksumManifest.Digest.md5("9e107d9d372bb6826bd81d3542a419d6").facts
        let candidate = Candidate(AuditMerge.Row(key: "a", facts: [line, nil], isSame: false))
        #expect(Candidate(record: candidate.record) { $0 == "a" ? line : nil } == candidate)
    }
}

@Suite("A random sample")
struct SampleTests {
    @Test("It has about its share of the keys, the same for the same seed, others for another one")
    func share() {
        let keys = (0..<20_000).map { ObjectKey("folder/\($0).apk") }
        let one = AuditSummary.Sample(share: 0.05, seed: 1)
        let drawn = Set(keys.filter(one.includes))
        #expect((800...1200).contains(drawn.count))
        #expect(Set(keys.reversed().filter(AuditSummary.Sample(share: 0.05, seed: 1).includes)) == drawn)
        let other = Set(keys.filter(AuditSummary.Sample(share: 0.05, seed: 2).includes))
        #expect(other.intersection(drawn).count < 200)
        #expect(keys.allSatisfy(AuditSummary.Sample(share: 1, seed: 3).includes))
    }
}
