import Glibc
import SQLite

/// A file in a folder that has no name any more, so that nothing of it outlives the process, however that ends.
public struct TemporaryFile: ~Copyable {
    /// The call of the system that failed: an `errno`.
    public struct Failure: Error, Hashable, Sendable {
        public let code: Int32
    }

    /// Where temporary files go unless told otherwise: `TMPDIR`; else where large ones belong, as `/tmp` may be memory.
    public static var standardFolder: String { folder(unsafe getenv("TMPDIR").map { unsafe String(cString: $0) }) }

    static func folder(_ wanted: String?) -> String {
        guard let wanted, !wanted.isEmpty else { return "/var/tmp" }
        return wanted
    }

    private let descriptor: Int32

    /// Makes an empty file (mode 0600) in `folder`, which must exist.
    public init(folder: String) throws(Failure) {
        (descriptor, _) = try Self.make(in: folder, unlinking: true)
    }

    /// Takes over an open descriptor, for tests of devices that fail.
    init(owning descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        Glibc.close(descriptor)
    }

    /// Makes an empty file that still has a name, for a library that opens files itself; the caller unlinks it.
    static func named(folder: String) throws(Failure) -> String {
        let (descriptor, path) = try make(in: folder, unlinking: false)
        Glibc.close(descriptor)
        return path
    }

    private static func make(
        in folder: String, unlinking: Bool
    ) throws(Failure) -> (descriptor: Int32, path: String) {
        // mkstemp(3) puts a name that is free in the place of the six X.
        var template = Array("\(folder)/minio-sync-XXXXXX".utf8CString)
        let descriptor = unsafe template.withUnsafeMutableBufferPointer { name in
            unsafe mkstemp(name.baseAddress!)
        }
        if descriptor < 0 { throw Failure(code: errno) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if unlinking { unsafe unlink(path) }
        return (descriptor, path)
    }

    /// Writes all of `bytes` at `offset`.
    public func write(_ bytes: [UInt8], at offset: Int64) throws(Failure) {
        var done = 0
        while done < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { buffer in
                unsafe pwrite(
                    descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset) + off_t(done))
            }
            if written < 0, errno == EINTR { continue }
            if written < 0 { throw Failure(code: errno) }
            done += written
        }
    }

    /// Up to `count` bytes from `offset`; fewer only at the end of the file.
    public func read(_ count: Int, at offset: Int64) throws(Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe pread(descriptor, buffer.baseAddress! + done, count - done, off_t(offset) + off_t(done))
            }
            if got < 0, errno == EINTR { continue }
            if got < 0 { throw Failure(code: errno) }
            if got == 0 { break }
            done += got
        }
        bytes.removeLast(count - done)
        return bytes
    }
}

extension DiskError {
    init(_ subject: Subject, _ failure: TemporaryFile.Failure) {
        self.init(subject, errno: failure.code)
    }
}
