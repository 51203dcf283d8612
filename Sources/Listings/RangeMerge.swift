public import ObjectModel
public import Stores

/// A merge of several listings within one range of keys, as a `Traversal` drives it: what becomes of the keys is the
/// affair of whoever merges.
public protocol RangeMerge: SendableMetatype {
    /// What the merges of all ranges of one pass share.
    associatedtype Terms: Sendable
    var terms: Terms { get }

    /// Opens a merge of `pages`, one reader a side (nil for a side without a listing), and goes to the first key of each.
    /// They end by themselves after `range`.
    init(_ pages: [(any PageReader)?], _ range: RangeQueue.Range, _ terms: Terms) async throws

    /// The side whose server is asked where the range can be cut; nil where none can be asked any more.
    var leader: Int? { get }
    /// Pages that were read so far, of the side that counts most. Never less than before.
    var pages: Int { get }
    /// The last key that any side's present page reaches, and how many bytes of it the last keys of the pages of all sides
    /// share; nil where a side has ended, and the rest is short.
    var passed: (last: ObjectKey, agreed: Int)? { get }
    /// Lets all sides end with `last`, which comes after the last key `passed`.
    mutating func bound(through last: ObjectKey)

    /// Goes on until `pages` pages were read; false once all sides have ended.
    mutating func advance(until pages: Int) async throws -> Bool
    /// Passes on what waits. Called once, after the end.
    mutating func finish() async throws
}
