public import S3
public import Stores

extension StoreError {
    /// What a server's failure means above the protocol.
    public init(_ error: S3Error) {
        self.init(
            Kind(rawValue: error.kind.rawValue) ?? .other, server: error.server, operation: error.operation.rawValue,
            bucket: error.bucket, key: error.key, status: error.status, code: error.code, message: error.message,
            requestID: error.requestID, attempts: error.attempts, refusesEverything: error.refusesEverything,
            advice: error.advice.flatMap { Advice(rawValue: $0.rawValue) })
    }

    /// As `init(_: S3Error)`; an error of a store passes as it is.
    init(any error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let error as S3Error: self.init(error)
        default: self.init(.other, server: "the server", operation: "A request", message: "\(error)")
        }
    }
}

/// Runs `body`, which throws what the S3 client throws, and has its failure told in the port's words.
func translated<Result>(_ body: () async throws -> Result) async throws(StoreError) -> Result {
    do {
        return try await body()
    } catch {
        throw StoreError(any: error)
    }
}
