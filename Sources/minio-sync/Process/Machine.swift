import Reactor
import Runtime

/// What the program gives to its rooms: this machine's clocks, threads, memory and chance.
enum Machine {
    static let surroundings = Surroundings.system
    static var time: any Time { surroundings.time }
}
