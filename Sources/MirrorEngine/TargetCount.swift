import ObjectModel

/// How much the target holds: what its last whole listing showed, and what was done since. Pure.
///
/// Never more than there is, as far as the mirror's own doings go, since guards take a part of it: what is put while a
/// listing is read, and may or may not be in it, is not counted until the next one.
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
    /// What was added since the listing that is read at present began; nil while none is.
    private var changeMeanwhile: Amount?

    /// What is there now; nil while no listing has told.
    var present: Amount? { listed.map { $0 + change } }

    var isListing: Bool { changeMeanwhile != nil }

    mutating func begin() {
        number += 1
        changeMeanwhile = Amount()
    }

    /// The listing is at its end at `now`, in monotonic nanoseconds.
    mutating func end(_ amount: Amount, now: Int64) {
        listed = amount
        change = changeMeanwhile ?? change
        (listedNumber, listedUntil) = (number, now)
        changeMeanwhile = nil
    }

    /// The listing failed: the one before it counts on.
    mutating func fail() { changeMeanwhile = nil }

    /// A job put an object where there was nothing.
    ///
    /// - Parameters:
    ///   - listing: the number of the listing that showed it to be missing; nil if none did.
    ///   - began: when the job looked first, in monotonic nanoseconds.
    mutating func put(_ size: Int64, listing: Int?, began: Int64) {
        let wasListed = listing.map { $0 >= listedNumber } ?? false
        if wasListed || began > listedUntil { change.add(size) }
        if listing == number { changeMeanwhile?.add(size) }
    }

    mutating func replace(_ old: Int64, by new: Int64) {
        change.remove(old)
        change.add(new)
        changeMeanwhile?.remove(old)
        changeMeanwhile?.add(new)
    }

    mutating func remove(_ size: Int64) {
        change.remove(size)
        changeMeanwhile?.remove(size)
    }
}
