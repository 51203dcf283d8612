import Glibc

@testable import S3Sandbox

/// A folder for one test, gone with the last reference.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/s3-sandbox-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw StorageFailure("create a folder in", "/tmp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        Self.remove(path)
    }

    private static func remove(_ path: String) {
        if unsafe unlink(path) == 0 { return }
        for name in (try? names(in: path)) ?? [] { remove("\(path)/\(name)") }
        unsafe rmdir(path)
    }

    static func names(in path: String) throws -> [String] { try FolderTable.names(in: path) }

    static func write(_ text: String, to path: String) throws { try FolderTable.write(Array(text.utf8), to: path) }
}
