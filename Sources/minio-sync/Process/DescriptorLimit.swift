import Glibc

/// Whether the process may have as many file descriptors as any command needs.
enum DescriptorLimit {
    /// Enough for the threads' own, a few connections to each of a few servers, a state file and reports.
    private static let needed = 48

    /// Opens that many for a moment: what counts against the limit is not only this process's doing.
    ///
    /// - Throws: a sentence with what to try, where there are fewer.
    static func check() throws(CommandError) {
        var opened: [Int32] = []
        defer { for descriptor in opened { close(descriptor) } }
        while opened.count < needed {
            let descriptor = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                // Anything else, such as a missing /dev, says nothing of the limit.
                guard errno == EMFILE || errno == ENFILE else { return }
                throw CommandError(
                    "The process may open only \(opened.count) more files, and needs at least \(needed); raise the limit "
                        + "(ulimit -n, or LimitNOFILE= of the service).")
            }
            opened.append(descriptor)
        }
    }
}
