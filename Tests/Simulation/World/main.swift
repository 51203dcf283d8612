import Glibc

// What a process is told only before it starts.
if unsafe getenv("SWIFT_DETERMINISTIC_HASHING") == nil {
    // Else the order of sets and dictionaries is drawn anew in each process.
    unsafe setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
    // A round takes and frees many buffers: memory that was taken once stays.
    for variable in ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"] { unsafe setenv(variable, "\(1 << 30)", 1) }
    _ = unsafe execv("/proc/self/exe", CommandLine.unsafeArgv)
}
exit(Report.run(Array(CommandLine.arguments.dropFirst())))
