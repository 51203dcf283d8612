import ObjectModel
import S3
import Testing

@Suite("Small documents")
struct XMLTreeTests {
    @Test("a tree is read by names, with or without a namespace")
    func tree() throws {
        let document = """
              \n <?xml version="1.0" encoding="UTF-8"?>
            <s:ListPartsResult xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/">
              <s:UploadId> up&amp;load&#x2F;<![CDATA[<1>]]> </s:UploadId>
              <Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag></Part>
              <Part><PartNumber>2</PartNumber><ETag/></Part>
            </s:ListPartsResult>
            """
        let root = try XMLTree.parse(Array(document.utf8))
        #expect(root.name == "ListPartsResult")
        #expect(root["UploadId"]?.text == " up&load/<1> ")
        #expect(root.value("UploadId") == "up&load/<1>")
        #expect(root.all("Part").map { $0.value("PartNumber") } == ["1", "2"])
        #expect(root.all("Part").map { $0.value("ETag") } == ["\"a\"", ""])
        #expect(root.value("Missing") == nil)
        #expect(root["Part"]?.children.count == 2)
    }

    @Test("white space sent to keep a connection alive is passed over")
    func whiteSpace() throws {
        let document =
            String(repeating: " \n", count: 5_000) + Listings.declaration + "<Error><Code>InternalError</Code></Error>"
        let root = try XMLTree.parse(Array(document.utf8))
        #expect(root.name == "Error")
        #expect(root.value("Code") == "InternalError")
    }

    @Test("a document of nothing but white space is truncated")
    func nothing() {
        #expect(throws: XMLError.truncated(offset: 3)) { try XMLTree.parse(Array(" \n ".utf8)) }
        #expect(throws: XMLError.truncated(offset: 0)) { try XMLTree.parse([]) }
    }
}
