import ObjectModel

/// A listing in the making: plain memory that the callbacks of `ListingParser` fill.
///
/// The document has three levels that matter: the root, `<Contents>` and `<CommonPrefixes>` in it, and their fields. A
/// field holds text and nothing else, and occurs once in its parent.
@safe struct ListingState: ~Copyable {
    enum Container: BitwiseCopyable {
        case none
        case contents
        case commonPrefixes
    }

    var names = ListingNameCache()
    var root = ListingName.other
    var container = Container.none
    /// The element whose text is being collected; `other` for none.
    var field = ListingName.other
    var entry = ListingEntry()
    /// Bits of the fields seen in the root and in the entry that is open.
    var seen = ListingFields()
    var entryCount = 0
    let months = ListingValues.Months()

    /// Of the field that is open, unless it is a key or a prefix.
    var collected = RawArray<UInt8>(capacity: 4096)
    /// Keys and common prefixes as they came, encoded or not.
    var keys = RawArray<UInt8>(capacity: 64 << 10)
    var entries = RawArray<ListingEntry>(capacity: 1024)
    var prefixes = RawArray<ByteRange>(capacity: 64)
    var opaqueETags = RawArray<UInt8>(capacity: 1024)
    /// The texts of fields that occur once, and storage classes.
    var extras = RawArray<UInt8>(capacity: 1024)
    var storageClasses = RawArray<ByteRange>(capacity: 16)
    var nextToken: ByteRange?
    var nextMarker: ByteRange?
    var bucketName: ByteRange?
    var code: ByteRange?
    var message: ByteRange?
    var requestID: ByteRange?
    var region: ByteRange?
    var isTruncated: Bool?
    var isURLEncoded = false

    var isErrorDocument: Bool { root == .error }

    init() {}

    /// Forgets the document before; the memory stays.
    mutating func reset() {
        root = .other
        container = .none
        field = .other
        seen = ListingFields()
        entryCount = 0
        collected.removeAll()
        keys.removeAll()
        entries.removeAll()
        prefixes.removeAll()
        opaqueETags.removeAll()
        extras.removeAll()
        storageClasses.removeAll()
        nextToken = nil
        nextMarker = nil
        bucketName = nil
        code = nil
        message = nil
        requestID = nil
        region = nil
        isTruncated = nil
        isURLEncoded = false
    }
}
