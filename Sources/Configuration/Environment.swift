import Glibc

/// What the configuration reads from outside: variables and small files. Tests give their own.
public struct Environment: Sendable {
    /// One file's contents, and who may read it.
    public struct File: Hashable, Sendable {
        public var bytes: [UInt8]
        /// The permission bits, such as 0o600.
        public var permissions: UInt32

        public init(bytes: [UInt8], permissions: UInt32 = 0o600) {
            self.bytes = bytes
            self.permissions = permissions
        }

        public init(_ text: String, permissions: UInt32 = 0o600) {
            self.init(bytes: Array(text.utf8), permissions: permissions)
        }

        /// Whether every user of the machine may read it.
        public var isWorldReadable: Bool { permissions & 0o004 != 0 }
    }

    /// Why a file that exists cannot be read, in the system's words.
    public struct Unreadable: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String

        public init(_ description: String) {
            self.description = description
        }
    }

    public var variables: [String: String]
    /// Nil if there is no such file.
    public var readFile: @Sendable (String) throws(Unreadable) -> File?

    public init(
        variables: [String: String], readFile: @escaping @Sendable (String) throws(Unreadable) -> File?
    ) {
        self.variables = variables
        self.readFile = readFile
    }

    /// The variable's value; nil where it is unset or empty.
    func value(_ name: String) -> String? {
        variables[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// `name` in the user's home folder; nil where `HOME` is not set, as in some services.
    func inHome(_ name: String) -> String? {
        value("HOME").map { "\($0)/\(name)" }
    }

    /// The variables and files of this process. Files are read up to 1 MiB; configuration is never larger.
    ///
    /// Reading blocks, for the length of a small file: call it while starting, not from a reactor.
    public static func process() -> Environment {
        var variables: [String: String] = [:]
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let pair = unsafe String(cString: text)
            if let equals = pair.utf8.firstIndex(of: UInt8(ascii: "=")) {
                variables[String(pair[..<equals])] = String(pair[pair.utf8.index(after: equals)...])
            }
            unsafe entry += 1
        }
        return Environment(variables: variables, readFile: readFromDisk)
    }

    static let largestFile = 1 << 20

    private static func readFromDisk(_ path: String) throws(Unreadable) -> File? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw unreadable(errno)
        }
        defer { close(descriptor) }
        var status = stat()
        if unsafe fstat(descriptor, &status) != 0 { throw unreadable(errno) }
        if status.st_mode & S_IFMT == S_IFDIR { throw Unreadable("it is a directory") }
        var bytes = [UInt8](repeating: 0, count: largestFile + 1)
        var done = 0
        while done < bytes.count {
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe read(descriptor, buffer.baseAddress! + done, buffer.count - done)
            }
            if got < 0, errno == EINTR { continue }
            if got < 0 { throw unreadable(errno) }
            if got == 0 { break }
            done += got
        }
        if done > largestFile { throw Unreadable("it is larger than 1 MiB") }
        bytes.removeLast(bytes.count - done)
        return File(bytes: bytes, permissions: status.st_mode & 0o777)
    }

    private static func unreadable(_ code: Int32) -> Unreadable {
        unsafe Unreadable(String(cString: strerror(code)))
    }
}
