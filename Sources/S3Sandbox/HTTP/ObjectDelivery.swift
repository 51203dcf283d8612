/// Sends a body of known size and lets its faults happen on the way.
final class ObjectDelivery: Delivery {
    /// Something that happens once this many bytes were handed over.
    private struct Stop {
        let offset: Int64
        let fault: FaultPlan.BodyFault
    }

    private let service: Service
    private let client: Int32
    private var source: any ObjectBody
    /// Where in `source` the body begins.
    private let start: Int64
    private let size: Int64
    private var stops: [Stop] = []
    private var corrupted: [Int64] = []
    private var bytesPerSecond: Int?
    private let call: Call
    private let onProgress: (Int64) -> Void

    /// `range` of `source` is the body; `onProgress` is told how much of it was handed over.
    init(
        _ source: any ObjectBody, _ range: Range<Int64>, call: Call, service: Service, client: Int32,
        onProgress: @escaping (Int64) -> Void
    ) {
        self.service = service
        self.client = client
        self.source = source
        self.call = call
        self.onProgress = onProgress
        start = range.lowerBound
        size = Int64(range.count)
        for fault in call.plan.body {
            switch fault {
            case .stall(let offset, _), .cut(let offset), .hook(let offset, _), .overwrite(let offset, _, _):
                stops.append(Stop(offset: offset, fault: fault))
            case .corrupt(let offset): corrupted.append(offset)
            case .trickle(let rate): bytesPerSecond = rate
            case .shorten: break
            }
        }
        stops.sort { $0.offset < $1.offset }
    }

    func next(at position: Int64, capacity: Int) -> DeliveryStep {
        while let stop = stops.first, stop.offset <= position {
            stops.removeFirst()
            if let step = happen(stop.fault) { return step }
        }
        var count = min(Int64(capacity), size - position)
        if let stop = stops.first { count = min(count, stop.offset - position) }
        if let rate = bytesPerSecond.map({ Int64(max(1, $0)) }) {
            count = min(count, max(1, rate / 20))
            let pause = Int(count * 1000 / rate)
            guard service.stop.wait(client: client, milliseconds: pause) == .timeout else { return .broken }
        }
        guard count > 0, var bytes = try? source.bytes(in: start + position..<start + position + count) else {
            return .broken
        }
        for offset in corrupted where (position..<position + count).contains(offset) {
            bytes[Int(offset - position)] ^= 0xFF
        }
        onProgress(position + count)
        return .bytes(bytes)
    }

    /// - Returns: What ends the body, or nil where it goes on.
    private func happen(_ fault: FaultPlan.BodyFault) -> DeliveryStep? {
        switch fault {
        case .cut:
            return .broken
        case .stall(_, let seconds):
            _ = service.stop.wait(client: client, milliseconds: seconds.map { Int($0 * 1000) })
            return .broken
        case .hook(_, let action):
            action()
        case .overwrite(_, let content, let isTorn):
            let new = try? service.store.put(call.key, in: call.bucket, content)
            if isTorn, let new, new.size > 0 { source = RepeatedBody(new.body, size: start + size) }
        case .corrupt, .trickle, .shorten: break
        }
        return nil
    }
}

/// A body repeated up to a size, so that a torn read has bytes to go on with where the new object is the shorter one.
private final class RepeatedBody: ObjectBody {
    private let unit: any ObjectBody
    let size: Int64

    init(_ unit: any ObjectBody, size: Int64) {
        self.unit = unit
        self.size = size
    }

    func bytes(in range: Range<Int64>) throws -> [UInt8] {
        var result: [UInt8] = []
        var offset = range.lowerBound
        while offset < range.upperBound {
            let place = offset % unit.size
            let end = min(unit.size, place + range.upperBound - offset)
            result += try unit.bytes(in: place..<end)
            offset += end - place
        }
        return result
    }
}
