public import Glibc

/// A folder of a test's own, removed with everything in it when released.
public final class TemporaryFolder: Sendable {
    public let path: String

    /// Traps where no folder can be made in `/tmp`: no test could go on.
    public init() {
        // mkdtemp(3) puts a name that is free in the place of the six X.
        var template = Array("/tmp/minio-sync-test-XXXXXX".utf8CString)
        let isMade = unsafe template.withUnsafeMutableBufferPointer { unsafe mkdtemp($0.baseAddress!) != nil }
        precondition(isMade, "A folder cannot be made in /tmp: \(unsafe String(cString: strerror(errno))).")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        Self.remove(path)
    }

    /// The path of what has this name in it.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Makes a folder in it (mode 0700) and gives its path.
    @discardableResult
    public func folder(_ name: String) -> String {
        _ = unsafe mkdir(file(name), 0o700)
        return file(name)
    }

    /// Writes a file (mode 0600), replacing what was there, and gives its path.
    @discardableResult
    public func write(_ bytes: [UInt8], to name: String) -> String {
        let descriptor = unsafe open(file(name), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        let written = unsafe Glibc.write(descriptor, bytes, bytes.count)
        precondition(written == bytes.count, "\(file(name)): \(unsafe String(cString: strerror(errno)))")
        close(descriptor)
        return file(name)
    }

    @discardableResult
    public func write(_ text: String, to name: String) -> String { write(Array(text.utf8), to: name) }

    /// The bytes of a file; nil where there is none.
    public func read(_ name: String) -> [UInt8]? { TestFile.read(file(name)) }

    /// The names in it, hidden ones too, sorted.
    public var names: [String] { Self.names(in: path) }

    /// The names in a folder of its own.
    public func names(in folder: String) -> [String] { Self.names(in: file(folder)) }

    /// Kind and permissions, as `st_mode`, of a file itself and not of what it links to; 0 where there is none.
    public func mode(_ name: String) -> mode_t {
        var status = stat()
        return unsafe lstat(file(name), &status) == 0 ? status.st_mode : 0
    }

    private static func names(in folder: String) -> [String] { TestFile.names(in: folder) }

    /// Removes a file, or a folder with what is in it; `rmdir` never follows a link.
    private static func remove(_ path: String) {
        if unsafe unlink(path) == 0 { return }
        for name in names(in: path) { remove("\(path)/\(name)") }
        unsafe rmdir(path)
    }
}
