import Glibc
public import ObjectModel
import Runtime
public import SQLite

/// A queue of keys, first in first out, that keeps little in memory: keys that may have to be deleted wait in it until
/// both listings are known to be whole.
///
/// The newest keys stay in memory up to a limit; with more, they go to an unnamed temporary file. Appending and taking
/// may alternate. The actor runs on a thread of its own, which ends with the last reference, as does the file.
public actor KeySpill {
    private nonisolated let executor: any SerialExecutor
    private let folder: String
    private let memoryLimit: Int
    private var file: SpillFile?

    /// The newest keys, from `first` on; what the file holds is older.
    private var newest: [ObjectKey] = []
    private var first = 0
    private var newestBytes = 0

    /// How many keys wait.
    public private(set) var count = 0

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// - Parameters:
    ///   - folder: where the file goes if one is needed; it must exist.
    ///   - memoryLimit: bytes of keys held in memory.
    ///   - executor: where it blocks; a thread of its own where none is given.
    public init(
        folder: String = TemporaryFile.standardFolder, memoryLimit: Int = 1 << 20, executor: (any SerialExecutor)? = nil
    ) {
        self.folder = folder
        self.memoryLimit = memoryLimit
        self.executor = executor ?? ThreadExecutor(name: "key-spill")
    }

    deinit {
        (executor as? ThreadExecutor)?.stop()
    }

    /// Writes to `descriptor`, which it takes over, instead of a new file: for tests of devices that fail.
    func useFile(owning descriptor: Int32) {
        file = SpillFile(owning: descriptor, folder: folder)
    }

    /// Adds `keys` at the end.
    ///
    /// - Throws: `DiskError` if the temporary file cannot be made or written; the keys stay in the queue.
    public func append(_ keys: [ObjectKey]) throws(DiskError) {
        newest.append(contentsOf: keys)
        newestBytes += keys.reduce(0) { $0 + $1.bytes.count }
        count += keys.count
        if newestBytes > memoryLimit { try spill() }
    }

    /// Takes up to `limit` (at least 1) of the oldest keys; empty only when none wait.
    public func next(limit: Int = 1000) throws(DiskError) -> [ObjectKey] {
        var keys: [ObjectKey] = []
        while keys.count < limit, let file, let key = try file.next() { keys.append(key) }
        let rest = newest[first...].prefix(limit - keys.count)
        keys.append(contentsOf: rest)
        newestBytes -= rest.reduce(0) { $0 + $1.bytes.count }
        first += rest.count
        if first == newest.count {
            newest.removeAll(keepingCapacity: true)
            first = 0
        }
        count -= keys.count
        return keys
    }

    /// Forgets all keys that wait.
    public func removeAll() {
        file = nil
        newest = []
        first = 0
        newestBytes = 0
        count = 0
    }

    private func spill() throws(DiskError) {
        if file == nil { file = try SpillFile(folder: folder) }
        try file?.append(newest[first...])
        newest.removeAll(keepingCapacity: true)
        first = 0
        newestBytes = 0
    }
}

/// Keys in a file, each as its length (four bytes, little-endian) and its bytes, read in the order written.
private final class SpillFile {
    private let file: TemporaryFile
    private let folder: String
    private var end: Int64 = 0
    private var readOffset: Int64 = 0
    private var buffer: ArraySlice<UInt8> = []

    init(folder: String) throws(DiskError) {
        do throws(TemporaryFile.Failure) {
            file = try TemporaryFile(folder: folder)
        } catch {
            throw DiskError(.temporarySpace(folder), error)
        }
        self.folder = folder
    }

    init(owning descriptor: Int32, folder: String) {
        file = TemporaryFile(owning: descriptor)
        self.folder = folder
    }

    func append(_ keys: ArraySlice<ObjectKey>) throws(DiskError) {
        var bytes: [UInt8] = []
        for key in keys {
            let length = UInt32(clamping: key.bytes.count)
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: length >> shift))
            }
            bytes.append(contentsOf: key.bytes)
        }
        do throws(TemporaryFile.Failure) {
            try file.write(bytes, at: end)
        } catch {
            throw DiskError(.temporarySpace(folder), error)
        }
        end += Int64(bytes.count)
    }

    func next() throws(DiskError) -> ObjectKey? {
        guard try fill(4) else { return nil }
        let length = buffer.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard try fill(4 + length) else { return nil }
        let key = ObjectKey(bytes: Array(buffer.dropFirst(4).prefix(length)))
        buffer = buffer.dropFirst(4 + length)
        return key
    }

    /// Whether `count` bytes are in the buffer or could be read into it.
    private func fill(_ count: Int) throws(DiskError) -> Bool {
        if buffer.count >= count { return true }
        let wanted = Int(min(Int64(max(count, 1 << 16)), end - readOffset))
        if wanted > 0 {
            do throws(TemporaryFile.Failure) {
                let bytes = try file.read(wanted, at: readOffset)
                readOffset += Int64(bytes.count)
                buffer = ArraySlice(Array(buffer) + bytes)
            } catch {
                throw DiskError(.temporarySpace(folder), error)
            }
        }
        return buffer.count >= count
    }
}
