public import ObjectModel

/// Why a store did not do what it was asked: what a person needs in order to act, in one sentence. Holds no secret.
public struct StoreError: Error, Sendable, Hashable {
    /// What a caller decides by.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// It could not be reached: name unknown, port closed, network gone, disk gone.
        case unreachable
        /// Its certificate (or ours, to it) was not accepted.
        case untrusted
        case timedOut
        /// It broke off in the middle.
        case interrupted
        /// It knows us or not, but refuses.
        case refused
        case noSuchKey
        case noSuchBucket
        case noSuchUpload
        /// The object is not the one that was meant.
        case preconditionFailed
        /// The bytes that arrived are not those that were promised.
        case digestMismatch
        /// It wants fewer requests.
        case slowDown
        case serverFailure
        /// This one object can't be read or held.
        case unacceptable
        case notImplemented
        /// It has no room.
        case full
        /// An answer that cannot be understood, or is not whole.
        case malformedAnswer
        case cancelled
        case other
    }

    /// What a person may do about it. Who prints it knows the words, and the names of flags.
    public enum Advice: String, Sendable, Hashable, CaseIterable {
        case checkAddress
        /// The connection was closed while TLS began.
        case checkScheme
        case writeHTTP
        case writeHTTPS
        /// The server may speak TLS there.
        case tryHTTPS
        case checkAuthorityFile
        case checkClientCertificate
        case giveClientCertificate
        case giveAuthority
        case checkFirewall
        case giveKeys
        case checkSecretKey
        case checkAccessKey
        case setClock
        case renewToken
        case checkPolicy
        case checkBucketName
        case freeSpace
    }

    public var kind: Kind
    /// The server's URL without credentials, or what stands for it.
    public var server: String
    /// As the store's protocol calls it, for example `HeadObject`.
    public var operation: String
    public var bucket: String?
    public var key: ObjectKey?
    /// The number of the store's answer, 0 if none came.
    public var status: Int
    /// The store's own word for the failure, for example `NoSuchKey`; empty if none came.
    public var code: String
    /// The store's words, or the system's.
    public var message: String
    public var requestID: String?
    /// How often it was tried, 1 or more.
    public var attempts: Int
    /// Whether it refuses whatever we ask, and not this alone: keys that it does not know.
    public var refusesEverything: Bool
    public var advice: Advice?

    public init(
        _ kind: Kind, server: String, operation: String, bucket: String? = nil, key: ObjectKey? = nil, status: Int = 0,
        code: String = "", message: String = "", requestID: String? = nil, attempts: Int = 1,
        refusesEverything: Bool = false, advice: Advice? = nil
    ) {
        self.kind = kind
        self.server = server
        self.operation = operation
        self.bucket = bucket
        self.key = key
        self.status = status
        self.code = code
        self.message = message
        self.requestID = requestID
        self.attempts = attempts
        self.refusesEverything = refusesEverything
        self.advice = advice
    }

    /// Whether the same request may succeed later without anybody's doing.
    public var isTransient: Bool {
        switch kind {
        case .unreachable, .timedOut, .interrupted, .slowDown, .serverFailure, .malformedAnswer, .digestMismatch: true
        default: false
        }
    }

    /// Whether the store answered, so that what was asked for is known not to have been done. A gateway's 502 and 504 are
    /// its own words, and an answer that can't be read says nothing: the store may have done it, or do it yet.
    public var wasAnswered: Bool { status > 0 && status != 502 && status != 504 && kind != .malformedAnswer }
}

extension StoreError: CustomStringConvertible {
    public var description: String {
        var place = server
        if let bucket { place += "/\(bucket)" }
        if let key { place += "/\(key)" }
        var reason = message.isEmpty ? kind.rawValue : message
        if !code.isEmpty { reason = message.isEmpty ? code : "\(code): \(message)" }
        if status > 0 { reason = "\(status) \(reason)" }
        while reason.hasSuffix(".") { reason.removeLast() }
        var text = "\(operation) of \(place) failed: \(reason)"
        if let requestID, !requestID.isEmpty { text += " (request \(requestID))" }
        if attempts > 1 { text += ", \(attempts) attempts" }
        return text + (advice.map { "; \(AdviceWords.words($0))." } ?? ".")
    }
}
