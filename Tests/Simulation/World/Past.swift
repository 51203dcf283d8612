import ObjectModel

/// Who changed something on a server.
enum Cause: CustomStringConvertible {
    case writer
    case tamperer
    /// Lost, restored, wiped: nobody is told.
    case disaster
    /// A request of one of our processes, sent then.
    case process(Int, sent: Int64)

    var isTold: Bool {
        if case .disaster = self { return false }
        return true
    }

    var description: String {
        switch self {
        case .writer: "a writer"
        case .tamperer: "a tamperer"
        case .disaster: "a disaster"
        case .process(let id, let sent): "process \(id), sent at \(Story.clock(sent))"
        }
    }
}

/// Everything that a server's keys ever were: what claims are judged by.
final class Past {
    struct Change {
        let time: Int64
        /// Nil: gone.
        let version: Version?
        let cause: Cause
    }

    private(set) var changes: [ObjectKey: [Change]] = [:]
    /// Told of each key once.
    var onNewKey: (ObjectKey) -> Void = { _ in }
    /// Shared by all servers of a world.
    private let counter: Counter
    var lastVersion: Int {
        get { counter.value }
        set { counter.value = newValue }
    }
    /// Told of each change.
    var observer: (ObjectKey, _ before: Version?, Change) -> Void = { _, _, _ in }

    final class Counter {
        var value = 0
    }

    init(_ counter: Counter) {
        self.counter = counter
    }

    func note(_ key: ObjectKey, _ version: Version?, at time: Int64, _ cause: Cause) {
        let before = changes[key]?.last?.version
        if changes[key] == nil { onNewKey(key) }
        let change = Change(time: time, version: version, cause: cause)
        changes[key, default: []].append(change)
        observer(key, before, change)
    }

    /// What `key` was at any moment of `span`, that at its beginning included.
    func states(of key: ObjectKey, during span: ClosedRange<Int64>) -> [Version?] {
        guard let all = changes[key] else { return [nil] }
        let first = all.lastIndex { $0.time <= span.lowerBound }
        var states: [Version?] = first == nil ? [nil] : []
        for change in all[(first ?? 0)...] where change.time <= span.upperBound { states.append(change.version) }
        return states
    }

    /// Whether it was missing at any moment of `span`.
    func wasMissing(_ key: ObjectKey, during span: ClosedRange<Int64>) -> Bool {
        states(of: key, during: span).contains { $0 == nil }
    }

    /// Whether `bytes` were ever there under `key`.
    func hasHad(_ bytes: [UInt8], at key: ObjectKey) -> Bool {
        changes[key]?.contains { $0.version?.bytes == bytes } ?? false
    }
}
