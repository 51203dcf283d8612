import ObjectModel
import Runtime

/// An S3 server for tests and the quickstart, in this process: it verifies signatures, keeps a log of what it was asked,
/// and goes wrong where it is told to.
///
/// It serves from `start` until `stop()` or until the last reference is gone.
public final class Sandbox: Sendable {
    private let service: Service
    private let daemon: HTTPDaemon
    private let isRunning = Mutex(true)

    /// The port that it listens on.
    public let port: Int
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    public let url: String

    /// Starts a server, ready for requests on return.
    /// - Throws: `SandboxFailure` and `StorageFailure`: the address is taken, a file is missing.
    public static func start(_ options: Options = Options()) throws -> Sandbox {
        try Sandbox(options)
    }

    private init(_ options: Options) throws {
        var tls: (certificate: [UInt8], key: [UInt8])?
        if let certificate = options.tlsCertificate, let key = options.tlsKey {
            tls = (try FolderTable.read(certificate), try FolderTable.read(key))
        } else if options.tlsCertificate != nil || options.tlsKey != nil {
            throw SandboxFailure("TLS needs a certificate and a key.")
        }
        service = try Service(options)
        daemon = try HTTPDaemon(service, address: options.address, port: options.port, tls: tls)
        port = daemon.port
        let host = options.address.contains(":") ? "[\(options.address)]" : options.address
        url = "\(tls == nil ? "http" : "https")://\(host):\(port)"
    }

    deinit {
        stop()
    }

    /// Closes all connections and ends. What is in a folder stays. A second call does nothing.
    public func stop() {
        let wasRunning = isRunning.withLock { isRunning in
            defer { isRunning = false }
            return isRunning
        }
        guard wasRunning else { return }
        service.stop.raise()
        daemon.stop()
    }

    /// What it was asked and answered.
    public var requests: RequestLog { service.log }
    /// The rules by which it goes wrong.
    public var faults: Faults { service.faults }
    /// Its objects, behind its back.
    public var store: Store { service.store }
    /// How many listeners are subscribed to events at this moment.
    public var listenerCount: Int { service.store.notifications.count }

    /// In what it differs from S3, from the next request on.
    public var behaviour: Behaviour {
        get { service.settings.behaviour }
        set { service.settings.behaviour = newValue }
    }

    /// The content of a file, for options that are given as one.
    /// - Throws: `StorageFailure`.
    public static func readFile(_ path: String) throws -> [UInt8] { try FolderTable.read(path) }
}
