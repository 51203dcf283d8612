import Glibc

/// A folder of a test's own, removed with the files in it when released.
final class TemporaryFolder: Sendable {
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

    /// Makes a folder in it and gives its path.
    func folder(_ name: String) -> String {
        _ = unsafe mkdir(file(name), 0o700)
        return file(name)
    }

    func write(_ text: String, to name: String) {
        let descriptor = unsafe open(file(name), O_CREAT | O_TRUNC | O_WRONLY, 0o600)
        let bytes = Array(text.utf8)
        _ = unsafe Glibc.write(descriptor, bytes, bytes.count)
        close(descriptor)
    }

    /// The names in it, hidden ones too.
    var names: [String] { Self.names(in: path) }

    /// Kind and permissions, as `st_mode`; 0 where there is no such file.
    func mode(_ name: String) -> mode_t {
        var status = stat()
        return unsafe lstat(file(name), &status) == 0 ? status.st_mode : 0
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

    private static func remove(_ path: String) {
        if unsafe unlink(path) == 0 { return }
        for name in names(in: path) { remove("\(path)/\(name)") }
        unsafe rmdir(path)
    }
}
