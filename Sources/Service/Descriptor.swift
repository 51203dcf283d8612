import Glibc

/// A file descriptor of its own, closed when released.
final class Descriptor: Sendable {
    let number: Int32

    /// Takes a descriptor that a system call returned; nil for -1, whose reason stays in `errno`.
    init?(_ number: Int32) {
        if number < 0 { return nil }
        self.number = number
    }

    deinit {
        close(number)
    }
}

/// The system's words for an `errno`.
func systemWords(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
