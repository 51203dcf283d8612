import Glibc
public import ObjectModel
import Runtime
import Synchronization

/// Buckets and objects in a folder that outlives the process.
///
///     DIR/BUCKET/.bucket           when the bucket was created
///     DIR/BUCKET/NAME~ID.data      the bytes of one version
///     DIR/BUCKET/NAME~ID.json      everything else about it; a version exists from its renaming into place on
///     DIR/.incoming/               uploads under way, emptied at start
///
/// NAME is the key in a form that any file system holds (`FolderName`); the true key stands in the JSON. The folder is
/// read once, at start, into a `MemoryTable` that answers all questions. Two processes must not share a folder.
public final class FolderTable: ObjectTable {
    let folder: String
    private let index = MemoryTable()
    private let uploads = Atomic<Int>(0)
    /// Held for each change, so that the order on disk is the order in memory.
    private let writing = Mutex(())

    /// Opens or creates the folder.
    /// - Throws: `StorageFailure` where it cannot be made, read or written.
    public init(folder: String) throws {
        self.folder = folder
        try Self.makeFolder(folder)
        try Self.makeFolder("\(folder)/.incoming")
        for name in try Self.names(in: "\(folder)/.incoming") { unsafe _ = unlink("\(folder)/.incoming/\(name)") }
        for bucket in try Self.names(in: folder) where !bucket.hasPrefix(".") {
            try load(bucket)
        }
    }

    public func buckets() -> [(name: String, created: Timestamp)] { index.buckets() }
    public func hasBucket(_ name: String) -> Bool { index.hasBucket(name) }

    public func createBucket(_ name: String, created: Timestamp) throws -> Bool {
        try writing.withLock { _ in
            guard !index.hasBucket(name) else { return false }
            try Self.makeFolder("\(folder)/\(name)")
            try Self.write(Array(created.iso8601.utf8), to: "\(folder)/\(name)/.bucket")
            return index.createBucket(name, created: created)
        }
    }

    public func deleteBucket(_ name: String) throws -> Bool? {
        try writing.withLock { _ in
            guard let isGone = index.deleteBucket(name) else { return nil }
            guard isGone else { return false }
            for file in try Self.names(in: "\(folder)/\(name)") { unsafe _ = unlink("\(folder)/\(name)/\(file)") }
            guard unsafe rmdir("\(folder)/\(name)") == 0 else { throw StorageFailure("remove", "\(folder)/\(name)") }
            return true
        }
    }

    public func versions(of key: ObjectKey, in bucket: String) -> [StoredObject] {
        index.versions(of: key, in: bucket)
    }

    public func objects(
        in bucket: String, prefix: ObjectKey, from start: ListingStart, limit: Int
    ) -> [StoredObject] {
        index.objects(in: bucket, prefix: prefix, from: start, limit: limit)
    }

    public func change(
        _ key: ObjectKey, in bucket: String, _ change: (inout [StoredObject]) throws -> Void
    ) throws {
        try writing.withLock { _ in
            try index.change(key, in: bucket) { versions in
                let old = versions
                try change(&versions)
                let oldIDs = Set(old.map(\.id))
                for place in versions.indices {
                    if !oldIDs.contains(versions[place].id) { try storeBody(of: &versions[place], in: bucket) }
                    try writeDescription(of: versions[place], in: bucket)
                }
                let newIDs = Set(versions.map(\.id))
                for gone in old where !newIDs.contains(gone.id) { remove(gone, in: bucket) }
            }
        }
    }

    public func receiver(expectedSize: Int64?) throws -> any BodyReceiver {
        let number = uploads.add(1, ordering: .relaxed).newValue
        return try FileReceiver(path: "\(folder)/.incoming/\(number)")
    }

    private func stem(_ object: StoredObject, in bucket: String) -> String {
        "\(folder)/\(bucket)/\(FolderName.of(object.key))~\(object.id)"
    }

    /// Gives the object's bytes their place: a received file is renamed, anything else is written out.
    private func storeBody(of object: inout StoredObject, in bucket: String) throws {
        guard !object.isDeleteMarker else { return }
        let path = stem(object, in: bucket) + ".data"
        if let file = object.body as? FileBody, try file.adopt(as: path) { return }
        let receiver = try FileReceiver(path: path)
        try object.body.forEachPiece { unsafe try receiver.append($0.span.bytes) }
        let file = receiver.finish()
        _ = try (file as? FileBody)?.adopt(as: path)
        object.body = file
    }

    private func writeDescription(of object: StoredObject, in bucket: String) throws {
        let path = stem(object, in: bucket) + ".json"
        try Self.write(StoredDescription.encode(object), to: path + ".new")
        guard unsafe rename(path + ".new", path) == 0 else { throw StorageFailure("rename to", path) }
    }

    private func remove(_ object: StoredObject, in bucket: String) {
        unsafe _ = unlink(stem(object, in: bucket) + ".json")
        (object.body as? FileBody)?.discard()
    }

    /// Reads one bucket and clears what a kill left half done: bytes without a description, and versions of a key that
    /// a later one replaced.
    private func load(_ bucket: String) throws {
        let path = "\(folder)/\(bucket)"
        guard let created = try? Self.read("\(path)/.bucket"), let time = Timestamp(iso8601: created) else { return }
        _ = index.createBucket(bucket, created: time)
        let names = try Self.names(in: path)
        let present = Set(names)
        var objects: [StoredObject] = []
        for name in names where name.hasSuffix(".json") {
            let stem = String(name.dropLast(5))
            if let object = StoredDescription.decode(try Self.read("\(path)/\(name)"), dataPath: "\(path)/\(stem).data")
            {
                objects.append(object)
            } else {
                unsafe _ = unlink("\(path)/\(name)")
            }
        }
        for name in names where name.hasSuffix(".new") { unsafe _ = unlink("\(path)/\(name)") }
        for name in names where name.hasSuffix(".data") && !present.contains(String(name.dropLast(5)) + ".json") {
            unsafe _ = unlink("\(path)/\(name)")
        }
        for object in objects.sorted(by: { $0.id < $1.id }) {
            try index.change(object.key, in: bucket) { versions in
                for older in versions where !older.isVersioned && !object.isVersioned { remove(older, in: bucket) }
                versions.removeAll { !$0.isVersioned && !object.isVersioned }
                versions.insert(object, at: 0)
            }
        }
    }
}

extension FolderTable: VersionedListing {
    func allKeys(in bucket: String) -> [ObjectKey] { index.allKeys(in: bucket) }
}

/// Writes an upload to a file that is removed unless a table adopts it.
final class FileReceiver: BodyReceiver {
    private let path: String
    private let file: Int32
    private var size: Int64 = 0
    private var isFinished = false

    init(path: String) throws {
        self.path = path
        file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw StorageFailure("create", path) }
    }

    deinit {
        close(file)
        if !isFinished { unsafe _ = unlink(path) }
    }

    func append(_ bytes: RawSpan) throws {
        try unsafe bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let wrote = unsafe Glibc.write(file, buffer.baseAddress! + done, buffer.count - done)
                if wrote < 0, errno == EINTR { continue }
                guard wrote > 0 else { throw StorageFailure("write", path) }
                done += wrote
            }
        }
        size += Int64(bytes.byteCount)
    }

    func finish() -> any ObjectBody {
        isFinished = true
        return FileBody(path: path, size: size, isDiscarded: true)
    }
}
