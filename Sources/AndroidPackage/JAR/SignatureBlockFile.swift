import COpenSSL

/// A PKCS#7 (RFC 2315) without content, in `META-INF/*.RSA`, `.DSA` or `.EC`, that signs the `.SF` of its name.
enum SignatureBlockFile {
    /// Bytes of the largest one that is read.
    static let limit: Int64 = 1 << 20

    /// The signer's certificate in DER. Throws unless its key signed `content`; who issued it, and until when, doesn't
    /// matter to Android.
    static func certificate(in bytes: [UInt8], signing content: [UInt8]) throws(Malformed) -> [UInt8] {
        defer { ERR_clear_error() }
        let parsed = unsafe bytes.withUnsafeBufferPointer { buffer in
            var position = buffer.baseAddress
            return unsafe d2i_PKCS7(nil, &position, buffer.count)
        }
        guard let message = unsafe parsed else { throw Malformed("the signature is not PKCS#7") }
        defer { unsafe PKCS7_free(message) }
        guard unsafe OBJ_obj2nid(message.pointee.type) == NID_pkcs7_signed else {
            throw Malformed("the signature is another kind of PKCS#7")
        }
        guard let signers = unsafe PKCS7_get0_signers(message, nil, 0) else {
            throw Malformed("the signature has no certificate")
        }
        defer { unsafe OPENSSL_sk_free(signers) }
        // More of them would cost time, and Android looks at the first only.
        guard unsafe OPENSSL_sk_num(signers) == 1, let signer = unsafe OPENSSL_sk_value(signers, 0) else {
            throw Malformed("the signature is not of one signer")
        }
        let isValid = unsafe content.withUnsafeBytes { content in
            guard let text = unsafe BIO_new_mem_buf(content.baseAddress, Int32(content.count)) else { return false }
            defer { unsafe BIO_free(text) }
            return unsafe PKCS7_verify(message, nil, nil, text, nil, PKCS7_NOVERIFY | PKCS7_BINARY) == 1
        }
        guard isValid else { throw Malformed("the signature is not of the certificate's key") }
        var encoded: UnsafeMutablePointer<UInt8>?
        let length = unsafe i2d_X509(OpaquePointer(signer), &encoded)
        guard length > 0, let encoded = unsafe encoded else { throw Malformed("the certificate cannot be read") }
        defer { unsafe CRYPTO_free(encoded, #file, #line) }
        return unsafe Array(UnsafeBufferPointer(start: encoded, count: Int(length)))
    }
}
