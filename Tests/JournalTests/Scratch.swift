import Glibc

/// A folder of a test's own, removed with everything in it when released.
final class Scratch: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/minio-sync-test-XXXXXX".utf8CString)
        unsafe template.withUnsafeMutableBufferPointer { name in _ = unsafe mkdtemp(name.baseAddress!) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        Self.remove(path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file of `bytes`, replacing what was there.
    func write(_ bytes: [UInt8], to name: String) {
        let descriptor = unsafe open(file(name), O_CREAT | O_TRUNC | O_WRONLY, 0o600)
        _ = unsafe Glibc.write(descriptor, bytes, bytes.count)
        close(descriptor)
    }

    /// The names in the folder.
    var names: [String] { Self.names(in: path) }

    static func mode(of path: String) -> mode_t {
        var status = stat()
        _ = unsafe stat(path, &status)
        return status.st_mode & 0o777
    }

    private static func names(in folder: String) -> [String] {
        guard let folder = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file, or a folder with what is in it; `rmdir` never follows a link.
    private static func remove(_ path: String) {
        if unsafe unlink(path) == 0 { return }
        for name in names(in: path) { remove("\(path)/\(name)") }
        unsafe rmdir(path)
    }
}
