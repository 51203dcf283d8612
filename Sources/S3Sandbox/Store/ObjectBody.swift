import Digests
import Glibc
import ObjectModel
import Runtime
import S3

/// The bytes of one version of an object. They never change: an overwrite makes a new body, and whoever still reads the
/// old one keeps reading the old bytes.
public protocol ObjectBody: AnyObject, Sendable {
    var size: Int64 { get }
    /// The bytes of `range`, which lies within `0..<size`.
    /// - Throws: `StorageFailure` where the medium fails.
    func bytes(in range: Range<Int64>) throws -> [UInt8]
}

extension ObjectBody {
    /// All bytes, for bodies that fit in memory.
    public func allBytes() throws -> [UInt8] { try bytes(in: 0..<size) }

    /// Calls `visit` with consecutive pieces of at most 1 MiB.
    func forEachPiece(_ visit: ([UInt8]) throws -> Void) throws {
        var offset: Int64 = 0
        while offset < size {
            let end = min(size, offset + 1 << 20)
            try visit(bytes(in: offset..<end))
            offset = end
        }
    }

    /// The MD5 of all bytes.
    func md5() throws -> MD5Digest {
        var hasher = MD5Hasher()
        try forEachPiece { hasher.update($0) }
        return hasher.finish()
    }
}

/// The file system refused something that the sandbox needs.
public struct StorageFailure: Error, CustomStringConvertible {
    public let description: String

    /// Names the path and the system's reason in `errno`.
    init(_ what: String, _ path: String) {
        let reason = unsafe String(cString: strerror(errno))
        description = "Cannot \(what) \(path): \(reason)."
    }
}

/// Bytes in memory.
final class MemoryBody: ObjectBody {
    private let content: [UInt8]
    var size: Int64 { Int64(content.count) }

    init(_ content: [UInt8]) {
        self.content = content
    }

    func bytes(in range: Range<Int64>) -> [UInt8] {
        range.count == content.count ? content : Array(content[Int(range.lowerBound)..<Int(range.upperBound)])
    }
}

/// Part of another body.
final class SlicedBody: ObjectBody {
    private let whole: any ObjectBody
    private let range: Range<Int64>
    var size: Int64 { Int64(range.count) }

    init(_ whole: any ObjectBody, _ range: Range<Int64>) {
        self.whole = whole
        self.range = range
    }

    func bytes(in part: Range<Int64>) throws -> [UInt8] {
        try whole.bytes(in: range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound)
    }
}

/// The parts of a multipart upload, one after the other, without copying them.
final class JoinedBody: ObjectBody {
    private let parts: [any ObjectBody]
    /// Where each part begins.
    private let starts: [Int64]
    let size: Int64

    init(_ parts: [any ObjectBody]) {
        var starts: [Int64] = []
        var size: Int64 = 0
        for part in parts {
            starts.append(size)
            size += part.size
        }
        self.parts = parts
        self.starts = starts
        self.size = size
    }

    func bytes(in range: Range<Int64>) throws -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        for (part, start) in zip(parts, starts) {
            let overlap = range.clamped(to: start..<start + part.size)
            if !overlap.isEmpty {
                result += try part.bytes(in: overlap.lowerBound - start..<overlap.upperBound - start)
            }
        }
        return result
    }
}

/// The bytes of a file, which may be renamed while in use and goes away with its last reader once discarded.
final class FileBody: ObjectBody {
    private struct Place {
        var path: String
        var isDiscarded = false
    }

    let size: Int64
    private let place: Mutex<Place>

    /// `isDiscarded`: the file is removed when nobody holds this body any more, unless `move(to:)` keeps it.
    init(path: String, size: Int64, isDiscarded: Bool = false) {
        self.size = size
        place = Mutex(Place(path: path, isDiscarded: isDiscarded))
    }

    deinit {
        let last = place.withLock { $0 }
        if last.isDiscarded { unsafe _ = unlink(last.path) }
    }

    func bytes(in range: Range<Int64>) throws -> [UInt8] {
        try place.withLock { place in
            let file = unsafe open(place.path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { throw StorageFailure("open", place.path) }
            defer { close(file) }
            let count = range.count
            guard count > 0 else { return [] }
            let result = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                while filled < count {
                    let got = unsafe pread(
                        file, buffer.baseAddress! + filled, count - filled, off_t(range.lowerBound) + filled)
                    if got < 0, errno == EINTR { continue }
                    guard got > 0 else { break }
                    filled += got
                }
            }
            guard result.count == count else { throw StorageFailure("read all of", place.path) }
            return result
        }
    }

    /// Renames the file and keeps it. Nothing happens to readers.
    /// - Returns: Whether this body's file was up for removal, that is, not yet another object's.
    func adopt(as path: String) throws -> Bool {
        try place.withLock { place in
            guard place.isDiscarded else { return false }
            guard unsafe rename(place.path, path) == 0 else { throw StorageFailure("rename to", path) }
            place = Place(path: path)
            return true
        }
    }

    /// Removes the file once the last reader is gone.
    func discard() {
        place.withLock { $0.isDiscarded = true }
    }
}
