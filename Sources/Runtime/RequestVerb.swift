/// Classes of requests, as a provider's bill has them.
public enum RequestVerb: String, Sendable, Hashable, CaseIterable {
    case list = "LIST"
    case head = "HEAD"
    case get = "GET"
    case put = "PUT"
    case copy = "COPY"
    case delete = "DELETE"
    case post = "POST"
    /// Reading and writing an object's tags.
    case tags = "TAGS"
    /// Listening to changes: one request for as long as its stream lives.
    case listen = "LISTEN"
}
