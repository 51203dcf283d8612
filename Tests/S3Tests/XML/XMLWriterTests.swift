import ObjectModel
import S3
import Testing

@Suite("XML bodies")
struct XMLWriterTests {
    @Test("what is written reads back, whatever the key")
    func roundTrip() throws {
        let keys: [ObjectKey] = [
            "plain", "a&b<c>\"d\"'e'", "tab\tline\nreturn\r\n", " lead and trail ", "]]>", "caf\u{E9}", "cafe\u{301}",
            "🚀",
            "&amp;", "\u{85}\u{2028}\u{7F}",
        ]
        let body = try XMLBody.delete(keys, isQuiet: true)
        let root = try XMLTree.parse(body)
        #expect(root.name == "Delete")
        #expect(root.all("Object").map { Array(($0["Key"]?.text ?? "").utf8) } == keys.map(\.bytes))
        #expect(root.value("Quiet") == "true")
    }

    @Test(
        "text that XML can't carry is reported with its place",
        arguments: [
            (Array("a\u{1}b".utf8), 1), ([0], 0), (Array("\u{B}".utf8), 0), (Array("é\u{1F}".utf8), 2),
            (Array("\u{FFFE}".utf8), 0), (Array("x\u{FFFF}".utf8), 1), ([0x61, 0xFF], 1), ([0x61, 0xC3], 1),
            ([0xED, 0xA0, 0x80], 0),
        ] as [([UInt8], Int)])
    func notRepresentable(_ text: [UInt8], _ offset: Int) {
        #expect(!XMLWriter.isRepresentable(text))
        let expected = NotRepresentableInXML(text: text, offset: offset)
        #expect(throws: expected) { try XMLBody.delete(["fine", ObjectKey(bytes: text)], isQuiet: false) }
    }

    @Test("each body has the form that S3 documents")
    func forms() throws {
        func text(_ body: [UInt8]) -> String { String(decoding: body, as: UTF8.self) }
        let namespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""
        #expect(
            text(try XMLBody.completeMultipartUpload([(1, ETag("a")), (2, ETag("b"))]))
                == "<CompleteMultipartUpload \(namespace)><Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag></Part>"
                + "<Part><PartNumber>2</PartNumber><ETag>&quot;b&quot;</ETag></Part></CompleteMultipartUpload>")
        #expect(
            text(try XMLBody.delete(["k"], isQuiet: false))
                == "<Delete \(namespace)><Object><Key>k</Key></Object></Delete>")
        #expect(
            text(try XMLBody.tagging([.init("n", "v&")]))
                == "<Tagging \(namespace)><TagSet><Tag><Key>n</Key><Value>v&amp;</Value></Tag></TagSet></Tagging>")
        #expect(
            text(try XMLBody.createBucketConfiguration(region: "eu-central-1"))
                == "<CreateBucketConfiguration \(namespace)><LocationConstraint>eu-central-1</LocationConstraint>"
                + "</CreateBucketConfiguration>")
    }
}
