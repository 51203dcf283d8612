public import ObjectModel

/// A listing that is not in the order that it was taken to be in.
public struct ListingDisorder: Error {
    /// The place as the user gave it.
    public let store: String
    /// Its place among the listings that are read together, from 0.
    public let side: Int
    /// The order in which these two keys would be right; nil if in none that is known.
    public let likely: KeyOrder?
    public let first: ObjectKey
    public let second: ObjectKey

    /// One sentence.
    public var sentence: String {
        "\(store) lists its keys out of order (\(first) before \(second))."
    }
}
