/// What travels with an object besides its bytes: the content headers, user metadata and tags that a mirror keeps.
///
/// Two values are equal when a reader of the object could not tell them apart, so user metadata names are folded to
/// lower case (servers return them in either case) and sorted.
public struct ObjectHeaders: Hashable, Sendable {
    public var contentType: String?
    public var contentEncoding: String?
    public var contentDisposition: String?
    public var contentLanguage: String?
    public var cacheControl: String?
    public var expires: String?
    /// Without the `x-amz-meta-` prefix, names in lower case, sorted by name.
    public private(set) var userMetadata: [NameValue] = []
    /// Sorted by name. Tag names keep their case.
    public private(set) var tags: [NameValue] = []

    public struct NameValue: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public init() {}

    /// Adds one user metadata entry; `name` is given without `x-amz-meta-`.
    public mutating func addUserMetadata(_ name: String, _ value: String) {
        userMetadata.append(NameValue(name.lowercased(), value))
        if userMetadata.count > 1 { userMetadata.sort { $0.name < $1.name } }
    }

    /// The names of headers that are not the same in `other`, tags aside, as requests spell them.
    public func namesOfDifferences(from other: ObjectHeaders) -> [String] {
        let fields: [(String, KeyPath<ObjectHeaders, String?>)] = [
            ("Content-Type", \.contentType), ("Content-Encoding", \.contentEncoding),
            ("Content-Disposition", \.contentDisposition), ("Content-Language", \.contentLanguage),
            ("Cache-Control", \.cacheControl), ("Expires", \.expires),
        ]
        let metadata = Set(userMetadata).symmetricDifference(other.userMetadata)
        return fields.filter { self[keyPath: $0.1] != other[keyPath: $0.1] }.map(\.0)
            + Set(metadata.map { "x-amz-meta-\($0.name)" }).sorted()
    }

    /// Replaces the tags.
    public mutating func setTags(_ tags: [NameValue]) {
        self.tags = tags.sorted { $0.name < $1.name }
    }
}
