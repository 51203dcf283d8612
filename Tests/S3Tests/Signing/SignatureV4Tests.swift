import ObjectModel
import S3
import Testing

@Suite("Signature V4")
struct SignatureV4Tests {
    @Test("all golden cases are found")
    func casesExist() {
        #expect(SigningCase.all.count == 35)
    }

    @Test("each stage equals the golden one", arguments: SigningCase.all)
    func stages(_ golden: SigningCase) throws {
        let described = try golden.described()
        let request = described.request
        let signer = SignatureV4(
            credentials: described.credentials, region: described.region, date: try #require(described.timestamp))
        let canonicalGolden = try #require(golden.file("canonical-request"))
        let query: [UInt8]
        let headers: [HeaderField]
        if let expires = described.expires {
            let presigned = signer.presignedQuery(for: request, expires: expires)
            #expect(String(decoding: presigned, as: UTF8.self) == golden.file("presigned-query"))
            query = SignatureV4.canonicalQuery(received: presigned)
            headers = request.headers + [HeaderField("host", request.host)]
        } else {
            query = request.query
            headers = request.headers + signer.addedHeaders(for: request)
        }
        let canonical = SignatureV4.canonicalRequest(
            method: request.method, path: request.path, query: query, headers: headers, payload: request.payload)
        #expect(String(decoding: canonical, as: UTF8.self) == canonicalGolden)

        let toSign = signer.stringToSign(canonicalRequest: Array(canonicalGolden.utf8))
        #expect(String(decoding: toSign, as: UTF8.self) == golden.file("string-to-sign"))
        if let key = golden.file("signing-key") {
            #expect(hexadecimal(signer.signingKey()) == key)
        }
        #expect(signer.signature(stringToSign: toSign) == golden.file("signature"))
        if let authorization = golden.file("authorization") {
            let ours = signer.authorization(for: request)
            // AWS prints its examples without the spaces that its SDKs send.
            #expect(ours.replacing(", ", with: ",") == authorization.replacing(", ", with: ","))
        }
    }

    @Test("the reusable signer gives the golden header, whatever it signed before")
    func requestSigner() throws {
        let signer = RequestSigner(
            credentials: Credentials(accessKey: "other", secretKey: "other"), region: "eu-test-1")
        for round in 0..<2 {
            for golden in SigningCase.all {
                guard let authorization = golden.file("authorization") else { continue }
                let described = try golden.described()
                signer.credentials = described.credentials
                signer.region = described.region
                let date = try #require(described.timestamp)
                let signature = signer.sign(described.request, at: date)
                #expect(
                    signature.authorization.replacing(", ", with: ",") == authorization.replacing(", ", with: ","),
                    "\(golden) in round \(round)")
                #expect(signature.date == date.basicFormat)
            }
        }
    }

    @Test("the reusable signer follows the date, to the second and over midnight")
    func requestSignerDates() {
        let credentials = Credentials(accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "secret", sessionToken: "token")
        let signer = RequestSigner(credentials: credentials, region: "us-east-1")
        let request = SignableRequest(method: "GET", host: "main.example.com", path: Array("/apks/x".utf8))
        let midnight = Timestamp(seconds: 1_795_219_200)
        for offset in [0, 1, -1, 86_400, 0] as [Int64] {
            let date = Timestamp(seconds: midnight.seconds + offset)
            let pure = SignatureV4(credentials: credentials, region: "us-east-1", date: date)
            #expect(signer.sign(request, at: date).authorization == pure.authorization(for: request))
        }
    }

    @Test("a server recomputes the golden signature from what it received", arguments: SigningCase.all)
    func received(_ golden: SigningCase) throws {
        let described = try golden.described()
        let request = described.request
        let signer = SignatureV4(
            credentials: described.credentials, region: described.region, date: try #require(described.timestamp))
        var query = request.query
        var headers = request.headers + [HeaderField("User-Agent", "unsigned")]
        let presented: PresentedSignature?
        if let expires = described.expires {
            query = signer.presignedQuery(for: request, expires: expires)
            headers.append(HeaderField("Host", request.host))
            presented = PresentedSignature(query: query)
            #expect(presented?.expires == expires)
        } else {
            headers += signer.addedHeaders(for: request)
            presented = PresentedSignature(
                authorization: try #require(golden.file("authorization")), date: signer.date.basicFormat)
        }
        let claim = try #require(presented)
        #expect(claim.accessKey == described.accessKey)
        #expect(claim.signature == golden.file("signature"))
        func expected(secretKey: String) -> String {
            SignatureV4.expectedSignature(
                method: request.method, path: request.path, query: query, headers: headers, presented: claim,
                secretKey: secretKey)
        }
        #expect(expected(secretKey: described.secretKey) == claim.signature)
        #expect(expected(secretKey: described.secretKey + "x") != claim.signature)
    }

    @Test(
        "an authorization that is not whole is refused",
        arguments: [
            "", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential", "Basic QWxhZGRpbjpvcGVu",
            "AWS4-HMAC-SHA256 Credential=a/20130524/us-east-1/s3/aws4_request,SignedHeaders=host",
            "AWS4-HMAC-SHA256 Credential=a/20130525/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=0",
            "AWS4-HMAC-SHA256 Credential=20130524/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=0",
            "AWS4-HMAC-SHA256 Credential=a/20130524/us-east-1/sts/aws4_request,SignedHeaders=host,Signature=0",
        ])
    func refusedAuthorization(_ text: String) {
        #expect(PresentedSignature(authorization: text, date: "20130524T000000Z") == nil)
    }

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
