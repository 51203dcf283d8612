import ObjectModel
import Runtime
import S3
import Testing

@Suite("Random documents")
struct RandomDocumentTests {
    /// Pieces of which documents are made, well-formed or not.
    private static let pieces =
        [
            "<ListBucketResult>", "</ListBucketResult>", "<Contents>", "</Contents>", "<Key>", "</Key>", "<Size>",
            "</Size>", "<ETag>", "</ETag>", "<IsTruncated>true</IsTruncated>", "<EncodingType>url</EncodingType>",
            "<CommonPrefixes>", "<Prefix>", "</Prefix>", "</CommonPrefixes>", "<!DOCTYPE a [", "<!ENTITY a 'b'>", "]>",
            "<![CDATA[", "]]>", "<!--", "-->", "<?", "?>", "&#34;", "&amp;", "&a;", "&#", ";", "%2", "%zz", "+", "\r\n",
            "\u{0}", "\u{FEFF}", "🚀", "<a b='", "'", "<", ">", "/", "1", " ", Listings.declaration,
            Listings.Object("k").xml, Listings.rich,
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xFF, 0xFE, 0x3C, 0x00]]

    private func document(_ random: inout SeededGenerator) -> [UInt8] {
        if Bool.random(using: &random) {
            return (0..<Int.random(in: 0...30, using: &random)).flatMap { _ -> [UInt8] in
                Self.pieces.randomElement(using: &random) ?? []
            }
        }
        var bytes = Array(Listings.rich.utf8)
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let start = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, start + Int.random(in: 0...40, using: &random))
            bytes.replaceSubrange(start..<end, with: Self.pieces.randomElement(using: &random) ?? [])
        }
        return bytes
    }

    /// Everything that a page says, or nil for one that is refused.
    private func read(_ parser: ListingParser) -> [String]? {
        guard let page = try? parser.finish() else { return nil }
        return (0..<page.count).map { index in
            "\(page.key(at: index).bytes) \(page.etag(at: index)) \(page.size(at: index)) "
                + "\(page.storageClass(at: index) ?? "") \(page.lastModified(at: index))"
        } + ["\(page.commonPrefixes) \(page.nextToken ?? "") \(page.nextMarker?.description ?? "") \(page.isTruncated)"]
    }

    @Test("nothing traps, and how a document is cut into chunks changes nothing", arguments: 0..<8 as Range<UInt64>)
    func chunks(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let used = ListingParser()
        var taken = 0
        for round in 0..<500 {
            let bytes = document(&random)
            used.begin(limit: 1 << 20)
            var rest = bytes[...]
            while !rest.isEmpty {
                let size = min(rest.count, Int.random(in: 1...40, using: &random))
                used.feed(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            let whole = ListingParser()
            whole.begin(limit: 1 << 20)
            whole.feed(bytes)
            let answer = read(whole)
            #expect(read(used) == answer, "seed \(seed), round \(round)")
            if answer != nil { taken += 1 }
            _ = try? XMLTree.parse(bytes)
        }
        #expect(taken > 10 && taken < 490, "seed \(seed): \(taken) documents were whole")
    }
}
