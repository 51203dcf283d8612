import COpenSSL

/// How a v2 or v3 signature is made, and which hash of the contents goes with it (source.android.com, "Signature
/// algorithm IDs").
enum SignatureAlgorithm: UInt32, Hashable, Sendable {
    case rsaPSSWithSHA256 = 0x0101
    case rsaPSSWithSHA512 = 0x0102
    case rsaWithSHA256 = 0x0103
    case rsaWithSHA512 = 0x0104
    case ecdsaWithSHA256 = 0x0201
    case ecdsaWithSHA512 = 0x0202
    case dsaWithSHA256 = 0x0301
    case verityRSAWithSHA256 = 0x0421
    case verityECDSAWithSHA256 = 0x0423
    case verityDSAWithSHA256 = 0x0425

    var digest: DigestAlgorithm {
        switch self {
        case .rsaPSSWithSHA512, .rsaWithSHA512, .ecdsaWithSHA512: .sha512
        default: .sha256
        }
    }

    var contentDigest: ContentDigest.Algorithm {
        switch self {
        case .verityRSAWithSHA256, .verityECDSAWithSHA256, .verityDSAWithSHA256: .verity
        case .rsaPSSWithSHA512, .rsaWithSHA512, .ecdsaWithSHA512: .chunked(.sha512)
        default: .chunked(.sha256)
        }
    }

    private var keyType: Int32 {
        switch self {
        case .rsaPSSWithSHA256, .rsaPSSWithSHA512, .rsaWithSHA256, .rsaWithSHA512, .verityRSAWithSHA256: EVP_PKEY_RSA
        case .ecdsaWithSHA256, .ecdsaWithSHA512, .verityECDSAWithSHA256: EVP_PKEY_EC
        case .dsaWithSHA256, .verityDSAWithSHA256: EVP_PKEY_DSA
        }
    }

    private var isPSS: Bool { self == .rsaPSSWithSHA256 || self == .rsaPSSWithSHA512 }

    /// Whether `signature` is one of `message` by the owner of `key`, a SubjectPublicKeyInfo in DER.
    func verifies(_ signature: [UInt8], of message: [UInt8], key: [UInt8]) -> Bool {
        defer { ERR_clear_error() }
        guard let key = unsafe Self.publicKey(key), let context = unsafe EVP_MD_CTX_new() else { return false }
        defer {
            unsafe EVP_MD_CTX_free(context)
            unsafe EVP_PKEY_free(key)
        }
        guard unsafe EVP_PKEY_get_base_id(key) == keyType else { return false }
        // Belongs to `context` once it is set.
        var parameters: OpaquePointer?
        let status = unsafe EVP_DigestVerifyInit(context, &parameters, digest.implementation, nil, key)
        guard status == 1 else { return false }
        if isPSS {
            // The salt is as long as the hash, and the mask is made with the same one.
            guard unsafe EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1,
                unsafe EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, Int32(digest.length)) == 1
            else { return false }
        }
        return unsafe EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    private static func publicKey(_ bytes: [UInt8]) -> OpaquePointer? {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            var position = buffer.baseAddress
            let key = unsafe d2i_PUBKEY(nil, &position, buffer.count)
            guard unsafe position == buffer.baseAddress.map({ unsafe $0 + buffer.count }) else {
                unsafe EVP_PKEY_free(key)
                return nil
            }
            return unsafe key
        }
    }
}
