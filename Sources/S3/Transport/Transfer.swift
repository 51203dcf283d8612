import CCurl
import Reactor
import Runtime

/// One exchange in flight: a request going out, an answer coming in.
///
/// Owned by its reactor, whose thread alone touches it; a task gets at it only while it runs there.
// @unchecked: confined to the reactor's thread.
final class Transfer: @unchecked Sendable {
    struct Pause: OptionSet {
        let rawValue: UInt8
        /// The ring is full (receiving) or empty (sending).
        static let ring = Pause(rawValue: 1)
        /// A bandwidth limit has to be paid off first.
        static let rate = Pause(rawValue: 2)
    }

    let request: HTTPRequest
    let easy: EasyHandle
    let server: KnownServer
    private unowned let engine: TransferEngine

    private(set) var status = 0
    private var headBlock: [UInt8] = []
    private(set) var isHeadComplete = false
    let body: ByteBlock
    private var sent: Int64 = 0
    /// Bytes of the body that the bandwidth limit was told of and that are not sent yet.
    private var paidFor: Int64 = 0
    /// How often the request went out.
    private var sendings = 0
    /// Monotonic nanoseconds at which it began.
    let began: Int64
    /// Monotonic nanoseconds at the last byte in either direction.
    private var lastProgress: Int64
    private var hasAnswerBegun = false
    /// Set inside a callback to say more than libcurl's code would.
    private var failure: TransferError?

    private(set) var receivePause: Pause = []
    private(set) var sendPause: Pause = []
    /// What libcurl was last told.
    var appliedPause: Int32 = 0
    var isPauseChangeQueued = false

    private var outcome: Result<Void, TransferError>?
    private var headWaiter: CheckedContinuation<Void, Never>?
    private var endWaiter: CheckedContinuation<Void, Never>?
    private var endObservers: [(_ isComplete: Bool) -> Void] = []

    init(request: HTTPRequest, easy: EasyHandle, server: KnownServer, engine: TransferEngine) {
        self.request = request
        self.easy = easy
        self.server = server
        self.engine = engine
        began = engine.now
        lastProgress = engine.now
        body = ByteBlock()
        connectRings()
    }

    var head: HTTPHead { HTTPHead(status: status, block: headBlock) }
    var isEnded: Bool { outcome != nil }

    /// Whether it, or a first sending of it, ended without an answer of the server, and the whole request may have reached
    /// it: a body that was cut is no request. A gateway's 502 and 504 are its own words, not the server's.
    var mayHaveArrivedUnanswered: Bool {
        if sendings > 1 || status == 502 || status == 504 { return true }
        guard status == 0, case .failure(let error)? = outcome else { return false }
        if case .ring(_, let length) = request.body, sent < length { return false }
        return switch error {
        case .timedOut(let stage): stage != .connect
        case .curl(let code, _): ![5, 6, 7, 35, 60].contains(code)
        case .cancelled, .tooLarge, .refusedBySink: true
        }
    }

    // MARK: For the task that started it

    /// Waits for the final answer's headers; they may have come with the whole body already.
    func awaitHead() async throws(TransferError) -> HTTPHead {
        if !isHeadComplete, outcome == nil {
            await waitCancellably { self.headWaiter = $0 }
        }
        if !isHeadComplete, case .failure(let error)? = outcome { throw error }
        return head
    }

    /// Waits for the end; throws if the exchange did not come to a complete answer.
    func awaitEnd() async throws(TransferError) {
        if outcome == nil {
            await waitCancellably { self.endWaiter = $0 }
        }
        if case .failure(let error)? = outcome { throw error }
    }

    /// Ends the exchange now, if it has not ended. Not from inside a libcurl callback.
    func cancel() {
        if outcome == nil { engine.abort(self, .cancelled) }
    }

    /// Calls `observer` once, outside libcurl's callbacks, when the exchange ends in one way or the other.
    func whenEnded(_ observer: @escaping (_ isComplete: Bool) -> Void) {
        endObservers.append(observer)
    }

    private func waitCancellably(_ store: (CheckedContinuation<Void, Never>) -> Void) async {
        let reactor = Reactor.required()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled { reactor.post { self.cancel() } }
                store(continuation)
            }
        } onCancel: {
            reactor.post { self.cancel() }
        }
    }

    // MARK: For the engine

    func end(_ result: Result<Void, TransferError>) {
        guard outcome == nil else { return }
        if let failure { outcome = .failure(failure) } else { outcome = result }
        disconnectRings()
        headWaiter?.resume()
        headWaiter = nil
        endWaiter?.resume()
        endWaiter = nil
        let observers = endObservers
        endObservers = []
        var isComplete = false
        if case .success? = outcome { isComplete = true }
        for observer in observers { observer(isComplete) }
    }

    /// Which time-out has passed at `now`, if one has. A half that waits for the other half of a relay never times out:
    /// the other one does, and says the true reason.
    ///
    /// `lastAnswered` is when the newest of the answered requests to the same server began.
    func expiredTimeout(now: Int64, lastAnswered: Int64) -> TimeoutStage? {
        let quiet = now - lastProgress
        let timeouts = request.patience.adjusted(request.connection.timeouts, isOvertaken: lastAnswered > began)
        if hasAnswerBegun {
            return receivePause.isEmpty && quiet > timeouts.stall.nanoseconds ? .stall : nil
        }
        if case .ring(_, let length) = request.body, sent < length {
            return sendPause.isEmpty && quiet > timeouts.stall.nanoseconds ? .stall : nil
        }
        return quiet > timeouts.firstByte.nanoseconds ? .firstByte : nil
    }

    // MARK: Rings

    private func connectRings() {
        if case .ring(let ring) = request.sink {
            ring.onSpace = { [unowned self] in resumeReceiving(.ring) }
        }
        if case .ring(let ring, _) = request.body {
            ring.onBytes = { [unowned self] in resumeSending(.ring) }
        }
    }

    private func disconnectRings() {
        if case .ring(let ring) = request.sink { ring.onSpace = nil }
        if case .ring(let ring, _) = request.body { ring.onBytes = nil }
    }

    private func resumeReceiving(_ reason: Pause) {
        receivePause.remove(reason)
        lastProgress = engine.now
        engine.queuePauseChange(self)
    }

    private func resumeSending(_ reason: Pause) {
        sendPause.remove(reason)
        lastProgress = engine.now
        engine.queuePauseChange(self)
    }

    // MARK: libcurl's callbacks

    /// Called each time that the request is about to go out: libcurl sends it again where a connection that lay ready
    /// turns out to be dead.
    static let sendingCallback: curl_prereq_callback = { owner, _, _, _, _ in
        guard let owner = unsafe owner else { return CURL_PREREQFUNC_ABORT }
        unsafe Unmanaged<Transfer>.fromOpaque(owner).takeUnretainedValue().sendings += 1
        return CURL_PREREQFUNC_OK
    }

    static let bodyCallback: curl_write_callback = { data, size, count, owner in
        guard let data = unsafe data, let owner = unsafe owner else { return 0 }
        let transfer = unsafe Unmanaged<Transfer>.fromOpaque(owner).takeUnretainedValue()
        return unsafe transfer.receive(UnsafeRawBufferPointer(start: data, count: size * count))
    }

    static let headerCallback: curl_write_callback = { data, size, count, owner in
        guard let data = unsafe data, let owner = unsafe owner else { return 0 }
        let transfer = unsafe Unmanaged<Transfer>.fromOpaque(owner).takeUnretainedValue()
        return unsafe transfer.receiveHeader(UnsafeRawBufferPointer(start: data, count: size * count))
    }

    static let uploadCallback: curl_write_callback = { data, size, count, owner in
        guard let data = unsafe data, let owner = unsafe owner else { return Int(CURL_READFUNC_ABORT) }
        let transfer = unsafe Unmanaged<Transfer>.fromOpaque(owner).takeUnretainedValue()
        return unsafe transfer.supply(UnsafeMutableRawBufferPointer(start: data, count: size * count))
    }

    /// The three digits after the first space of a status line; 0 if there are none.
    private static func status(of line: UnsafeRawBufferPointer) -> Int {
        guard let space = unsafe line.firstIndex(of: 0x20) else { return 0 }
        let digits = unsafe line.dropFirst(space + 1).prefix { (0x30...0x39).contains($0) }
        return unsafe digits.prefix(3).reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private func receiveHeader(_ line: UnsafeRawBufferPointer) -> Int {
        lastProgress = engine.now
        if !hasAnswerBegun {
            hasAnswerBegun = true
            engine.noteAnswer(to: self)
        }
        if unsafe line.starts(with: [0x48, 0x54, 0x54, 0x50, 0x2F]) {
            headBlock.removeAll(keepingCapacity: true)
            isHeadComplete = false
            status = unsafe Self.status(of: line)
        } else if unsafe line.count <= 2 && line.allSatisfy({ $0 == 0x0D || $0 == 0x0A }) {
            guard status >= 200 else { return line.count }
            isHeadComplete = true
            request.onHead?(head)
            headWaiter?.resume()
            headWaiter = nil
        } else if headBlock.count < 1 << 18 {
            unsafe headBlock.append(contentsOf: line)
        }
        return line.count
    }

    private func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        lastProgress = engine.now
        guard (200..<300).contains(status) else {
            if body.count + bytes.count <= 64 << 10 { unsafe body.append(bytes) }
            return bytes.count
        }
        // The pause takes effect after libcurl has emptied the socket, a hundred calls later.
        if receivePause.contains(.rate) {
            appliedPause |= Int32(CURLPAUSE_RECV)
            return Int(CURL_WRITEFUNC_PAUSE)
        }
        switch request.sink {
        case .block(let limit):
            guard body.count + bytes.count <= limit else {
                failure = .tooLarge(limit: limit)
                return 0
            }
            unsafe body.append(bytes)
        case .pieces(let take):
            guard unsafe take(bytes) else {
                failure = .refusedBySink
                return 0
            }
        case .ring(let ring):
            guard unsafe ring.put(bytes) else {
                receivePause.insert(.ring)
                appliedPause |= Int32(CURLPAUSE_RECV)
                return Int(CURL_WRITEFUNC_PAUSE)
            }
            if ring.free < ByteRing.headroom, receivePause.isEmpty {
                receivePause.insert(.ring)
                engine.queuePauseChange(self)
            }
        }
        if case .endless = request.patience { return bytes.count }
        if let limit = request.connection.downloadLimit { waitForRate(limit, bytes.count) }
        return bytes.count
    }

    private func waitForRate(_ limit: RateLimit, _ bytes: Int) {
        let delay = limit.book(bytes, now: engine.now)
        guard delay > 0, !receivePause.contains(.rate) else { return }
        receivePause.insert(.rate)
        engine.queuePauseChange(self)
        engine.schedule(after: delay) { [weak self] in self?.resumeReceiving(.rate) }
    }

    private func supply(_ space: UnsafeMutableRawBufferPointer) -> Int {
        guard case .ring(let ring, let length) = request.body else { return Int(CURL_READFUNC_ABORT) }
        guard sent < length else { return 0 }
        guard !sendPause.contains(.rate) else { return pauseSending() }
        var wanted = min(Int64(space.count), length - sent)
        if let limit = request.connection.uploadLimit {
            // Paid for before it goes: what is sent in one piece would be gone before it could be held back.
            if paidFor == 0 {
                paidFor = wanted
                let delay = limit.book(Int(wanted), now: engine.now)
                if delay > 0 {
                    sendPause.insert(.rate)
                    engine.schedule(after: delay) { [weak self] in self?.resumeSending(.rate) }
                    return pauseSending()
                }
            }
            wanted = min(wanted, paidFor)
        }
        let taken = unsafe ring.take(into: UnsafeMutableRawBufferPointer(rebasing: space[..<Int(wanted)]))
        guard taken > 0 else {
            sendPause.insert(.ring)
            return pauseSending()
        }
        sent += Int64(taken)
        request.counters?.countRelayed(taken)
        lastProgress = engine.now
        paidFor = max(0, paidFor - Int64(taken))
        return taken
    }

    private func pauseSending() -> Int {
        appliedPause |= Int32(CURLPAUSE_SEND)
        return Int(CURL_READFUNC_PAUSE)
    }
}
