/// A growing array in memory of its own, for parser state that C callbacks reach by pointer.
///
/// Plain memory on purpose: no reference counts and no exclusivity checks on the path of each key. Whoever holds one
/// frees it with `deallocate`.
@safe struct RawArray<Element: BitwiseCopyable> {
    private(set) var base: UnsafeMutablePointer<Element>
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int) {
        self.capacity = max(capacity, 1)
        unsafe base = .allocate(capacity: self.capacity)
    }

    func deallocate() {
        unsafe base.deallocate()
    }

    @inline(__always)
    mutating func append(_ element: Element) {
        if count == capacity { grow(by: 1) }
        unsafe (base + count).initialize(to: element)
        count += 1
    }

    @inline(__always)
    mutating func append(_ elements: UnsafePointer<Element>, count added: Int) {
        if added > capacity - count { grow(by: added) }
        unsafe (base + count).initialize(from: elements, count: added)
        count += added
    }

    @inline(__always)
    mutating func removeAll() {
        count = 0
    }

    @inline(never)
    private mutating func grow(by added: Int) {
        let larger = max(capacity * 2, count + added)
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: larger)
        unsafe memory.initialize(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = unsafe memory
        capacity = larger
    }
}
