import AndroidPackage

/// Any bytes as an Android package, read and verified whole, and as a JAR too. Nothing may trap; what is verified piece by
/// piece has the same problems, however large the pieces are; and no read reaches outside of the file.
func fuzzPackage(_ input: [UInt8]) {
    let body: @Sendable () async -> Void = {
        let source = BytesSource(bytes: input)
        if let facts = try? await AndroidPackage.facts(of: source) {
            let problems = try? await AndroidPackage.verify(source, facts: facts)
            for size in [1 << 20, 1 + input.count / 3] {
                guard var verifier = PackageVerifier(facts) else { break }
                for start in stride(from: 0, to: input.count, by: size) {
                    let piece = Array(input[start..<min(input.count, start + size)])
                    unsafe piece.withUnsafeBytes { unsafe verifier.update($0) }
                }
                precondition(verifier.finish() == problems, "A verification depends on how the package is cut.")
            }
        }
        _ = try? await AndroidPackage.verifyJAR(source)
    }
    _ = Task(executorPreference: InlineExecutor.shared, operation: body)
}

private struct BytesSource: PackageSource {
    let bytes: [UInt8]

    var size: Int64 { Int64(bytes.count) }

    func read(_ range: Range<Int64>) -> [UInt8] { Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]) }
}

/// Runs what it is given at once, so that a task that never waits is done when it has been made.
private final class InlineExecutor: TaskExecutor {
    static let shared = InlineExecutor()

    func enqueue(_ job: consuming ExecutorJob) {
        unsafe job.runSynchronously(on: asUnownedTaskExecutor())
    }
}
