import Glibc
import TestSupport

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
        let text = String(decoding: TestFile.read(output) ?? [], as: UTF8.self)
        return (status & 0x7F == 0 ? status >> 8 & 0xFF : -1, text)
    }
}
