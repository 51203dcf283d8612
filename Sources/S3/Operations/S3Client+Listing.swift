public import ObjectModel
import Reactor
import Runtime

extension S3Client {
    /// Reads the objects of `bucket` whose keys begin with `prefix`, from the first on, page by page.
    ///
    /// Used by one task at a time, which runs on a reactor.
    public func listObjects(
        bucket: String, prefix: ObjectKey = "", startAfter: ObjectKey? = nil, through: ObjectKey? = nil,
        delimiter: String? = nil, pageSize: Int? = nil
    ) -> ObjectListing {
        let listing = ObjectListing(
            client: self, bucket: bucket, prefix: prefix, startAfter: startAfter, delimiter: delimiter,
            pageSize: pageSize)
        if let through { listing.bound(through: through) }
        return listing
    }

    /// Notes what the server's clock says in comparison with ours.
    func noteClock(_ head: HTTPHead) {
        guard let date = head["date"].flatMap({ Timestamp(httpDate: $0) }) else { return }
        // The header has whole seconds: the middle of that second is the best guess.
        let offset = date.milliseconds + 500 - time.wall().milliseconds
        learnt.withLock { $0.clockOffset = offset }
    }
}

/// A listing on its way: the next page is under way while this one is worked at.
///
/// A page that says it is not the last one but gives nothing to go on with, or the same again, is an error: never the
/// end. Not `Sendable`: one task reads it.
public final class ObjectListing {
    /// Where a page begins.
    fileprivate enum Position: Hashable {
        case start
        case token(String)
        /// Version 1: the last key of the page before.
        case marker(ObjectKey)
    }

    /// What is listed.
    fileprivate struct Scope: Sendable {
        let bucket: String
        let prefix: ObjectKey
        let startAfter: ObjectKey?
        let delimiter: String?
        var pageSize: Int?
    }

    private let client: S3Client
    private let scope: Scope
    private var following: Task<Fetched, any Error>?
    private var isStarted = false
    private var isEnded = false
    /// Pages without a key, one after the other.
    private var emptyPages = 0
    /// A bucket full of versions and delete markers has some, a thousand of those to a page.
    private static let emptyPagesLimit = 10_000
    /// The last key wanted, in the order of bytes.
    private var through: ObjectKey?
    /// Of the last page.
    private var stretch: KeyStretch?

    private enum Following {
        case last
        case at(Position)
        /// Why the page cannot be believed.
        case lie(String)
    }

    private struct Fetched: Sendable {
        let page: ListingDocument
        let next: Position?
    }

    /// More than 1,000 keys of 1,024 bytes can take, each byte of a key written as `%XX`.
    fileprivate static let pageLimit = 16 << 20

    init(
        client: S3Client, bucket: String, prefix: ObjectKey, startAfter: ObjectKey?, delimiter: String?, pageSize: Int?
    ) {
        self.client = client
        scope = Scope(
            bucket: bucket, prefix: prefix, startAfter: startAfter, delimiter: delimiter, pageSize: pageSize)
    }

    deinit {
        following?.cancel()
    }

    /// Lets the listing end with `last`, for a server that lists in the order of bytes. Pages given already are not
    /// affected; the page after the one that reaches it is not asked for.
    public func bound(through last: ObjectKey) {
        through = last
    }

    /// The page as far as it is wanted; ends the listing where that is not all of it.
    private func cut(_ page: ListingDocument) -> ListingDocument {
        // A page out of order goes on whole: cut, it would lose keys and look as if it were in order.
        guard let through, page.page.firstOutOfOrder(.bytes) == nil else { return page }
        let wanted = page.page.count(through: through)
        guard wanted < page.count else { return page }
        isEnded = true
        return page.prefix(wanted)
    }

    /// The next page; nil after the last one.
    public func next() async throws(S3Error) -> ListingDocument? {
        guard !isEnded else { return nil }
        if !isStarted {
            isStarted = true
            fetch(.start)
        }
        guard let task = following else { return nil }
        do {
            let fetched = try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
            following = nil
            note(fetched.page)
            let page = cut(fetched.page)
            emptyPages = page.count == 0 ? emptyPages + 1 : 0
            if emptyPages > Self.emptyPagesLimit {
                isEnded = true
                throw client.malformed(
                    "the listing does not end: \(Self.emptyPagesLimit) pages on end hold no key",
                    scope.request(.start, isVersion1: false))
            }
            if let next = fetched.next, !isEnded { fetch(next) } else { isEnded = true }
            return page
        } catch let error as S3Error {
            throw error
        } catch {
            throw client.malformed("\(error)", scope.request(.start, isVersion1: false))
        }
    }

    /// Remembers how far a page of this listing goes, so that the last one need not bring much that is not wanted.
    private func note(_ page: ListingDocument) {
        guard through != nil, page.count > 1 else { return }
        stretch = KeyStretch(first: page.page.key(at: 0), last: page.page.key(at: page.count - 1), count: page.count)
    }

    private func fetch(_ position: Position) {
        let client = self.client
        var wanted = self.scope
        if let through, let stretch, let keys = stretch.estimate(through: through), keys < stretch.count {
            // A guess that is too low costs one more request; a full page costs keys that another reader lists too.
            wanted.pageSize = keys + keys / 8 + 2
        }
        let scope = wanted
        let work: @Sendable () async throws -> Fetched = {
            try await Self.fetch(position, of: scope, client: client)
        }
        following = Task(executorPreference: Reactor.required(), operation: work)
    }

    private static func fetch(
        _ position: Position, of scope: Scope, client: S3Client
    ) async throws -> Fetched {
        let isRefused = client.learnt.withLock { $0.refusesListV2 }
        let request = scope.request(position, isVersion1: isRefused)
        // Whoever wanted no more than one page has left by now; to start and give up would cost the connection.
        if Task.isCancelled { throw S3Error(.cancelled, for: request, server: client.endpoint.url) }
        let page = try await client.listingPage(request)
        let isVersion1 = client.learnt.withLock { $0.refusesListV2 }
        switch Self.following(page, from: position, isVersion1: isVersion1) {
        case .last: return Fetched(page: page, next: nil)
        case .at(let next): return Fetched(page: page, next: next)
        case .lie(let reason): throw client.malformed(reason, request)
        }
    }

    /// What follows `page`, which began at `position`.
    private static func following(_ page: ListingDocument, from position: Position, isVersion1: Bool) -> Following {
        guard page.isTruncated else { return .last }
        var next: Position?
        if let token = page.nextToken {
            next = .token(token)
        } else if let marker = page.nextMarker {
            next = .marker(marker)
        } else if isVersion1, page.count > 0 {
            next = .marker(page.page.key(at: page.count - 1))
        }
        guard let next else { return .lie("the listing says it goes on, but gives no token to go on with") }
        return next == position ? .lie("the listing does not end: it gives the same token again") : .at(next)
    }
}

extension ObjectListing.Scope {
    fileprivate func request(_ position: ObjectListing.Position, isVersion1: Bool) -> S3Request {
        var query = [QueryItem("encoding-type", "url")]
        if !prefix.bytes.isEmpty { query.append(QueryItem("prefix", bytes: prefix.bytes)) }
        if let delimiter { query.append(QueryItem("delimiter", delimiter)) }
        if let pageSize { query.append(QueryItem("max-keys", String(pageSize))) }
        if !isVersion1 { query.append(QueryItem("list-type", "2")) }
        switch position {
        case .start:
            if let startAfter {
                query.append(QueryItem(isVersion1 ? "marker" : "start-after", bytes: startAfter.bytes))
            }
        case .token(let token): query.append(QueryItem("continuation-token", token))
        case .marker(let key): query.append(QueryItem("marker", bytes: key.bytes))
        }
        return S3Request(isVersion1 ? .listObjects : .listObjectsV2, .get, bucket: bucket, query: query)
    }
}

extension S3Client {
    /// One page. Falls back to version 1 of the API where version 2 is refused.
    fileprivate func listingPage(_ request: S3Request) async throws(S3Error) -> ListingDocument {
        do throws(S3Error) {
            return try await listingPageOnce(request)
        } catch {
            guard request.operation == .listObjectsV2, error.kind == .notImplemented,
                !request.query.contains(where: { $0.name == Array("continuation-token".utf8) })
            else { throw error }
            learnt.withLock { $0.refusesListV2 = true }
            var other = request
            other.operation = .listObjects
            other.query.removeAll { $0.name == Array("list-type".utf8) }
            for index in other.query.indices where other.query[index].name == Array("start-after".utf8) {
                other.query[index].name = Array("marker".utf8)
            }
            return try await listingPageOnce(other)
        }
    }

    /// Tries one page again where what came was not whole, or an error in the place of a listing, as `send` does for
    /// everything else.
    private func listingPageOnce(_ request: S3Request) async throws(S3Error) -> ListingDocument {
        var attempt = 1
        while true {
            do throws(S3Error) {
                return try await receivePage(request)
            } catch {
                // What `send` has tried already counts.
                attempt = max(attempt, error.attempts)
                var error = error
                error.attempts = attempt
                guard error.isTransient, attempt < options.retries.attempts, !Task.isCancelled else { throw error }
                attempt += 1
                let backoff = options.retries.backoff
                await time.sleep(for: options.surroundings.chance.delay(backoff, attempt: attempt - 2))
            }
        }
    }

    private func receivePage(_ request: S3Request) async throws(S3Error) -> ListingDocument {
        let parser = LazyListingParser()
        defer { parser.giveBack() }
        var request = request
        request.onStart = { parser.restart() }
        request.sink = unsafe .pieces { unsafe parser.feed($0) }
        let response: HTTPResponse
        do throws(S3Error) {
            response = try await send(request)
        } catch let caught {
            var error = caught
            // The parser knows better than "refused by sink" why it stopped.
            if error.kind == .malformedAnswer, error.message.isEmpty {
                do throws(XMLError) {
                    _ = try parser.finish()
                } catch let reason {
                    error.message = "\(reason)"
                    throw error
                }
            }
            throw error
        }
        // Every time: clocks are set while a watch runs.
        noteClock(response.head)
        do throws(XMLError) {
            return try parser.finish()
        } catch {
            if case .errorDocument(let document) = error {
                throw S3Error(listing: document, for: request, server: endpoint.url)
            }
            throw malformed("\(error)", request, response.head)
        }
    }
}

/// The reactor's parser for one answer, taken when its first bytes come: where a server is far away many more answers are
/// waited for than arrive. For the reactor's thread.
private final class LazyListingParser {
    private var parser: ListingParser?

    /// Another answer takes the place of the one before, if there was one.
    func restart() {
        parser?.begin(limit: ObjectListing.pageLimit)
    }

    func feed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        unsafe begun().feed(bytes)
    }

    func finish() throws(XMLError) -> ListingDocument {
        try begun().finish()
    }

    private func begun() -> ListingParser {
        if let parser { return parser }
        let taken = Reactor.required().transfers.idleParsers.popLast() ?? ListingParser()
        taken.begin(limit: ObjectListing.pageLimit)
        parser = taken
        return taken
    }

    func giveBack() {
        guard let parser else { return }
        self.parser = nil
        if Reactor.required().transfers.idleParsers.count < 4 {
            Reactor.required().transfers.idleParsers.append(parser)
        }
    }
}
