import COpenSSL

/// The algorithms that this program uses, fetched once for the life of the process.
///
/// Fetching one for each operation costs several times the operation itself. Fetched algorithms are immutable and may
/// be used by all threads (OpenSSL's `provider` manual), so they are plain globals and are never freed.
///
/// A call that fails here is a library without SHA-256, or memory at its end: nothing that a caller could handle, so it
/// stops the process with a reason instead of giving a wrong digest.
package enum OpenSSL {
    // nonisolated(unsafe), all three: pointers to what never changes once it is fetched, which the language does at first use.
    nonisolated(unsafe) static let md5 = unsafe fetchDigest("MD5")
    nonisolated(unsafe) static let sha256 = unsafe fetchDigest("SHA256")
    package nonisolated(unsafe) static let hmac = unsafe fetchHMAC()

    private static func fetchDigest(_ name: String) -> OpaquePointer {
        let digest = unsafe EVP_MD_fetch(nil, name, nil)
        guard let digest = unsafe digest else { preconditionFailure("OpenSSL offers no \(name): \(reason()).") }
        return unsafe digest
    }

    private static func fetchHMAC() -> OpaquePointer {
        let mac = unsafe EVP_MAC_fetch(nil, "HMAC", nil)
        guard let mac = unsafe mac else { preconditionFailure("OpenSSL offers no HMAC: \(reason()).") }
        return unsafe mac
    }

    /// Stops the process unless `status` is OpenSSL's 1 for success.
    @inline(__always)
    package static func check(_ status: Int32, _ operation: StaticString) {
        if status != 1 { fail(operation) }
    }

    @inline(never)
    package static func fail(_ operation: StaticString) -> Never {
        preconditionFailure("OpenSSL's \(operation) failed: \(reason()).")
    }

    /// What OpenSSL says about the last failure on this thread.
    private static func reason() -> String {
        let code = ERR_get_error()
        guard let text = unsafe ERR_reason_error_string(code) else { return "code \(code)" }
        return unsafe String(cString: text)
    }
}
