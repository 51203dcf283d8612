import CCurl
import Reactor
import Runtime

/// One libcurl easy handle, configured once for an endpoint's connection options and used for one transfer at a time.
///
/// Options that differ between requests are set for every request by `prepare`; the rest stay, so nothing is reset.
@safe final class EasyHandle {
    /// Which connections may be used again.
    enum Oldest: Hashable {
        case any
        /// Those that were made so long ago at most, 1 or more.
        case seconds(Int)
    }

    enum Kind {
        /// Bodies held in memory, most of them short: a buffer of 16 KiB, since many are under way at once.
        case small
        /// Answers taken piece by piece, listings above all: a buffer of 64 KiB.
        case pieces
        /// Bodies relayed: buffers of 512 KiB each way, fewer system calls.
        case large

        /// Bytes that libcurl receives at once.
        fileprivate var bufferSize: Int {
            switch self {
            case .small: 16 << 10
            case .pieces: 64 << 10
            case .large: 512 << 10
            }
        }
    }

    let pointer: UnsafeMutableRawPointer
    let kind: Kind
    private let errorText: UnsafeMutablePointer<CChar>
    private var headerList: UnsafeMutablePointer<curl_slist>?

    init(kind: Kind, connection: ConnectionOptions, engine: UnsafeMutableRawPointer) {
        guard let pointer = unsafe curl_easy_init() else {
            preconditionFailure("libcurl could not make a handle: out of memory.")
        }
        unsafe self.pointer = pointer
        self.kind = kind
        unsafe errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        unsafe setFixedOptions(engine: engine)
        setConnectionOptions(connection)
    }

    deinit {
        unsafe curl_easy_cleanup(pointer)
        unsafe curl_slist_free_all(headerList)
        unsafe errorText.deallocate()
    }

    /// What libcurl's code for the transfer that just ended means. Of times it keeps that for connecting only.
    func failure(_ code: CURLcode) -> TransferError {
        if code == CURLE_OPERATION_TIMEDOUT { return .timedOut(.connect) }
        let detail = unsafe String(cString: errorText)
        let message = detail.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : detail
        return .curl(code: code.rawValue, message: message)
    }

    private func setFixedOptions(engine: UnsafeMutableRawPointer) {
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_NOPROGRESS, 1)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        // Seconds. The system would give up a silent connection after two hours.
        set(CURLOPT_TCP_KEEPIDLE, 15)
        set(CURLOPT_TCP_KEEPINTVL, 5)
        set(CURLOPT_BUFFERSIZE, kind.bufferSize)
        if kind == .large { set(CURLOPT_UPLOAD_BUFFERSIZE, 512 << 10) }
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_USERAGENT, "minio-sync")
        unsafe ccurl_set_pointer(pointer, CURLOPT_ERRORBUFFER, errorText)
        unsafe ccurl_set_data_callback(pointer, CURLOPT_WRITEFUNCTION, Transfer.bodyCallback)
        unsafe ccurl_set_data_callback(pointer, CURLOPT_HEADERFUNCTION, Transfer.headerCallback)
        unsafe ccurl_set_data_callback(pointer, CURLOPT_READFUNCTION, Transfer.uploadCallback)
        unsafe ccurl_set_prereq_callback(pointer, Transfer.sendingCallback)
        unsafe ccurl_set_open_callback(pointer, TransferEngine.openCallback, engine)
        unsafe ccurl_set_close_callback(pointer, TransferEngine.closeCallback, engine)
    }

    private func setConnectionOptions(_ connection: ConnectionOptions) {
        set(CURLOPT_CONNECTTIMEOUT_MS, Int(connection.timeouts.connect.nanoseconds / 1_000_000))
        if let file = connection.tls.authorityFile { set(CURLOPT_CAINFO, file) }
        if let file = connection.tls.certificateFile { set(CURLOPT_SSLCERT, file) }
        if let file = connection.tls.keyFile { set(CURLOPT_SSLKEY, file) }
        set(CURLOPT_SSL_VERIFYPEER, connection.tls.verifies ? 1 : 0)
        set(CURLOPT_SSL_VERIFYHOST, connection.tls.verifies ? 2 : 0)
    }

    /// Sets what belongs to one request. The request's block and ring must live until the transfer ends.
    func prepare(_ request: HTTPRequest, oldest: Oldest = .any, owner: UnsafeMutableRawPointer) {
        unsafe errorText[0] = 0
        set(CURLOPT_URL, request.url)
        set(CURLOPT_HTTPGET, 1)
        set(CURLOPT_FRESH_CONNECT, request.needsFreshConnection ? 1 : 0)
        if case .seconds(let age) = oldest {
            set(CURLOPT_MAXLIFETIME_CONN, age)
        } else {
            set(CURLOPT_MAXLIFETIME_CONN, 0)
        }
        unsafe ccurl_set_pointer(pointer, CURLOPT_CUSTOMREQUEST, nil)
        unsafe ccurl_set_pointer(pointer, CURLOPT_WRITEDATA, owner)
        unsafe ccurl_set_pointer(pointer, CURLOPT_HEADERDATA, owner)
        unsafe ccurl_set_pointer(pointer, CURLOPT_READDATA, owner)
        unsafe ccurl_set_pointer(pointer, CURLOPT_PREREQDATA, owner)
        unsafe ccurl_set_pointer(pointer, CURLOPT_PRIVATE, owner)
        switch request.body {
        case .none:
            if request.method == .head { set(CURLOPT_NOBODY, 1) }
            if request.method == .delete { set(CURLOPT_CUSTOMREQUEST, "DELETE") }
            if request.method == .put || request.method == .post { setHeldBody(ByteBlock(), method: request.method) }
        case .block(let block):
            setHeldBody(block, method: request.method)
        case .ring(_, let length):
            set(CURLOPT_UPLOAD, 1)
            unsafe ccurl_set_offset(pointer, CURLOPT_INFILESIZE_LARGE, curl_off_t(length))
        }
        setHeaders(request.headers)
    }

    private func setHeldBody(_ block: ByteBlock, method: HTTPRequest.Method) {
        // As POST fields headers and body leave in one send; a streamed PUT takes three.
        set(CURLOPT_POST, 1)
        unsafe ccurl_set_offset(pointer, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(block.count))
        if block.count == 0 {
            set(CURLOPT_COPYPOSTFIELDS, "")
        } else {
            unsafe ccurl_set_pointer(pointer, CURLOPT_POSTFIELDS, block.address)
        }
        if method == .put { set(CURLOPT_CUSTOMREQUEST, "PUT") }
    }

    private func setHeaders(_ lines: [String]) {
        unsafe curl_slist_free_all(headerList)
        // Without these libcurl would ask for 100-continue (a second lost where a server ignores it) and send types of
        // its own.
        unsafe headerList = curl_slist_append(nil, "Expect:")
        unsafe headerList = curl_slist_append(headerList, "Accept:")
        var hasType = false
        for line in lines {
            if line.hasPrefix("Content-Type:") { hasType = true }
            unsafe headerList = curl_slist_append(headerList, line)
        }
        if !hasType { unsafe headerList = curl_slist_append(headerList, "Content-Type:") }
        unsafe ccurl_set_pointer(pointer, CURLOPT_HTTPHEADER, headerList)
    }

    private func set(_ option: CURLoption, _ value: Int) {
        unsafe ccurl_set_long(pointer, option, value)
    }

    private func set(_ option: CURLoption, _ text: String) {
        unsafe text.withCString { _ = unsafe ccurl_set_pointer(pointer, option, $0) }
    }
}
