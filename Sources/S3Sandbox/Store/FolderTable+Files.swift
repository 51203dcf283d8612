import Digests
import Glibc
import ObjectModel
import S3

extension FolderTable {
    static func makeFolder(_ path: String) throws {
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw StorageFailure("create", path) }
    }

    /// The names in a folder without `.` and `..`, in no order.
    static func names(in path: String) throws -> [String] {
        guard let folder = unsafe opendir(path) else { throw StorageFailure("list", path) }
        defer { unsafe _ = closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    static func read(_ path: String) throws -> [UInt8] {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw StorageFailure("open", path) }
        defer { close(file) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let got = unsafe Glibc.read(file, &buffer, buffer.count)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw StorageFailure("read", path) }
            if got == 0 { return content }
            content += buffer.prefix(got)
        }
    }

    static func write(_ content: [UInt8], to path: String) throws {
        let receiver = try FileReceiver(path: path)
        unsafe try receiver.append(content.span.bytes)
        _ = try (receiver.finish() as? FileBody)?.adopt(as: path)
    }

    /// The size of a file, or nil where there is none.
    static func size(of path: String) -> Int64? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return Int64(status.st_size)
    }
}

/// Names of files for keys.
///
/// A key is any bytes up to 1,024 of them; a file name has at most 255, no `/`, and is never `.` or `..`. Letters,
/// digits and `-_.` stand for themselves, so that a person finds an object again; the rest is percent-encoded; a long
/// name is cut and told apart by a hash.
enum FolderName {
    static func of(_ key: ObjectKey) -> String {
        var name: [UInt8] = []
        for byte in key.bytes {
            let isPlain = PercentEncoding.isUnreserved(byte) && byte != UInt8(ascii: "~")
            if isPlain, !(name.isEmpty && byte == UInt8(ascii: ".")) {
                name.append(byte)
            } else {
                Hexadecimal.appendPercent(byte, to: &name)
            }
        }
        if name.count > 180 {
            name = name.prefix(100) + Array("%~".utf8) + Array(SHA256Hasher.digest(key.bytes).hexadecimal.utf8)
        }
        return String(decoding: name, as: UTF8.self)
    }
}
