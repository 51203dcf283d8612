import Runtime
public import SQLite

/// Says that this process works on a mirror: held until it is released, or the process ends, however it ends.
///
/// Released with its last reference as well.
public final class MirrorLock: Sendable {
    private let free: Mutex<(@Sendable () -> Void)?>

    init(_ free: @escaping @Sendable () -> Void) {
        self.free = Mutex(free)
    }

    deinit {
        release()
    }

    /// Lets another have it. Harmless when repeated.
    public func release() {
        let free = self.free.withLock { free in
            defer { free = nil }
            return free
        }
        free?()
    }
}

extension Journal {
    /// The lock of a mirror, which has one holder at a time among all processes that use the file and all journals of
    /// this one; nil if another holder has it. Never waits for the holder.
    ///
    /// It is the byte of the mirror's number in `<state file>.lock`, made (mode 0600) where it is missing and never
    /// removed. The lock of a journal that no other process can see is between its own users.
    ///
    /// - Throws: `DiskError` if the file beside the state file can't be made, or its file system knows no locks.
    public func lock(mirror: String) throws(DiskError) -> MirrorLock? {
        let id = try mirrorID(mirror)
        guard let path = try path() else { return privateLocks.lock(id) }
        return try LockFile(path).lock(id, isShared: false)
    }

    /// Says that this process works on a mirror beside the holder of its lock. Any number may.
    public func join(mirror: String) throws(DiskError) -> MirrorLock {
        let id = try mirrorID(mirror)
        guard let path = try path() else { return privateLocks.join(id) }
        let file = LockFile(path)
        guard let lock = try file.lock(LockFile.guests + id, isShared: true) else {
            throw DiskError(.stateFile(file.path), .locked)
        }
        return lock
    }

    /// Whether anybody has joined a mirror and not left.
    public func isJoined(mirror: String) throws(DiskError) -> Bool {
        let id = try mirrorID(mirror)
        guard let path = try path() else { return privateLocks.isJoined(id) }
        return try LockFile(path).isLocked(LockFile.guests + id)
    }
}

/// The locks of mirrors within one process.
final class PrivateLocks: Sendable {
    private struct State {
        var held: Set<Int64> = []
        var guests: [Int64: Int] = [:]
    }

    private let state = Mutex(State())

    func lock(_ mirror: Int64) -> MirrorLock? {
        guard state.withLock({ $0.held.insert(mirror).inserted }) else { return nil }
        return MirrorLock { _ = self.state.withLock { $0.held.remove(mirror) } }
    }

    func join(_ mirror: Int64) -> MirrorLock {
        state.withLock { $0.guests[mirror, default: 0] += 1 }
        return MirrorLock { self.state.withLock { $0.guests[mirror, default: 1] -= 1 } }
    }

    func isJoined(_ mirror: Int64) -> Bool {
        state.withLock { $0.guests[mirror, default: 0] > 0 }
    }
}
