import Glibc

@testable import Audit

/// `Fixtures/Reports`: for each case a folder with a file a format.
enum ReportFixtures {
    static let folder: String = {
        // …/Tests/AuditTests/Reports/ReportFixtures.swift
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4)
        return parts.joined(separator: "/") + "/Fixtures/Reports"
    }()

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

    static func read(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
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
