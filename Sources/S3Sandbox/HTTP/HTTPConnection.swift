import CMicroHTTPD
import S3

/// One client's connection, valid only inside the callbacks of one request.
@safe struct HTTPConnection {
    private let handle: OpaquePointer

    @unsafe init(_ handle: OpaquePointer) {
        unsafe self.handle = handle
    }

    /// The socket, to be watched, never read or closed.
    var descriptor: Int32 { unsafe cmhd_socket(handle) }

    /// The header fields in the order of arrival.
    func headers() -> [HeaderField] {
        var fields: [HeaderField] = []
        unsafe withUnsafeMutablePointer(to: &fields) { pointer in
            _ = unsafe MHD_get_connection_values(
                handle, .HEADER_KIND,
                { context, _, name, value in
                    if let context = unsafe context, let name = unsafe name {
                        let fields = unsafe context.assumingMemoryBound(to: [HeaderField].self)
                        let text = unsafe value.map { unsafe String(cString: $0) } ?? ""
                        unsafe fields.pointee.append(HeaderField(String(cString: name), text))
                    }
                    return .YES
                }, pointer)
        }
        return fields
    }

    /// Hands the answer over; it is sent once the callback returns.
    /// - Returns: Whether libmicrohttpd took it.
    func send(status: Int, headers: [HeaderField], bytes: [UInt8]) -> Bool {
        let response = unsafe bytes.withUnsafeBytes { buffer in
            unsafe MHD_create_response_from_buffer(
                buffer.count, UnsafeMutableRawPointer(mutating: buffer.baseAddress), .RESPMEM_MUST_COPY)
        }
        return unsafe queue(response, status, headers)
    }

    /// As above, without a copy: the page is given back once libmicrohttpd has sent it.
    func send(status: Int, headers: [HeaderField], page: PageLease) -> Bool {
        let owner = unsafe Unmanaged.passRetained(page)
        let bytes = unsafe page.buffer.bytes
        let response = unsafe MHD_create_response_from_buffer_with_free_callback_cls(
            bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress),
            { context in
                if let context = unsafe context { unsafe Unmanaged<PageLease>.fromOpaque(context).release() }
            }, owner.toOpaque())
        if unsafe response == nil { unsafe owner.release() }
        return unsafe queue(response, status, headers)
    }

    /// As above, with the body read piece by piece on the connection's thread. A `size` of nil means chunks.
    func send(status: Int, headers: [HeaderField], size: Int64?, delivery: any Delivery) -> Bool {
        let owner = unsafe Unmanaged.passRetained(DeliveryBox(delivery)).toOpaque()
        let block = Int(min(size ?? 65_536, 262_144))
        let response = unsafe MHD_create_response_from_callback(
            size.map { UInt64($0) } ?? UInt64.max, max(block, 1),
            { context, position, buffer, capacity in
                guard let context = unsafe context, let buffer = unsafe buffer else { return -2 }
                let box = unsafe Unmanaged<DeliveryBox>.fromOpaque(context).takeUnretainedValue()
                switch box.delivery.next(at: Int64(position), capacity: capacity) {
                case .bytes(let bytes):
                    unsafe bytes.withUnsafeBytes { source in
                        unsafe UnsafeMutableRawBufferPointer(start: buffer, count: capacity).copyMemory(from: source)
                    }
                    return bytes.count
                case .broken: return -2
                }
            }, owner,
            { context in
                if let context = unsafe context { unsafe Unmanaged<DeliveryBox>.fromOpaque(context).release() }
            })
        return unsafe queue(response, status, headers)
    }

    @unsafe private func queue(_ response: OpaquePointer?, _ status: Int, _ headers: [HeaderField]) -> Bool {
        guard let response = unsafe response else { return false }
        for header in headers { unsafe _ = MHD_add_response_header(response, header.name, header.value) }
        defer { unsafe MHD_destroy_response(response) }
        return unsafe MHD_queue_response(handle, UInt32(status), response) == .YES
    }

    private final class DeliveryBox {
        let delivery: any Delivery

        init(_ delivery: any Delivery) {
            self.delivery = delivery
        }
    }
}

/// Produces the body of an answer. It is asked on the connection's own thread and may block.
protocol Delivery: AnyObject {
    /// The next 1 to `capacity` bytes, behind the first `position`.
    func next(at position: Int64, capacity: Int) -> DeliveryStep
}

enum DeliveryStep {
    case bytes([UInt8])
    /// The connection shall be closed.
    case broken
}
