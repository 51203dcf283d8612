/// A growing array in memory of its own, for state on the path of each key and each signature.
///
/// Unlike `Array` it is never shared, so an append costs one comparison and one store: no reference counts and no checks
/// for uniqueness. Its one owner frees it.
@safe struct RawArray<Element: BitwiseCopyable>: ~Copyable {
    private(set) var base: UnsafeMutablePointer<Element>
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int) {
        self.capacity = max(capacity, 1)
        unsafe base = .allocate(capacity: self.capacity)
    }

    deinit {
        unsafe base.deallocate()
    }

    /// Valid until the next append.
    var elements: UnsafeBufferPointer<Element> {
        unsafe UnsafeBufferPointer(start: base, count: count)
    }

    subscript(_ index: Int) -> Element {
        @inline(__always) get {
            precondition(index >= 0 && index < count, "An index past the end of an array.")
            return unsafe base[index]
        }
        @inline(__always) set {
            precondition(index >= 0 && index < count, "An index past the end of an array.")
            unsafe base[index] = newValue
        }
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
    mutating func append(_ elements: UnsafeBufferPointer<Element>) {
        if let start = elements.baseAddress { unsafe append(start, count: elements.count) }
    }

    @inline(__always)
    mutating func removeAll() {
        count = 0
    }

    @inline(__always)
    mutating func removeLast(_ removed: Int) {
        precondition(removed >= 0 && removed <= count, "More removed than there is.")
        count -= removed
    }

    /// Makes room for `added` more elements, so that as many can be written behind the last one.
    @inline(__always)
    mutating func reserve(_ added: Int) {
        if added > capacity - count { grow(by: added) }
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

extension RawArray<UInt8> {
    @inline(__always)
    mutating func append(_ text: StaticString) {
        unsafe append(text.utf8Start, count: text.utf8CodeUnitCount)
    }

    @inline(__always)
    mutating func append(_ text: String) {
        // A string that is not UTF-8 within, which only comes from elsewhere than Swift, takes the slow way.
        let done: Void? = unsafe text.utf8.withContiguousStorageIfAvailable { unsafe append($0) }
        if done == nil { for byte in text.utf8 { append(byte) } }
    }

    @inline(__always)
    mutating func append(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append($0) }
    }

    /// Makes small letters of the capital ones of ASCII from `start` on, which must not be past the end.
    mutating func lowercase(from start: Int) {
        precondition(start >= 0 && start <= count, "A start past the end of an array.")
        for index in start..<count {
            let byte = unsafe base[index]
            if byte &- 0x41 < 26 { unsafe base[index] = byte | 0x20 }
        }
    }

    /// Appends two small hexadecimal digits for each byte.
    @inline(__always)
    mutating func appendHexadecimal(_ bytes: UnsafeRawBufferPointer) {
        reserve(2 * bytes.count)
        for index in 0..<bytes.count {
            let byte = unsafe bytes[index]
            unsafe (base + count).initialize(to: Self.digit(byte >> 4))
            unsafe (base + count + 1).initialize(to: Self.digit(byte & 15))
            count += 2
        }
    }

    @inline(__always)
    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? value + 0x30 : value - 10 + 0x61 }

    /// The bytes as an array.
    var array: [UInt8] { unsafe Array(elements) }

    /// The bytes as text, repaired where they are not UTF-8.
    var string: String { unsafe String(decoding: elements, as: UTF8.self) }
}
