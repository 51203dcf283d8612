/// Why a document that a server sent is not believed.
///
/// Offsets are in bytes from the document's first byte, white space before it included; where libxml2 finds the fault
/// they are where it stood, at or after the fault.
public enum XMLError: Error, Hashable, Sendable {
    /// Not XML, or not UTF-8.
    case malformed(reason: String, offset: Int)
    /// The document ended before its root element did.
    case truncated(offset: Int)
    /// It declares a document type or entities, which no S3 answer does.
    case hostile(reason: String, offset: Int)
    /// It is larger in some way than any answer may be.
    case overLimit(XMLLimit, offset: Int)
    /// XML of another kind than was asked for.
    case unexpectedRoot(String, offset: Int)
    /// XML of the kind that was asked for whose content breaks the S3 API's rules.
    case invalid(reason: String, offset: Int)
    /// An `<Error>` where a listing was expected, which some servers send with status 200.
    case errorDocument(ErrorDocument)

    /// The fields of an `<Error>` document; empty where absent.
    public struct ErrorDocument: Hashable, Sendable {
        public var code: String
        public var message: String
        public var requestID: String
        /// The region that a bucket is in, which accompanies `AuthorizationHeaderMalformed`.
        public var region: String

        public init(code: String, message: String, requestID: String, region: String) {
            self.code = code
            self.message = message
            self.requestID = requestID
            self.region = region
        }
    }
}

/// What is bounded in a document.
public enum XMLLimit: String, Hashable, Sendable {
    case depth = "elements nested deeper than 16"
    case text = "an element with more than 64 KiB of text"
    case size = "more bytes than an answer of its kind may have"
    case elements = "more elements than an answer of its kind may have"
    case storageClasses = "more than 250 storage classes"

    static let maximumDepth = 16
    static let maximumText = 64 << 10
    static let maximumStorageClasses = 250
    /// Keys and common prefixes in a page; S3 sends 1,000.
    static let maximumEntries = 10_000
    static let maximumTreeElements = 100_000
}

extension XMLError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed(let reason, let offset): "The XML is malformed at byte \(offset): \(reason)."
        case .truncated(let offset): "The XML ends early, after \(offset) bytes."
        case .hostile(let reason, let offset): "The XML is refused at byte \(offset): \(reason)."
        case .overLimit(let limit, let offset): "The XML is refused at byte \(offset): it has \(limit.rawValue)."
        case .unexpectedRoot(let root, _): "The XML is a <\(root)>, which was not asked for."
        case .invalid(let reason, let offset): "The XML is not a valid S3 answer at byte \(offset): \(reason)."
        case .errorDocument(let document): "The server answered with the error \(document.code): \(document.message)"
        }
    }
}
