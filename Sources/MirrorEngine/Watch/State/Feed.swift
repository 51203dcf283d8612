/// How a watch learns of changes at present. Pure.
///
/// | it was | live | lost | unavailable, `--events auto` | unavailable, `--events listen` |
/// |---|---|---|---|---|
/// | connecting | listening | lost | polling | as lost |
/// | listening | – | lost | polling | as lost |
/// | lost | listening | – | polling | as lost |
/// | polling | listening | – | – | – |
struct Feed: Hashable, Sendable {
    private(set) var standing = WatchStatus.Feed.connecting
    /// Whether what a wider stream tells is passed on, in the place of an own stream.
    private(set) var isFed: Bool
    /// The number of the own stream that is open; nil if none is.
    private(set) var open: Int?
    private var opened = 0

    init(isFed: Bool) { self.isFed = isFed }

    /// Whether changes are learnt of, so that listings that are read now miss none: the feed first, then the listings.
    var isUp: Bool { standing == .listening || standing == .polling }

    /// Whether news from the stream `number` counts: one that was closed may still have something to say.
    func hears(_ number: Int?) -> Bool { number == nil ? isFed : number == open }

    /// The number of a stream to be opened; nil if none is to be.
    mutating func openIfNeeded() -> Int? {
        guard !isFed, open == nil else { return nil }
        opened += 1
        open = opened
        return opened
    }

    /// Whether an own stream has to be closed.
    mutating func setFed(_ isFed: Bool) -> Bool {
        self.isFed = isFed
        return isFed ? close() : false
    }

    /// Whether an own stream has to be closed.
    mutating func close() -> Bool {
        defer { open = nil }
        return open != nil
    }

    /// Each says whether that is news.
    mutating func becameLive() -> Bool {
        defer { standing = .listening }
        return standing != .listening
    }

    mutating func becameLost() -> Bool {
        guard standing == .listening || standing == .connecting else { return false }
        standing = .lost
        return true
    }

    mutating func beganPolling() -> Bool {
        defer { standing = .polling }
        return standing != .polling
    }
}
