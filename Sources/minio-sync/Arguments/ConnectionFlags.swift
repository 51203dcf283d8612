import Configuration
import Runtime

/// How servers are reached, for every server of a run. What is nil is as the server's definition or the default has it.
struct ConnectionFlags: Hashable, Sendable {
    var region: String?
    var pathStyle: ServerDefinition.PathStyle?
    var caFile: String?
    var clientCertificate: String?
    var clientKey: String?
    var insecure = false
    var connectTimeout: Duration?
    /// From the request's end to the answer's first byte.
    var firstByteTimeout: Duration?
    /// Without a byte in either direction.
    var stallTimeout: Duration?

    func validate() throws(UsageError) {
        if clientKey != nil, clientCertificate == nil {
            throw UsageError(
                "--client-key needs the certificate it belongs to; give --client-certificate FILE as well.")
        }
        if insecure, caFile != nil {
            throw UsageError("--insecure and --ca-file contradict each other; with --ca-file no --insecure is needed.")
        }
    }
}

/// Options of a command that talks to servers.
protocol ConnectingFlags: Sendable {
    var connection: ConnectionFlags { get set }
}

extension Command where Options: ConnectingFlags {
    static var connectionGroup: Group {
        Group(
            title: "Connections",
            flags: [
                .text("region", "NAME", "Region of the buckets; by default what the server says") {
                    $0.connection.region = $1
                },
                .choice("path-style", "Name the bucket in the path or in the host name (default auto)") {
                    $0.connection.pathStyle = $1
                },
                .text("ca-file", "FILE", "Certificates to trust, PEM; by default the system's") {
                    $0.connection.caFile = $1
                },
                .text("client-certificate", "FILE", "Certificate to show to the server, PEM") {
                    $0.connection.clientCertificate = $1
                },
                .text("client-key", "FILE", "Its private key, PEM; by default in the certificate's file") {
                    $0.connection.clientKey = $1
                },
                .toggle("insecure", "Take any certificate: others can read and change what is sent") {
                    $0.connection.insecure = $1
                },
                timeout("connect-timeout", "Longest wait for a connection (default 10s)") {
                    $0.connection.connectTimeout = $1
                },
                timeout("first-byte-timeout", "Longest wait for the beginning of an answer (default 60s)") {
                    $0.connection.firstByteTimeout = $1
                },
                timeout("stall-timeout", "Longest pause within a transfer, whose whole time has no limit (default 30s)")
                {
                    $0.connection.stallTimeout = $1
                },
            ])
    }

    private static func timeout(
        _ name: String, _ help: String, _ set: @escaping @Sendable (inout Options, Duration) -> Void
    ) -> Flag<Options> {
        .parsed(
            name, "TIME", help, expects: "a length of time above zero, such as 30s or 2m",
            { DurationText.parse($0).flatMap { $0 > .zero ? $0 : nil } }, set)
    }
}
