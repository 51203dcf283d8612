import ObjectModel
import Testing

@Suite("Headers that travel with an object")
struct ObjectHeadersTests {
    @Test("The case and the order of metadata names make no difference, those of values do")
    func metadata() {
        var left = ObjectHeaders()
        left.addUserMetadata("Author", "A")
        left.addUserMetadata("build", "7")
        var right = ObjectHeaders()
        right.addUserMetadata("BUILD", "7")
        right.addUserMetadata("author", "A")
        #expect(left == right)
        right.addUserMetadata("x", "")
        #expect(left != right)
        var other = ObjectHeaders()
        other.addUserMetadata("author", "a")
        other.addUserMetadata("build", "7")
        #expect(left != other)
    }

    @Test("The order of tags makes no difference, the case of their names does")
    func tags() {
        var left = ObjectHeaders()
        left.setTags([.init("b", "2"), .init("a", "1")])
        var right = ObjectHeaders()
        right.setTags([.init("a", "1"), .init("b", "2")])
        #expect(left == right)
        right.setTags([.init("A", "1"), .init("b", "2")])
        #expect(left != right)
    }
}
