import Digests
import ObjectModel
import Reactor
import Runtime
import Stores

extension WorldStore {
    func create() async throws(StoreError) {
        try await ask(Request(operation: "CreateBucket", verb: .put, writes: true)) { server, cause in
            server.setBucket(true, cause)
            return .success(())
        }
    }

    func write(
        _ key: ObjectKey, headers: ObjectHeaders, body: ByteBlock, contentMD5: MD5Digest?
    ) async throws(StoreError) -> WriteResult {
        try await put(key, headers, body.bytes, contentMD5)
    }

    func write(
        _ key: ObjectKey, headers: ObjectHeaders, from ring: ByteRing, length: Int64, contentMD5: MD5Digest?,
        feed: any ObjectDownload
    ) async throws(StoreError) -> WriteResult {
        let request = Request(operation: "PutObject", verb: .put, key: key, writes: true)
        return try await put(key, headers, try await collect(request, ring, length, feed), contentMD5)
    }

    private func put(
        _ key: ObjectKey, _ headers: ObjectHeaders, _ bytes: [UInt8], _ contentMD5: MD5Digest?
    ) async throws(StoreError) -> WriteResult {
        let full = fullKey(key)
        let request = Request(
            operation: "PutObject", verb: .put, key: key, writes: true, length: Int64(bytes.count) * 100)
        return try await ask(request) { [self] server, cause in
            guard server.hasBucket else { return .failure(missingBucket(request)) }
            if let contentMD5, server.traits.honoursContentMD5, MD5Hasher.digest(bytes) != contentMD5 {
                return .failure(error(.digestMismatch, request, status: 400))
            }
            return .success(WriteResult(etag: server.put(full, bytes, headers: headers, by: cause).etag))
        }
    }

    /// All bytes that come through the ring.
    private func collect(
        _ request: Request, _ ring: ByteRing, _ length: Int64, _ feed: any ObjectDownload
    ) async throws(StoreError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let taken = unsafe buffer.withUnsafeMutableBytes { unsafe ring.take(into: $0) }
            bytes += buffer.prefix(taken)
            if taken > 0 { continue }
            if bytes.count >= length { return bytes }
            if feed.isEnded { throw error(.interrupted, request, status: 0) }
            let hasCome: Bool? = await process.wait { promise in
                ring.onBytes = { promise.keep(true) }
                feed.whenEnded { _ in promise.keep(true) }
            }
            ring.onBytes = nil
            if hasCome == nil { throw error(.cancelled, request, status: 0) }
        }
    }

    func withWritePlace<T>(_ body: () async throws -> T) async throws -> T { try await body() }

    func setHeaders(
        _ key: ObjectKey, headers: ObjectHeaders, tagsDiffer: Bool, ifMatch: ETag
    ) async throws(StoreError) -> WriteResult {
        let full = fullKey(key)
        let request = Request(operation: "CopyObject", verb: .copy, key: key, writes: true)
        return try await ask(request) { [self] server, cause in
            guard server.hasBucket else { return .failure(missingBucket(request)) }
            guard let old = server.objects[full] else { return .failure(error(.noSuchKey, request, status: 404)) }
            if server.traits.honoursIfMatch, old.etag != ifMatch {
                return .failure(error(.preconditionFailed, request, status: 412))
            }
            // One part is made of many, as S3 does it.
            return .success(WriteResult(etag: server.put(full, old.bytes, headers: headers, by: cause).etag))
        }
    }

    func keep(_ key: ObjectKey, size: Int64, under trash: ObjectKey) async throws(StoreError) {
        let full = fullKey(key)
        let request = Request(operation: "CopyObject", verb: .copy, key: key, writes: true)
        try await ask(request) { [self] server, cause -> Result<Void, StoreError> in
            guard server.hasBucket else { return .failure(missingBucket(request)) }
            guard let old = server.objects[full] else { return .failure(error(.noSuchKey, request, status: 404)) }
            server.put(full.prefixed(by: trash), old.bytes, headers: old.headers, by: cause)
            return .success(())
        }
    }

    func delete(_ keys: [ObjectKey]) async throws(StoreError) -> [StoreError?] {
        let full = keys.map(fullKey)
        let request = Request(operation: "DeleteObjects", verb: .delete, writes: true)
        do throws(StoreError) {
            return try await ask(request) { [self] server, cause in
                guard server.hasBucket else { return .failure(missingBucket(request)) }
                for key in full where !weather.strikes(.falseDelete, &world.dice) { server.remove(key, by: cause) }
                return .success(keys.map { _ in nil })
            }
        } catch {
            if !error.wasAnswered { noteUnanswered(keys) }
            throw error
        }
    }

    // MARK: Multipart

    func createUpload(_ key: ObjectKey, headers: ObjectHeaders) async throws(StoreError) -> String {
        let full = fullKey(key)
        let request = Request(operation: "CreateMultipartUpload", verb: .post, key: key, writes: true)
        return try await ask(request) { [self] server, _ in
            guard server.hasBucket else { return .failure(missingBucket(request)) }
            return .success(server.beginUpload(full, headers, process: process.id))
        }
    }

    func uploadPart(
        _ key: ObjectKey, upload: String, number: Int, from ring: ByteRing, length: Int64, contentMD5: MD5Digest?,
        feed: any ObjectDownload
    ) async throws(StoreError) -> ETag {
        let request = Request(operation: "UploadPart", verb: .put, key: key)
        let bytes = try await collect(request, ring, length, feed)
        return try await ask(request) { [self] server, _ in
            guard server.uploads[upload] != nil else { return .failure(error(.noSuchUpload, request, status: 404)) }
            server.addPart(number, bytes, to: upload)
            return .success(server.etag(ofPart: bytes))
        }
    }

    func completeUpload(
        _ key: ObjectKey, upload: String, parts: [StoredPart]
    ) async throws(StoreError) -> WriteResult {
        let full = fullKey(key)
        let request = Request(operation: "CompleteMultipartUpload", verb: .post, key: key, writes: true)
        return try await ask(request) { [self] server, cause in
            guard let begun = server.uploads[upload] else {
                return .failure(error(.noSuchUpload, request, status: 404))
            }
            var (bytes, sizes): ([UInt8], [Int64]) = ([], [])
            for part in parts {
                guard let stored = begun.parts[part.number], server.etag(ofPart: stored) == part.etag else {
                    return .failure(error(.other, request, status: 400, code: "InvalidPart"))
                }
                bytes += stored
                sizes.append(Int64(stored.count))
            }
            server.endUpload(upload)
            return .success(
                WriteResult(etag: server.put(full, bytes, headers: begun.headers, parts: sizes, by: cause).etag))
        }
    }

    func abortUpload(_ key: ObjectKey, upload: String) async throws(StoreError) {
        // Not one of the object's writes: what it does late is done to the upload alone.
        try await ask(Request(operation: "AbortMultipartUpload", verb: .delete, key: key)) { server, _ in
            server.endUpload(upload)
            return .success(())
        }
    }

    func listParts(_ key: ObjectKey, upload: String) async throws(StoreError) -> [StoredPart] {
        let request = Request(operation: "ListParts", verb: .list, key: key)
        return try await ask(request) { [self] server, _ in
            guard let begun = server.uploads[upload] else {
                return .failure(error(.noSuchUpload, request, status: 404))
            }
            return .success(
                begun.parts.keys.sorted().map { number in
                    let bytes = begun.parts[number] ?? []
                    return StoredPart(number: number, etag: server.etag(ofPart: bytes), size: Int64(bytes.count))
                })
        }
    }

    func uploads(of key: ObjectKey) async throws(StoreError) -> [(id: String, initiated: Timestamp?)] {
        let full = fullKey(key)
        return try await ask(Request(operation: "ListMultipartUploads", verb: .list, key: key)) { server, _ in
            .success(
                server.uploads.filter { $0.value.key == full }.map { ($0.key, $0.value.initiated) }
                    .sorted { $0.0 < $1.0 })
        }
    }
}
