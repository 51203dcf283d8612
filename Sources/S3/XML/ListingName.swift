import Glibc

/// The element names that a listing's reader cares about.
enum ListingName: UInt8, BitwiseCopyable {
    case other
    case listBucketResult
    case contents, key, lastModified, etag, size, storageClass
    case commonPrefixes, prefix
    case isTruncated, nextContinuationToken, nextMarker, encodingType, name
    case error, code, message, requestID, region

    /// By spelling; the part before a colon, a namespace's prefix, is left out.
    init(spelling: UnsafePointer<UInt8>) {
        var local = unsafe UnsafeRawPointer(spelling).assumingMemoryBound(to: CChar.self)
        if let colon = unsafe strchr(local, Int32(UInt8(ascii: ":"))) { unsafe local = unsafe UnsafePointer(colon + 1) }
        switch unsafe String(cString: local) {
        case "ListBucketResult": self = .listBucketResult
        case "Contents": self = .contents
        case "Key": self = .key
        case "LastModified": self = .lastModified
        case "ETag": self = .etag
        case "Size": self = .size
        case "StorageClass": self = .storageClass
        case "CommonPrefixes": self = .commonPrefixes
        case "Prefix": self = .prefix
        case "IsTruncated": self = .isTruncated
        case "NextContinuationToken": self = .nextContinuationToken
        case "NextMarker": self = .nextMarker
        case "EncodingType": self = .encodingType
        case "Name": self = .name
        case "Error": self = .error
        case "Code": self = .code
        case "Message": self = .message
        case "RequestId": self = .requestID
        case "Region": self = .region
        default: self = .other
        }
    }
}

/// Remembers names by their address: libxml2 interns them, so that one context gives one name one address.
@safe struct ListingNameCache: ~Copyable {
    private struct Slot: BitwiseCopyable {
        var address: UInt
        var name: ListingName
    }

    private static let slotCount = 64
    /// How many neighbours of a slot are tried before one is replaced.
    private static let reach = 8
    private let slots: UnsafeMutablePointer<Slot>

    init() {
        unsafe slots = .allocate(capacity: Self.slotCount)
        forget()
    }

    deinit {
        unsafe slots.deallocate()
    }

    /// The addresses hold no longer.
    func forget() {
        unsafe slots.initialize(repeating: Slot(address: 0, name: .other), count: Self.slotCount)
    }

    @inline(__always)
    func name(_ spelling: UnsafePointer<UInt8>) -> ListingName {
        let address = UInt(bitPattern: spelling)
        let first = Int(truncatingIfNeeded: (address &* 0x9E37_79B9_7F4A_7C15) >> 58)
        for step in 0..<Self.reach {
            let slot = unsafe slots[(first + step) & (Self.slotCount - 1)]
            if slot.address == address { return slot.name }
            if slot.address == 0 { break }
        }
        return unsafe learn(spelling, address, first)
    }

    @inline(never)
    private func learn(_ spelling: UnsafePointer<UInt8>, _ address: UInt, _ first: Int) -> ListingName {
        let name = unsafe ListingName(spelling: spelling)
        var position = first
        for step in 0..<Self.reach where unsafe slots[(first + step) & (Self.slotCount - 1)].address == 0 {
            position = (first + step) & (Self.slotCount - 1)
            break
        }
        unsafe slots[position] = Slot(address: address, name: name)
        return name
    }
}

/// A set of names.
struct ListingFields: OptionSet, BitwiseCopyable {
    var rawValue: UInt32 = 0

    static let entry: ListingFields = [
        ListingFields(.key), ListingFields(.lastModified), ListingFields(.etag), ListingFields(.size),
        ListingFields(.storageClass),
    ]
    /// What every entry has on every server.
    static let needed: ListingFields = [ListingFields(.key), ListingFields(.lastModified), ListingFields(.size)]

    init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    init(_ name: ListingName) {
        rawValue = 1 << UInt32(name.rawValue)
    }
}
