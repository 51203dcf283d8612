import S3Sandbox
import Testing

@testable import s3_sandbox

@Suite("Command line of s3-sandbox")
struct CommandLineTests {
    @Test(
        "What cannot be used is refused in a sentence",
        arguments: [
            ("--synthetic", "--synthetic is unknown or lacks its value; see --help."),
            ("--synthetic many", "--synthetic wants a number from 0 to 10000000000."),
            ("--synthetic -1", "--synthetic wants a number from 0 to 10000000000."),
            ("--synthetic 5 --shape round", "--shape wants flat or deep."),
            ("--synthetic 5 --differ 0", "--differ wants a number from 1 to 10000000000."),
            ("--shape deep", "--shape and --differ tell of the objects of --synthetic, which is not given."),
            ("--differ 2", "--shape and --differ tell of the objects of --synthetic, which is not given."),
            ("--synthetic 5 --folder /tmp", "--folder and --synthetic may be given once, and not both."),
            ("--folder /tmp --synthetic 5", "--folder and --synthetic may be given once, and not both."),
            ("--synthetic 5 --versioning", "--versioning and --synthetic exclude each other."),
            ("--delay 20", "--delay wants a time of at most 1h, such as 20ms."),
            ("--delay 2h", "--delay wants a time of at most 1h, such as 20ms."),
            ("--rate 0", "--rate wants a number from 1 to 1000000."),
            ("--burst 5", "--burst needs --rate."), ("--nonsense 1", "--nonsense is unknown; see --help."),
        ])
    func refusals(line: String, expected: String) throws {
        let error = try #require(
            #expect(throws: Arguments.Failure.self) { try Arguments(line.split(separator: " ").map(String.init)) })
        #expect(error.message == expected)
    }

    @Test("Flags say what the server shall be, in any order")
    func options() throws {
        let line = "--shape deep --burst 5 --delay 1s20ms --differ 3 --synthetic 1000 --rate 50"
        let options = try Arguments(line.split(separator: " ").map(String.init)).options
        guard case .synthetic(let objects) = options.storage else {
            Issue.record("The storage is \(options.storage).")
            return
        }
        #expect(objects.count == 1000 && objects.shape == .deep && objects.differsEvery == 3)
        #expect(options.behaviour.delay == 1020 && options.behaviour.rate == 50 && options.behaviour.burst == 5)
        #expect(!options.keepsRecords)
        #expect(try Arguments([]).options.keepsRecords)
    }

    @Test("The help names every flag in lines that fit")
    func help() {
        for flag in ["--synthetic", "--shape", "--differ", "--delay", "--rate", "--burst"] {
            #expect(Arguments.usage.contains("  \(flag) "))
        }
        for line in Arguments.usage.split(separator: "\n") { #expect(line.count <= 120, "\(line)") }
    }
}
