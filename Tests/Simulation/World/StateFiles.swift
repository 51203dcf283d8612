import Glibc

/// Files of state on a disk that forgets when it is told to: whole files, read and written at once.
enum StateFiles {
    /// In memory, and this process's own, whatever one of the same number has left there.
    static let folder: String = {
        let path = "/dev/shm/minio-sync-simulation.\(getpid())"
        unsafe mkdir(path, 0o700)
        for name in ["state-0.db", "state-1.db", "fresh.db"] { remove("\(path)/\(name)") }
        return path
    }()

    /// What SQLite keeps beside a file.
    private static let companions = ["", "-wal", "-shm"]

    static func remove(_ path: String) {
        for companion in companions + [".lock"] { unsafe unlink(path + companion) }
    }

    static func removeFolder() { unsafe rmdir(folder) }

    /// What a disk has of it: the file and its log.
    static func snapshot(_ path: String) -> [[UInt8]?] { ["", "-wal"].map { read(path + $0) } }

    static func restore(_ path: String, _ snapshot: [[UInt8]?]) {
        for companion in companions { unsafe unlink(path + companion) }
        for (companion, bytes) in zip(["", "-wal"], snapshot) {
            if let bytes { write(path + companion, bytes) }
        }
    }

    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    static func read(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        lseek(descriptor, 0, SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: max(0, Int(size)))
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        return Array(bytes.prefix(max(0, count)))
    }

    static func write(_ path: String, _ bytes: [UInt8]) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        precondition(descriptor >= 0, "\(path) can't be written (error \(errno)).")
        defer { close(descriptor) }
        let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
        precondition(count == bytes.count, "\(path) can't be written (error \(errno)).")
    }
}
