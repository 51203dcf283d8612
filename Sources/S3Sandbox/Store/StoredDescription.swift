import FoundationEssentials
import ObjectModel

/// The JSON file beside a version's bytes.
struct StoredDescription: Codable {
    /// Hexadecimal, because a key need not be UTF-8.
    var key: String
    var etag: String
    /// Milliseconds since the epoch.
    var modified: Int64
    var size: Int64
    var headers: [[String]]
    var tags: [[String]]
    /// Number, size, ETag.
    var parts: [[String]]
    var checksums: [[String]]
    var id: String
    var isVersioned: Bool
    var isDeleteMarker: Bool

    static func encode(_ object: StoredObject) throws -> [UInt8] {
        let pairs = { (values: [ObjectHeaders.NameValue]) in values.map { [$0.name, $0.value] } }
        let description = StoredDescription(
            key: Hexadecimal.encode(object.key.bytes), etag: object.etag, modified: object.modified.milliseconds,
            size: object.size, headers: pairs(object.headers), tags: pairs(object.tags),
            parts: object.parts.map { ["\($0.number)", "\($0.size)", $0.etag] }, checksums: pairs(object.checksums),
            id: object.id, isVersioned: object.isVersioned, isDeleteMarker: object.isDeleteMarker)
        return Array(try JSONEncoder().encode(description))
    }

    /// Nil where the text is no description, or the bytes that it speaks of are not there whole.
    static func decode(_ text: [UInt8], dataPath: String) -> StoredObject? {
        guard let found = try? JSONDecoder().decode(StoredDescription.self, from: Data(text)),
            let key = Hexadecimal.decode(found.key.utf8),
            found.isDeleteMarker || FolderTable.size(of: dataPath) == found.size
        else { return nil }
        let pairs = { (values: [[String]]) in
            values.compactMap { $0.count == 2 ? ObjectHeaders.NameValue($0[0], $0[1]) : nil }
        }
        let parts: [StoredObject.Part] = found.parts.compactMap { fields in
            guard fields.count == 3, let number = Int(fields[0]), let size = Int64(fields[1]) else { return nil }
            return StoredObject.Part(number: number, size: size, etag: fields[2])
        }
        let body: any ObjectBody =
            found.isDeleteMarker ? MemoryBody([]) : FileBody(path: dataPath, size: found.size)
        return StoredObject(
            key: ObjectKey(bytes: key), body: body, etag: found.etag,
            modified: Timestamp(milliseconds: found.modified), id: found.id, headers: pairs(found.headers),
            tags: pairs(found.tags), parts: parts, checksums: pairs(found.checksums),
            isVersioned: found.isVersioned, isDeleteMarker: found.isDeleteMarker)
    }
}
