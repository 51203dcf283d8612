import ObjectModel
import Runtime
import Testing

@testable import S3

@Suite("ETags of listings")
struct ListingETagTests {
    private static let digits = "9e107d9d372bb6826bd81d3542a419d6"

    private static let texts = [
        "", "x", digits, digits.uppercased(), "\(digits)-1", "\(digits)-2", "\(digits)-10000", "\(digits)-0",
        "\(digits)-05", "\(digits)-+5", "\(digits)-10001", "\(digits)-99999", "\(digits)-", "\(digits)-x",
        "\(digits)-100000", "\(digits)0", String(digits.dropLast()), "g" + digits.dropFirst(), "W/x", "é",
        "\(digits.uppercased())-2", "9E107d9d372bb6826bd81d3542a419D6",
    ]

    private func page(_ texts: [String], quote: String) throws -> ListingPage {
        let contents = texts.enumerated().map { index, text in
            var object = Listings.Object("k\(index)")
            object.etag = quote + text + quote
            return object.xml
        }
        return try ListingParser().parse(Array(Listings.page(contents.joined()).utf8)).page
    }

    @Test("A listing and a header that say the same ETag mean the same", arguments: ["", "&quot;", "&#34;"])
    func sameAsHeaders(_ quote: String) throws {
        let page = try page(Self.texts, quote: quote)
        for (index, text) in Self.texts.enumerated() {
            #expect(page.etag(at: index) == ETag("\"\(text)\""))
            #expect(page.etag(at: index).text == text)
        }
    }

    @Test("A weak ETag keeps its quotes", arguments: ["\"", "&quot;"])
    func weak(_ quote: String) throws {
        let page = try page(["W/\(quote)\(Self.digits)\(quote)", "\n W/\(quote)\(quote) "], quote: "")
        #expect(page.etag(at: 0) == ETag("W/\"\(Self.digits)\""))
        #expect(page.etag(at: 1) == ETag("W/\"\""))
    }

    @Test("Entries are compared in place as their ETags would be")
    func comparison() throws {
        let parsed = try page(Self.texts, quote: "&quot;")
        let built = ListingPage(
            Self.texts.enumerated().map { index, text in
                ListedObject(
                    key: ObjectKey("k\(index)"),
                    state: ObjectState(size: 5, etag: ETag(text), lastModified: Timestamp(seconds: 1)))
            })
        for index in Self.texts.indices { #expect(built.etag(at: index).text == Self.texts[index]) }
        for left in Self.texts.indices {
            for right in Self.texts.indices {
                let (one, other) = (parsed.etag(at: left), built.etag(at: right))
                #expect(parsed.isSameETag(at: left, built, at: right) == (one == other), "\(one) and \(other)")
                #expect(built.isSameETag(at: right, parsed, at: left) == (one == other), "\(other) and \(one)")
                #expect(
                    parsed.isComparableETag(at: left, built, at: right) == one.isComparable(with: other),
                    "\(one) and \(other)")
            }
        }
    }
}

@Suite("Keys of listings")
struct ListingKeyTests {
    @Test("Keys are compared in place as they would be without their prefixes", arguments: 1...5 as ClosedRange<UInt64>)
    func comparison(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet: [UInt8] = [0x01, 0x21, 0x2F, 0x30, 0x61, 0x65, 0xCC, 0xFF]
        func keys(_ prefix: ObjectKey) -> [ObjectKey] {
            (0..<25).map { _ in
                ObjectKey(
                    bytes: (0..<Int.random(in: 0...4, using: &random)).map { _ in
                        alphabet.randomElement(using: &random) ?? 0
                    }
                ).prefixed(by: prefix)
            }
        }
        let left = keys("p/")
        let right = keys("other/q/")
        func page(_ keys: [ObjectKey]) -> ListingPage {
            ListingPage(
                keys.map {
                    ListedObject(
                        key: $0, state: ObjectState(size: 0, etag: .absent, lastModified: Timestamp(seconds: 1)))
                })
        }
        let (leftPage, rightPage) = (page(left), page(right))
        for order in KeyOrder.allCases {
            for i in left.indices {
                for j in right.indices {
                    let (one, other) = (left[i].droppingFirst(2), right[j].droppingFirst(8))
                    let difference = leftPage.compareKey(
                        at: i, with: rightPage, at: j, order: order, droppingLeft: 2, droppingRight: 8)
                    #expect(
                        (difference < 0) == order.precedes(one, other), "seed \(seed): \(one.bytes), \(other.bytes)")
                    #expect((difference == 0) == (one == other), "seed \(seed): \(one.bytes), \(other.bytes)")
                }
            }
        }
    }
}
