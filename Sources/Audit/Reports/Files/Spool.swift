import Glibc
import Scratch

/// Bytes to be read back later, in the order they came: in memory up to a limit, past it in a temporary file that has no
/// name, so that nothing stays behind however the process ends.
final class Spool {
    /// Bytes held in memory before they go to the file.
    private let limit: Int
    private var pending: [UInt8] = []
    private let folder: String
    /// The temporary file, once there is one.
    private var file: TemporaryFile?
    /// Bytes in the file.
    private var written: Int64 = 0

    init(limit: Int = 256 << 10, folder: String = TemporaryFile.standardFolder) {
        self.limit = limit
        self.folder = folder
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
        if file == nil {
            do throws(TemporaryFile.Failure) {
                file = try TemporaryFile(folder: folder)
            } catch {
                throw ReportError("A temporary file cannot be made in \(folder) (TMPDIR)", errno: error.code)
            }
        }
        do throws(TemporaryFile.Failure) {
            try file?.write(pending, at: written)
        } catch {
            throw ReportError("A temporary file cannot be written in \(folder)", errno: error.code)
        }
        written += Int64(pending.count)
        pending.removeAll(keepingCapacity: true)
    }

    private func read(at offset: Int64) throws(ReportError) -> [UInt8] {
        var failure = EIO
        do throws(TemporaryFile.Failure) {
            let count = Int(min(Int64(limit), written - offset))
            if let bytes = try file?.read(count, at: offset), bytes.count == count { return bytes }
        } catch {
            failure = error.code
        }
        throw ReportError("A temporary file cannot be read back in \(folder)", errno: failure)
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
