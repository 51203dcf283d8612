import Glibc
import TestSupport
import Testing

@testable import Audit

@Suite("A file that is written atomically")
struct AtomicFileTests {
    @Test("appears whole, with the mode that the umask leaves, and nothing beside it")
    func commit() throws {
        let folder = TemporaryFolder()
        let file = try AtomicFile(path: folder.file("report.html"))
        let bytes = [UInt8](repeating: 7, count: 200_000)
        for start in stride(from: 0, to: bytes.count, by: 1000) { try file.write(Array(bytes[start..<start + 1000])) }
        #expect(!folder.names.contains("report.html"))
        try file.commit()
        #expect(folder.names == ["report.html"])
        #expect(folder.read("report.html") == bytes)
        let mask = umask(0)
        umask(mask)
        #expect(folder.mode("report.html") == S_IFREG | (0o644 & ~mask))
    }

    @Test("keeps the mode of what it replaces")
    func mode() throws {
        let folder = TemporaryFolder()
        let path = folder.write([1], to: "report")
        unsafe chmod(path, 0o640)
        let file = try AtomicFile(path: path)
        try file.write([2])
        try file.commit()
        #expect(folder.mode("report") == S_IFREG | 0o640 && folder.read("report") == [2])
    }

    @Test("leaves what was there, and nothing beside it, when it is given up")
    func abandoned() throws {
        let folder = TemporaryFolder()
        let path = folder.write([1, 2, 3], to: "report")
        do {
            let file = try AtomicFile(path: path)
            try file.write([9])
            #expect(folder.names.count == 2)
        }
        #expect(folder.names == ["report"])
        #expect(TestFile.read(path) == [1, 2, 3])
    }

    @Test("removes what killed processes left of the same file, and nothing else")
    func leftOver() throws {
        let folder = TemporaryFolder()
        let names = [
            "report.html", ".report.html.tmp", ".report.html.0123456789.tmp", ".report.html.0123456789-ab.tmp",
        ]
        for name in names + [".other.html.0123456789abc.tmp", ".report.html.0123456789abc.tmp"] {
            _ = folder.write([1], to: name)
        }
        #expect(unsafe mkfifo(folder.file(".report.html.0123456789xyz.tmp"), 0o600) == 0)
        let other = try AtomicFile(path: folder.file("report.html"))
        #expect(!folder.names.contains(".report.html.0123456789abc.tmp"))
        // What another one is writing is not left over.
        let file = try AtomicFile(path: folder.file("report.html"))
        try file.write([2])
        try file.commit()
        #expect(folder.read("report.html") == [2])
        try other.write([3])
        try other.commit()
        #expect(folder.read("report.html") == [3])
        let kept = names + [".other.html.0123456789abc.tmp", ".report.html.0123456789xyz.tmp"]
        #expect(Set(folder.names) == Set(kept))
    }

    @Test("replaces what a symbolic link points to, and keeps the link")
    func link() throws {
        let folder = TemporaryFolder()
        let path = folder.write([1], to: "report")
        #expect(unsafe symlink("report", folder.file("link")) == 0)
        let file = try AtomicFile(path: folder.file("link"))
        try file.write([2])
        try file.commit()
        #expect(TestFile.read(path) == [2])
        #expect(folder.names == ["link", "report"])
    }

    @Test(
        "refuses what is no place for a file, with a sentence that says what to do",
        arguments: [
            ("/dev/null", "it is not a regular file; name a file, or - for standard output."),
            ("/tmp", "it is a folder; name a file, or - for standard output."),
            ("/proc/no/such/file", "No such file or directory; make the folder first, or name another one."),
            ("/tmp/\(String(repeating: "x", count: 5000))", "File name too long; give it a shorter name."),
            ("", "its file has no name; name one."),
        ])
    func refused(_ path: String, _ words: String) throws {
        let error = #expect(throws: ReportError.self) { _ = try AtomicFile(path: path) }
        #expect(error?.description.hasSuffix(words) == true, "\(error?.description ?? "")")
    }

    @Test("says so where the disk is full")
    func full() throws {
        let descriptor = unsafe open("/dev/full", O_WRONLY)
        defer { close(descriptor) }
        let error = #expect(throws: ReportError.self) { try Output.write([1], to: descriptor, "It cannot be written") }
        #expect(
            error?.description
                == "It cannot be written: No space left on device; make room there, or name another place.")
    }
}

@Suite("Bytes kept for later")
struct SpoolTests {
    @Test("come back in order, from memory and from the file", arguments: [0, 1, 10, 100, 1_000_000])
    func order(_ limit: Int) throws {
        let spool = Spool(limit: max(1, limit))
        var expected = ""
        for number in 0..<2_000 {
            try spool.append("line \(number)\n")
            expected += "line \(number)\n"
        }
        for _ in 0..<2 {
            var found: [UInt8] = []
            try spool.replay { bytes in found.append(contentsOf: bytes) }
            #expect(String(decoding: found, as: UTF8.self) == expected)
        }
    }

    @Test("say where there is no room for them")
    func noFolder() throws {
        let spool = Spool(limit: 1, folder: "/proc/none")
        let error = #expect(throws: ReportError.self) { try spool.append("xy") }
        #expect(
            error?.description
                == "A temporary file cannot be made in /proc/none (TMPDIR): No such file or directory; make the folder "
                + "first, or name another one.")
    }

    @Test("are none at first")
    func none() throws {
        let spool = Spool()
        #expect(spool.isEmpty)
        try spool.replay { _ in Issue.record("there is something") }
        try spool.append("x")
        #expect(!spool.isEmpty)
    }
}
