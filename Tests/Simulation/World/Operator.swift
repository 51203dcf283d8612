import Glibc
import MirrorEngine
import ObjectModel

/// Starts and ends the processes, and does to machines what happens to machines.
struct Operator {
    let round: Round
    private var world: World { round.world }
    private var weather: Weather { round.weather }

    func begin() {
        let storm = round.plan.storm
        if round.plan.hasWatch {
            world.after(world.dice.within(0...(storm / 4))) { round.startWatch(0) }
        }
        if round.plan.hasSecondWatch {
            world.after(world.dice.within(0...(storm / 2))) { round.startWatch(1) }
        }
        for _ in 0..<round.plan.runs {
            let path = world.dice.isLucky(0.5) ? round.statePath(0) : nil
            world.after(world.dice.within(0...storm)) { round.start(.run, statePath: path) }
        }
        for _ in 0..<round.plan.approvals { world.after(world.dice.within(0...storm)) { approve() } }
        schedule(.kill) { crash() }
        schedule(.orderlyEnd) {
            guard let instance = pickAlive() else { return }
            weather.count(.orderlyEnd)
            instance.end()
        }
        schedule(.stateLost) {
            weather.count(.stateLost)
            round.killAll()
            round.loseState()
        }
        schedule(.stateOld) {
            round.rememberState()
            world.after(world.dice.spread(1_000_000_000, 600_000_000_000)) {
                guard !round.isCalm else { return }
                weather.count(.stateOld)
                round.killAll()
                round.restoreState()
            }
        }
        schedule(.diskFull) {
            guard let instance = pickAlive() else { return }
            weather.count(.diskFull)
            instance.fillDisk()
        }
        schedule(.stateReadOnly) {
            guard let instance = pickAlive() else { return }
            weather.count(.stateReadOnly)
            instance.forbidWriting()
        }
        schedule(.clockJump) {
            guard let instance = pickAlive() else { return }
            weather.count(.clockJump)
            instance.process.time.offset += world.dice.within(-7_200_000...7_200_000)
        }
        beginServers()
    }

    /// A person sees how many deletions are held, and says that they are meant.
    private func approve() {
        guard let instance = pickAlive(), let watch = instance.watch else { return }
        let status = watch.status
        // Where nothing is held, a word changes nothing.
        guard status.objection != nil || status.deletesPaused != nil else { return }
        round.judge.note(approvalOf: status.heldDeletes, by: instance.process.id)
        let body: @Sendable () async -> Void = { await watch.resumeDeletes() }
        Task(executorPreference: instance.process, operation: body)
    }

    private func schedule(_ fault: Fault, _ body: @escaping () -> Void) {
        for _ in 0..<weather.times(fault) {
            world.after(world.dice.within(0...round.plan.storm)) { if !round.isCalm { body() } }
        }
    }

    private func pickAlive() -> Instance? {
        let alive = round.alive
        return alive.isEmpty ? nil : world.dice.pick(alive)
    }

    /// At once, or at any await within its next steps.
    private func crash() {
        guard let instance = pickAlive() else { return }
        weather.count(.kill)
        if world.dice.isLucky(0.3) { return round.kill(instance) }
        instance.process.onCountdown = { round.kill(instance) }
        instance.process.countdown = 1 + world.dice.below(600)
    }

    private func beginServers() {
        let servers = [round.source, round.target]
        schedule(.outage) { spell(world.dice.pick(servers), .unreachable, .outage) }
        schedule(.keysRevoked) { spell(world.dice.pick(servers), .refusing, .keysRevoked) }
        schedule(.diskFull) { spell(round.target, .full, .diskFull) }
        schedule(.wiped) {
            weather.count(.wiped)
            world.dice.pick(servers).wipe(.disaster)
        }
        schedule(.restored) {
            let server = world.dice.pick(servers)
            server.remember()
            world.after(world.dice.spread(1_000_000_000, 1_800_000_000_000)) {
                guard !round.isCalm else { return }
                weather.count(.restored)
                server.restore(.disaster)
            }
        }
        schedule(.bucketGone) {
            let server = world.dice.pick(servers)
            weather.count(.bucketGone)
            server.setBucket(false, .disaster)
            world.after(world.dice.spread(1_000_000_000, 60_000_000_000)) { server.setBucket(true, .disaster) }
        }
        guard weather.has(.staleListing) else { return }
        for server in servers {
            for _ in 0..<3 { world.after(world.dice.within(0...round.plan.storm)) { server.remember() } }
        }
    }

    private func spell(_ server: Server, _ condition: Server.Condition, _ fault: Fault) {
        weather.count(fault)
        server.condition = condition
        world.after(world.dice.spread(1_000_000_000, 120_000_000_000)) {
            if server.condition == condition { server.condition = .up }
        }
    }
}
