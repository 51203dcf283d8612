public import ObjectModel
import Runtime
public import SQLite

/// Records of several ranges of keys, written beside one another and read one range after the other in the order of keys.
///
/// The newest records stay in memory up to a limit; with more, they go to an unnamed temporary file. All are appended
/// before the first one is taken. Besides, about 40 bytes of memory are kept for each call of `append`: append many at once.
/// The actor runs on a thread of its own, which ends with the last reference, as does the file.
public actor RangedSpill {
    /// Records that lie one behind the other.
    private struct Chunk {
        var offset: Int64
        var length: Int
    }

    private nonisolated let executor: any SerialExecutor
    private let folder: String
    private let memoryLimit: Int
    private var file: TemporaryFile?
    /// What is in the file; what is in memory comes behind it.
    private var fileLength: Int64 = 0
    private var newest: [UInt8] = []
    /// By the key that a range begins after; nil for the first range.
    private var chunks: [ObjectKey?: [Chunk]] = [:]
    /// The chunks that were not read yet, the next one last; nil before the first one is.
    private var waiting: [Chunk]?
    /// Of the chunk that was read last.
    private var records: ArraySlice<[UInt8]> = []

    /// How many records wait.
    public private(set) var count = 0

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// - Parameters:
    ///   - folder: where the file goes if one is needed; it must exist.
    ///   - memoryLimit: bytes of records held in memory.
    ///   - executor: where it blocks; a thread of its own where none is given.
    public init(
        folder: String = TemporaryFile.standardFolder, memoryLimit: Int = 1 << 20, executor: (any SerialExecutor)? = nil
    ) {
        self.folder = folder
        self.memoryLimit = memoryLimit
        self.executor = executor ?? ThreadExecutor(name: "ranged-spill")
    }

    deinit {
        (executor as? ThreadExecutor)?.stop()
    }

    /// Adds `records` behind those of the range that begins after `start`; nil for the first range.
    ///
    /// - Throws: `DiskError` if the temporary file cannot be made or written; the spill is of no use then.
    public func append(_ records: [[UInt8]], after start: ObjectKey?) throws(DiskError) {
        guard !records.isEmpty else { return }
        let first = newest.count
        for record in records {
            let length = UInt32(clamping: record.count)
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                newest.append(UInt8(truncatingIfNeeded: length >> shift))
            }
            newest.append(contentsOf: record)
        }
        chunks[start, default: []].append(Chunk(offset: fileLength + Int64(first), length: newest.count - first))
        count += records.count
        if newest.count > memoryLimit { try spill() }
    }

    private func spill() throws(DiskError) {
        do throws(TemporaryFile.Failure) {
            if file == nil { file = try TemporaryFile(folder: folder) }
            try file?.write(newest, at: fileLength)
        } catch {
            throw DiskError(.temporarySpace(folder), error)
        }
        fileLength += Int64(newest.count)
        newest.removeAll(keepingCapacity: true)
    }

    /// Takes up to `limit` (at least 1) records: those of the first range first, and of a range in the order they came;
    /// empty only when none wait.
    public func next(limit: Int) throws(DiskError) -> [[UInt8]] {
        var taken: [[UInt8]] = []
        while taken.count < limit {
            if records.isEmpty {
                guard let chunk = nextChunk() else { break }
                records = try read(chunk)
            }
            let part = records.prefix(limit - taken.count)
            taken += part
            records = records.dropFirst(part.count)
        }
        count -= taken.count
        return taken
    }

    private func nextChunk() -> Chunk? {
        if waiting == nil {
            let starts = chunks.keys.sorted { left, right in
                guard let right else { return false }
                return left.map { $0 < right } ?? true
            }
            waiting = starts.reversed().flatMap { (chunks[$0] ?? []).reversed() }
            chunks = [:]
        }
        return waiting?.popLast()
    }

    private func read(_ chunk: Chunk) throws(DiskError) -> ArraySlice<[UInt8]> {
        var rest: ArraySlice<UInt8>
        if chunk.offset >= fileLength {
            let first = Int(chunk.offset - fileLength)
            rest = newest[first..<(first + chunk.length)]
        } else {
            do throws(TemporaryFile.Failure) {
                rest = try file?.read(chunk.length, at: chunk.offset)[...] ?? []
            } catch {
                throw DiskError(.temporarySpace(folder), error)
            }
        }
        guard rest.count == chunk.length else {
            throw DiskError(.temporarySpace(folder), .failed(code: 0, "less was read back than was written"))
        }
        var records: [[UInt8]] = []
        while !rest.isEmpty {
            let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            records.append(Array(rest.dropFirst(4).prefix(length)))
            rest = rest.dropFirst(4 + length)
        }
        return records[...]
    }
}
