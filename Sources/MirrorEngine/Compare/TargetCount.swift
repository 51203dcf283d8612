import ObjectModel

/// How much the target holds: what its last whole listing showed, and what was done since. Pure.
///
/// What is done while a listing is read may or may not be in it: it is not counted until the next one, but for
/// `leastObjects`.
struct TargetCount: Sendable {
    /// What the last whole listing showed; nil while none has.
    private(set) var listed: Amount?
    /// What was added since; negative where more was taken away.
    private(set) var change = Amount()
    /// The number of the last whole listing.
    private var listedNumber = 0
    /// When that was over, in monotonic nanoseconds.
    private var listedUntil = Int64.min
    /// The number of the last listing that was begun.
    private(set) var number = 0
    /// What was added since the listing that is read at present began.
    private var changeMeanwhile = Amount()
    private(set) var isListing = false
    /// Objects removed that the last whole listing, or the present one, may still have shown.
    private var removals = 0
    private var removalsMeanwhile = 0

    /// What is there now; nil while no listing has told.
    var present: Amount? {
        listed.map { listed in
            let sum = listed + change
            return Amount(objects: max(0, sum.objects), bytes: max(0, sum.bytes))
        }
    }

    /// No more than there are, as far as the mirror's own doings go: what guards take a part of.
    var leastObjects: Int? { present.map { max(0, $0.objects - removals) } }

    mutating func begin() {
        number += 1
        changeMeanwhile = Amount()
        removalsMeanwhile = 0
        isListing = true
    }

    /// The listing is at its end at `now`, in monotonic nanoseconds.
    mutating func end(_ amount: Amount, now: Int64) {
        listed = amount
        (change, removals) = (changeMeanwhile, removalsMeanwhile)
        (listedNumber, listedUntil) = (number, now)
        isListing = false
    }

    /// The listing failed: the one before it counts on.
    mutating func fail() { isListing = false }

    /// A job put an object where there was none, or in the place of one of `old` bytes.
    ///
    /// - Parameters:
    ///   - listing: the number of the listing that had the job done; nil if none did.
    ///   - began: when the job looked first, in monotonic nanoseconds.
    mutating func put(_ size: Int64, replacing old: Int64?, listing: Int?, began: Int64) {
        if isSinceListed(listing, began) { change.put(size, replacing: old) }
        if isListing, listing == number { changeMeanwhile.put(size, replacing: old) }
    }

    /// A job removed an object.
    mutating func remove(_ size: Int64, listing: Int?, began: Int64) {
        if isSinceListed(listing, began) { change.remove(size) } else { removals += 1 }
        guard isListing else { return }
        if listing == number { changeMeanwhile.remove(size) } else { removalsMeanwhile += 1 }
    }

    /// So many objects may be gone, which only a listing can tell.
    mutating func mayHaveRemoved(_ count: Int) {
        removals += count
        if isListing { removalsMeanwhile += count }
    }

    /// Whether the last whole listing certainly showed what was before.
    private func isSinceListed(_ listing: Int?, _ began: Int64) -> Bool {
        listing.map { $0 >= listedNumber } ?? false || began > listedUntil
    }
}

extension Amount {
    fileprivate mutating func put(_ size: Int64, replacing old: Int64?) {
        if let old { remove(old) }
        add(size)
    }
}
