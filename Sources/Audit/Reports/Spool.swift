import Glibc

/// Bytes to be read back later, in the order they came: in memory up to a limit, past it in a temporary file that has no
/// name, so that nothing stays behind however the process ends.
final class Spool {
    /// Bytes held in memory before they go to the file.
    private let limit: Int
    private var pending: [UInt8] = []
    /// The temporary file, once there is one.
    private var descriptor: Int32 = -1
    /// Bytes in the file.
    private var written: Int64 = 0

    init(limit: Int = 256 << 10) {
        self.limit = limit
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    var isEmpty: Bool { pending.isEmpty && written == 0 }

    func append(_ text: String) throws(ReportError) {
        pending.append(contentsOf: text.utf8)
        if pending.count > limit { try spill() }
    }

    /// Hands out all bytes in pieces of at most the limit or so.
    func replay(_ body: (borrowing [UInt8]) throws -> Void) throws {
        var offset: Int64 = 0
        while offset < written {
            let piece = try read(at: offset)
            try body(piece)
            offset += Int64(piece.count)
        }
        if !pending.isEmpty { try body(pending) }
    }

    private func spill() throws(ReportError) {
        if descriptor < 0 { descriptor = try Self.open() }
        try Output.write(pending, to: descriptor, "A temporary file cannot be written in \(Self.folder)")
        written += Int64(pending.count)
        pending.removeAll(keepingCapacity: true)
    }

    private func read(at offset: Int64) throws(ReportError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: Int(min(Int64(limit), written - offset)))
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe pread(descriptor, bytes.baseAddress, bytes.count, Int(offset))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw ReportError(
                    "A temporary file cannot be read back in \(Self.folder)", errno: count < 0 ? errno : EIO)
            }
            buffer.removeLast(buffer.count - count)
            return buffer
        }
    }

    /// `TMPDIR`; else where large temporary files belong, as `/tmp` may be memory.
    private static var folder: String {
        guard let value = unsafe getenv("TMPDIR") else { return "/var/tmp" }
        let folder = unsafe String(cString: value)
        return folder.isEmpty ? "/var/tmp" : folder
    }

    private static func open() throws(ReportError) -> Int32 {
        var template = Array("\(folder)/minio-sync-XXXXXX".utf8CString)
        let descriptor = unsafe template.withUnsafeMutableBufferPointer { name in
            unsafe mkstemp(name.baseAddress!)
        }
        guard descriptor >= 0 else {
            throw ReportError("A temporary file cannot be made in \(folder) (TMPDIR)", errno: errno)
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = unsafe template.withUnsafeBufferPointer { name in unsafe unlink(name.baseAddress!) }
        return descriptor
    }
}

/// Writing to a descriptor.
enum Output {
    /// Writes all of `bytes`, or throws an error that says `what` failed.
    static func write(_ bytes: [UInt8], to descriptor: Int32, _ what: @autoclosure () -> String) throws(ReportError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw ReportError(what(), errno: errno)
            }
            rest = rest.dropFirst(count)
        }
    }
}
