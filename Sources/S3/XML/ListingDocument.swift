public import ObjectModel

/// One page of a bucket's listing, version 1 or 2, as the server sent it.
///
/// Whether the listing goes on, and how, is for the reader to decide from `isTruncated`, `nextToken` and `nextMarker`; this
/// says only what was in the document.
public struct ListingDocument: Sendable {
    public let page: ListingPage
    /// The prefixes that a delimiter folded together, decoded, in the server's order.
    public let commonPrefixes: [ObjectKey]
    public let isTruncated: Bool
    /// `NextContinuationToken`, opaque; nil where absent or empty.
    public let nextToken: String?
    /// `NextMarker` of a version 1 listing, decoded; nil where absent or empty. Servers send it with a delimiter only,
    /// and SeaweedFS and rclone send it without the encoding that they announce, so that a `+` in it is doubtful: the
    /// page's last key or prefix is the better marker.
    public let nextMarker: ObjectKey?
    /// Whether the server encoded the keys, as it was asked to. They are decoded here in either case.
    public let isURLEncoded: Bool
    /// `Name`, where given.
    public let bucketName: String?

    /// How many objects there are, common prefixes not counted.
    public var count: Int { page.count }

    /// The document with the page's first `count` objects, which must be there.
    func prefix(_ count: Int) -> ListingDocument {
        ListingDocument(
            page: page.prefix(count), commonPrefixes: commonPrefixes, isTruncated: isTruncated, nextToken: nextToken,
            nextMarker: nextMarker, isURLEncoded: isURLEncoded, bucketName: bucketName)
    }
}
