import Listings
import ObjectModel
import Stores

/// A streaming merge of any number of listings in the same order, and of a manifest: constant memory, and nothing
/// allocated for keys that are plainly the same everywhere.
///
/// A listing that fails takes its place out of the comparison from there on; the others go on.
struct AuditMerge {
    /// A key with what each place lists under it; nil where absent, and for places that are out.
    struct Row {
        var key: ObjectKey
        var facts: [ObjectFacts?]
        /// The facts tell plainly that it is the same everywhere.
        var isSame: Bool
    }

    /// One of the merged: a listing, or the lines of a manifest.
    private enum Side {
        case listing(ListingCursor)
        case manifest(ArraySlice<ChecksumManifest.Entry>)
        /// Why it cannot be read, one sentence.
        case failed(String)

        var isPresent: Bool { if case .failed = self { false } else { true } }
    }

    private var sides: [Side]
    /// How many of them are read still.
    private var present: Int
    /// The sides that stand at the present key; kept, so that no key costs an allocation.
    private var holders: [Int] = []
    private let order: KeyOrder
    /// Gives out every key.
    private let looksAtAll: Bool
    private let takesMissingForEmpty: Bool
    /// Keys that are the same everywhere, by listings alone, and were not given out.
    private(set) var same = 0
    /// Pages that the side has read which has read most. Never less than before.
    private(set) var pages = 0
    /// What each place listed so far, in scope or not; nothing of the manifest.
    private var listed: [Amount]
    /// Why places are out, one sentence each.
    private(set) var failures: [String?]

    /// Objects and bytes.
    struct Amount: Hashable {
        var objects = 0
        var bytes: Int64 = 0
    }

    /// - Parameters:
    ///   - readers: the listings of the places; nil for the manifest, which is the first then.
    ///   - manifest: its lines, sorted by the bytes of the keys.
    ///   - looksAtAll: whether `next` gives out keys that are plainly the same, too.
    init(
        _ readers: [(any PageReader)?], prefixLengths: [Int], manifest: ArraySlice<ChecksumManifest.Entry>,
        order: KeyOrder, looksAtAll: Bool, takesMissingForEmpty: Bool
    ) {
        self.takesMissingForEmpty = takesMissingForEmpty
        listed = Array(repeating: Amount(), count: readers.count)
        failures = Array(repeating: nil, count: readers.count)
        self.order = order
        self.looksAtAll = looksAtAll
        present = readers.count
        sides = zip(readers, prefixLengths).map { reader, length in
            guard let reader else { return .manifest(manifest) }
            return .listing(ListingCursor(reader, prefixLength: length))
        }
    }

    var isAtEnd: Bool { sides.indices.allSatisfy(isAtEnd) }

    /// What each place listed so far.
    var amounts: [Amount] {
        sides.indices.map { index in
            guard case .listing(let cursor) = sides[index] else { return listed[index] }
            return Amount(objects: cursor.objects, bytes: cursor.bytes)
        }
    }

    /// Whether there are several places and all but one of them are out: what the last one lists says nothing.
    var comparesNothing: Bool { present < min(2, sides.count) }

    /// Goes to the first key of each.
    ///
    /// - Throws: `ListingDisorder` and `CancellationError`; any other failure takes its place out.
    mutating func start() async throws {
        for index in sides.indices {
            try await change(index) { try await $0.start() }
        }
    }

    /// Takes a place out from here on.
    mutating func fail(_ index: Int, _ reason: String) {
        switch sides[index] {
        case .failed: return
        case .listing(let cursor): note(cursor, at: index)
        case .manifest: break
        }
        present -= 1
        sides[index] = .failed(reason)
        failures[index] = reason
    }

    private mutating func change(_ index: Int, _ body: (inout ListingCursor) async throws -> Void) async throws {
        guard case .listing(var cursor) = sides[index] else { return }
        do {
            try await body(&cursor)
            pages = max(pages, cursor.pages)
            sides[index] = .listing(cursor)
        } catch let error as ListingDisorder {
            throw error
        } catch let error as StoreError where error.kind == .noSuchBucket && takesMissingForEmpty {
            sides[index] = .manifest([])
        } catch {
            if Task.isCancelled { throw CancellationError() }
            sides[index] = .listing(cursor)
            fail(index, "\(error)")
        }
    }

    /// The next key that is not plainly the same everywhere; nil at the end of all, or once a side has read `limit` pages.
    ///
    /// - Throws: as `start`.
    mutating func next(stoppingAtPage limit: Int) async throws -> Row? {
        while pages < limit {
            guard let lead = smallest() else { return nil }
            findHolders(of: lead)
            let isSame = holders.count == present && isPlainlySame
            let row = isSame && !looksAtAll ? nil : self.row(lead, isSame: isSame)
            if row == nil, !comparesNothing { same += 1 }
            for index in holders { try await advance(index) }
            if let row { return row }
        }
        return nil
    }

    /// The side whose present key comes first; nil where all are at their ends.
    private func smallest() -> Int? {
        var lead: Int?
        for index in sides.indices where !isAtEnd(index) {
            if let present = lead, compare(present, index) <= 0 { continue }
            lead = index
        }
        return lead
    }

    private mutating func findHolders(of lead: Int) {
        holders.removeAll(keepingCapacity: true)
        for index in sides.indices where !isAtEnd(index) && (index == lead || compare(lead, index) == 0) {
            holders.append(index)
        }
    }

    private func isAtEnd(_ index: Int) -> Bool {
        switch sides[index] {
        case .listing(let cursor): cursor.isAtEnd
        case .manifest(let entries): entries.isEmpty
        case .failed: true
        }
    }

    private func compare(_ left: Int, _ right: Int) -> Int {
        if case .listing(let one) = sides[left], case .listing(let other) = sides[right], let page = one.page,
            let otherPage = other.page
        {
            return page.compareKey(
                at: one.index, with: otherPage, at: other.index, order: order, droppingLeft: one.prefixLength,
                droppingRight: other.prefixLength)
        }
        let (one, other) = (key(left), key(right))
        return one == other ? 0 : order.precedes(one, other) ? -1 : 1
    }

    private func key(_ index: Int) -> ObjectKey {
        switch sides[index] {
        case .listing(let cursor): cursor.page.map { cursor.key(of: $0) } ?? ObjectKey(bytes: [])
        case .manifest(let entries): entries.first?.key ?? ObjectKey(bytes: [])
        case .failed: ObjectKey(bytes: [])
        }
    }

    /// Whether all sides that are not out are listings that show equal sizes and equal digests. All stand at the same
    /// key.
    private var isPlainlySame: Bool {
        guard let reference = sides.firstIndex(where: \.isPresent), case .listing(let first) = sides[reference],
            let page = first.page
        else { return false }
        for side in sides[(reference + 1)...] {
            if case .failed = side { continue }
            guard case .listing(let cursor) = side, let other = cursor.page,
                page.size(at: first.index) == other.size(at: cursor.index),
                page.isSameETag(at: first.index, other, at: cursor.index),
                page.isComparableETag(at: first.index, other, at: cursor.index)
            else { return false }
        }
        return true
    }

    private func row(_ lead: Int, isSame: Bool) -> Row {
        var facts: [ObjectFacts?] = Array(repeating: nil, count: sides.count)
        for index in holders {
            switch sides[index] {
            case .listing(let cursor):
                guard let page = cursor.page else { continue }
                var listed = ObjectFacts(
                    size: page.size(at: cursor.index), etag: page.etag(at: cursor.index),
                    lastModified: page.lastModified(at: cursor.index))
                listed.storageClass = page.storageClass(at: cursor.index)
                facts[index] = listed
            case .manifest(let entries):
                facts[index] = entries.first?.digest.facts
            case .failed: break
            }
        }
        return Row(key: key(lead), facts: facts, isSame: isSame)
    }

    private mutating func advance(_ index: Int) async throws {
        switch sides[index] {
        case .listing(var cursor):
            // In place, and without suspending, as long as the page goes on.
            if cursor.advanceWithinPage() {
                sides[index] = .listing(cursor)
            } else {
                try await change(index) { try await $0.advance() }
            }
        case .manifest(let entries): sides[index] = .manifest(entries.dropFirst())
        case .failed: break
        }
    }

    private mutating func note(_ cursor: ListingCursor, at index: Int) {
        listed[index] = Amount(objects: cursor.objects, bytes: cursor.bytes)
    }
}

// MARK: - Ranges

extension AuditMerge {
    /// The first place whose listing is read still; nil where none is.
    var leader: Int? {
        sides.firstIndex { side in if case .listing = side { true } else { false } }
    }

    /// As `RangeMerge.passed`. A manifest hides no keys, whatever is cut, and what a failed place lists does not count.
    var passed: (last: ObjectKey, agreed: Int)? {
        var ends: [ObjectKey] = []
        for case .listing(let cursor) in sides {
            guard let end = cursor.pageEnd else { return nil }
            ends.append(end)
        }
        guard let first = ends.first, let last = ends.max() else { return nil }
        let agreed = ends.map { end in zip(first.bytes, end.bytes).prefix { $0 == $1 }.count }.min() ?? 0
        return (last, agreed)
    }

    /// Lets all sides end with `last`.
    mutating func bound(through last: ObjectKey) {
        for index in sides.indices {
            switch sides[index] {
            case .listing(let cursor): cursor.bound(through: last)
            case .manifest(let entries): sides[index] = .manifest(entries.range(after: nil, through: last))
            case .failed: break
            }
        }
    }
}

extension ArraySlice<ChecksumManifest.Entry> {
    /// The lines of a range of keys.
    func range(after start: ObjectKey?, through last: ObjectKey?) -> Self {
        let first = start.map { start in point { $0 <= start } } ?? startIndex
        let end = last.map { last in point { $0 <= last } } ?? endIndex
        return self[first..<Swift.max(first, end)]
    }

    /// The first line for whose key `isBefore` is false, where it is true for all before and for none after.
    private func point(_ isBefore: (ObjectKey) -> Bool) -> Index {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if isBefore(self[middle].key) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension ChecksumManifest.Digest {
    /// What a manifest says of a key.
    var facts: ObjectFacts {
        switch self {
        case .md5(let digest): ObjectFacts(size: nil, etag: .absent, lastModified: nil, md5: digest)
        case .sha256(let digest): ObjectFacts(size: nil, etag: .absent, lastModified: nil, sha256: digest)
        }
    }
}
