import ObjectModel
import Testing

@testable import MirrorEngine

@Suite("What a target's listing makes of ETags")
struct ListingTrustTests {
    private let md5 = ETag("9e107d9d372bb6826bd81d3542a419d6")
    private let composite = ETag("9e107d9d372bb6826bd81d3542a419d6-3")

    @Test("Each kind is looked at until the listing has shown one to be the same")
    func kinds() {
        let trust = ListingTrust()
        #expect(trust.mustLook(at: md5) && trust.mustLook(at: composite))
        trust.learn(md5, isListed: true)
        #expect(!trust.mustLook(at: md5) && trust.mustLook(at: composite))
        trust.learn(composite, isListed: true)
        #expect(!trust.mustLook(at: composite))
    }

    @Test(
        "A listing that once showed another is looked at every time",
        arguments: [[false], [true, false], [false, true]])
    func distrust(_ answers: [Bool]) {
        let trust = ListingTrust()
        for answer in answers { trust.learn(md5, isListed: answer) }
        #expect(trust.mustLook(at: md5))
        #expect(trust.mustLook(at: composite))
    }

    @Test("What is no digest is looked at every time")
    func opaque() {
        let trust = ListingTrust()
        trust.learn(ETag("x"), isListed: true)
        #expect(trust.mustLook(at: ETag("x")) && trust.mustLook(at: .absent))
    }
}
