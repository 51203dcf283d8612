import ObjectModel
import S3
import Testing

@Suite("Hostile and broken documents")
struct HostileDocumentTests {
    /// What an error is, without where and why.
    private enum Kind: String {
        case none, malformed, truncated, hostile, overLimit, unexpectedRoot, invalid, errorDocument, untyped
    }

    private func kind(_ body: () throws -> Void) -> Kind {
        do {
            try body()
            return .none
        } catch let error as XMLError {
            switch error {
            case .malformed: return .malformed
            case .truncated: return .truncated
            case .hostile: return .hostile
            case .overLimit: return .overLimit
            case .unexpectedRoot: return .unexpectedRoot
            case .invalid: return .invalid
            case .errorDocument: return .errorDocument
            }
        } catch {
            return .untyped
        }
    }

    private func listing(_ document: String, chunk: Int = .max) -> Kind {
        let parser = ListingParser()
        return kind {
            let bytes = Array(document.utf8)
            parser.begin(limit: 1 << 20)
            for start in stride(from: 0, to: bytes.count, by: min(chunk, max(bytes.count, 1))) {
                parser.feed(Array(bytes[start..<(start + min(chunk, bytes.count - start))]))
            }
            _ = try parser.finish()
        }
    }

    private func tree(_ document: String) -> Kind {
        kind { _ = try XMLTree.parse(Array(document.utf8)) }
    }

    static let declarations = [
        "<!DOCTYPE r [<!ENTITY a \"x\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;\">]>",
        "<!DOCTYPE r [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>",
        "<!DOCTYPE r SYSTEM \"http://192.0.2.1/evil.dtd\">",
        "<!DOCTYPE r PUBLIC \"-//x\" \"http://192.0.2.1/evil.dtd\" [<!ENTITY % p SYSTEM \"http://192.0.2.1/p\"> %p;]>",
        "<!DOCTYPE r>",
    ]

    @Test("a document type declaration is refused, whatever it holds", arguments: declarations)
    func documentTypes(_ declaration: String) {
        let body = "<IsTruncated>false</IsTruncated><Name>&a;&b;&c;</Name>"
        let document = "<?xml version=\"1.0\"?>\(declaration)<ListBucketResult>\(body)</ListBucketResult>"
        #expect(listing(document) == .hostile)
        #expect(listing(document, chunk: 1) == .hostile)
        #expect(tree(document) == .hostile)
    }

    @Test(
        "only predefined and numeric entities are known",
        arguments: ["&a;", "&nbsp;", "&#0;", "&#x1;", "&#xFFFF;", "&;"])
    func entities(_ entity: String) {
        #expect(listing(Listings.page(Listings.Object("k\(entity)").xml)) == .malformed)
        #expect(tree("<Error><Code>\(entity)</Code></Error>") == .malformed)
    }

    @Test("nesting is bounded at 16")
    func depth() {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        #expect(tree(nested(16)) == .none)
        #expect(tree(nested(17)) == .overLimit)
        #expect(tree(String(repeating: "<a>", count: 100_000)) == .overLimit)
        let fields = "<IsTruncated>false</IsTruncated>"
        #expect(listing("<ListBucketResult>\(fields)\(nested(15))</ListBucketResult>") == .none)
        #expect(listing("<ListBucketResult>\(fields)\(nested(16))</ListBucketResult>") == .overLimit)
    }

    @Test("an element's text is bounded at 64 KiB, whether it is read or not")
    func text() {
        let most = String(repeating: "x", count: 64 << 10)
        #expect(listing(Listings.page(Listings.Object(most).xml)) == .none)
        #expect(listing(Listings.page(Listings.Object(most + "x").xml)) == .overLimit)
        #expect(listing(Listings.page("<Unknown>\(most)x</Unknown>")) == .overLimit)
        #expect(listing(Listings.page(Listings.Object(most + "x").xml), chunk: 1000) == .overLimit)
        #expect(tree("<a>\(most)</a>") == .none)
        #expect(tree("<a>\(most)x</a>") == .overLimit)
    }

    @Test("a document is bounded by the size that its reader gives")
    func size() {
        let document = Array(Listings.rich.utf8)
        let parser = ListingParser()
        #expect(kind { _ = try parser.parse(document, limit: document.count) } == .none)
        #expect(kind { _ = try parser.parse(document, limit: document.count - 1) } == .overLimit)
        #expect(kind { _ = try parser.parse(document, limit: 0) } == .overLimit)
        #expect(kind { _ = try parser.parse([], limit: -1) } != .none)
        #expect(kind { _ = try XMLTree.parse(document, limit: document.count - 1) } == .overLimit)
    }

    @Test("a page has at most 10,000 entries, common prefixes included, and 250 storage classes")
    func entries() {
        func prefixes(_ count: Int) -> String {
            String(repeating: "<CommonPrefixes><Prefix>p</Prefix></CommonPrefixes>", count: count)
        }
        let objects = String(repeating: Listings.Object("k").xml, count: 2)
        #expect(listing(Listings.page(objects + prefixes(9_998))) == .none)
        #expect(listing(Listings.page(objects + prefixes(9_999))) == .overLimit)
        func classes(_ count: Int) -> String {
            (0..<count).map { number in
                var object = Listings.Object("k")
                object.storageClass = "C\(number)"
                return object.xml
            }.joined()
        }
        #expect(listing(Listings.page(classes(250))) == .none)
        #expect(listing(Listings.page(classes(251))) == .overLimit)
        #expect(tree("<a>" + String(repeating: "<b/>", count: 99_999) + "</a>") == .none)
        #expect(tree("<a>" + String(repeating: "<b/>", count: 100_000) + "</a>") == .overLimit)
    }

    @Test("a listing cut after any byte is an error, never a shorter listing")
    func truncation() {
        let document = Array(Listings.rich.utf8)
        let parser = ListingParser()
        for length in 0..<document.count {
            let result = kind { _ = try parser.parse(Array(document.prefix(length))) }
            #expect(result == .truncated, "cut after \(length) bytes")
        }
        for length in 0..<document.count {
            let result = kind { _ = try XMLTree.parse(Array(document.prefix(length))) }
            #expect(result == .truncated, "cut after \(length) bytes")
        }
        // The parser is none the worse for it.
        #expect(kind { _ = try parser.parse(document) } == .none)
    }

    @Test("a listing with any one byte changed never traps")
    func mutation() {
        let document = Array(Listings.rich.utf8)
        let parser = ListingParser()
        for position in document.indices {
            for byte: UInt8 in [0x00, 0x3C, 0x3E, 0x26, 0x22, 0xFF, 0x20, 0x2F] {
                var changed = document
                changed[position] = byte
                #expect(kind { _ = try parser.parse(changed) } != .untyped)
                #expect(kind { _ = try XMLTree.parse(changed) } != .untyped)
            }
        }
    }

    @Test(
        "what is not XML, or not UTF-8, is malformed",
        arguments: [
            "{\"a\":1}", "x<a/>", "<a></b>", "<a></a><b></b>", "<a></a>x", "<a b></a>", "<a b='1' b='2'/>", "<1/>",
            "<a>]]></a>",
            "<?xml version=\"1.0\"?><?xml version=\"1.0\"?><a/>", "<\0a\0", "<a>\u{1}</a>", "\u{FEFF}\u{FEFF}<a/>",
        ])
    func malformed(_ document: String) {
        #expect(tree(document) == .malformed)
        #expect(listing(document) == .malformed || listing(document) == .unexpectedRoot)
    }

    @Test("bytes that are not UTF-8 are malformed, whatever the declaration says")
    func encoding() {
        let latin: [UInt8] =
            Array("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>".utf8) + [0xE9] + Array("</a>".utf8)
        #expect(kind { _ = try XMLTree.parse(latin) } == .malformed)
        let wide: [UInt8] = [0x3C, 0, 0x61, 0, 0x2F, 0, 0x3E, 0]
        #expect(kind { _ = try XMLTree.parse([0xFF, 0xFE] + wide) } == .malformed)
        #expect(kind { _ = try XMLTree.parse(wide) } == .malformed)
        #expect(kind { _ = try XMLTree.parse([0xEF, 0xBB, 0x3C, 0x61]) } == .malformed)
        #expect(kind { _ = try XMLTree.parse([0x4C, 0x6F, 0xA7, 0x94]) } == .malformed)
    }

    static let broken: [(String, String)] = [
        ("no key", "<Contents><Size>1</Size><LastModified>2026-11-21T01:02:03Z</LastModified></Contents>"),
        ("an empty key", Listings.Object("").xml),
        ("no size", "<Contents><Key>k</Key><LastModified>2026-11-21T01:02:03Z</LastModified></Contents>"),
        ("no date", "<Contents><Key>k</Key><Size>1</Size></Contents>"),
        ("two keys", "<Contents><Key>k</Key><Key>l</Key><Size>1</Size></Contents>"),
        ("markup in a key", Listings.Object("a<b/>c").xml),
        ("a key that is not encoded", Listings.Object("50%").xml + "<EncodingType>url</EncodingType>"),
        (
            "a prefix that is not encoded",
            "<CommonPrefixes><Prefix>%zz</Prefix></CommonPrefixes><EncodingType>url</EncodingType>"
        ),
        ("an unknown encoding", "<EncodingType>base64</EncodingType>"),
        ("two answers to one question", "<IsTruncated>true</IsTruncated>"),
    ]

    @Test("a listing that breaks the API's rules is invalid", arguments: broken)
    func invalid(_ name: String, _ contents: String) {
        #expect(listing(Listings.page(contents)) == .invalid)
        #expect(listing(Listings.page(contents), chunk: 1) == .invalid)
    }

    @Test("a size is a number of bytes", arguments: ["", "-1", "+1", "1.0", "x", "9223372036854775808", "1e3"])
    func sizes(_ size: String) {
        var object = Listings.Object("k")
        object.size = size
        #expect(listing(Listings.page(object.xml)) == .invalid)
    }

    @Test(
        "a date is one in UTC",
        arguments: [
            "", "2026-11-21", "2026-11-21T01:02:03", "2026-11-21T01:02:03.Z", "2026-13-21T01:02:03Z",
            "2026-11-21T01:02:0xZ",
            "2026-11-21T01:02:03.00xZ", "2026-11-21T01:02:03+01:00",
        ])
    func dates(_ date: String) {
        var object = Listings.Object("k")
        object.modified = date
        #expect(listing(Listings.page(object.xml)) == .invalid)
        #expect(Timestamp(iso8601: date.utf8) == nil || date.contains("x"))
    }

    @Test(
        "a day that its month has not is none, also behind one that it has",
        arguments: ["2026-11-31", "2026-11-00", "2026-02-29", "2100-02-29", "2026-1a-01", "2026-00-10"])
    func days(_ day: String) {
        var (before, after) = (Listings.Object("k"), Listings.Object("l"))
        before.modified = "\(day.prefix(8))28T01:02:03Z"
        after.modified = "\(day)T01:02:03Z"
        #expect(listing(Listings.page(before.xml + after.xml)) == .invalid)
    }

    @Test("a listing without IsTruncated is invalid, and one that is no listing is told so")
    func shape() {
        #expect(listing(Listings.page("", fields: "")) == .invalid)
        #expect(listing(Listings.page("", fields: "<IsTruncated>yes</IsTruncated>")) == .invalid)
        #expect(listing("<ListAllMyBucketsResult></ListAllMyBucketsResult>") == .unexpectedRoot)
    }

    @Test("the error says where")
    func offsets() {
        let document = "\n\n<ListBucketResult><IsTruncated>maybe</IsTruncated></ListBucketResult>"
        do {
            _ = try ListingParser().parse(Array(document.utf8))
            Issue.record("the document was taken")
        } catch {
            guard case .invalid(_, let offset) = error else {
                Issue.record("\(error)")
                return
            }
            #expect((37...57).contains(offset))
        }
    }
}
