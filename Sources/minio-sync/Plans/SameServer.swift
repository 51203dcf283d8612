import Glibc
import ObjectModel
import Reactor
import Runtime
import S3

/// Whether two clients speak to one server under two names: by its addresses, by its buckets, and in doubt by what one of
/// them begins and the other one then sees.
///
/// A mirror into itself would never end, or delete its own source. Two servers must not be taken for one either: they may
/// be behind one address, and a copy of a server's disk has buckets of the same date.
struct SameServer: Sendable {
    let source: S3Client
    let target: S3Client
    /// Nil where all buckets are meant.
    let bucket: String?
    /// Where keys of the target begin.
    let prefix: ObjectKey
    /// Whether an upload may be begun on the target (and ended at once) to be sure.
    let mayWrite: Bool

    /// When a bucket of that name was made, on both sides.
    enum Dates: Hashable {
        /// To the millisecond.
        case equal
        case different
        /// A server refuses to tell.
        case unknown
        /// A server does not answer, or only that it cannot now.
        case unanswered
    }

    enum Verdict: Hashable {
        case same
        case different
        /// Nothing but the buckets' dates says that they are the same, and they may be copies.
        case similar
        /// They share an address, and nothing else could be asked.
        case unanswered
    }

    /// | address shared | dates | upload seen | |
    /// |---|---|---|---|
    /// | any | any | yes | same |
    /// | any | any | no | different |
    /// | yes | equal, unknown | not known | same |
    /// | yes | no answer | not known | unanswered |
    /// | yes | different | not known | different: two servers behind one address |
    /// | no | equal | not known | similar |
    /// | no | different, unknown, no answer | not known | different |
    static func judge(sharesAddress: Bool, dates: Dates, isUploadSeen: Bool?) -> Verdict {
        if let isUploadSeen { return isUploadSeen ? .same : .different }
        switch (sharesAddress, dates) {
        case (true, .equal), (true, .unknown): return .same
        case (false, .equal): return .similar
        case (true, .unanswered): return .unanswered
        case (true, .different), (false, .different), (false, .unknown), (false, .unanswered): return .different
        }
    }

    /// Asks. A server that does not answer, or refuses, tells nothing.
    func verdict() async -> Verdict {
        async let left = Self.addresses(of: source.endpoint)
        async let right = Self.addresses(of: target.endpoint)
        let (dates, common) = await compareBuckets()
        let sharesAddress = await !left.isDisjoint(with: right)
        guard sharesAddress || dates == .equal else { return .different }
        let isUploadSeen = if mayWrite, let common { await isUploadSeen(in: common) } else { Bool?.none }
        return Self.judge(sharesAddress: sharesAddress, dates: dates, isUploadSeen: isUploadSeen)
    }

    /// The same; `otherwise` where it is not told within `limit`.
    func verdict(within limit: Duration, otherwise: Verdict) async -> Verdict {
        let answer = Answer()
        let ask: @Sendable () async -> Void = { answer.give(await verdict()) }
        let end: @Sendable () async -> Void = {
            await Machine.time.sleep(for: limit)
            answer.give(otherwise)
        }
        let asking = Task(executorPreference: Reactor.required(), operation: ask)
        let ending = Task(executorPreference: Reactor.required(), operation: end)
        defer {
            asking.cancel()
            ending.cancel()
        }
        return await withTaskCancellationHandler {
            await answer.wait()
        } onCancel: {
            answer.give(otherwise)
        }
    }

    /// The first answer counts.
    private final class Answer: Sendable {
        private let state = Mutex<(verdict: Verdict?, waiter: CheckedContinuation<Verdict, Never>?)>((nil, nil))

        func give(_ verdict: Verdict) {
            let waiter = state.withLock { state -> CheckedContinuation<Verdict, Never>? in
                guard state.verdict == nil else { return nil }
                state.verdict = verdict
                return state.waiter
            }
            waiter?.resume(returning: verdict)
        }

        func wait() async -> Verdict {
            await withCheckedContinuation { waiter in
                let verdict = state.withLock { state in
                    if state.verdict == nil { state.waiter = waiter }
                    return state.verdict
                }
                if let verdict { waiter.resume(returning: verdict) }
            }
        }
    }

    // MARK: Addresses

    /// `ADDRESS PORT` of all that the host's name stands for; none where it cannot be looked up.
    static func addresses(of endpoint: Endpoint) async -> Set<String> {
        var host = endpoint.host
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        let (name, port) = (host, endpoint.port ?? (endpoint.scheme == .https ? 443 : 80))
        return await withCheckedContinuation { continuation in
            Thread.start(name: "look-up") { continuation.resume(returning: lookUp(name, port)) }
        }
    }

    /// Blocks for as long as name servers take.
    private static func lookUp(_ host: String, _ port: Int) -> Set<String> {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV
        var first: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, String(port), &hints, &first) == 0 else { return [] }
        defer { unsafe freeaddrinfo(first) }
        var found: Set<String> = []
        var next = unsafe first
        while let entry = unsafe next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let size = socklen_t(text.count)
            let status = unsafe getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, size, nil, 0, NI_NUMERICHOST)
            if status == 0 {
                found.insert("\(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)) \(port)")
            }
            unsafe next = entry.pointee.ai_next
        }
        return found
    }

    // MARK: Buckets

    /// What the dates of the bucket say, and a bucket that both sides may have: of all, the one that is most alike.
    private func compareBuckets() async -> (Dates, common: String?) {
        async let left = created(source)
        async let right = created(target)
        let source: [String: Timestamp?]
        let target: [String: Timestamp?]
        switch await (left, right) {
        case (.success(let one), .success(let other)): (source, target) = (one, other)
        case (.failure(let error), .success), (.success, .failure(let error)):
            return (error.isRefusal ? .unknown : .unanswered, bucket)
        case (.failure(let one), .failure(let other)):
            return (one.isRefusal && other.isRefusal ? .unknown : .unanswered, bucket)
        }
        if let bucket {
            guard let one = source[bucket] ?? nil, let other = target[bucket] ?? nil else { return (.unknown, bucket) }
            return (one == other ? .equal : .different, bucket)
        }
        let common = source.keys.filter { target[$0] != nil }.sorted()
        if let equal = common.first(where: { source[$0] == target[$0] && source[$0] != .some(nil) }) {
            return (.equal, equal)
        }
        // What is on one side only is not on the other side's server.
        return (.different, common.first)
    }

    /// When each bucket was made; nil where the server does not tell.
    private func created(_ client: S3Client) async -> Result<[String: Timestamp?], S3Error> {
        do throws(S3Error) {
            let buckets = try await client.listBuckets(attempts: 2)
            return .success(Dictionary(buckets.map { ($0.name, $0.created) }) { first, _ in first })
        } catch {
            return .failure(error)
        }
    }

    // MARK: An upload

    /// Whether the source knows an upload that was just begun on the target; nil where that cannot be told.
    private func isUploadSeen(in bucket: String) async -> Bool? {
        let key = ObjectKey(".minio-sync-\(UniqueText.drawn())").prefixed(by: prefix)
        let upload: MultipartUpload
        do throws(S3Error) {
            upload = try await target.createUpload(bucket: bucket, key: key, headers: ObjectHeaders())
        } catch {
            return error.kind == .noSuchBucket ? false : nil
        }
        let isSeen: Bool?
        do throws(S3Error) {
            _ = try await source.listParts(upload)
            isSeen = true
        } catch {
            isSeen = [.noSuchUpload, .noSuchKey, .noSuchBucket].contains(error.kind) ? false : nil
        }
        // Also where this task is cancelled.
        let target = target
        let body: @Sendable () async -> Void = { try? await target.abortUpload(upload) }
        await Task(executorPreference: Reactor.required(), operation: body).value
        return isSeen
    }
}

extension S3Error {
    /// Whether the server answered that it will not tell, now and later.
    fileprivate var isRefusal: Bool { [.refused, .notImplemented, .other].contains(kind) }
}
