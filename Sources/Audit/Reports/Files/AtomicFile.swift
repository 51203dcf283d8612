import Glibc

/// A file that appears under its name whole or not at all: written beside it, flushed to the disk, then renamed.
///
/// Its mode is that of the file it replaces, and 0644 as the umask leaves it for a new one. A symbolic link to a file stays,
/// and what it points to is replaced. Without `commit`, or after an error, nothing is left when the value is released. What
/// a killed process left is removed by the next one that writes the same file: the lock on it went with its process.
public final class AtomicFile {
    /// As it was given, for messages.
    private let name: String
    /// What is replaced.
    private let target: String
    private let temporary: String
    private var descriptor: Int32
    private var pending: [UInt8] = []

    /// - Throws: where `path` is no place for a file: its folder is missing or may not be written to, or something that is
    ///   no regular file has that name.
    public init(path: String) throws(ReportError) {
        name = path
        guard !path.isEmpty else { throw ReportError("A report cannot be written: its file has no name; name one.") }
        let target = try Self.target(of: path)
        self.target = target
        let name = TemporaryName(target)
        name.removeAbandoned()
        var attempts = 0
        while true {
            let candidate = name.drawn()
            let descriptor = unsafe open(candidate, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o644)
            if descriptor >= 0, TemporaryName.lock(descriptor) {
                temporary = candidate
                self.descriptor = descriptor
                return
            }
            let code = descriptor >= 0 ? EINTR : errno
            // Somebody took it for abandoned in the moment before it was locked, and removed it.
            if descriptor >= 0 { close(descriptor) }
            attempts += 1
            guard code == EEXIST || code == EINTR, attempts < 100 else {
                throw ReportError(Self.failure(path), errno: code)
            }
        }
    }

    deinit {
        abandon()
    }

    /// Appends bytes. After an error only `deinit` may follow.
    public func write(_ bytes: [UInt8]) throws(ReportError) {
        pending += bytes
        if pending.count >= 64 << 10 { try flush() }
    }

    /// Puts the file in place of what was there. Once, after the last `write`.
    ///
    /// - Throws: where it could not be; then what was there before is still there.
    public func commit() throws(ReportError) {
        guard descriptor >= 0 else { return }
        try flush()
        var status = stat()
        // Who made a report private wants the next one so; a file system without modes is no reason for none.
        if unsafe stat(target, &status) == 0 { fchmod(descriptor, status.st_mode & 0o777) }
        guard fsync(descriptor) == 0 else { throw ReportError(Self.failure(name), errno: errno) }
        // Some network file systems tell of a failed write only here.
        let closed = close(descriptor)
        descriptor = -1
        guard closed == 0, unsafe rename(temporary, target) == 0 else {
            let code = errno
            unsafe unlink(temporary)
            throw ReportError(Self.failure(name), errno: code)
        }
        // The new name survives a power cut only once the folder is on the disk too; a folder that cannot be flushed is
        // no reason to call a file missing that is there.
        let folder = unsafe open("\(TemporaryName(target).folder).", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    private func flush() throws(ReportError) {
        try Output.write(pending, to: descriptor, Self.failure(name))
        pending.removeAll(keepingCapacity: true)
    }

    private func abandon() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
        unsafe unlink(temporary)
    }

    private static func failure(_ path: String) -> String { "The report cannot be written to \(Visible.text(path))" }

    /// What a write to `path` replaces. Devices, pipes and folders are refused: renaming a file over `/dev/null` would
    /// take it from the whole system.
    private static func target(of path: String) throws(ReportError) -> String {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            // What does not exist yet, or a link to what does not; a folder that is missing shows when the file is made.
            guard errno == ENOENT else { throw ReportError(failure(path), errno: errno) }
            return path
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            let kind = status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "not a regular file"
            throw ReportError("\(failure(path)): it is \(kind); name a file, or - for standard output.")
        }
        guard let resolved = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
}
