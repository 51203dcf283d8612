/// All that one request suffers.
struct FaultPlan: Sendable {
    var names: [String] = []
    var isRefused = false
    var delay = 0
    var cutRequest: Int64?
    var failure: FaultAction.Failure?
    /// Spaces before the error document of a 200; nil where `failure` is an honest one.
    var spaces: Int?
    var losesAnswer = false
    var etag: String?
    var lies: [ListingLie] = []
    var clockSkew = 0.0
    var dropsEvent = false
    var before: [@Sendable () -> Void] = []
    var after: [@Sendable () -> Void] = []
    var body: [BodyFault] = []

    /// What happens to the bytes of an answer.
    enum BodyFault: Sendable {
        case stall(after: Int64, seconds: Double?)
        case cut(after: Int64)
        case shorten(by: Int64)
        case corrupt(offset: Int64)
        case trickle(bytesPerSecond: Int)
        case hook(after: Int64, @Sendable () -> Void)
        case overwrite(after: Int64, content: [UInt8], isTorn: Bool)
    }

    /// For an answer without a body, nil if it goes out. Where it would break off there is nothing but its headers: then
    /// nothing is sent, at once (false) or after a stall (true).
    var breaksHeaders: Bool? {
        for fault in body {
            switch fault {
            case .cut: return false
            case .stall: return true
            default: break
            }
        }
        return nil
    }

    mutating func add(_ rule: FaultRule) {
        names.append(rule.name)
        switch rule.action {
        case .refuse: isRefused = true
        case .delay(let milliseconds): delay += milliseconds
        case .stall(let bytes, let seconds): body.append(.stall(after: bytes, seconds: seconds))
        case .cut(let bytes): body.append(.cut(after: bytes))
        case .cutRequest(let bytes): cutRequest = bytes
        case .shorten(let bytes): body.append(.shorten(by: bytes))
        case .corrupt(let offset): body.append(.corrupt(offset: offset))
        case .trickle(let rate): body.append(.trickle(bytesPerSecond: rate))
        case .wrongETag(let text): etag = text ?? RandomText.hexadecimal(bytes: 16)
        case .status(let failure): self.failure = failure
        case .errorIn200(let failure, let spaces):
            self.failure = failure
            self.failure?.status = 200
            self.spaces = spaces
        case .loseAnswer: losesAnswer = true
        case .listing(let lie): lies.append(lie)
        case .clockSkew(let seconds): clockSkew += seconds
        case .dropEvent: dropsEvent = true
        case .hook(.beforeOperation, let action): before.append(action)
        case .hook(.afterOperation, let action): after.append(action)
        case .hook(.afterBytes(let bytes), let action): body.append(.hook(after: bytes, action))
        case .overwriteDuring(let bytes, let content, let isTorn):
            body.append(.overwrite(after: bytes, content: content, isTorn: isTorn))
        }
    }
}
