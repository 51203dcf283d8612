import ObjectModel
import S3
import S3Store
import Stores
import Testing

@testable import minio_sync

@Suite("Advice")
struct AdviceTests {
    @Test("is worded with the flags that help, and ends a sentence that says where, what and why")
    func sentences() {
        AdviceWords.use(AdviceInFlags.words)
        func sentence(_ advice: StoreError.Advice) -> String {
            StoreError(
                .untrusted, server: "https://s3.example.com", operation: "GetObject", bucket: "b", key: "k",
                message: "Words.",
                attempts: 3, advice: advice
            ).description
        }
        let beginning = "GetObject of https://s3.example.com/b/k failed: Words, 3 attempts; "
        #expect(
            sentence(.giveAuthority)
                == beginning + "give its authority with --ca-file, or check its certificate's dates and name.")
        #expect(sentence(.checkClientCertificate).contains("--client-certificate and --client-key"))
        #expect(sentence(.giveClientCertificate).contains("(--client-certificate)"))
        #expect(sentence(.checkAuthorityFile).contains("the file of --ca-file"))
        #expect(sentence(.writeHTTPS) == beginning + "write https://.")
    }

    @Test("of the S3 client is the port's advice of the same name", arguments: S3Error.Advice.allCases)
    func names(_ advice: S3Error.Advice) {
        #expect(StoreError.Advice(rawValue: advice.rawValue) != nil)
    }

    @Test("Every kind of failure of the S3 client is one of the port's")
    func kinds() {
        for kind in StoreError.Kind.allCases { #expect(S3Error.Kind(rawValue: kind.rawValue) != nil) }
    }
}
