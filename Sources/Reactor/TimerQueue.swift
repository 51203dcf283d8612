/// Deadlines and what to do at them: a binary heap, owned by one thread.
struct TimerQueue {
    private struct Entry {
        let deadline: Int64
        let id: UInt64
    }

    private var heap: [Entry] = []
    private var actions: [UInt64: () -> Void] = [:]
    private var lastID: UInt64 = 0

    var isEmpty: Bool { actions.isEmpty }

    /// The earliest deadline in nanoseconds, or nil.
    var nextDeadline: Int64? {
        mutating get {
            while let first = heap.first, actions[first.id] == nil { removeFirst() }
            return heap.first?.deadline
        }
    }

    mutating func reserve() -> UInt64 {
        lastID += 1
        return lastID
    }

    mutating func add(_ id: UInt64, at deadline: Int64, _ action: @escaping () -> Void) {
        actions[id] = action
        heap.append(Entry(deadline: deadline, id: id))
        var child = heap.count - 1
        while child > 0, heap[child].deadline < heap[(child - 1) / 2].deadline {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes a timer's action out before its time, if it is still waiting.
    mutating func take(_ id: UInt64) -> (() -> Void)? {
        actions.removeValue(forKey: id)
    }

    /// Takes out an action that is due at `now`. The caller runs it once this queue is free to be changed again.
    mutating func takeDue(at now: Int64) -> (() -> Void)? {
        while let first = heap.first, first.deadline <= now {
            removeFirst()
            if let action = actions.removeValue(forKey: first.id) { return action }
        }
        return nil
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].deadline < heap[least].deadline { least = child }
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
