import CLibFuzzer
import Glibc

/// The targets by name. They take any bytes; a trap, a failed precondition, a leak or too much memory is a finding.
let targets: [String: ([UInt8]) -> Void] = [
    "apk": fuzzPackage,
    "manifest": fuzzManifest,
    "xml": fuzzXML,
    "events": fuzzEvents,
]

// In the environment and not among the arguments, which are libFuzzer's: it starts itself again with the same ones.
let name = unsafe getenv("FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""
guard let target = targets[name] else {
    print("FUZZ_TARGET has to be one of: \(targets.keys.sorted().joined(separator: ", "))")
    exit(2)
}
/// What the C callback, which can capture nothing, calls.
nonisolated(unsafe) let chosen = target

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
exit(
    unsafe LLVMFuzzerRunDriver(&count, &arguments) { base, count in
        unsafe chosen(Array(UnsafeBufferPointer(start: base, count: count)))
        return 0
    })
