import Glibc
import Runtime

/// What the files are called in which a file is written before it gets its own name: hidden, and with an ending of their
/// own, so that no collector that watches the folder takes one for a report.
///
/// Who writes one holds a lock on it (flock(2)), which ends with its process. One that nobody holds is abandoned.
struct TemporaryName {
    /// Up to and with the last slash; empty for the present folder.
    let folder: String
    private let prefix: String
    private static let ending = ".tmp"
    /// Of a random number in base 36.
    private static let digits = 13

    init(_ target: String) {
        folder = target.lastIndex(of: "/").map { String(target[...$0]) } ?? ""
        prefix = ".\(target.dropFirst(folder.count).prefix(64))."
    }

    /// A new one each time, with its folder.
    func drawn() -> String {
        folder + prefix + UniqueText.drawn() + Self.ending
    }

    /// Whether a name, without its folder, may be one of these.
    func covers(_ name: String) -> Bool {
        guard name.hasPrefix(prefix), name.hasSuffix(Self.ending) else { return false }
        let middle = name.utf8.dropFirst(prefix.utf8.count).dropLast(Self.ending.utf8.count)
        return middle.count == Self.digits
            && middle.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
    }

    /// Takes the lock of a file that was just made.
    ///
    /// - Returns: false where somebody removed it before. A file system without locks has nobody who removes any.
    static func lock(_ descriptor: Int32) -> Bool {
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return errno != EWOULDBLOCK }
        var status = stat()
        return unsafe fstat(descriptor, &status) != 0 || status.st_nlink > 0
    }

    /// Removes what processes left that were killed. What cannot be removed stays: it is in nobody's way.
    func removeAbandoned() {
        guard let entries = unsafe opendir(folder.isEmpty ? "." : folder) else { return }
        defer { unsafe closedir(entries) }
        while let entry = unsafe readdir(entries) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
                    unsafe String(cString: $0)
                }
            }
            if covers(name) { Self.removeIfAbandoned(folder + name) }
        }
    }

    private static func removeIfAbandoned(_ path: String) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
            flock(descriptor, LOCK_EX | LOCK_NB) == 0
        else { return }
        unsafe unlink(path)
    }
}
