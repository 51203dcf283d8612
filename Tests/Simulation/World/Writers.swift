import ObjectModel

/// Clients that change the source, and one that tampers with the target: neither is ours, and neither fails.
struct Writers {
    let round: Round
    private var world: World { round.world }

    /// Sets up what is there when the round begins, and when what changes.
    func begin() {
        for key in round.plan.keys where world.dice.isLucky(0.8) {
            write(round.source, key.prefixed(by: round.plan.sourcePrefix))
        }
        for (key, relative) in round.everyKey() where world.dice.isLucky(round.plan.seeded) {
            guard let version = round.source.objects[key] else { continue }
            round.target.put(
                relative.prefixed(by: round.plan.targetPrefix), version.bytes, headers: version.headers,
                parts: version.parts, by: .tamperer)
        }
        if world.dice.isLucky(0.3) {
            for number in 0..<world.dice.below(10) {
                write(round.target, ObjectKey("old-\(number)").prefixed(by: round.plan.targetPrefix), by: .tamperer)
            }
        }
        for _ in 0..<round.plan.writes { world.after(world.dice.within(0...round.plan.storm)) { change() } }
        for _ in 0..<round.weather.times(.tampering) * 3 {
            world.after(world.dice.within(0...round.plan.storm)) { tamper() }
        }
    }

    private func change() {
        let key = world.dice.pick(round.plan.keys).prefixed(by: round.plan.sourcePrefix)
        guard round.source.hasBucket else { return }
        let old = round.source.objects[key]
        switch world.dice.below(100) {
        case ..<50: write(round.source, key)
        case ..<60:
            // Other bytes of the same length.
            guard let old else { return write(round.source, key) }
            round.source.put(
                key, bytes(old.bytes.count), headers: old.headers, parts: old.parts, by: .writer)
        case ..<82: round.source.remove(key, by: .writer)
        case ..<88:
            guard let old else { return }
            round.source.put(key, old.bytes, headers: headers(), parts: old.parts, by: .writer)
        case ..<93:
            guard let old else { return }
            let other = world.dice.pick(round.plan.keys).prefixed(by: round.plan.sourcePrefix)
            round.source.put(other, old.bytes, headers: old.headers, parts: old.parts, by: .writer)
            if other != key { round.source.remove(key, by: .writer) }
        case ..<96:
            // It goes and comes back.
            round.source.remove(key, by: .writer)
            world.after(world.dice.spread(1_000_000, 30_000_000_000)) { write(round.source, key) }
        default:
            let stem = key.bytes.prefix(round.plan.sourcePrefix.bytes.count + 2)
            for key in round.source.keys where key.bytes.starts(with: stem) { round.source.remove(key, by: .writer) }
        }
    }

    private func tamper() {
        guard !round.isCalm else { return }
        round.weather.count(.tampering)
        let key = world.dice.pick(round.plan.keys).prefixed(by: round.plan.targetPrefix)
        if world.dice.isLucky(0.5) {
            round.target.remove(key, by: .tamperer)
        } else {
            write(round.target, key, by: .tamperer)
        }
    }

    func write(_ server: Server, _ key: ObjectKey, by cause: Cause = .writer) {
        guard server.hasBucket else { return }
        if world.dice.isLucky(0.25) {
            let count = 1 + world.dice.below(4)
            let size = 20 + world.dice.below(40)
            var parts = Array(repeating: Int64(size), count: count)
            if server.traits.tellsParts, world.dice.isLucky(0.4) {
                parts = parts.map { _ in Int64(1 + world.dice.below(60)) }
            } else {
                parts[count - 1] = Int64(1 + world.dice.below(size))
                // A cut that is told by nothing is an even one, or it can't be found.
                if count > 1, !server.traits.tellsParts { parts[count - 1] = Int64(size) }
            }
            let bytes = bytes(Int(parts.reduce(0, +)))
            server.put(key, bytes, headers: headers(), parts: parts, by: cause)
        } else {
            let size = world.dice.isLucky(0.1) ? 0 : Int(world.dice.spread(1, 220))
            server.put(key, bytes(size), headers: headers(), by: cause)
        }
    }

    private func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: world.dice.next() >> 20) }
    }

    private func headers() -> ObjectHeaders {
        var headers = ObjectHeaders()
        headers.contentType = world.dice.pick(["text/plain", "image/png", "application/octet-stream"])
        if world.dice.isLucky(0.3) { headers.addUserMetadata("owner", "o\(world.dice.below(5))") }
        return headers
    }
}
