/// Objects that exist by formula only: any number of them in no memory, the same on every server that is started alike.
public struct SyntheticObjects: Sendable {
    /// How keys lie in folders.
    public enum Shape: String, Sendable, CaseIterable {
        /// `data/0000000017.bin`: one folder.
        case flat
        /// Three to seven levels of folders with uneven fan-out, most of them small, files beside folders.
        case deep
    }

    /// The most objects whose numbers fit in their keys.
    public static let maximum = 10_000_000_000

    /// 0 to `maximum`.
    public var count: Int
    public var shape: Shape
    /// Every this many, at least 1, the object has another ETag (and other bytes) than on servers without this; nil for none.
    public var differsEvery: Int?

    public init(_ count: Int, shape: Shape = .flat, differsEvery: Int? = nil) {
        self.count = count
        self.shape = shape
        self.differsEvery = differsEvery
    }
}
