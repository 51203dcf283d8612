import COpenSSL
import Digests

/// HMAC-SHA-256 with a key that is set once and used for many messages.
///
/// Starting over with the key that the context already holds costs about 0.2 µs a message; setting the key again, or
/// fetching the algorithm, costs several times that.
@safe struct HMACSHA256: ~Copyable {
    private let context: OpaquePointer

    init(key: [UInt8]) {
        guard let context = unsafe EVP_MAC_CTX_new(OpenSSL.hmac) else { OpenSSL.fail("EVP_MAC_CTX_new") }
        unsafe self.context = context
        setKey(key)
    }

    deinit {
        unsafe EVP_MAC_CTX_free(context)
    }

    /// Replaces the key, which must not be empty.
    func setKey(_ key: [UInt8]) {
        precondition(!key.isEmpty, "An HMAC needs a key.")
        // A parameter carries two pointers, which OpenSSL reads during the call: both texts have to outlive it.
        var digest = Array("SHA256".utf8CString)
        unsafe OSSL_MAC_PARAM_DIGEST.withCString { name in
            unsafe digest.withUnsafeMutableBufferPointer { digest in
                let parameter = unsafe OSSL_PARAM_construct_utf8_string(name, digest.baseAddress, 0)
                let parameters = unsafe [parameter, OSSL_PARAM_construct_end()]
                unsafe OpenSSL.check(EVP_MAC_init(context, key, key.count, parameters), "EVP_MAC_init")
            }
        }
    }

    /// The code of `message` under the key.
    @inline(__always)
    func authenticate(_ message: UnsafeRawBufferPointer) -> SHA256Digest {
        unsafe OpenSSL.check(EVP_MAC_init(context, nil, 0, nil), "EVP_MAC_init")
        let base = unsafe message.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe OpenSSL.check(EVP_MAC_update(context, base, message.count), "EVP_MAC_update")
        var digest = SHA256Digest()
        unsafe digest.withMutablePointer { output in
            unsafe OpenSSL.check(EVP_MAC_final(context, output, nil, 32), "EVP_MAC_final")
        }
        return digest
    }

    func authenticate(_ message: [UInt8]) -> SHA256Digest {
        unsafe message.withUnsafeBytes { unsafe authenticate($0) }
    }

    static func authenticate(_ message: [UInt8], key: [UInt8]) -> SHA256Digest {
        HMACSHA256(key: key).authenticate(message)
    }
}
