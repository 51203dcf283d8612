/// One header field of a request or a response.
public struct HeaderField: Hashable, Sendable {
    /// In any case; header names are compared without regard to it.
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// One name and value of a query, before encoding. A value that is absent is signed, and sent, as an empty one.
public struct QueryItem: Hashable, Sendable {
    public var name: [UInt8]
    public var value: [UInt8]

    public init(_ name: String, _ value: String = "") {
        self.name = Array(name.utf8)
        self.value = Array(value.utf8)
    }

    /// For values that are keys, prefixes or markers: bytes.
    public init(_ name: String, bytes value: [UInt8]) {
        self.name = Array(name.utf8)
        self.value = value
    }

    init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }
}
