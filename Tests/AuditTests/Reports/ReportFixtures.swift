import Glibc
import TestSupport

@testable import Audit

/// `Fixtures/Reports`: for each case a folder with a file a format.
enum ReportFixtures {
    static let folder = "\(TestFile.fixtures)/Reports"

    static func path(_ name: String, _ format: ReportFormat) -> String {
        let ending =
            switch format {
            case .text: "txt"
            case .junit: "xml"
            case .prometheus: "prom"
            default: format.rawValue
            }
        return "\(folder)/\(name)/report.\(ending)"
    }

    /// Whether the files are to be written anew instead of compared, to be looked at with `git diff`.
    static let isRecording = unsafe getenv("RECORD_FIXTURES") != nil

    static func record(_ bytes: [UInt8], _ name: String, _ format: ReportFormat) throws {
        _ = unsafe mkdir("\(folder)/\(name)", 0o755)
        let file = try AtomicFile(path: path(name, format))
        try file.write(bytes)
        try file.commit()
    }
}
