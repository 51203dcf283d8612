import Glibc

/// Fixed work for `Tests/Bench/check`, which counts its instructions: `minio-sync-workloads NAME ROUNDS` does one workload
/// so many times and prints how many items there are in a round.
///
/// The same in each run: seeded material, one thread, no clock, nothing read.
let workloads: [String: () -> any Workload] = [
    "parse": ParseWorkload.init,
    "merge": MergeWorkload.init,
    "decide": DecideWorkload.init,
    "sign": SignWorkload.init,
    "events": EventsWorkload.init,
]

let arguments = CommandLine.arguments
guard arguments.count == 3, let make = workloads[arguments[1]], let rounds = Int(arguments[2]), rounds >= 0 else {
    print("Usage: minio-sync-workloads \(workloads.keys.sorted().joined(separator: "|")) ROUNDS")
    exit(2)
}
let workload = make()
for _ in 0..<rounds {
    let done = workload.round()
    precondition(done == workload.items, "A round did \(done) of \(workload.items) items.")
}
print(workload.items)
