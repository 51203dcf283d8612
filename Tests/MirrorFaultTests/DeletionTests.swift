import Listings
import MirrorEngine
import ObjectModel
import S3Sandbox
import Testing

@Suite("Deletes need proof")
struct DeletionTests {
    private func stage(source: Int, extras: Int, pageSize: Int = 50) throws -> Stage {
        var paged = Behaviour()
        paged.pageSize = pageSize
        let stage = try Stage(source: paged, target: paged)
        for index in 0..<source {
            try stage.put("k/\(index)", [UInt8(truncatingIfNeeded: index)])
            try stage.putTarget("k/\(index)", [UInt8(truncatingIfNeeded: index)])
        }
        for index in 0..<extras { try stage.putTarget("x/\(index)", [1]) }
        return stage
    }

    private func extras(_ stage: Stage) -> Int {
        stage.target.store.keys(in: Stage.bucket).count { $0.hasPrefix("x/") }
    }

    @Test("Extras go, in batches, and only with --remove")
    func removes() async throws {
        let stage = try stage(source: 300, extras: 120)
        defer { stage.stop() }
        let without = await stage.mirror()
        #expect(without.summary.status == .ok && extras(stage) == 120)
        let result = await stage.mirror { $0.removes = true }
        #expect(result.summary.status == .ok && result.summary.deleted == 120)
        #expect(stage.target.requests.count(.deleteObjects) == 1)
        #expect(try stage.differences() == [])
    }

    @Test("More than half of more than 100 trips the guard, and copies go on")
    func guardTrips() async throws {
        let stage = try stage(source: 50, extras: 150)
        defer { stage.stop() }
        try stage.put("new", [1, 2, 3])
        let result = await stage.mirror { $0.removes = true }
        #expect(result.summary.status == .guarded && result.summary.deleted == 0)
        // What would go is there to be looked at.
        let plan = await stage.mirror {
            $0.removes = true
            $0.isDryRun = true
        }
        #expect(plan.summary.status == .guarded && plan.reports.count { $0.status == .planned } == 150)
        #expect(extras(stage) == 150)
        #expect(result.summary.copied.objects == 1 && extras(stage) == 150)
        #expect(result.notices.contains { $0.contains("the limit of deletions") })
        let allowed = await stage.mirror {
            $0.removes = true
            $0.deletionGuard.limit = .percent(90)
        }
        #expect(allowed.summary.status == .ok && extras(stage) == 0)
    }

    @Test("An absolute limit counts from the first object on")
    func absoluteLimit() async throws {
        let stage = try stage(source: 10, extras: 3)
        defer { stage.stop() }
        let result = await stage.mirror {
            $0.removes = true
            $0.deletionGuard.limit = .count(2)
        }
        #expect(result.summary.status == .guarded && extras(stage) == 3)
    }

    @Test("A source that comes back empty never empties the target")
    func emptySource() async throws {
        let stage = try stage(source: 0, extras: 5)
        defer { stage.stop() }
        let result = await stage.mirror { $0.removes = true }
        #expect(result.summary.status == .guarded && extras(stage) == 5)
        let allowed = await stage.mirror {
            $0.removes = true
            $0.deletionGuard.allowsEmptySource = true
        }
        #expect(allowed.summary.status == .ok && extras(stage) == 0)
    }

    @Test("A listing that lies by being empty deletes nothing that the source has")
    func emptyListing() async throws {
        let stage = try stage(source: 40, extras: 0)
        defer { stage.stop() }
        stage.source.faults.add(FaultRule("empty", .operation(.listObjectsV2, nth: 1), .listing(.empty)))
        let result = await stage.mirror {
            $0.removes = true
            $0.deletionGuard.allowsEmptySource = true
        }
        #expect(result.summary.deleted == 0)
        #expect(try stage.differences() == [])
    }

    @Test("A source that answers HEADs with anything but 404 deletes nothing", arguments: [403, 500, 503])
    func headsThatDoNotTell(status: Int) async throws {
        let stage = try stage(source: 10, extras: 5)
        defer { stage.stop() }
        stage.source.faults.add(
            FaultRule(
                "heads", .operation(.headObject), .status(FaultAction.Failure(status, code: "", hasBody: false))
            ))
        let result = await stage.mirror { $0.removes = true }
        #expect(result.summary.status == .failed && result.summary.deleted == 0 && extras(stage) == 5)
    }

    @Test("A bucket that vanishes after its listing deletes nothing")
    func vanishedBucket() async throws {
        let stage = try stage(source: 10, extras: 5)
        defer { stage.stop() }
        stage.source.faults.add(
            FaultRule(
                "gone", FaultRule.Match(operations: [.headObject, .headBucket]),
                .status(FaultAction.Failure(404, code: "", hasBody: false))))
        let result = await stage.mirror { $0.removes = true }
        #expect(result.summary.status == .failed && extras(stage) == 5)
        #expect(result.summary.error?.contains("gone") == true && result.summary.isServerGone)
    }

    @Test("A key that comes to the source meanwhile is not deleted")
    func cameMeanwhile() async throws {
        let stage = try stage(source: 10, extras: 5)
        defer { stage.stop() }
        let source = stage.source
        // Each key comes just before it is asked for: the questions are asked at the same time.
        for index in 0..<5 {
            let key = ObjectKey("x/\(index)")
            source.faults.add(
                FaultRule(
                    "came", .operation(.headObject, key: key.description, nth: 1),
                    .hook(.beforeOperation, { try? Stage.put(source, key, [9]) })))
        }
        let result = await stage.mirror { $0.removes = true }
        #expect(result.summary.deleted == 0 && extras(stage) == 5)
    }

    @Test("What the filter leaves out is neither copied nor deleted")
    func filtered() async throws {
        let stage = try stage(source: 10, extras: 5)
        defer { stage.stop() }
        try stage.put("x/new", [1])
        let filter = Filter(rules: [.exclude(try Glob("x/*"))])
        let result = await stage.mirror {
            $0.removes = true
            $0.filter = filter
        }
        #expect(result.summary.status == .ok && extras(stage) == 5 && result.summary.source.objects == 10)
    }

    @Test("Trash keeps what is deleted and what is replaced")
    func trash() async throws {
        let stage = try stage(source: 3, extras: 2)
        defer { stage.stop() }
        try stage.put("k/1", [7, 7])
        let result = await stage.mirror {
            $0.removes = true
            $0.trash = ".trash/"
        }
        #expect(result.summary.status == .ok, "\(result.reports.compactMap(\.error))")
        #expect(try stage.targetBytes(".trash/x/0") == [1])
        #expect(try stage.targetBytes(".trash/k/1") == [1])
        #expect(try stage.targetBytes("k/1") == [7, 7])
        let again = await stage.mirror {
            $0.removes = true
            $0.trash = ".trash/"
        }
        #expect(again.summary.deleted == 0)
        #expect(try stage.targetBytes(".trash/x/0") == [1])
    }

    @Test(
        "Listings in path order, in none, and in different orders are merged right",
        arguments: [
            (Behaviour.ListOrder.path, Behaviour.ListOrder.path), (.bytes, .path), (.path, .bytes), (.shuffled, .bytes),
            (.bytes, .shuffled), (.shuffled, .path),
        ])
    func orders(source: Behaviour.ListOrder, target: Behaviour.ListOrder) async throws {
        var left = Behaviour()
        left.listOrder = source
        left.pageSize = 7
        var right = left
        right.listOrder = target
        let stage = try Stage(source: left, target: right)
        defer { stage.stop() }
        let keys: [ObjectKey] = [
            "a", "a/b", "a!", "a-b", "a/b/c", "a.b", "b/", "é", "e\u{301}", "a/!", "a0", "z/z", "z", "z!z", "m/n",
            "m-n",
        ]
        for key in keys {
            try stage.put(key, key.bytes)
            try stage.putTarget(key, key.bytes)
        }
        try stage.put("a/new", [1])
        try stage.putTarget("a!/old", [1])
        let result = await stage.mirror { $0.removes = true }
        #expect(result.summary.status == .ok, "\(result.summary.error ?? "")")
        #expect(result.summary.copied.objects == 1 && result.summary.deleted == 1)
        #expect(result.summary.same == keys.count)
        #expect(try stage.differences() == [])
    }
}
