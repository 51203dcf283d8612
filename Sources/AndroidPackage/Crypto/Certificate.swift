import COpenSSL

/// A signer's X.509 certificate in DER. Only its key counts: Android asks for no authority and no dates.
enum Certificate {
    /// The SHA-256 by which a signer is known.
    static func fingerprint(_ bytes: [UInt8]) -> String { MessageDigest.digest(bytes, .sha256).hexadecimal }

    /// The SubjectPublicKeyInfo in DER; nil for what is no certificate.
    static func publicKey(of bytes: [UInt8]) -> [UInt8]? {
        defer { ERR_clear_error() }
        let certificate = unsafe bytes.withUnsafeBufferPointer { buffer in
            var position = buffer.baseAddress
            return unsafe d2i_X509(nil, &position, buffer.count)
        }
        guard let certificate = unsafe certificate else { return nil }
        defer { unsafe X509_free(certificate) }
        var encoded: UnsafeMutablePointer<UInt8>?
        let length = unsafe i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded)
        guard length > 0, let encoded = unsafe encoded else { return nil }
        defer { unsafe CRYPTO_free(encoded, #file, #line) }
        return unsafe Array(UnsafeBufferPointer(start: encoded, count: Int(length)))
    }
}
