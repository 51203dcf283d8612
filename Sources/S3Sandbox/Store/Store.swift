import Digests
public import ObjectModel
import Runtime
import S3

/// The objects of one server with the rules that hold however they are written: ETags, versions, events.
///
/// A test reaches them here behind the server's back, to plant what a client shall find and to see what it left.
public final class Store: Sendable {
    /// Where the objects are kept.
    public let table: any ObjectTable
    let uploads = UploadTable()
    let settings: Settings
    let notifications: Notifications
    private let versioned = Mutex<Set<String>>([])
    private let lastID = Mutex<Int64>(0)

    init(table: any ObjectTable, settings: Settings, notifications: Notifications) {
        self.table = table
        self.settings = settings
        self.notifications = notifications
    }

    var now: Timestamp { settings.now }

    /// Unique and ascending, also over restarts: microseconds since the epoch, in 16 hexadecimal digits.
    func newID() -> String {
        let number = lastID.withLock { last in
            last = max(last + 1, Clock.now().milliseconds * 1000)
            return last
        }
        let digits = String(number, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 16 - digits.count)) + digits
    }

    func isVersioned(_ bucket: String) -> Bool {
        versioned.withLock { $0.contains(bucket) }
    }

    func setVersioned(_ bucket: String, _ isOn: Bool) {
        versioned.withLock { versioned in
            if isOn { versioned.insert(bucket) } else { versioned.remove(bucket) }
        }
    }

    /// The ETag of a single upload in the server's present style. `md5` is that of the bytes.
    func etag(md5: MD5Digest) -> String {
        switch settings.behaviour.etags {
        case .md5: md5.hexadecimal
        case .empty: ""
        case .opaque: "x" + RandomText.hexadecimal(bytes: 11)
        case .kms: RandomText.hexadecimal(bytes: 16)
        }
    }

    /// The ETag of an upload in parts with these MD5s.
    func etag(partMD5s: [MD5Digest]) -> String {
        let style = settings.behaviour.etags
        let text = etag(md5: MD5Hasher.digest(partMD5s.flatMap(\.bytes)))
        return style == .md5 || style == .kms ? "\(text)-\(partMD5s.count)" : text
    }

    /// Makes `object` the newest version of its key and raises `event` (without `s3:`), if one is given.
    /// `condition` sees the present version, or nil, and may throw; nothing is changed then.
    func commit(
        _ object: StoredObject, to bucket: String, event: Event?,
        if condition: (StoredObject?) throws -> Void = { _ in }
    ) throws -> StoredObject {
        var object = object
        object.isVersioned = isVersioned(bucket)
        try table.change(object.key, in: bucket) { versions in
            try condition(versions.first.flatMap { $0.isDeleteMarker ? nil : $0 })
            if !object.isVersioned { versions.removeAll { !$0.isVersioned } }
            versions.insert(object, at: 0)
        }
        if let event { notifications.send(event, bucket, object) }
        return object
    }

    /// What a deletion did: the version that is gone or the marker that was added.
    struct Deletion {
        var versionID: String?
        var isDeleteMarker = false
    }

    /// Deletes a key (adding a delete marker where the bucket is versioned), or exactly one version. Deleting what is
    /// not there succeeds and raises no event, as in S3.
    func delete(_ key: ObjectKey, in bucket: String, versionID: String? = nil, event: Event? = Event("")) throws
        -> Deletion
    {
        guard table.hasBucket(bucket) else { throw ErrorAnswer.noSuchBucket }
        var deletion = Deletion()
        var gone: StoredObject?
        var marker = StoredObject(
            key: key, body: MemoryBody([]), etag: "", modified: now, id: newID(), isDeleteMarker: true)
        marker.isVersioned = isVersioned(bucket)
        try table.change(key, in: bucket) { versions in
            if let versionID {
                gone = versions.first { $0.versionID == versionID }
                versions.removeAll { $0.versionID == versionID }
                deletion.versionID = versionID
                deletion.isDeleteMarker = gone?.isDeleteMarker ?? false
            } else {
                gone = versions.first { !$0.isDeleteMarker }
                if !marker.isVersioned { versions.removeAll { !$0.isVersioned } }
                if marker.isVersioned || !versions.isEmpty {
                    versions.insert(marker, at: 0)
                    deletion.versionID = marker.versionID
                    deletion.isDeleteMarker = true
                }
            }
        }
        if let gone, var event {
            let addsMarker = versionID == nil && deletion.isDeleteMarker
            event.name = addsMarker ? "ObjectRemoved:DeleteMarkerCreated" : "ObjectRemoved:Delete"
            notifications.send(event, bucket, addsMarker ? marker : gone)
        }
        return deletion
    }
}

extension Store {
    /// Creates a bucket; nothing happens where it exists.
    public func createBucket(_ name: String) throws {
        _ = try table.createBucket(name, created: now)
    }

    /// Puts an object as a client would, conditions and limits aside.
    ///
    /// `headers` are what an answer shows: names in lower case, user metadata as `x-amz-meta-…`. With `partSize` the
    /// object is as if it had been uploaded in parts of that many bytes. `notifies` is false for an object that arrives
    /// without an event, as by server-side replication. It was modified `age` seconds ago.
    @discardableResult
    public func put(
        _ key: ObjectKey, in bucket: String, _ bytes: [UInt8], headers: [ObjectHeaders.NameValue] = [],
        tags: [ObjectHeaders.NameValue] = [], partSize: Int? = nil, age: Int64 = 0, notifies: Bool = true
    ) throws -> StoredObject {
        let modified = Timestamp(milliseconds: now.milliseconds - age * 1000)
        var object = StoredObject(
            key: key, body: MemoryBody(bytes), etag: "", modified: modified, id: newID(), headers: headers, tags: tags)
        if let partSize, partSize > 0 {
            let starts = Array(stride(from: 0, to: max(bytes.count, 1), by: partSize))
            let pieces = starts.map { Array(bytes[$0..<min(bytes.count, $0 + partSize)]) }
            let digests = pieces.map { MD5Hasher.digest($0) }
            object.parts = pieces.indices.map { index in
                StoredObject.Part(
                    number: index + 1, size: Int64(pieces[index].count), etag: etag(md5: digests[index]))
            }
            object.etag = etag(partMD5s: digests)
        } else {
            object.etag = etag(md5: MD5Hasher.digest(bytes))
        }
        return try commit(object, to: bucket, event: notifies ? Event("ObjectCreated:Put") : nil)
    }

    /// The newest version, or nil where there is none.
    public func object(_ key: ObjectKey, in bucket: String) -> StoredObject? {
        table.object(key, in: bucket)
    }

    /// The bytes of the newest version, or nil where there is none.
    public func bytes(of key: ObjectKey, in bucket: String) throws -> [UInt8]? {
        try table.object(key, in: bucket)?.body.allBytes()
    }

    /// All keys of a bucket in the order of bytes.
    public func keys(in bucket: String) -> [ObjectKey] {
        table.objects(in: bucket, prefix: "", from: .beginning, limit: .max).map(\.key)
    }

    /// Deletes as a client would.
    public func remove(_ key: ObjectKey, in bucket: String, notifies: Bool = true) throws {
        _ = try delete(key, in: bucket, event: notifies ? Event("") : nil)
    }

    /// How many multipart uploads are under way in a bucket.
    public func uploadCount(in bucket: String) -> Int { uploads.all(in: bucket).count }
}
