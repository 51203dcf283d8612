import COpenSSL

/// The hash functions that signatures of packages use.
enum DigestAlgorithm: String, Hashable, Sendable, CaseIterable {
    case sha1 = "SHA1"
    case sha256 = "SHA256"
    case sha384 = "SHA384"
    case sha512 = "SHA512"

    /// Fetched once for the life of the process.
    // @unchecked: OpenSSL's fetched algorithms are immutable and may be used by all threads (provider(7)).
    @safe private struct Fetched: @unchecked Sendable {
        let sha1 = unsafe EVP_MD_fetch(nil, "SHA1", nil)
        let sha256 = unsafe EVP_MD_fetch(nil, "SHA256", nil)
        let sha384 = unsafe EVP_MD_fetch(nil, "SHA384", nil)
        let sha512 = unsafe EVP_MD_fetch(nil, "SHA512", nil)
    }

    private static let fetched = Fetched()

    /// OpenSSL's.
    var implementation: OpaquePointer? {
        switch self {
        case .sha1: unsafe Self.fetched.sha1
        case .sha256: unsafe Self.fetched.sha256
        case .sha384: unsafe Self.fetched.sha384
        case .sha512: unsafe Self.fetched.sha512
        }
    }

    var length: Int {
        switch self {
        case .sha1: 20
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }
}

/// A hash over bytes that arrive in pieces. It can be used again after `finish`.
@safe struct MessageDigest: ~Copyable {
    let algorithm: DigestAlgorithm
    private let context: OpaquePointer

    init(_ algorithm: DigestAlgorithm) {
        self.algorithm = algorithm
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("OpenSSL has no memory left.") }
        unsafe self.context = context
        begin()
    }

    deinit {
        unsafe EVP_MD_CTX_free(context)
    }

    private func begin() {
        let status = unsafe EVP_DigestInit_ex2(context, algorithm.implementation, nil)
        precondition(status == 1, "OpenSSL offers no \(algorithm.rawValue).")
    }

    func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        let status = unsafe EVP_DigestUpdate(context, base, bytes.count)
        precondition(status == 1, "OpenSSL's EVP_DigestUpdate failed.")
    }

    func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// The hash of everything since the last `finish`; then begins anew.
    func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: algorithm.length)
        let status = unsafe digest.withUnsafeMutableBufferPointer {
            unsafe EVP_DigestFinal_ex(context, $0.baseAddress, nil)
        }
        precondition(status == 1, "OpenSSL's EVP_DigestFinal_ex failed.")
        begin()
        return digest
    }

    static func digest(_ bytes: [UInt8], _ algorithm: DigestAlgorithm) -> [UInt8] {
        let digest = MessageDigest(algorithm)
        digest.update(bytes)
        return digest.finish()
    }
}

// @unchecked: an OpenSSL context is bound to no thread, and the one owner of this one reaches it from one thread at a time.
extension MessageDigest: @unchecked Sendable {}

extension [UInt8] {
    /// Lower-case hexadecimal.
    var hexadecimal: String {
        let digits = [UInt8]("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
