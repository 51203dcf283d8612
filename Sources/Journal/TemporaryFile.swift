import Glibc

/// A file in a folder that has no name any more, so that nothing of it outlives the process, however that ends.
struct TemporaryFile: ~Copyable {
    private let descriptor: Int32
    private let subject: JournalError.Subject

    /// Makes an empty file (mode 0600) in `folder`, which must exist.
    init(folder: String) throws(JournalError) {
        let subject = JournalError.Subject.temporarySpace(folder)
        (descriptor, _) = try Self.make(in: folder, subject, unlinking: true)
        self.subject = subject
    }

    /// Takes over an open descriptor, for tests of devices that fail.
    init(owning descriptor: Int32, folder: String) {
        self.descriptor = descriptor
        subject = .temporarySpace(folder)
    }

    deinit {
        Glibc.close(descriptor)
    }

    /// Makes an empty file that still has a name, for a library that opens files itself; the caller unlinks it.
    static func named(folder: String) throws(JournalError) -> String {
        let (descriptor, path) = try make(in: folder, .temporarySpace(folder), unlinking: false)
        Glibc.close(descriptor)
        return path
    }

    private static func make(
        in folder: String, _ subject: JournalError.Subject, unlinking: Bool
    ) throws(JournalError) -> (descriptor: Int32, path: String) {
        // mkstemp(3) puts a name that is free in the place of the six X.
        var template = Array("\(folder)/minio-sync-XXXXXX".utf8CString)
        let descriptor = unsafe template.withUnsafeMutableBufferPointer { name in
            unsafe mkstemp(name.baseAddress!)
        }
        if descriptor < 0 { throw JournalError(subject, errno: errno) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if unlinking { unsafe unlink(path) }
        return (descriptor, path)
    }

    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: [UInt8], at offset: Int64) throws(JournalError) {
        var done = 0
        while done < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { buffer in
                unsafe pwrite(
                    descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset) + off_t(done))
            }
            if written < 0, errno == EINTR { continue }
            if written < 0 { throw JournalError(subject, errno: errno) }
            done += written
        }
    }

    /// Up to `count` bytes from `offset`; fewer only at the end of the file.
    func read(_ count: Int, at offset: Int64) throws(JournalError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe pread(descriptor, buffer.baseAddress! + done, count - done, off_t(offset) + off_t(done))
            }
            if got < 0, errno == EINTR { continue }
            if got < 0 { throw JournalError(subject, errno: errno) }
            if got == 0 { break }
            done += got
        }
        bytes.removeLast(count - done)
        return bytes
    }
}
