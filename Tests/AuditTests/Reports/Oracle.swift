import Glibc

@testable import Audit

/// Other people's programs that read what this one writes.
enum Oracle {
    static func isInstalled(_ program: String) -> Bool {
        guard let path = unsafe getenv("PATH") else { return false }
        return unsafe String(cString: path).split(separator: ":").contains { folder in
            unsafe access("\(folder)/\(program)", X_OK) == 0
        }
    }

    /// Runs a program, found by `PATH`, with the file as its standard input and its words in a file beside it.
    static func run(_ arguments: [String], input: String) -> (code: Int32, words: String) {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        let output = "\(input).out"
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_CREAT | O_TRUNC | O_WRONLY, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        var words: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe words.indices { unsafe free(words[index]) } }
        var process = pid_t()
        guard unsafe posix_spawnp(&process, arguments[0], &actions, nil, &words, environ) == 0 else {
            return (-1, "\(arguments[0]) does not start")
        }
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
        let text = String(decoding: ReportFixtures.read(output) ?? [], as: UTF8.self)
        return (status & 0x7F == 0 ? status >> 8 & 0xFF : -1, text)
    }
}

/// A folder of a test's own in `TMPDIR`, removed with its files when released.
final class ReportFolder {
    let path: String

    init() {
        var template = Array("/tmp/minio-sync-report-XXXXXX".utf8CString)
        unsafe template.withUnsafeMutableBufferPointer { name in _ = unsafe mkdtemp(name.baseAddress!) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in names { unsafe unlink("\(path)/\(name)") }
        unsafe rmdir(path)
    }

    /// The names in it, hidden ones too.
    var names: [String] {
        guard let folder = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let file = try AtomicFile(path: "\(path)/\(name)")
        try file.write(bytes)
        try file.commit()
        return "\(path)/\(name)"
    }
}
