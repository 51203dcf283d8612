import ObjectModel
import Runtime
import S3
import Testing

@Suite("Listing parser")
struct ListingParserTests {
    @Test("Dates of many months, whatever came before them, are what they say")
    func dates() throws {
        let moments = stride(from: 0, to: 4_200_000_000, by: 3 * 86_400 + 3_661).map { Timestamp(seconds: $0) }
        var shuffled = moments
        var random = SeededGenerator(seed: 1)
        shuffled.shuffle(using: &random)
        var contents = ""
        for (index, moment) in shuffled.prefix(9_000).enumerated() {
            var object = Listings.Object("\(index)")
            object.modified = moment.iso8601
            contents += object.xml
        }
        let page = try ListingParser().parse(Array(Listings.page(contents).utf8))
        #expect((0..<page.count).allSatisfy { page.lastModified(at: $0) == shuffled[$0] })
    }

    private func parse(_ document: String) throws -> ListingDocument {
        try ListingParser().parse(Array(document.utf8))
    }

    /// A page as text, to compare two.
    private func described(_ page: ListingDocument) -> [String] {
        (0..<page.count).map { index in
            "\(page.key(at: index)) \(page.etag(at: index)) \(page.size(at: index)) \(page.lastModified(at: index)) "
                + "\(page.storageClass(at: index) ?? "none")"
        } + [
            "\(page.commonPrefixes) \(page.isTruncated) \(page.nextToken ?? "none") "
                + "\(page.nextMarker?.description ?? "none") \(page.isURLEncoded) \(page.bucketName ?? "none")"
        ]
    }

    private let richDescription = [
        "a 9e107d9d372bb6826bd81d3542a419d6 5 2026-11-21T01:02:03.004Z STANDARD",
        "b/c d% 9e107d9d372bb6826bd81d3542a419d6 5 2026-11-21T01:02:03.004Z STANDARD",
        "&<€< 9e107d9d372bb6826bd81d3542a419d6-12 5368709120 2020-02-29T23:59:59.000Z none",
        "[p/1/, p 2/] true tok&en== none true apks",
    ]

    @Test("a page gives all that it holds")
    func rich() throws {
        #expect(described(try parse(Listings.rich)) == richDescription)
    }

    @Test("chunks of any size give what the whole gives", arguments: [1, 2, 3, 7, 64, 301, 5000])
    func chunks(_ size: Int) throws {
        let document = Array(Listings.rich.utf8)
        let parser = ListingParser()
        // Twice, because the second page meets a used parser.
        for _ in 0..<2 {
            parser.begin(limit: document.count)
            for start in stride(from: 0, to: document.count, by: size) {
                #expect(parser.feed(Array(document[start..<min(start + size, document.count)])))
                #expect(parser.feed([]))
            }
            #expect(described(try parser.finish()) == richDescription)
        }
    }

    @Test("a version 1 page gives its marker, decoded where the server says so")
    func versionOne() throws {
        let fields = "<NextMarker>a%2F+b</NextMarker><IsTruncated>true</IsTruncated>"
        let plain = try parse(Listings.page(Listings.Object("x%2F+y").xml, fields: fields))
        #expect(plain.nextMarker == "a%2F+b")
        #expect(plain.key(at: 0) == "x%2F+y")
        #expect(plain.isTruncated && plain.nextToken == nil && !plain.isURLEncoded)
        for encoded in [
            Listings.page(Listings.Object("x%2F+y").xml, fields: fields, tail: "<EncodingType>url</EncodingType>"),
            Listings.page(Listings.Object("x%2F+y").xml, fields: "<EncodingType>url</EncodingType>" + fields),
        ] {
            let page = try parse(encoded)
            #expect(page.nextMarker == "a/ b")
            #expect(page.key(at: 0) == "x/ y")
            #expect(page.isURLEncoded)
        }
    }

    @Test("a token is taken as it is, and a marker that was not encoded too")
    func bareMarkers() throws {
        let page = try parse(
            Listings.page(
                "",
                fields: "<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextMarker> 50% x</NextMarker>"
                    + "<NextContinuationToken> %41+ </NextContinuationToken>"))
        #expect(page.nextMarker == " 50% x")
        #expect(page.nextToken == " %41+ ")
    }

    @Test("NFC and NFD twins, spaces and control characters stay the bytes that they are")
    func bytes() throws {
        let keys = ["caf\u{E9}", "cafe\u{301}", " lead and trail ", "tab\tline\n", "a//b/./..", "%0A%FF%00"]
        let raw = try parse(Listings.page(keys.map { Listings.Object($0).xml }.joined()))
        #expect((0..<keys.count).map { raw.key(at: $0).bytes } == keys.map { Array($0.utf8) })
        let decoded = try parse(
            Listings.page(Listings.Object("%0A%FF%00").xml, tail: "<EncodingType>url</EncodingType>"))
        #expect(decoded.key(at: 0).bytes == [0x0A, 0xFF, 0x00])
    }

    @Test(
        "ETags mean what ObjectModel's ETag says they mean",
        arguments: [
            "&quot;9e107d9d372bb6826bd81d3542a419d6&quot;", "&#34;9E107D9D372BB6826BD81D3542A419D6&#34;",
            "\"9e107d9d372bb6826bd81d3542a419d6\"", "9e107d9d372bb6826bd81d3542a419d6",
            "\"9e107d9d372bb6826bd81d3542a419d6-1\"", "\"9e107d9d372bb6826bd81d3542a419d6-10000\"",
            "\"9e107d9d372bb6826bd81d3542a419d6-10001\"", "\"9e107d9d372bb6826bd81d3542a419d6-0\"",
            "\"9e107d9d372bb6826bd81d3542a419d6-\"", "\"9e107d9d372bb6826bd81d3542a419d6-x\"",
            "\"9e107d9d372bb6826bd81d3542a419dg\"", "\"9e107d9d372bb6826bd81d3542a419d6x\"", "", "\"\"",
            "W/\"9e107d9d372bb6826bd81d3542a419d6\"", "\"é\"",
        ])
    func etags(_ text: String) throws {
        var object = Listings.Object("k")
        object.etag = text
        let page = try parse(Listings.page(object.xml))
        let plain = text.replacing("&quot;", with: "\"").replacing("&#34;", with: "\"")
        #expect(page.etag(at: 0) == ETag(plain))
    }

    @Test("pages are compared in place: keys under their prefixes, ETags by their bytes")
    func comparing() throws {
        func page(_ keys: [String], _ etags: [String] = []) throws -> ListingDocument {
            var objects = keys.map { Listings.Object($0) }
            for (index, etag) in etags.enumerated() { objects[index].etag = etag }
            return try parse(Listings.page(objects.map(\.xml).joined()))
        }
        let keys = ["a", "a!", "a-b", "a/b", "ab", "é", "x/a/b"]
        let left = try page(keys)
        let right = try page(keys.map { "pre/\($0)" })
        for order in KeyOrder.allCases {
            for (i, a) in keys.enumerated() {
                for (j, b) in keys.enumerated() {
                    let difference = left.page.compareKey(
                        at: i, with: right.page, at: j, order: order, droppingRight: 4)
                    let expected = unsafe order.compare(Array(a.utf8).span.bytes, Array(b.utf8).span.bytes)
                    #expect(difference.signum() == expected.signum(), "\(a) and \(b) in \(order)")
                }
            }
        }
        #expect(
            left.page.compareKey(at: 0, with: right.page, at: 0, order: .bytes, droppingLeft: 9, droppingRight: 99) == 0
        )
        #expect(left.page.compareKey(at: 6, with: left.page, at: 3, order: .path, droppingLeft: 2) == 0)

        let texts = ["9e107d9d372bb6826bd81d3542a419d6", "9e107d9d372bb6826bd81d3542a419d6-2", "odd", "odder", ""]
        let etags = try page(texts.map { "k\($0)" }, texts)
        let others = try page(texts.reversed().map { "k\($0)" }, texts.reversed())
        for i in texts.indices {
            for j in texts.indices {
                let (a, b) = (etags.etag(at: i), others.etag(at: j))
                #expect(etags.page.isSameETag(at: i, others.page, at: j) == (a == b), "\(a) and \(b)")
                #expect(
                    etags.page.isComparableETag(at: i, others.page, at: j) == a.isComparable(with: b), "\(a) and \(b)")
            }
        }
    }

    @Test("storage classes are told apart")
    func storageClasses() throws {
        let classes = ["STANDARD", "", "GLACIER", "STANDARD", " DEEP_ARCHIVE\n"]
        let objects = classes.map { storageClass in
            var object = Listings.Object("k")
            object.storageClass = storageClass
            return object.xml
        }
        let page = try parse(Listings.page(objects.joined()))
        #expect(
            (0..<5).map { page.storageClass(at: $0) } == ["STANDARD", nil, "GLACIER", "STANDARD", "DEEP_ARCHIVE"])
    }

    @Test(
        "roots in any namespace are taken, white space and a byte order mark before them are passed over",
        arguments: [
            "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>",
            "<s:ListBucketResult xmlns:s=\"urn:x\"><s:IsTruncated>false</s:IsTruncated></s:ListBucketResult>",
            "  \n\t\r\n<?xml version=\"1.0\"?><ListBucketResult><IsTruncated> False </IsTruncated></ListBucketResult> \n",
            "\u{FEFF}<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>",
        ])
    func roots(_ document: String) throws {
        let parser = ListingParser()
        for size in [1, 1000] {
            parser.begin(limit: 1000)
            let bytes = Array(document.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                parser.feed(Array(bytes[start..<min(start + size, bytes.count)]))
            }
            let page = try parser.finish()
            #expect(page.count == 0 && !page.isTruncated)
        }
    }

    @Test("an error in the place of a listing is told with its fields")
    func errorDocument() throws {
        let document =
            "<Error><Code>SlowDown</Code><Message>Reduce &amp; wait</Message><Resource>/x</Resource>"
            + "<RequestId>R1</RequestId><Region>eu-test-1</Region></Error>"
        let expected = XMLError.ErrorDocument(
            code: "SlowDown", message: "Reduce & wait", requestID: "R1", region: "eu-test-1")
        #expect(throws: XMLError.errorDocument(expected)) { try parse(document) }
    }
}
