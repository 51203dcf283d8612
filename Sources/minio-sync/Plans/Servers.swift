import Configuration
import Glibc
import MirrorEngine
import ObjectModel
import Reactor
import Runtime
import S3

/// Makes clients of the servers that places and flags name.
struct Servers {
    let directory: ServerDirectory
    let connection: ConnectionFlags
    let remarks: Remarks
    var debug = false
    /// Whether somebody else tries again and again, so that a client need not wait for a server that restarts.
    var isWatching = false

    /// A client for the server of `place`.
    ///
    /// - Throws: `CommandError` for a place that names none, or keys that are not to be had.
    func client(
        for place: Place, retries: Int? = nil, maxWorkers: Int? = nil, uploadLimit: RateLimit? = nil,
        downloadLimit: RateLimit? = nil
    ) throws(CommandError) -> S3Client {
        let definition: ServerDefinition?
        do throws(ConfigurationError) {
            definition = try directory.server(for: place)
        } catch {
            throw CommandError(error.description)
        }
        guard let definition else {
            throw CommandError(
                "\(place) is a folder: this version mirrors between S3 servers only; name it ALIAS/BUCKET or "
                    + "https://host:port/BUCKET.")
        }
        if definition.insecure || connection.insecure, definition.endpoint.scheme == .https {
            remarks.warn(
                "the certificate of \(definition.endpoint) is not checked (--insecure); others can read and change what is "
                    + "sent.")
        }
        try checkFiles(definition)
        var options = S3Client.Options()
        options.region = connection.region ?? definition.region ?? options.region
        if let retries { options.retries.attempts = max(1, min(options.retries.attempts, retries + 1)) }
        if isWatching { options.retries.absence = options.retries.backoff }
        if let maxWorkers {
            options.reads = ConcurrencyLimit.Bounds(maximum: maxWorkers)
            options.writes = ConcurrencyLimit.Bounds(maximum: maxWorkers)
        }
        if debug { options.trace = remarks.request }
        return S3Client(
            endpoint: endpoint(definition), credentials: definition.keys.map(Self.credentials),
            connection: ConnectionOptions(
                timeouts: timeouts, tls: tls(definition), uploadLimit: uploadLimit, downloadLimit: downloadLimit),
            options: options)
    }

    /// A file of certificates that can't be read or used is found out here: libcurl would say it once a request.
    private func checkFiles(_ definition: ServerDefinition) throws(CommandError) {
        let tls = tls(definition)
        for (name, file) in [
            ("--ca-file", tls.authorityFile), ("--client-certificate", tls.certificateFile),
            ("--client-key", tls.keyFile),
        ] {
            guard let file, unsafe access(file, R_OK) != 0 else { continue }
            throw CommandError(
                "The file \(file) of \(name) cannot be read: \(unsafe String(cString: strerror(errno))); correct the path "
                    + "or its permissions.")
        }
        guard definition.endpoint.scheme == .https else { return }
        if let file = tls.authorityFile, let problem = PEMFile.problem(asAuthorities: file) {
            throw unusable(file, "--ca-file", problem, "name a file with the certificates of the authorities to trust")
        }
        guard let certificate = tls.certificateFile else { return }
        if let problem = PEMFile.problem(asCertificate: certificate) {
            throw unusable(certificate, "--client-certificate", problem, "name the certificate to show to the server")
        }
        if let problem = PEMFile.problem(asKey: tls.keyFile ?? certificate, of: certificate) {
            throw tls.keyFile.map { unusable($0, "--client-key", problem, "name the certificate's own key") }
                ?? unusable(certificate, "--client-certificate", problem, "name its key's file with --client-key")
        }
    }

    private func unusable(_ file: String, _ flag: String, _ problem: String, _ advice: String) -> CommandError {
        CommandError("The file \(file) of \(flag) \(problem); \(advice).")
    }

    private func endpoint(_ definition: ServerDefinition) -> Endpoint {
        let style = connection.pathStyle ?? definition.pathStyle
        let addressing: Endpoint.Addressing? = style == .auto ? nil : style == .on ? .path : .virtualHost
        return Endpoint(
            scheme: definition.endpoint.scheme == .https ? .https : .http, host: definition.endpoint.host,
            port: definition.endpoint.port, addressing: addressing)
    }

    private static func credentials(_ keys: ServerDefinition.Keys) -> Credentials {
        Credentials(
            accessKey: keys.accessKey, secretKey: keys.secretKey.exposed, sessionToken: keys.sessionToken?.exposed)
    }

    private var timeouts: ConnectionOptions.Timeouts {
        var timeouts = ConnectionOptions.Timeouts()
        if let time = connection.connectTimeout { timeouts.connect = time }
        if let time = connection.firstByteTimeout { timeouts.firstByte = time }
        if let time = connection.stallTimeout { timeouts.stall = time }
        return timeouts
    }

    private func tls(_ definition: ServerDefinition) -> ConnectionOptions.TLS {
        var tls = ConnectionOptions.TLS()
        tls.authorityFile = connection.caFile ?? definition.caFile
        tls.certificateFile = connection.clientCertificate ?? definition.clientCertificate
        tls.keyFile = connection.clientKey ?? definition.clientKey
        tls.verifies = !(connection.insecure || definition.insecure)
        return tls
    }
}
