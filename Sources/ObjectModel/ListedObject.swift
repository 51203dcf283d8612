/// One object of a listing: its key, and what the listing says of it.
public struct ListedObject: Hashable, Sendable {
    public var key: ObjectKey
    public var state: ObjectState

    public init(key: ObjectKey, state: ObjectState) {
        self.key = key
        self.state = state
    }
}
