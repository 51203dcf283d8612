import Glibc
import Testing

/// Waits until `condition` holds, looking every millisecond, and records an issue after ten seconds.
func waitUntil(_ condition: () -> Bool) {
    let deadline = ContinuousClock.now + .seconds(10)
    while !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("Waited in vain.")
            return
        }
        usleep(1000)
    }
}
