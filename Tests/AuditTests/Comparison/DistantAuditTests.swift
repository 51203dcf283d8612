import Listings
import ObjectModel
import Reactor
import Runtime
import Testing

@testable import Audit

@Suite("Audits of distant places", .timeLimit(.minutes(10)))
struct DistantAuditTests {
    private static let reactor = Reactor(name: "audit-tests")
    private static let count = 3000
    /// Keys of the second half stand closer, so that ranges are of different lengths and their readers cut them.
    private static let keys = (0..<count).map { index in
        ObjectKey("object-\(1_000_000 + (index < 1500 ? index * 100 : 150_000 + index))")
    }
    private static let etag = ETag("0cc175b9c0f1b6a831c399e269772661")
    private static let other = ETag("92eb5ffee6ae2fec3ad71c777531578f")

    private struct Result {
        var outcome: AuditRun.Outcome
        var findings: [Finding] = []
        var notices: [String] = []
    }

    private func audit(_ stores: [DistantStore], manifest: ChecksumManifest? = nil) async -> Result {
        var options = AuditOptions()
        options.distance = .distant
        let said = Mutex((findings: [Finding](), notices: [String]()))
        let places =
            (manifest.map { [AuditPlace(name: "manifest", content: .manifest($0))] } ?? [])
            + stores.map { AuditPlace(name: $0.name, content: .store($0)) }
        let run = AuditRun(places: places, options: options, executors: [Self.reactor], surroundings: .system) {
            event in
            said.withLock { said in
                switch event {
                case .finding(let finding): said.findings.append(finding)
                case .notice(let notice): said.notices.append(notice)
                default: break
                }
            }
        }
        let names = places.map(\.name)
        let body: @Sendable () async -> AuditRun.Outcome = {
            await run.run(
                book: PackageBook(places: names, expectations: [:]),
                repair: RepairPlan(places: names, flags: [], isManifest: false))
        }
        let outcome = await Task(executorPreference: Self.reactor, operation: body).value
        return said.withLock { Result(outcome: outcome, findings: $0.findings, notices: $0.notices) }
    }

    /// What two places hold, and what differs between them.
    private struct Pair {
        var left: [ObjectKey: ETag]
        var right: [ObjectKey: ETag]
        var planted: [ObjectKey: Finding.State] = [:]

        init() {
            left = Dictionary(uniqueKeysWithValues: DistantAuditTests.keys.map { ($0, DistantAuditTests.etag) })
            right = left
            for (index, key) in DistantAuditTests.keys.enumerated() {
                if index % 97 == 0 { miss(key) }
                if index % 89 == 5 { change(key) }
                if index % 101 == 7 { add(ObjectKey(bytes: key.bytes + Array("x".utf8))) }
            }
        }

        mutating func miss(_ key: ObjectKey) {
            right[key] = nil
            planted[key] = .missing
        }

        mutating func change(_ key: ObjectKey) {
            right[key] = DistantAuditTests.other
            planted[key] = .differs
        }

        mutating func add(_ key: ObjectKey) {
            right[key] = DistantAuditTests.etag
            planted[key] = .extra
        }
    }

    private func expect(_ result: Result, _ pair: Pair, sourceLocation: SourceLocation = #_sourceLocation) {
        let told = result.findings.map { ($0.key, $0.state) }
        #expect(told.map(\.0) == pair.planted.keys.sorted(), sourceLocation: sourceLocation)
        #expect(told.allSatisfy { pair.planted[$0.0] == $0.1 }, sourceLocation: sourceLocation)
        let summary = result.outcome.summary
        #expect(summary.places.map(\.objects) == [pair.left.count, pair.right.count], sourceLocation: sourceLocation)
        #expect(
            summary.places.map(\.bytes) == [pair.left, pair.right].map { Int64($0.count) },
            sourceLocation: sourceLocation)
        let keys = Set(pair.left.keys).union(pair.right.keys).count
        #expect(summary.compared == keys, sourceLocation: sourceLocation)
        #expect(summary.identical == keys - pair.planted.count, sourceLocation: sourceLocation)
        #expect(summary.concluded == .different, "\(result.notices)", sourceLocation: sourceLocation)
    }

    @Test("Ranges are read at once, and what differs is found and told in the order of keys, at their borders too")
    func ranges() async throws {
        var pair = Pair()
        var (left, right) = (DistantStore("left", pair.left), DistantStore("right", pair.right))
        expect(await audit([left, right]), pair)
        let borders = Set(left.traffic.withLock(\.starts))
        #expect(borders.count > 10 && left.traffic.withLock(\.most) > 4 && right.traffic.withLock(\.most) > 4)
        // The last key of one range, and the first one of the next.
        for border in borders.sorted() {
            pair.add(border)
            guard let next = Self.keys.first(where: { $0 > border }), pair.planted[next] == nil else { continue }
            pair.miss(next)
        }
        (left, right) = (DistantStore("left", pair.left), DistantStore("right", pair.right))
        expect(await audit([left, right]), pair)
        #expect(!borders.isDisjoint(with: left.traffic.withLock(\.starts)))
        let one = DistantStore("left", pair.left, tellsCuts: false)
        expect(await audit([one, DistantStore("right", pair.right)]), pair)
        #expect(one.traffic.withLock(\.starts).isEmpty && one.traffic.withLock(\.most) == 1)
    }

    @Test("A place that fails in one range is out of all: nothing is missing on it", arguments: [0, 1, 2])
    func failing(place: Int) async throws {
        let pair = Pair()
        let stores = [("one", pair.left), ("two", pair.right), ("three", pair.left)].enumerated().map { index, store in
            DistantStore(store.0, store.1, failsAt: index == place ? Self.keys[2000] : nil)
        }
        let result = await audit(stores)
        let summary = result.outcome.summary
        #expect(summary.concluded == .incomplete)
        #expect(summary.places.map { $0.error != nil } == (0..<3).map { $0 == place })
        #expect(summary.places[place].objects < Self.count)
        #expect(result.findings.allSatisfy { finding in finding.places.count == 2 })
        let told = result.findings.map(\.key)
        #expect(told == told.sorted())
        // Of the two that are left, one is the changed one, unless it is that which failed.
        #expect(Set(told) == (place == 1 ? [] : Set(pair.planted.keys)))
    }

    @Test("A manifest is compared line by line, whatever ranges the listing is read in")
    func manifest() async throws {
        let pair = Pair()
        let lines = pair.left.keys.map { "0cc175b9c0f1b6a831c399e269772661  \($0)\n" }.joined()
        let store = DistantStore("right", pair.right)
        let result = await audit([store], manifest: try ChecksumManifest(Array(lines.utf8)))
        #expect(store.traffic.withLock(\.starts).count > 10)
        let summary = result.outcome.summary
        #expect(summary.places.map(\.objects) == [pair.left.count, pair.right.count])
        let told = result.findings.filter { $0.state == .missing || $0.state == .extra }.map(\.key)
        #expect(told == pair.planted.filter { $0.value != .differs }.keys.sorted())
        #expect(summary.compared == Set(pair.left.keys).union(pair.right.keys).count)
    }
}
