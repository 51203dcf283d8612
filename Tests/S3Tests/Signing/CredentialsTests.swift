import S3
import Testing

@Suite("Credentials")
struct CredentialsTests {
    private struct Holder {
        var credentials: Credentials?
        var nested: [String: Credentials]
        var secret: Secret
    }

    @Test("no way of printing shows more than four characters of the access key")
    func redaction() {
        let credentials = Credentials(
            accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI", sessionToken: "FwoGZXIvYXdzEXAMPLE")
        let holder = Holder(credentials: credentials, nested: ["main": credentials], secret: credentials.secretKey)
        var dumped = ""
        dump(holder, to: &dumped)
        dump(credentials, to: &dumped)
        dump(credentials.sessionToken, to: &dumped)
        let error: any Error = Failure(credentials: credentials)
        let texts = [
            "\(credentials)", String(reflecting: credentials), "\(credentials.secretKey)", "\(holder)",
            String(reflecting: holder), "\(credentials.sessionToken as Any)", "\([credentials])", "\(error)",
            String(reflecting: error), dumped,
        ]
        for text in texts {
            #expect(!text.contains("wJal"), "\(text)")
            #expect(!text.contains("FwoG"), "\(text)")
            #expect(!text.contains("AKIAI"), "\(text)")
        }
        #expect("\(credentials)" == "AKIA…")
        #expect("\(credentials.secretKey)" == "…")
        #expect(Mirror(reflecting: credentials).children.isEmpty)
        #expect(Mirror(reflecting: credentials.secretKey).children.isEmpty)
    }

    private struct Failure: Error {
        var credentials: Credentials
    }

    @Test("equality sees every part")
    func equality() {
        let base = Credentials(accessKey: "a", secretKey: "b", sessionToken: "c")
        #expect(base == Credentials(accessKey: "a", secretKey: "b", sessionToken: "c"))
        #expect(base != Credentials(accessKey: "x", secretKey: "b", sessionToken: "c"))
        #expect(base != Credentials(accessKey: "a", secretKey: "x", sessionToken: "c"))
        #expect(base != Credentials(accessKey: "a", secretKey: "b", sessionToken: nil))
        #expect(Credentials(accessKey: "a", secretKey: "b", sessionToken: "").sessionToken == nil)
    }
}
