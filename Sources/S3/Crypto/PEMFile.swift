import COpenSSL

/// Looks into the files that TLS will read, before the first request does: libcurl tells of a file it cannot use once a
/// request, and as a failure of the server.
///
/// Reads small files, so not to be called on a reactor at work.
public enum PEMFile {
    /// What keeps `path` from being a bundle of authorities: a clause to follow "the file", or nil.
    public static func problem(asAuthorities path: String) -> String? {
        defer { ERR_clear_error() }
        // What libcurl does with it, through OpenSSL.
        guard let store = unsafe X509_STORE_new() else { return nil }
        defer { unsafe X509_STORE_free(store) }
        return unsafe X509_STORE_load_file(store, path) == 1 ? nil : "holds no certificates in PEM form"
    }

    /// What keeps `path` from being a client's certificate.
    public static func problem(asCertificate path: String) -> String? {
        defer { ERR_clear_error() }
        guard let certificate = unsafe certificate(path) else { return "holds no certificate in PEM form" }
        unsafe X509_free(certificate)
        return nil
    }

    /// What keeps `path` from being the private key of the certificate in the file `certificatePath`, which is one.
    public static func problem(asKey path: String, of certificatePath: String) -> String? {
        defer { ERR_clear_error() }
        guard let file = unsafe BIO_new_file(path, "r") else { return "cannot be read" }
        defer { unsafe BIO_free(file) }
        var isEncrypted = false
        let key = unsafe withUnsafeMutablePointer(to: &isEncrypted) { flag in
            // Without this, OpenSSL asks the terminal for the passphrase.
            unsafe PEM_read_bio_PrivateKey(
                file, nil,
                { _, _, _, flag in
                    unsafe flag?.assumingMemoryBound(to: Bool.self).pointee = true
                    return -1
                }, flag)
        }
        guard let key = unsafe key else {
            return isEncrypted
                ? "holds a private key under a passphrase, which is not supported"
                : "holds no private key in PEM form"
        }
        defer { unsafe EVP_PKEY_free(key) }
        guard let certificate = unsafe certificate(certificatePath) else { return nil }
        defer { unsafe X509_free(certificate) }
        return unsafe X509_check_private_key(certificate, key) == 1
            ? nil : "holds the private key of another certificate"
    }

    private static func certificate(_ path: String) -> OpaquePointer? {
        guard let file = unsafe BIO_new_file(path, "r") else { return nil }
        defer { unsafe BIO_free(file) }
        return unsafe PEM_read_bio_X509(file, nil, nil, nil)
    }
}
