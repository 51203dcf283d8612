public import ObjectModel

/// Pages of a listing in the order they came. Used by one task at a time.
public protocol PageReader: AnyObject {
    /// The next page; nil after the last one. A listing that ends in any other way throws.
    func next() async throws -> ListingPage?
    /// Lets the listing end with this key (relative, in the order of bytes), which no page given so far has passed.
    func bound(through last: ObjectKey)
}
