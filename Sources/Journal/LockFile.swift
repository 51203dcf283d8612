import CLinux
import Glibc
import SQLite

/// A file beside the state file whose bytes are locked, one for each thing that is to have one user at a time.
///
/// Open file description locks (`F_OFD_SETLK`, fcntl(2)): the kernel drops one with its descriptor, so `kill -9` frees
/// it, and two of one process stand against each other as those of two processes do. Not the state file itself, where
/// SQLite has locks of its own. The file stays for ever: two processes could lock two files of one name if it were
/// removed.
struct LockFile {
    let path: String

    /// The number of a mirror is its byte; this many bytes on is the byte that its guests share.
    static let guests: Int64 = 1 << 40

    init(_ statePath: String) {
        path = statePath + ".lock"
    }

    /// Locks a byte; nil if that is not possible beside the locks that it has.
    func lock(_ byte: Int64, isShared: Bool) throws(DiskError) -> MirrorLock? {
        guard let descriptor = try lockedDescriptor(byte, isShared: isShared) else { return nil }
        return MirrorLock { close(descriptor) }
    }

    /// As `lock`; the lock is held until the caller closes the descriptor.
    func lockedDescriptor(_ byte: Int64, isShared: Bool) throws(DiskError) -> Int32? {
        let descriptor = try open()
        var range = Self.range(byte, isShared ? F_RDLCK : F_WRLCK)
        if unsafe fcntl(descriptor, Int32(CLINUX_F_OFD_SETLK), &range) == 0 {
            return descriptor
        }
        let code = errno
        close(descriptor)
        if code == EAGAIN || code == EACCES { return nil }
        throw DiskError(.stateFile(path), errno: code)
    }

    /// Whether a byte has a lock of any kind.
    func isLocked(_ byte: Int64) throws(DiskError) -> Bool {
        let descriptor = try open()
        defer { close(descriptor) }
        var range = Self.range(byte, F_WRLCK)
        if unsafe fcntl(descriptor, Int32(CLINUX_F_OFD_GETLK), &range) != 0 {
            throw DiskError(.stateFile(path), errno: errno)
        }
        return range.l_type != Int16(F_UNLCK)
    }

    private func open() throws(DiskError) -> Int32 {
        let descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor < 0 { throw DiskError(.stateFile(path), errno: errno) }
        return descriptor
    }

    private static func range(_ byte: Int64, _ type: Int32) -> flock {
        // l_pid must be 0 for these locks.
        flock(l_type: Int16(type), l_whence: Int16(SEEK_SET), l_start: off_t(byte), l_len: 1, l_pid: 0)
    }
}
