import CCurl
import CLinux
import Glibc
import Runtime

/// libcurl's multi handle driven by epoll: the part of a reactor that moves bytes. Confined to the reactor's thread.
@safe final class TransferEngine {
    private struct Registration {
        /// What epoll watches for; 0 if the socket is not registered.
        var watched: UInt32 = 0
        /// What libcurl wants now; 0 between transfers, when the registration stays to save two system calls.
        var wanted: UInt32 = 0
        /// A connection, whose opening and closing are seen here. Other descriptors (a name look-up's) may be closed
        /// unseen and come back as something else, so their registration never outlives a wish.
        var isConnection = false
    }

    private let multi: UnsafeMutableRawPointer
    private let epoll: Int32
    private let wakeDescriptor: Int32
    private var registrations: [Registration] = []
    private var events: [epoll_event]
    /// When libcurl wants to be called without a socket event.
    private var timerDeadline: Int64?
    private var nextSweep: Int64 = 0
    private var active: [ObjectIdentifier: Transfer] = [:]
    private var pauseChanges: [Transfer] = []
    /// One for each `ConnectionOptions` that requests from this thread had, for as long as it lives.
    private var servers: [Footprint.ID: KnownServer] = [:]
    /// One for each client that sends from this thread, for as long as it lives.
    private var signers: [Footprint.ID: RequestSigner] = [:]
    /// Monotonic nanoseconds, taken once a turn.
    private(set) var now: Int64 = MonotonicClock.nanoseconds()

    static let isLibraryReady: Bool = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    init(wakeDescriptor: Int32) {
        precondition(Self.isLibraryReady, "libcurl could not be initialised.")
        guard let multi = unsafe curl_multi_init() else {
            preconditionFailure("libcurl could not make a multi handle: out of memory.")
        }
        unsafe self.multi = multi
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        precondition(epoll >= 0, "The system refused an epoll descriptor (error \(errno)).")
        self.wakeDescriptor = wakeDescriptor
        unsafe events = Array(repeating: epoll_event(), count: 128)
        var event = unsafe epoll_event()
        unsafe event.events = EPOLLIN.rawValue
        unsafe event.data.fd = wakeDescriptor
        unsafe epoll_ctl(epoll, EPOLL_CTL_ADD, wakeDescriptor, &event)
        let owner = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe ccurl_multi_set_callbacks(multi, Self.socketCallback, Self.timerCallback, owner)
        unsafe ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 256)
    }

    var isIdle: Bool { active.isEmpty }

    /// Ends everything; the engine must not be used afterwards.
    func close() {
        for transfer in active.values { abort(transfer, .cancelled) }
        servers = [:]
        signers = [:]
        unsafe curl_multi_cleanup(multi)
        Glibc.close(epoll)
    }

    // MARK: Transfers

    /// Starts `request`; the answer is in the returned transfer.
    func start(_ request: HTTPRequest) -> Transfer {
        now = MonotonicClock.nanoseconds()
        let server = server(of: request.connection)
        let transfer = Transfer(request: request, easy: handle(for: request, of: server), server: server, engine: self)
        active[ObjectIdentifier(transfer)] = transfer
        unsafe transfer.easy.prepare(
            request, oldest: oldestConnection(to: server),
            owner: unsafe Unmanaged.passUnretained(transfer).toOpaque())
        let code = unsafe curl_multi_add_handle(multi, transfer.easy.pointer)
        if code != CURLM_OK {
            abort(transfer, .curl(code: CURLE_FAILED_INIT.rawValue, message: "libcurl refused the transfer (\(code))"))
        }
        return transfer
    }

    /// Ends `transfer` with `error`. Not from inside a libcurl callback.
    func abort(_ transfer: Transfer, _ error: TransferError) {
        guard active.removeValue(forKey: ObjectIdentifier(transfer)) != nil else { return }
        unsafe curl_multi_remove_handle(multi, transfer.easy.pointer)
        // The handle may hold half a transfer: it is not used again.
        transfer.end(.failure(error))
    }

    func queuePauseChange(_ transfer: Transfer) {
        guard !transfer.isPauseChangeQueued else { return }
        transfer.isPauseChangeQueued = true
        pauseChanges.append(transfer)
    }

    /// Runs `body` on this thread after `delay` nanoseconds.
    func schedule(after delay: Int64, _ body: @escaping () -> Void) {
        Reactor.required().schedule(at: now &+ delay, body)
    }

    private func handle(for request: HTTPRequest, of server: KnownServer) -> EasyHandle {
        var kind = EasyHandle.Kind.small
        if case .ring = request.body { kind = .large }
        switch request.sink {
        case .block: break
        case .pieces: if kind == .small { kind = .pieces }
        case .ring: kind = .large
        }
        if let handle = server.takeHandle(kind) { return handle }
        return unsafe EasyHandle(
            kind: kind, connection: request.connection, engine: unsafe Unmanaged.passUnretained(self).toOpaque())
    }

    // MARK: The loop

    /// Does what can be done without waiting: due timers, pauses, ended transfers.
    func settle() {
        for _ in 0..<8 {
            var isQuiet = true
            if let deadline = timerDeadline, deadline <= now {
                timerDeadline = nil
                socketAction(CURL_SOCKET_TIMEOUT, 0)
                isQuiet = false
            }
            if !pauseChanges.isEmpty {
                applyPauses()
                isQuiet = false
            }
            if collectEnded() { isQuiet = false }
            if isQuiet { return }
        }
    }

    /// Waits for sockets until `deadline` (monotonic nanoseconds; nil waits as long as it takes) and serves them.
    func waitAndDispatch(until deadline: Int64?) {
        now = MonotonicClock.nanoseconds()
        var until = deadline ?? .max
        if let timer = timerDeadline { until = min(until, timer) }
        if !active.isEmpty { until = min(until, max(nextSweep, now)) }
        if !pauseChanges.isEmpty { until = now }
        let milliseconds = until == .max ? -1 : Int32(clamping: max(0, (until - now + 999_999) / 1_000_000))
        let count = unsafe epoll_wait(epoll, &events, Int32(events.count), milliseconds)
        now = MonotonicClock.nanoseconds()
        for index in 0..<max(0, Int(count)) {
            let event = unsafe events[index]
            dispatch(unsafe event.data.fd, unsafe event.events)
        }
        if now >= nextSweep { sweep() }
        settle()
    }

    private func dispatch(_ descriptor: Int32, _ events: UInt32) {
        if descriptor == wakeDescriptor {
            var value: eventfd_t = 0
            unsafe eventfd_read(descriptor, &value)
            return
        }
        let index = Int(descriptor)
        guard index < registrations.count, registrations[index].wanted != 0 else {
            // Between transfers: the server closed the connection, which libcurl notices when it looks at it next.
            watch(descriptor, 0)
            return
        }
        var mask: Int32 = 0
        if events & (EPOLLIN.rawValue | EPOLLHUP.rawValue) != 0 { mask |= CURL_CSELECT_IN }
        if events & EPOLLOUT.rawValue != 0 { mask |= CURL_CSELECT_OUT }
        if events & EPOLLERR.rawValue != 0 { mask |= CURL_CSELECT_ERR }
        socketAction(descriptor, mask)
    }

    private func socketAction(_ descriptor: Int32, _ mask: Int32) {
        var running: Int32 = 0
        unsafe curl_multi_socket_action(multi, descriptor, mask, &running)
    }

    private func applyPauses() {
        let changes = pauseChanges
        pauseChanges = []
        for transfer in changes {
            transfer.isPauseChangeQueued = false
            guard !transfer.isEnded else { continue }
            let wanted =
                (transfer.receivePause.isEmpty ? 0 : Int32(CURLPAUSE_RECV))
                | (transfer.sendPause.isEmpty ? 0 : Int32(CURLPAUSE_SEND))
            guard wanted != transfer.appliedPause else { continue }
            transfer.appliedPause = wanted
            unsafe curl_easy_pause(transfer.easy.pointer, wanted)
        }
    }

    /// Ends the transfers that libcurl is done with; true if there were any.
    private func collectEnded() -> Bool {
        var found = false
        var remaining: Int32 = 0
        while let message = unsafe curl_multi_info_read(multi, &remaining) {
            guard unsafe message.pointee.msg == CURLMSG_DONE, let easy = unsafe message.pointee.easy_handle else {
                continue
            }
            let code = unsafe message.pointee.data.result
            var owner: UnsafeMutableRawPointer?
            unsafe ccurl_get_pointer(easy, CURLINFO_PRIVATE, &owner)
            guard let owner = unsafe owner else { continue }
            let transfer = unsafe Unmanaged<Transfer>.fromOpaque(owner).takeUnretainedValue()
            guard active.removeValue(forKey: ObjectIdentifier(transfer)) != nil else { continue }
            found = true
            unsafe curl_multi_remove_handle(multi, easy)
            if code == CURLE_OK {
                transfer.server.putBack(transfer.easy)
                transfer.end(.success(()))
            } else {
                transfer.end(.failure(transfer.easy.failure(code)))
            }
        }
        return found
    }

    private func sweep() {
        nextSweep = now + 500_000_000
        for transfer in active.values {
            if let stage = transfer.expiredTimeout(now: now, lastAnswered: transfer.server.lastAnswered) {
                // What was connected when this request was sent may be as dead as its connection.
                transfer.server.noteTimeout(ofRequestBegun: transfer.began)
                abort(transfer, .timedOut(stage))
            }
        }
    }

    /// How old a connection may be that is used now: where one was found dead, those that lay ready with it are most likely
    /// dead too, and each would cost a time-out.
    private func oldestConnection(to server: KnownServer) -> EasyHandle.Oldest {
        guard let since = server.deadSince else { return .any }
        return .seconds(Int(clamping: max(1, (now - since) / 1_000_000_000)))
    }

    /// The first byte of an answer came: who was asked before and is silent may not be there any more.
    func noteAnswer(to transfer: Transfer) {
        transfer.server.noteAnswer(toRequestBegun: transfer.began)
    }

    // MARK: What is kept for clients

    private func server(of options: ConnectionOptions) -> KnownServer {
        if let server = servers[options.footprint.id] { return server }
        let server = KnownServer()
        servers[options.footprint.id] = server
        options.footprint.note(Reactor.required())
        return server
    }

    /// This thread's signer for the client with that footprint, made at its first request.
    func signer(for footprint: Footprint, make: () -> RequestSigner) -> RequestSigner {
        if let signer = signers[footprint.id] { return signer }
        let signer = make()
        signers[footprint.id] = signer
        footprint.note(Reactor.required())
        return signer
    }

    /// Lets go of what is kept for an owner that was released.
    func forget(_ owner: Footprint.ID) {
        servers[owner] = nil
        signers[owner] = nil
    }

    /// For how many owners something is kept.
    var ownerCount: Int { servers.count + signers.count }

    // MARK: Sockets

    private func watch(_ descriptor: Int32, _ mask: UInt32) {
        let index = Int(descriptor)
        let watched = registrations[index].watched
        guard watched != mask else { return }
        var event = unsafe epoll_event()
        unsafe event.events = mask
        unsafe event.data.fd = descriptor
        let operation = mask == 0 ? EPOLL_CTL_DEL : watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
        unsafe epoll_ctl(epoll, operation, descriptor, &event)
        registrations[index].watched = mask
    }

    private func want(_ descriptor: Int32, _ what: Int32) {
        let index = Int(descriptor)
        makeRoom(for: index)
        var mask: UInt32 = 0
        if what == CURL_POLL_IN || what == CURL_POLL_INOUT { mask |= EPOLLIN.rawValue }
        if what == CURL_POLL_OUT || what == CURL_POLL_INOUT { mask |= EPOLLOUT.rawValue }
        registrations[index].wanted = mask
        if mask != 0 || !registrations[index].isConnection { watch(descriptor, mask) }
    }

    private func makeRoom(for index: Int) {
        guard index >= registrations.count else { return }
        registrations.append(contentsOf: repeatElement(Registration(), count: index + 1 - registrations.count))
    }

    private static let socketCallback: curl_socket_callback = { _, descriptor, what, owner, _ in
        guard let owner = unsafe owner else { return 0 }
        unsafe Unmanaged<TransferEngine>.fromOpaque(owner).takeUnretainedValue().want(descriptor, what)
        return 0
    }

    private static let timerCallback: curl_multi_timer_callback = { _, milliseconds, owner in
        guard let owner = unsafe owner else { return 0 }
        let engine = unsafe Unmanaged<TransferEngine>.fromOpaque(owner).takeUnretainedValue()
        engine.timerDeadline = milliseconds < 0 ? nil : engine.now + Int64(milliseconds) * 1_000_000
        return 0
    }

    static let openCallback: curl_opensocket_callback = { owner, _, address in
        guard let address = unsafe address else { return -1 }
        let type = unsafe address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = unsafe socket(address.pointee.family, type, address.pointee.protocol)
        if descriptor >= 0, let owner = unsafe owner {
            let engine = unsafe Unmanaged<TransferEngine>.fromOpaque(owner).takeUnretainedValue()
            engine.makeRoom(for: Int(descriptor))
            engine.registrations[Int(descriptor)] = Registration(isConnection: true)
        }
        return descriptor
    }

    static let closeCallback: curl_closesocket_callback = { owner, descriptor in
        if let owner = unsafe owner {
            let engine = unsafe Unmanaged<TransferEngine>.fromOpaque(owner).takeUnretainedValue()
            // Closing takes a descriptor out of epoll; its number may come back as another socket.
            if Int(descriptor) < engine.registrations.count {
                engine.registrations[Int(descriptor)] = Registration()
            }
        }
        return Glibc.close(descriptor)
    }
}
