import Glibc
import Runtime

/// A listening Unix socket with a file of mode 0600, which no other living process has.
///
/// The socket gets a name of its own first and is renamed into place once it listens, so that whoever finds the file
/// finds a living process behind it. A lock on the folder keeps two processes that start at once from replacing each
/// other's.
final class ControlSocket: Sendable {
    let descriptor: Descriptor

    private let folder: Descriptor
    private let name: String
    private let identity: Identity

    private struct Identity: Equatable {
        var device: dev_t
        var inode: ino_t
    }

    init(path: String) throws(ControlError) {
        func refused() -> ControlError { ControlError(path: path, .inaccessible(systemWords(errno))) }
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folderPath = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
        guard let folder = Descriptor(unsafe open(folderPath, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) else {
            throw refused()
        }
        guard let socket = unixSocket(SOCK_STREAM, isBlocking: false) else { throw refused() }
        // Before it is bound: the file is made with the socket's own mode, so at no time can others open it.
        guard fchmod(socket.number, 0o600) == 0 else { throw refused() }

        let temporary = ".control-\(UniqueText.drawn())"
        // A folder with a long path is reached through its descriptor.
        let address =
            UnixAddress(path: "\(folderPath)/\(temporary)")
            ?? UnixAddress(path: "/proc/self/fd/\(folder.number)/\(temporary)")
        let isBound =
            unsafe address?.withSystemAddress { address, length in
                unsafe bind(socket.number, address, length) == 0
            } ?? false
        guard isBound else { throw refused() }
        do throws(ControlError) {
            guard listen(socket.number, 64) == 0, let identity = Self.identity(temporary, in: folder) else {
                throw refused()
            }
            self.identity = identity
            Self.lock(folder)
            defer { _ = flock(folder.number, LOCK_UN) }
            try Self.expectNobody(path: path, name, in: folder)
            guard unsafe renameat(folder.number, temporary, folder.number, name) == 0 else { throw refused() }
        } catch {
            _ = unsafe unlinkat(folder.number, temporary, 0)
            throw error
        }
        descriptor = socket
        self.folder = folder
        self.name = name
    }

    /// Removes the file, unless another process has put its own in the place.
    func remove() {
        Self.lock(folder)
        defer { _ = flock(folder.number, LOCK_UN) }
        if Self.identity(name, in: folder) == identity { _ = unsafe unlinkat(folder.number, name, 0) }
    }

    /// Throws where the name belongs to a living process or to something that is no socket.
    private static func expectNobody(path: String, _ name: String, in folder: Descriptor) throws(ControlError) {
        var status = stat()
        if unsafe fstatat(folder.number, name, &status, AT_SYMLINK_NOFOLLOW) != 0 {
            if errno == ENOENT { return }
            throw ControlError(path: path, .inaccessible(systemWords(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw ControlError(path: path, .notASocket) }
        var file: Descriptor?
        guard let address = UnixAddress(existing: path, keeping: &file),
            let probe = unixSocket(SOCK_STREAM, isBlocking: false)
        else { throw ControlError(path: path, .inaccessible(systemWords(errno))) }
        let result = unsafe address.withSystemAddress { unsafe connect(probe.number, $0, $1) == 0 ? 0 : errno }
        withExtendedLifetime(file) {}
        switch result {
        case ECONNREFUSED, ENOENT: return
        // EAGAIN: so many wait there that no more can.
        case 0, EAGAIN: throw ControlError(path: path, .servedByAnother)
        default: throw ControlError(path: path, .inaccessible(systemWords(result)))
        }
    }

    private static func identity(_ name: String, in folder: Descriptor) -> Identity? {
        var status = stat()
        guard unsafe fstatat(folder.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        return Identity(device: status.st_dev, inode: status.st_ino)
    }

    /// Waits for the lock as long as another process can rightly hold it; then, or where the file system knows no locks,
    /// goes on without.
    private static func lock(_ folder: Descriptor) {
        for _ in 0..<200 {
            if flock(folder.number, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK && errno != EINTR { return }
            // flock(2) has no time-out, and another process holds the lock for the moment of one bind.
            BlockingPause.sleep(milliseconds: 10)
        }
    }
}
