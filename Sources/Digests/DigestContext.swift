import COpenSSL

/// The owner of one OpenSSL digest context, initialised for one algorithm and re-initialised by every `finish`.
@safe struct DigestContext: ~Copyable {
    private let context: OpaquePointer

    init(_ algorithm: OpaquePointer) {
        guard let context = unsafe EVP_MD_CTX_new() else { OpenSSL.fail("EVP_MD_CTX_new") }
        unsafe self.context = context
        unsafe OpenSSL.check(EVP_DigestInit_ex2(context, algorithm, nil), "EVP_DigestInit_ex2")
    }

    deinit {
        unsafe EVP_MD_CTX_free(context)
    }

    @inline(__always)
    func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        unsafe OpenSSL.check(EVP_DigestUpdate(context, base, bytes.count), "EVP_DigestUpdate")
    }

    /// Writes the digest to `output`, which must have room for it, and begins anew.
    @inline(__always)
    func finish(into output: UnsafeMutablePointer<UInt8>) {
        unsafe OpenSSL.check(EVP_DigestFinal_ex(context, output, nil), "EVP_DigestFinal_ex")
        // No algorithm means the one that the context has: the cheap way to start over.
        unsafe OpenSSL.check(EVP_DigestInit_ex2(context, nil, nil), "EVP_DigestInit_ex2")
    }
}
