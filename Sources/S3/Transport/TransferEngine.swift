import CCurl
import CLinux
import Glibc
import Reactor
import Runtime

/// libcurl's multi handle driven by a reactor's epoll: the guest of a reactor that moves bytes. Confined to its thread.
@safe final class TransferEngine: ReactorGuest, DescriptorOwner {
    private struct Registration {
        /// What libcurl wants now; 0 between transfers, when the registration stays to save two system calls.
        var wanted: UInt32 = 0
        /// A connection, whose opening and closing are seen here. Other descriptors (a name look-up's) may be closed
        /// unseen and come back as something else, so their registration never outlives a wish.
        var isConnection = false
    }

    private let multi: UnsafeMutableRawPointer
    private unowned let reactor: Reactor
    private var registrations: [Registration] = []
    /// When libcurl wants to be called without a socket event.
    private var timerDeadline: Int64?
    private var nextSweep: Int64 = 0
    private var active: [ObjectIdentifier: Transfer] = [:]
    private var pauseChanges: [Transfer] = []
    /// One for each `ConnectionOptions` that requests from this thread had, for as long as it lives.
    private var servers: [Footprint.ID: KnownServer] = [:]
    /// One for each client that sends from this thread, for as long as it lives.
    private var signers: [Footprint.ID: RequestSigner] = [:]
    var idleParsers: [ListingParser] = []

    /// Monotonic nanoseconds, taken once a turn.
    var now: Int64 { reactor.now }

    static let isLibraryReady: Bool = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    init(_ reactor: Reactor) {
        precondition(Self.isLibraryReady, "libcurl could not be initialised.")
        guard let multi = unsafe curl_multi_init() else {
            preconditionFailure("libcurl could not make a multi handle: out of memory.")
        }
        unsafe self.multi = multi
        self.reactor = reactor
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
    }

    // MARK: Transfers

    /// Starts `request`; the answer is in the returned transfer.
    func start(_ request: HTTPRequest) -> Transfer {
        reactor.refreshNow()
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
        reactor.schedule(at: now &+ delay, body)
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

    /// Does what can be done without waiting: time-outs, due timers, pauses, ended transfers.
    func turn() {
        if now >= nextSweep { sweep() }
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

    var deadline: Int64 {
        if !pauseChanges.isEmpty { return now }
        let timer = timerDeadline ?? .max
        return active.isEmpty ? timer : min(timer, max(nextSweep, now))
    }

    func isReady(_ descriptor: Int32, events: UInt32) {
        let index = Int(descriptor)
        guard index < registrations.count, registrations[index].wanted != 0 else {
            // Between transfers: the server closed the connection, which libcurl notices when it looks at it next.
            reactor.watch(descriptor, for: 0, owner: self)
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

    private func want(_ descriptor: Int32, _ what: Int32) {
        let index = Int(descriptor)
        makeRoom(for: index)
        var mask: UInt32 = 0
        if what == CURL_POLL_IN || what == CURL_POLL_INOUT { mask |= EPOLLIN.rawValue }
        if what == CURL_POLL_OUT || what == CURL_POLL_INOUT { mask |= EPOLLOUT.rawValue }
        registrations[index].wanted = mask
        if mask != 0 || !registrations[index].isConnection {
            reactor.watch(descriptor, for: mask, owner: self)
        }
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
            engine.reactor.forget(descriptor)
        }
        return Glibc.close(descriptor)
    }
}

extension Reactor {
    /// What moves bytes on this thread. For the reactor's thread.
    var transfers: TransferEngine { guest(TransferEngine.init) }
}
