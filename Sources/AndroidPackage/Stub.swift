public protocol PackageSource { var size: Int64 { get }; func read(_ range: Range<Int64>) async throws -> [UInt8] }
public struct PackageError: Error, CustomStringConvertible { public var description: String }
public enum AndroidPackage {
    public static func facts(of source: some PackageSource) async throws -> PackageFacts { throw PackageError(description: "") }
    public static func verify(_ source: some PackageSource, facts: PackageFacts) async throws -> [PackageProblem] { [] }
}
public struct PackageVerifier: ~Copyable, Sendable {
    public init?(_ facts: PackageFacts) { return nil }
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {}
    public mutating func finish() -> [PackageProblem] { [] }
}
