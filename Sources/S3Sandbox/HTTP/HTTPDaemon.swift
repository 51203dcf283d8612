import CMicroHTTPD
import Glibc

/// Owns libmicrohttpd's daemon: the only place where it is started and stopped, and where its callbacks arrive.
///
/// It runs one thread per connection. Faults block by nature (a stall, a delay, a listener without events), and a
/// blocked thread is the simplest way to let one connection wait without the others; some hundreds of threads cost a
/// test nothing. A request is served on its connection's thread from beginning to end.
@safe final class HTTPDaemon: Sendable {
    // nonisolated(unsafe): libmicrohttpd's daemon may be used from any thread; it is stopped once, by the owner of this object.
    private nonisolated(unsafe) let daemon: OpaquePointer
    private let context: Unmanaged<Service>
    let port: Int

    /// - Throws: `SandboxFailure` where the address cannot be bound or the TLS texts (PEM) cannot be used.
    init(_ service: Service, address: String, port: Int, tls: (certificate: [UInt8], key: [UInt8])?) throws {
        let flags =
            MHD_USE_INTERNAL_POLLING_THREAD.rawValue | MHD_USE_THREAD_PER_CONNECTION.rawValue
            | MHD_USE_POLL.rawValue | MHD_USE_SUPPRESS_DATE_NO_CLOCK.rawValue
            | (tls == nil ? 0 : MHD_USE_TLS.rawValue) | (address.contains(":") ? MHD_USE_IPv6.rawValue : 0)
        guard unsafe Self.withAddress(address, port, { OpaquePointer($0) }) != nil else {
            throw SandboxFailure("\(address) is no IP address to listen on.")
        }
        let context = unsafe Unmanaged.passRetained(service)
        var callbacks = unsafe cmhd_callbacks(
            context: context.toOpaque(), target: beginRequest, access: continueRequest, completed: endRequest)
        let daemon = unsafe Self.withAddress(address, port) { socketAddress in
            unsafe Self.withPEM(tls) { certificate, key in
                unsafe cmhd_start(flags, socketAddress, 2000, 131_072, &callbacks, key, certificate)
            }
        }
        guard let daemon = unsafe daemon else {
            let reason = unsafe String(cString: strerror(errno))
            unsafe context.release()
            throw SandboxFailure("Cannot listen on \(address):\(port)\(tls == nil ? "" : " with TLS"): \(reason).")
        }
        unsafe self.daemon = daemon
        unsafe self.context = context
        self.port = unsafe Int(cmhd_port(daemon))
    }

    /// Closes every connection and waits for the threads. To be called once.
    func stop() {
        unsafe MHD_stop_daemon(daemon)
        unsafe context.release()
    }

    /// Nil for an address that is neither IPv4 nor IPv6.
    @unsafe private static func withAddress(
        _ text: String, _ port: Int, _ body: (UnsafePointer<sockaddr>) -> OpaquePointer?
    ) -> OpaquePointer? {
        if text.contains(":") {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = UInt16(truncatingIfNeeded: port).bigEndian
            guard unsafe inet_pton(AF_INET6, text, &address.sin6_addr) == 1 else { return nil }
            return unsafe withUnsafePointer(to: &address) {
                unsafe body(UnsafeRawPointer($0).assumingMemoryBound(to: sockaddr.self))
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        guard unsafe inet_pton(AF_INET, text, &address.sin_addr) == 1 else { return nil }
        return unsafe withUnsafePointer(to: &address) {
            unsafe body(UnsafeRawPointer($0).assumingMemoryBound(to: sockaddr.self))
        }
    }

    /// The texts must outlive the daemon and are never freed: a process starts few servers with TLS.
    @unsafe private static func withPEM(
        _ tls: (certificate: [UInt8], key: [UInt8])?,
        _ body: (UnsafePointer<CChar>?, UnsafePointer<CChar>?) -> OpaquePointer?
    ) -> OpaquePointer? {
        guard let tls else { return unsafe body(nil, nil) }
        let certificate = unsafe strdup(String(decoding: tls.certificate, as: UTF8.self))
        let key = unsafe strdup(String(decoding: tls.key, as: UTF8.self))
        return unsafe body(certificate, key)
    }
}

@unsafe private func beginRequest(
    context: UnsafeMutableRawPointer?, target: UnsafePointer<CChar>?, connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context, let target = unsafe target else { return nil }
    let service = unsafe Unmanaged<Service>.fromOpaque(context).takeUnretainedValue()
    let bytes = unsafe Array(UnsafeRawBufferPointer(start: target, count: strlen(target)))
    return unsafe Unmanaged.passRetained(Exchange(service, target: bytes)).toOpaque()
}

@unsafe private func continueRequest(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?, url: UnsafePointer<CChar>?,
    method: UnsafePointer<CChar>?, version: UnsafePointer<CChar>?, data: UnsafePointer<CChar>?,
    size: UnsafeMutablePointer<Int>?, state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let handle = unsafe connection, let method = unsafe method, let size = unsafe size,
        let opaque = unsafe state?.pointee
    else { return .NO }
    let exchange = unsafe Unmanaged<Exchange>.fromOpaque(opaque).takeUnretainedValue()
    let connection = unsafe HTTPConnection(handle)
    let goesOn: Bool
    if !exchange.isBegun {
        goesOn = unsafe exchange.begin(method: String(cString: method), connection)
    } else if unsafe size.pointee > 0 {
        goesOn = unsafe exchange.receive(UnsafeRawBufferPointer(start: data, count: size.pointee).bytes)
        unsafe size.pointee = 0
    } else {
        goesOn = exchange.finish(connection)
    }
    return goesOn ? .YES : .NO
}

@unsafe private func endRequest(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?,
    state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, reason: MHD_RequestTerminationCode
) {
    guard let opaque = unsafe state?.pointee else { return }
    unsafe state?.pointee = nil
    unsafe Unmanaged<Exchange>.fromOpaque(opaque).takeRetainedValue().end()
}
