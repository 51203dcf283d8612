import CLibFuzzer
import Glibc

/// What takes any bytes; a trap, a failed precondition, a leak or too much memory is a finding.
enum Target {
    private static let all: [String: @Sendable ([UInt8]) -> Void] = [
        "apk": fuzzPackage,
        "manifest": fuzzManifest,
        "xml": fuzzXML,
        "events": fuzzEvents,
    ]

    /// The one that `FUZZ_TARGET` names: in the environment and not among the arguments, which are libFuzzer's, as it
    /// starts itself again with the same ones. Ends the process where that is none.
    static let chosen = {
        let name = unsafe getenv("FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""
        guard let target = all[name] else {
            print("FUZZ_TARGET has to be one of: \(all.keys.sorted().joined(separator: ", "))")
            exit(2)
        }
        return target
    }()
}

// Before libFuzzer says or does anything.
_ = Target.chosen
var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
exit(
    unsafe LLVMFuzzerRunDriver(&count, &arguments) { base, count in
        unsafe Target.chosen(Array(UnsafeBufferPointer(start: base, count: count)))
        return 0
    })
