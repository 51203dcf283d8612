import Glibc
import ObjectModel

/// Why a stream of events cannot be read on.
package enum EventStreamError: Error, CustomStringConvertible {
    /// More bytes than this without an end of the line.
    case lineTooLong(limit: Int)
    /// What came is not a document of records, and why.
    case notJSON(JSONScanError)
    /// A record of an object's change that does not say of which object.
    case incompleteRecord(String)

    package var description: String {
        switch self {
        case .lineTooLong(let limit): "a line of the stream of events is longer than \(limit) bytes"
        case .notJSON(let error): "the stream of events is not JSON: \(error)"
        case .incompleteRecord(let name): "a record of the stream of events has no \(name)"
        }
    }
}

/// Reads the records of a stream of events, whose chunks may end anywhere.
///
/// The stream is lines of JSON documents, `{"Records":[…]}`. Keep-alives are spaces, or documents without a record.
package struct EventParser {
    /// Bytes of the longest line that is held; the longest real one is a few times as long as its user metadata.
    package static let lineLimit = 16 << 20

    private let filter: EventFilter
    private let lineLimit: Int
    /// The line whose end has not come yet, without the white space before it.
    private var pending: [UInt8] = []
    /// How much of `pending` is known to hold no end of a line.
    private var searched = 0

    package init(filter: EventFilter, lineLimit: Int = EventParser.lineLimit) {
        self.filter = filter
        self.lineLimit = lineLimit
    }

    /// Takes the next bytes and appends the events that they complete, in order. What came before an error is appended
    /// too; nothing may be fed afterwards.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer, to events: inout [BucketEvent]) throws(EventStreamError)
    {
        unsafe pending.append(contentsOf: bytes)
        try takeLines(&events)
    }

    mutating func feed(_ bytes: [UInt8], to events: inout [BucketEvent]) throws(EventStreamError) {
        pending.append(contentsOf: bytes)
        try takeLines(&events)
    }

    private mutating func takeLines(_ events: inout [BucketEvent]) throws(EventStreamError) {
        var start = 0
        while true {
            while start < pending.count, JSONScanner.isSpace(pending[start]) { start += 1 }
            guard let newline = newline(from: max(start, searched)) else { break }
            guard newline - start <= lineLimit else { throw .lineTooLong(limit: lineLimit) }
            try parse(start..<newline, to: &events)
            start = newline + 1
        }
        pending.removeFirst(start)
        searched = pending.count
        guard pending.count <= lineLimit else { throw .lineTooLong(limit: lineLimit) }
        // The room of a line beyond all measure is not kept for the next ones.
        if pending.capacity > 1 << 20, pending.count < 1 << 16 { pending = Array(pending[...]) }
    }

    private func newline(from start: Int) -> Int? {
        unsafe pending.withUnsafeBytes { bytes in
            guard start < bytes.count, let base = bytes.baseAddress,
                let found = unsafe memchr(base + start, Int32(UInt8(ascii: "\n")), bytes.count - start)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }

    private func parse(_ line: Range<Int>, to events: inout [BucketEvent]) throws(EventStreamError) {
        var scanner = JSONScanner(pending, in: line)
        while !scanner.skipSpace() {
            let records: [Record]
            do {
                records = try Self.records(&scanner)
            } catch {
                throw .notJSON(error)
            }
            for record in records {
                if let event = try event(record) { events.append(event) }
            }
        }
    }

    // MARK: Documents

    /// What is read of a record; empty and nil where it is absent.
    private struct Record {
        var kind = BucketEvent.Kind.other
        var bucket: [UInt8] = []
        var key: [UInt8] = []
        var size: Int64?
        var etag: [UInt8] = []
        var time: [UInt8] = []
    }

    private static func records(_ scanner: inout JSONScanner) throws(JSONScanError) -> [Record] {
        var records: [Record] = []
        try scanner.readObject { (scanner, name) throws(JSONScanError) in
            guard scanner.says(name, "Records") else { return try scanner.skipValue() }
            if try scanner.readNull() { return }
            try scanner.readArray { (scanner) throws(JSONScanError) in
                if try scanner.readNull() { return }
                records.append(try record(&scanner))
            }
        }
        return records
    }

    private static func record(_ scanner: inout JSONScanner) throws(JSONScanError) -> Record {
        var record = Record()
        try scanner.readObject { (scanner, name) throws(JSONScanError) in
            if scanner.says(name, "s3") {
                if try scanner.readNull() { return }
                try readPlace(&scanner, into: &record)
            } else if scanner.says(name, "eventName") {
                record.kind = BucketEvent.Kind(name: try scanner.readString().map(scanner.string) ?? [])
            } else if scanner.says(name, "eventTime") {
                record.time = try scanner.readString().map(scanner.string) ?? []
            } else {
                try scanner.skipValue()
            }
        }
        return record
    }

    /// The member `s3`: bucket and object.
    private static func readPlace(
        _ scanner: inout JSONScanner, into record: inout Record
    ) throws(JSONScanError) {
        try scanner.readObject { (scanner, name) throws(JSONScanError) in
            let isBucket = scanner.says(name, "bucket")
            guard isBucket || scanner.says(name, "object") else { return try scanner.skipValue() }
            if try scanner.readNull() { return }
            try scanner.readObject { (scanner, name) throws(JSONScanError) in
                if isBucket, scanner.says(name, "name") {
                    record.bucket = try scanner.readString().map(scanner.string) ?? []
                } else if !isBucket, scanner.says(name, "key") {
                    record.key = try scanner.readString().map(scanner.string) ?? []
                } else if !isBucket, scanner.says(name, "size") {
                    record.size = try scanner.readInteger()
                } else if !isBucket, scanner.says(name, "eTag") {
                    record.etag = try scanner.readString().map(scanner.string) ?? []
                } else {
                    try scanner.skipValue()
                }
            }
        }
    }

    /// Nil where the record is not meant.
    private func event(_ record: Record) throws(EventStreamError) -> BucketEvent? {
        guard !record.key.isEmpty else {
            // Events of buckets, and the empty records that nodes of a cluster send each other, are about no key.
            if record.kind == .other { return nil }
            throw .incompleteRecord("key")
        }
        var bucket = filter.bucket
        if !record.bucket.isEmpty {
            guard filter.admits(bucket: record.bucket) else { return nil }
            bucket = bucket ?? String(decoding: record.bucket, as: UTF8.self)
        }
        guard let bucket else { throw .incompleteRecord("bucket") }
        let keys = filter.candidateKeys(for: record.key)
        guard !keys.isEmpty else { return nil }
        return BucketEvent(
            kind: record.kind, bucket: bucket, keys: keys, size: record.size.flatMap { $0 < 0 ? nil : $0 },
            etag: record.etag.isEmpty ? nil : ETag(utf8: record.etag),
            time: record.time.isEmpty ? nil : Timestamp(iso8601: record.time))
    }
}
