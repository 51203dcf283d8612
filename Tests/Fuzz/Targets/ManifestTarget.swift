@testable import AndroidPackage

/// Any bytes as what lies behind a checksum or a signature in a package, where damage done to the whole never gets. The
/// first byte says as what.
func fuzzManifest(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let bytes = Array(input.dropFirst())
    switch first % 5 {
    case 0: _ = try? AndroidManifest(bytes)
    case 1:
        guard let table = try? ResourceTable(bytes) else { return }
        for type in 0..<4 as Range<UInt32> {
            for entry in 0..<4 as Range<UInt32> { _ = try? table.value(of: 0x7F00_0000 | type << 16 | entry) }
        }
    case 2:
        guard let manifest = try? JARManifest(bytes), let signature = try? JARSignature(bytes) else { return }
        _ = signature.problem(of: manifest)
    case 3: _ = try? Lineage.certificates(ByteReader(bytes))
    default: _ = try? SignatureBlockFile.certificate(in: bytes, signing: [])
    }
}
