import MirrorEngine
import ObjectModel

/// One world from its first moment to its judgement.
final class Round {
    let seed: UInt64
    let world: World
    let plan: Plan
    let weather: Weather
    let source: Server
    let target: Server
    private(set) var judge: Judge!
    /// By process.
    private(set) var instances: [Int: Instance] = [:]
    private(set) var isCalm = false
    private(set) var hasLostState = false
    private var isFinishing = false
    private var isPromptnessJudged = false
    /// When a process ended last, after which others sweep up what it left.
    private var lastEnd: Int64 = 0
    private var lastProcess = 0
    /// Keys without the prefix, and the same in order.
    private var seen: Set<ObjectKey> = []
    private var known: [(ObjectKey, ObjectKey)] = []
    private var remembered: [[[UInt8]?]] = []
    /// Nanoseconds in which everything must be in line once it is calm: a feed may have died without a word, and a write
    /// may have come two hours late, so that the next reconcile finds it.
    private static let calm: Int64 = 3_600_000_000_000 * 14 / 10

    init(seed: UInt64, leftOut: Set<Fault> = [], isTold: Bool = false) {
        self.seed = seed
        world = World(seed: seed)
        if isTold { world.story = Story(world) }
        plan = Plan(&world.dice)
        weather = Weather(&world.dice, isTold: plan.isTold, leftOut: leftOut)
        let counter = Past.Counter()
        source = Server(world, name: "source", traits: plan.source, past: Past(counter))
        target = Server(world, name: "target", traits: plan.target, past: Past(counter))
        judge = Judge(self)
        for (server, prefix) in [(source, plan.sourcePrefix), (target, plan.targetPrefix)] {
            server.past.onNewKey = { [unowned self] key in
                if key.hasPrefix(prefix) { seen.insert(key.droppingFirst(prefix.bytes.count)) }
            }
        }
        source.past.observer = { [unowned self] in judge.seeSource($0, $1, $2) }
        target.past.observer = { [unowned self] in judge.see($0, $1, $2) }
    }

    /// Lives the round through; what was broken.
    func live() -> [Failure] {
        defer { for number in 0..<2 { StateFiles.remove(statePath(number)) } }
        world.story?.note(nil, "seed \(seed): \(plan.sentence)")
        world.story?.note(nil, "faults: \(weather.present.map(\.rawValue).joined(separator: " "))")
        Writers(round: self).begin()
        Operator(round: self).begin()
        world.after(1_000_000_000) { [self] in monitor() }
        world.run(until: World.beginning + plan.storm)
        beCalm()
        let begun = world.now
        while world.exhaustion == nil, world.now < max(begun, world.lastLateEffect) + Self.calm, !isAtRest(since: begun)
        {
            world.run(until: world.now + 10_000_000_000)
            if !isPromptnessJudged, world.now - begun >= Judge.promptly {
                isPromptnessJudged = true
                judge.judgePromptness(mainWatch)
            }
        }
        if let exhaustion = world.exhaustion { judge.fail("an end", exhaustion) }
        look()
        judge.judgeEnd(mainWatch)
        // What goes on behind a reconcile.
        world.run(until: world.now + 30_000_000_000)
        finish()
        return judge.failures
    }

    private func finish() {
        isFinishing = true
        let watch = mainWatch
        for instance in alive { instance.end() }
        world.run(until: world.now + 600_000_000_000) { self.alive.isEmpty }
        for instance in alive {
            judge.fail("an end", "process \(instance.process.id) does not end when it is told to")
        }
        judge.judgeUploads(watch)
        for id in instances.keys.sorted() {
            instances[id]?.kill()
            instances[id]?.process.onCountdown = {}
        }
        world.end()
    }

    /// All faults end. What is under way still arrives.
    private func beCalm() {
        isCalm = true
        weather.isCalm = true
        world.story?.note(nil, "calm begins")
        for server in [source, target] { server.condition = .up }
        for instance in alive { instance.process.countdown = .max }
        if mainWatch == nil { startWatch(0) }
    }

    /// Whether nothing is under way any more and a reconcile has seen that.
    private func isAtRest(since begun: Int64) -> Bool {
        guard world.effectsUnderWay == 0, source.hasBucket, target.hasBucket,
            !alive.contains(where: { $0.kind == .run }), let watch = mainWatch, let status = watch.watch?.status,
            status.pending == 0, !status.isReconciling, watch.lastWhole > max(begun, world.lastLateEffect, lastEnd)
        else { return false }
        return judge.differences(watch).isEmpty
    }

    // MARK: Processes

    func statePath(_ number: Int) -> String { "\(StateFiles.folder)/state-\(number).db" }

    var alive: [Instance] {
        instances.keys.sorted().compactMap { instances[$0] }.filter { !$0.isEnded }
    }

    private var mainWatch: Instance? { alive.first { $0.kind == .watch } }

    func startWatch(_ number: Int) {
        let path = number > 0 || plan.keepsState ? statePath(number) : nil
        guard !alive.contains(where: { $0.kind == .watch && $0.statePath == path }) else { return }
        start(.watch, statePath: path)
    }

    func start(_ kind: Instance.Kind, statePath path: String?) {
        if isCalm, kind == .run { return }
        lastProcess += 1
        let process = Process(world, id: lastProcess, clockOffset: world.dice.within(-800...800))
        if weather.has(.clockDrift) {
            weather.count(.clockDrift)
            process.time.drift = world.dice.within(-20_000...20_000)
        }
        let mayDamage =
            plan.source.etags == .digests && plan.target.etags == .digests && plan.target.honoursContentMD5
        instances[process.id] = Instance(
            kind, process: process,
            source: WorldStore(source, process, weather, prefix: plan.sourcePrefix, mayDamage: mayDamage),
            target: WorldStore(target, process, weather, prefix: plan.targetPrefix, mayDamage: false), plan: plan,
            statePath: path
        ) { [unowned self] in ended($0) }
    }

    private func ended(_ instance: Instance) {
        lastEnd = world.now
        if instance.kind == .run { return judge.judgeSummary(instance) }
        restart(instance)
    }

    private func restart(_ instance: Instance) {
        guard instance.kind == .watch, !isFinishing else { return }
        if isCalm, mainWatch == nil { startWatch(0) }
        guard !isCalm else { return }
        let number = instance.statePath == statePath(1) ? 1 : 0
        world.after(world.dice.spread(100_000_000, 300_000_000_000)) { [self] in
            if !isCalm { startWatch(number) }
        }
    }

    func kill(_ instance: Instance) {
        guard !instance.isEnded else { return }
        lookAt(instance)
        instance.kill()
        restart(instance)
    }

    func killAll() { for instance in alive { kill(instance) } }

    func loseState() {
        hasLostState = true
        for number in 0..<2 { StateFiles.remove(statePath(number)) }
    }

    func rememberState() { remembered = (0..<2).map { StateFiles.snapshot(statePath($0)) } }

    func restoreState() {
        hasLostState = true
        for (number, snapshot) in remembered.enumerated() { StateFiles.restore(statePath(number), snapshot) }
    }

    // MARK: Looking

    /// Looks at what watches claim, every second.
    private func monitor() {
        look()
        world.after(isCalm ? 10_000_000_000 : 1_000_000_000) { [self] in monitor() }
    }

    private func look() { for instance in alive { lookAt(instance) } }

    private func lookAt(_ instance: Instance) {
        judge.seePause(instance)
        guard let identical = instance.watch?.status.lastIdentical, identical != instance.lastClaim else { return }
        instance.lastClaim = identical
        guard let moment = instance.reconciles[identical] else { return }
        judge.judgeClaim("identical as of \(identical)", by: instance.process.id, during: moment...world.now)
    }

    /// Every key that either side has had, as the source has it, and without the prefix; in order.
    func everyKey() -> [(ObjectKey, ObjectKey)] {
        if known.count < seen.count {
            known = seen.sorted().map { ($0.prefixed(by: plan.sourcePrefix), $0) }
        }
        return known
    }

    /// Whether other bytes may be on the target for a moment: they are found out after they were written.
    var mayTear: Bool { weather.has(.damaged) && !plan.target.honoursContentMD5 }

    /// Whether clocks are so wrong that dates tell nothing of headers, or a watch came without the state of the one before,
    /// so that it took what it found for known.
    var mayHideHeaders: Bool {
        if hasLostState || !plan.keepsState && instances.count > 1 { return true }
        return abs(plan.source.clockOffset) > 1000 || abs(plan.target.clockOffset) > 1000 || weather.has(.clockJump)
            || weather.has(.clockDrift) || weather.has(.tampering) || weather.has(.restored) || plan.seeded > 0
    }

    var hasLostAnswers: Bool { [.lostAnswer, .lateEffect, .slowness, .hours, .gateway].contains(where: weather.has) }
}
