import Glibc

/// The address of a Unix socket, as unix(7) describes `sockaddr_un`.
struct UnixAddress: Sendable, Hashable {
    /// What `sun_path` holds besides its ending zero.
    static let longestPath = 107

    /// As the kernel takes it: the family, then the path with a zero after it, or a zero and the abstract name.
    private let bytes: [UInt8]

    /// A socket in the file system; nil for a path that is empty, too long or has a zero byte.
    init?(path: String) {
        guard (1...Self.longestPath).contains(path.utf8.count), !path.utf8.contains(0) else { return nil }
        bytes = Self.family + Array(path.utf8) + [0]
    }

    /// A socket without a file; nil for a name that is empty or too long.
    init?(abstract name: String) {
        guard (1...Self.longestPath).contains(name.utf8.count) else { return nil }
        bytes = Self.family + [0] + Array(name.utf8)
    }

    /// A socket's file that exists, however long its path: past the address' room it is reached through the descriptor
    /// that `keeping` gets, which must live as long as the address is used. Nil where the file cannot be opened; the
    /// reason is in `errno`.
    init?(existing path: String, keeping descriptor: inout Descriptor?) {
        if let short = UnixAddress(path: path) {
            self = short
            return
        }
        guard let file = Descriptor(unsafe open(path, Self.openPath | O_CLOEXEC)),
            let address = UnixAddress(path: "/proc/self/fd/\(file.number)")
        else { return nil }
        descriptor = file
        self = address
    }

    /// Linux' `O_PATH` (asm-generic/fcntl.h): a place in the file system, not opened. Glibc's module leaves it out.
    private static let openPath: Int32 = 0o10000000

    private static let family = unsafe withUnsafeBytes(of: sa_family_t(AF_UNIX)) { unsafe Array($0) }

    /// Calls `body` with the address as system calls take it, valid until it returns.
    func withSystemAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        // An array's storage is aligned for any C type.
        unsafe bytes.withUnsafeBytes { buffer in
            unsafe body(buffer.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(buffer.count))
        }
    }
}

/// A new Unix socket that programs started from here do not inherit. Nil where the system has none left.
func unixSocket(_ type: __socket_type, isBlocking: Bool) -> Descriptor? {
    let flags = SOCK_CLOEXEC.rawValue | (isBlocking ? 0 : SOCK_NONBLOCK.rawValue)
    return Descriptor(socket(AF_UNIX, Int32(type.rawValue | flags), 0))
}
