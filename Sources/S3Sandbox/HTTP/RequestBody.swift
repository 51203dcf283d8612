import Digests
import ObjectModel
import S3

/// What came as a request's body.
struct Payload {
    var body: any ObjectBody = MemoryBody([])
    var md5 = MD5Hasher.digest([])
    /// By header name, base64.
    var checksums: [ObjectHeaders.NameValue] = []
}

/// A request's body on its way in: unpacked, hashed and stored piece by piece, judged at its end.
final class RequestBody {
    /// Documents in requests are small; nobody shall fill the memory with one.
    private static let documentLimit = 16 << 20

    private let head: RequestHead
    private let receiver: any BodyReceiver
    private let isDocument: Bool
    private var decoder: AWSChunkedDecoder?
    private var md5 = MD5Hasher()
    private let sha256: Checksum?
    private let checksums: [Checksum]
    /// Decoded bytes.
    private var size: Int64 = 0
    /// The first thing that went wrong; what follows is read and dropped, so that the answer reaches the client.
    private var failure: (any Error)?

    init(_ head: RequestHead, receiver: any BodyReceiver, isDocument: Bool) {
        self.head = head
        self.receiver = receiver
        self.isDocument = isDocument
        let hash = head.header("x-amz-content-sha256") ?? ""
        if hash.hasPrefix("STREAMING-") || (head.header("content-encoding") ?? "").contains("aws-chunked") {
            decoder = AWSChunkedDecoder()
        }
        sha256 = hash.utf8.count == 64 ? Checksum(.sha256) : nil
        let trailer = (head.header("x-amz-trailer") ?? "").lowercased()
        checksums = ChecksumAlgorithm.allCases.filter { head.header($0.header) != nil || trailer == $0.header }
            .map(Checksum.init)
    }

    func append(_ bytes: RawSpan) {
        guard failure == nil else { return }
        do {
            if decoder != nil {
                let piece = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
                try decoder?.decode(piece) { try take($0) }
            } else {
                try take(bytes)
            }
        } catch {
            failure = error
        }
    }

    private func take(_ bytes: RawSpan) throws {
        size += Int64(bytes.byteCount)
        if isDocument, size > Self.documentLimit { throw ErrorAnswer.malformedXML }
        md5.update(bytes)
        sha256?.update(bytes)
        for checksum in checksums { checksum.update(bytes) }
        try receiver.append(bytes)
    }

    /// The body, if it is what the request said of it.
    func finish(_ behaviour: Behaviour) throws -> Payload {
        if let failure { throw failure }
        if let decoder, !decoder.isComplete { throw ErrorAnswer.incompleteBody }
        if let text = head.header("x-amz-decoded-content-length"), Int64(text) != size {
            throw ErrorAnswer.incompleteBody
        }
        if let sha256, Hexadecimal.encode(sha256.finish()) != head.header("x-amz-content-sha256")?.lowercased() {
            throw ErrorAnswer.hashMismatch
        }
        let digest = md5.finish()
        if let text = head.header("content-md5"), !behaviour.ignoresContentMD5 {
            // 16 bytes are 22 digits and two signs of padding.
            guard text.utf8.count == 24, text.hasSuffix("==") else { throw ErrorAnswer.invalidDigest }
            guard text == digest.base64 else { throw ErrorAnswer.badDigest }
        }
        return Payload(body: try receiver.finish(), md5: digest, checksums: try checkedSums())
    }

    private func checkedSums() throws -> [ObjectHeaders.NameValue] {
        try checksums.map { checksum in
            let name = checksum.algorithm.header
            let value = Base64.encode(checksum.finish())
            let claimed = head.header(name) ?? decoder?.trailers.first { $0.name == name }?.value
            guard claimed == nil || claimed == value else {
                var error = ErrorAnswer.badDigest
                error.message = "The \(checksum.algorithm.rawValue) you specified did not match what we received."
                throw error
            }
            return ObjectHeaders.NameValue(name, value)
        }
    }
}
