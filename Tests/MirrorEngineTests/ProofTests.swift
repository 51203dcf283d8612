import ObjectModel
import Runtime
import Testing

@testable import MirrorEngine

@Suite("Proofs")
struct ProofTests {
    private static let md5 = ETag("9e107d9d372bb6826bd81d3542a419d6")
    private static let other = ETag("e4d909c290d0fb1ca068ffaddf22cbd0")
    private static let composite = ETag("9e107d9d372bb6826bd81d3542a419d6-3")
    private static let otherComposite = ETag("e4d909c290d0fb1ca068ffaddf22cbd0-3")
    private static let opaque = ETag("opaque")

    @Test(
        "Source, target and what was hashed on the way give a proof or not",
        arguments: [
            (md5, md5, nil, .proven(pair: false)),
            (composite, composite, nil, .proven(pair: false)),
            (md5, md5, md5, .proven(pair: false)),
            (composite, other, other, .proven(pair: true)),
            (opaque, md5, md5, .proven(pair: true)),
            (.absent, md5, md5, .proven(pair: true)),
            (composite, otherComposite, otherComposite, .proven(pair: true)),
            (md5, other, nil, .needsReading),
            (md5, other, md5, .needsReading),
            (md5, composite, nil, .needsReading),
            (composite, otherComposite, nil, .needsReading),
            (opaque, md5, nil, .needsReading),
            (opaque, md5, other, .needsReading),
            // Equal texts of a server's own making say nothing about bytes.
            (opaque, opaque, nil, .needsReading),
            (.absent, .absent, nil, .needsReading),
            (md5, opaque, md5, .needsReading),
            (md5, .absent, md5, .needsReading),
        ] as [(ETag, ETag, ETag?, Proof)])
    func table(_ source: ETag, _ target: ETag, _ computed: ETag?, _ proof: Proof) {
        #expect(Proof.of(source: source, target: target, computed: computed) == proof)
    }
}
