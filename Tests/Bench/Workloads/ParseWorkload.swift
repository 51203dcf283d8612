import S3

/// Pages of a listing of 1,000 keys each, in pieces as libcurl hands them on.
struct ParseWorkload: Workload {
    private static let pageCount = 2
    /// The most that libcurl gives a write callback.
    private static let piece = 16 << 10

    private let pages: [[UInt8]]
    private let parser = ListingParser()
    let items = pageCount * 1000

    init() {
        var material = Material(seed: 1)
        pages = (0..<Self.pageCount).map { page in
            let keys = material.keys(1000, from: page * 1000)
            return material.listing(keys)
        }
    }

    func round() -> Int {
        var count = 0
        for document in pages {
            parser.begin(limit: 16 << 20)
            unsafe document.withUnsafeBytes { bytes in
                for start in stride(from: 0, to: bytes.count, by: Self.piece) {
                    _ = unsafe parser.feed(
                        UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + Self.piece, bytes.count)]))
                }
            }
            do throws(XMLError) {
                count += try parser.finish().count
            } catch {
                preconditionFailure("\(error)")
            }
        }
        return count
    }
}
