import ObjectModel
import S3

/// Any bytes as a listing and as a tree: nothing may trap, and how a document is cut may change nothing. The first byte
/// says how large the pieces are.
func fuzzXML(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let document = Array(input.dropFirst())
    let whole = ListingParser()
    let page = try? whole.parse(document, limit: 1 << 20)

    let cut = ListingParser()
    cut.begin(limit: 1 << 20)
    var rest = document[...]
    while !rest.isEmpty {
        let size = min(rest.count, Int(first) + 1)
        guard cut.feed(Array(rest.prefix(size))) else { break }
        rest = rest.dropFirst(size)
    }
    let again = try? cut.finish()
    precondition(described(page) == described(again), "A page depends on how it is cut.")

    if let root = try? XMLTree.parse(document, limit: 1 << 20) { _ = root.children.count }
}

private func described(_ page: ListingDocument?) -> [String]? {
    guard let page else { return nil }
    return (0..<page.count).map { index in
        "\(page.page.key(at: index).bytes) \(page.page.etag(at: index)) \(page.page.size(at: index)) "
            + "\(page.page.storageClass(at: index) ?? "") \(page.page.lastModified(at: index))"
    } + ["\(page.commonPrefixes) \(page.nextToken ?? "") \(page.nextMarker?.description ?? "") \(page.isTruncated)"]
}
