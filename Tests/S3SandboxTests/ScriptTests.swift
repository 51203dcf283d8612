import Testing

@testable import S3Sandbox

@Suite("Scripts that cannot be used")
struct ScriptTests {
    @Test(
        "Rules are refused in a clause that names the place and what is known",
        arguments: [
            ("nonsense", "it is no JSON"), ("{}", "it is no list"), ("[1]", "rule 1 is no object"),
            ("[{}]", "rule 1 lacks \"action\""),
            (
                #"[{"action": "refuse"}, {"action": "explode"}]"#,
                #"rule 2 has the unknown action "explode" (known are refuse, "#
            ),
            (
                #"[{"action": "refuse", "opertion": "GetObject"}]"#,
                #"rule 1 has the unknown name "opertion" (known are name, "#
            ),
            (
                #"[{"action": "refuse", "operation": "GetObjct"}]"#,
                #"rule 1 has the unknown operation "GetObjct" (known are "#
            ),
            (#"[{"action": "refuse", "operation": ["GetObject", "X"]}]"#, #"the unknown operation "X" (known are "#),
            (
                #"[{"action": "listing", "lie": "white"}]"#,
                #"rule 1 has the unknown lie "white" (known are reordered, "#
            ),
            (#"[{"action": "refuse", "nth": "first"}]"#, #""nth" of rule 1 is no whole number"#),
            (#"[{"action": "delay"}]"#, #"rule 1 lacks "milliseconds""#),
        ])
    func rules(json: String, expected: String) throws {
        let error = try #require(#expect(throws: ScriptError.self) { try FaultRule.decode(Array(json.utf8)) })
        #expect(error.description.hasPrefix(expected) || error.description.contains(expected), "\(error)")
        #expect(!error.description.contains("Error"))
    }

    @Test(
        "Behaviours are refused in the same way",
        arguments: [
            ("[]", "it is no object"), (#"{"etgs": "md5"}"#, #"it has the unknown name "etgs" (known are etags, "#),
            (#"{"etags": "sha"}"#, #""etags" has the unknown value "sha" (known are md5, empty, opaque, kms)"#),
            (#"{"pageSize": true}"#, #""pageSize" is no whole number"#),
            (#"{"isFull": 7}"#, #""isFull" is no true or false"#),
            (#"{"refusedKeys": [{"status": 400}]}"#, #""refusedKeys" lacks "key""#),
        ])
    func behaviours(json: String, expected: String) throws {
        let error = try #require(#expect(throws: ScriptError.self) { try Behaviour.decode(Array(json.utf8)) })
        #expect(error.description.contains(expected), "\(error)")
    }

    @Test("The help names every field, action and lie, in lines that fit, and its example is a rule")
    func help() throws {
        let words = Set(FaultRule.help.split { !$0.isLetter && !$0.isNumber }.map(String.init))
        let names =
            FaultRule.fieldNames + FaultRule.ActionName.allCases.map(\.rawValue)
            + FaultRule.LieName.allCases.map(\.rawValue)
        #expect(names.filter { !words.contains($0) } == [])
        for line in FaultRule.help.split(separator: "\n") { #expect(line.count <= 120, "\(line)") }
        let example = try #require(FaultRule.help.split(separator: "\n").last { $0.contains("[{") })
        #expect(try FaultRule.decode(Array(example.utf8)).count == 1)
    }
}
