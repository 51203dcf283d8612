import ObjectModel
import S3
import Stores

/// A GET whose bytes flow into a ring.
struct S3Download: ObjectDownload {
    let download: RingDownload

    var info: ObjectInfo { download.info }
    var isEnded: Bool { download.isEnded }

    func awaitEnd() async throws(StoreError) {
        do throws(S3Error) {
            try await download.awaitEnd()
        } catch {
            throw StoreError(error)
        }
    }

    func whenEnded(_ observer: @escaping (_ isComplete: Bool) -> Void) { download.whenEnded(observer) }

    func close() { download.close() }
}

/// A download of any store, as the S3 client wants the bytes of an upload.
struct StoreFeed: UploadFeed {
    let download: any ObjectDownload

    var contentLength: Int64 { download.info.contentLength }
    var isEnded: Bool { download.isEnded }

    func awaitFeed() async throws { try await download.awaitEnd() }

    func lengthError(_ wanted: Int64) -> any Error {
        if let download = download as? S3Download { return download.download.lengthError(wanted) }
        return StoreError(
            .malformedAnswer, server: "The source", operation: "A read",
            message: "\(contentLength) bytes come of \(wanted)")
    }

    func whenEnded(_ observer: @escaping (_ isComplete: Bool) -> Void) { download.whenEnded(observer) }
}
