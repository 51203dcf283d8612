import ObjectModel
import S3

/// A stream of MinIO's events, a line each, with keep-alives between them, in pieces that end anywhere.
struct EventsWorkload: Workload {
    private static let piece = 4 << 10

    private let stream: [UInt8]
    let items = 200

    init() {
        var material = Material(seed: 5)
        let lines = material.keys(items).map { key in
            let isRemoval = material.number(0...4) == 0
            let name = isRemoval ? "ObjectRemoved:Delete" : "ObjectCreated:Put"
            // MinIO writes the rest only of what is there.
            let content =
                isRemoval
                ? ""
                : #""size":\#(material.number(1...50_000_000)),"eTag":"\#(material.etag())","contentType":"#
                    + #""application/vnd.android.package-archive","userMetadata":{"X-Amz-Meta-Version":"7","#
                    + #""content-type":"application/vnd.android.package-archive"},"#
            let number = material.digits(16)
            return #"{"Records":[{"eventVersion":"2.0","eventSource":"minio:s3","awsRegion":"","#
                + #""eventTime":"\#(material.date(day: 21))","eventName":"s3:\#(name)","userIdentity":{"principalId":"minio"},"#
                + #""requestParameters":{"principalId":"minio","region":"","sourceIPAddress":"192.0.2.1"},"#
                + #""responseElements":{"content-length":"0","x-amz-request-id":"\#(number)","#
                + #""x-minio-deployment-id":"0c6d31cb-0000-4000-8000-5f4d1c9a7e11","#
                + #""x-minio-origin-endpoint":"http://192.0.2.1:9000"},"s3":{"s3SchemaVersion":"1.0","#
                + #""configurationId":"Config","bucket":{"name":"apks","ownerIdentity":{"principalId":"minio"},"#
                + #""arn":"arn:aws:s3:::apks"},"object":{"key":"\#(key)",\#(content)"sequencer":"\#(number)"}},"#
                + #""source":{"host":"192.0.2.1","port":"","userAgent":"MinIO (linux; amd64) minio-go/v7.0.70"}}]}"#
                + "\n"
                + (material.number(0...9) == 0 ? "{\"Records\":null}\n" : "")
        }
        stream = Array(lines.joined().utf8)
    }

    func round() -> Int {
        var parser = EventParser(filter: EventFilter(bucket: "apks", prefix: "releases/"))
        var count = 0
        unsafe stream.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: Self.piece) {
                // A new array for each piece, as `EventStream` hands them on.
                var events: [BucketEvent] = []
                do throws(EventStreamError) {
                    try unsafe parser.feed(
                        UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + Self.piece, bytes.count)]),
                        to: &events)
                } catch {
                    preconditionFailure("\(error)")
                }
                count += events.count
            }
        }
        return count
    }
}
