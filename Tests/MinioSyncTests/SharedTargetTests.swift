import ObjectModel
import Testing

@testable import minio_sync

@Suite("Mirrors that share a target")
struct SharedTargetTests {
    private func mirror(
        _ name: String, _ source: (String, String?, ObjectKey), _ target: (String, String?, ObjectKey), removes: Bool
    ) -> SharedTarget.Mirror {
        SharedTarget.Mirror(
            name: name, source: .init(server: source.0, bucket: source.1, prefix: source.2),
            target: .init(server: target.0, bucket: target.1, prefix: target.2), removesOthers: removes)
    }

    private func objection(_ mirrors: SharedTarget.Mirror...) -> String? {
        var shared = SharedTarget()
        return mirrors.compactMap { shared.objection(to: $0) }.first
    }

    @Test("One target of two mirrors is refused where one of them deletes, whichever it is")
    func shared() {
        for (one, other) in [(true, false), (false, true), (true, true)] {
            let objection = objection(
                mirror("x", ("a", "src-x", ""), ("b", "shared", ""), removes: one),
                mirror("y", ("a", "src-y", ""), ("b", "shared", "in/"), removes: other))
            #expect(objection?.contains("mirror x") == true)
        }
        #expect(
            objection(
                mirror("x", ("a", "src-x", ""), ("b", "shared", ""), removes: false),
                mirror("y", ("a", "src-y", ""), ("b", "shared", ""), removes: false)) == nil)
    }

    @Test("A mirror of all buckets shares with each of them")
    func allBuckets() {
        #expect(
            objection(
                mirror("x", ("a", nil, ""), ("b", nil, ""), removes: true),
                mirror("y", ("c", "one", ""), ("b", "two", ""), removes: false)) != nil)
    }

    @Test("Other prefixes, buckets and servers go together, and so does a chain")
    func apart() {
        #expect(
            objection(
                mirror("x", ("a", "s", ""), ("b", "t", "x/"), removes: true),
                mirror("y", ("a", "s", ""), ("b", "t", "y/"), removes: true),
                mirror("z", ("a", "s", ""), ("c", "t", "x/"), removes: true),
                mirror("chain", ("b", "t", "x/"), ("d", "t", ""), removes: true)) == nil)
    }

    @Test("A mirror back to where another one comes from is refused where one deletes")
    func ring() {
        #expect(
            objection(
                mirror("x", ("a", "s", ""), ("b", "s", ""), removes: false),
                mirror("y", ("b", "s", ""), ("a", "s", ""), removes: true))?.contains("goes back") == true)
    }
}
