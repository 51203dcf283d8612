import Glibc

/// Whether what is written to a descriptor goes to systemd's journal, which reads `<N>` prefixes and keeps times itself.
public enum JournalStream {
    /// Whether `JOURNAL_STREAM` means this descriptor. The variable alone says little: shells of a desktop inherit it.
    /// Source: systemd.exec(5), "device and inode numbers of the file descriptor, in decimal, separated by a colon".
    public static func isConnected(to descriptor: Int32, environment: [String: String]) -> Bool {
        guard let stream = environment["JOURNAL_STREAM"] else { return false }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return false }
        return stream == "\(status.st_dev):\(status.st_ino)"
    }
}
