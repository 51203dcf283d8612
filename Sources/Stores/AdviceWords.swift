import Runtime

/// How advice is worded. The program gives its own words, which name its flags, once when it starts; without them these
/// stand, which name none.
public enum AdviceWords {
    private static let given = Mutex<(@Sendable (StoreError.Advice) -> String?)?>(nil)

    /// Has advice worded by `words` from now on; nil for one leaves it as it is.
    public static func use(_ words: @escaping @Sendable (StoreError.Advice) -> String?) {
        given.withLock { $0 = words }
    }

    static func words(_ advice: StoreError.Advice) -> String {
        given.withLock { $0 }?(advice) ?? plain(advice)
    }

    private static func plain(_ advice: StoreError.Advice) -> String {
        switch advice {
        case .checkAddress: "check the address, the port and that the server runs"
        case .checkScheme:
            "the connection was closed while TLS began: if the server speaks plain HTTP there, write http://, else check "
                + "that it runs"
        case .writeHTTP: "the server speaks plain HTTP there: write http://"
        case .writeHTTPS: "write https://"
        case .tryHTTPS: "if the server speaks TLS there, write https://"
        case .checkAuthorityFile: "check the file of authorities"
        case .checkClientCertificate: "check the client's certificate and key"
        case .giveClientCertificate:
            "the server ended TLS: it may ask for a certificate or speak other versions of TLS"
        case .giveAuthority: "give its authority, or check its certificate's dates and name"
        case .checkFirewall: "the server is too slow or a firewall drops packets"
        case .giveKeys: "no keys were found for this server, so the request was not signed: give them"
        case .checkSecretKey: "check the secret key"
        case .checkAccessKey: "check the access key"
        case .setClock: "set the clock of this machine or of the server"
        case .renewToken: "get a new session token"
        case .checkPolicy: "check the keys and the user's policy"
        case .checkBucketName: "check the bucket's name"
        case .freeSpace: "free space on the server"
        }
    }
}
