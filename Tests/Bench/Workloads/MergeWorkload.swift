import Listings
import MirrorEngine
import ObjectModel
import S3
import Stores

/// Two listings that are the same: each key is checked for its order on both sides, met, and found to be the same.
struct MergeWorkload: Workload {
    private static let pageCount = 4

    private let source: [ListingPage]
    private let target: [ListingPage]
    let items = pageCount * 1000

    init() {
        source = Self.pages()
        target = Self.pages()
    }

    private static func pages() -> [ListingPage] {
        var material = Material(seed: 2)
        let parser = ListingParser()
        return (0..<pageCount).map { page in
            let keys = material.keys(1000, from: page * 1000)
            do throws(XMLError) {
                return try parser.parse(material.listing(keys)).page
            } catch {
                preconditionFailure("\(error)")
            }
        }
    }

    func round() -> Int {
        let found = Found()
        let (source, target) = (source, target)
        let body: @Sendable () async -> Void = {
            do {
                var merge = ListingMerge(
                    source: try await Self.cursor(source, side: 0), target: try await Self.cursor(target, side: 1),
                    order: .bytes, options: DecisionOptions(), looksAtAll: false)
                guard try await merge.next() == nil else { return }
                found.same = merge.same
            } catch {
                preconditionFailure("\(error)")
            }
        }
        _ = Task(executorPreference: InlineExecutor.shared, operation: body)
        return found.same
    }

    private static func cursor(_ pages: [ListingPage], side: Int) async throws -> ListingCursor {
        let ordered = OrderedPages(PagesInMemory(pages), store: "pages", side: side, order: .bytes)
        var cursor = ListingCursor(ordered, prefixLength: 0)
        try await cursor.start()
        return cursor
    }
}

/// What a round found.
// @unchecked: its task is done, on the thread that made it, before anybody reads it.
private final class Found: @unchecked Sendable {
    var same = 0
}

/// Pages that are there already.
private final class PagesInMemory: PageReader {
    private var rest: ArraySlice<ListingPage>

    init(_ pages: [ListingPage]) {
        rest = pages[...]
    }

    func next() async throws -> ListingPage? { rest.popFirst() }
    func bound(through last: ObjectKey) {}
}

/// Runs what it is given at once, so that a task that never waits is done when it has been made.
private final class InlineExecutor: TaskExecutor {
    static let shared = InlineExecutor()

    func enqueue(_ job: consuming ExecutorJob) {
        unsafe job.runSynchronously(on: asUnownedTaskExecutor())
    }
}
