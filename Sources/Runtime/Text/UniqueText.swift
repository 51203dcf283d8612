/// Names that nobody else has, for files and sockets in the making and for marks on servers: 64 bits of the system's
/// randomness, which no seed foretells.
public enum UniqueText {
    /// 13 digits of base 36.
    public static func drawn() -> String {
        let number = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        return String(repeating: "0", count: 13 - number.count) + number
    }

    /// So many bytes.
    public static func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255) } }
}
