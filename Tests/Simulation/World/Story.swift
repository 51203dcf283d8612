import ObjectModel

/// What happened in a round, kept where a failure is to be explained.
final class Story {
    private unowned let world: World
    private var lines: [(key: ObjectKey?, text: String)] = []

    init(_ world: World) {
        self.world = world
    }

    func note(_ key: ObjectKey?, _ text: @autoclosure () -> String) {
        let text = text()
        // Polls and tries that say the same again and again.
        if key == nil, lines.suffix(4).contains(where: { $0.text.hasSuffix(text) }) { return }
        lines.append((key, "\(Self.clock(world.now))  \(text)"))
    }

    /// The last `limit` lines that concern `key` or everything.
    func tell(of key: ObjectKey?, limit: Int) -> [String] {
        lines.filter { $0.key == nil || key == nil || $0.key == key || key?.hasSuffix($0.key) == true }
            .suffix(limit).map { line in line.key.map { "\(line.text)  [\($0)]" } ?? line.text }
    }

    /// Seconds since the round began.
    static func clock(_ time: Int64) -> String {
        let milliseconds = (time - World.beginning) / 1_000_000
        let fraction = String(milliseconds % 1000 + 1000).dropFirst()
        return "\(milliseconds / 1000).\(fraction) s"
    }
}

extension ObjectKey {
    fileprivate func hasSuffix(_ other: ObjectKey?) -> Bool {
        guard let other, !other.bytes.isEmpty else { return false }
        return bytes.count >= other.bytes.count && bytes.suffix(other.bytes.count).elementsEqual(other.bytes)
    }
}
