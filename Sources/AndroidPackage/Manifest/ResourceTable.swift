/// Values of a `resources.arsc` (AOSP, `ResTable_header`), looked up one by one.
struct ResourceTable {
    /// Bytes of the largest table in which anything is looked up.
    static let limit: Int64 = 64 << 20
    /// References to references, before it is called a circle.
    private static let maximumSteps = 16

    /// Real tables have one package and some thousand types, one for each set of qualifiers.
    private static let maximumPackages = 256
    private static let maximumTypes = 1 << 16

    private var strings: StringPool?
    private var packages: [(id: UInt32, types: [Chunk])] = []

    init(_ bytes: [UInt8]) throws(Malformed) {
        var file = ByteReader(bytes)
        let table = try Chunk(next: &file)
        guard table.kind == Chunk.Kind.table else { throw Malformed("it is no resource table") }
        var reader = table.body
        while !reader.isEmpty {
            let chunk = try Chunk(next: &reader)
            switch chunk.kind {
            case Chunk.Kind.stringPool: if strings == nil { strings = try StringPool(chunk) }
            case Chunk.Kind.package:
                guard packages.count < Self.maximumPackages else { throw Malformed("it has too many packages") }
                packages.append(try Self.package(chunk))
            default: break
            }
        }
    }

    private static func package(_ chunk: Chunk) throws(Malformed) -> (id: UInt32, types: [Chunk]) {
        var header = chunk.header
        let id = try header.u32()
        var types: [Chunk] = []
        var reader = chunk.body
        while !reader.isEmpty {
            let inner = try Chunk(next: &reader)
            guard inner.kind == Chunk.Kind.type else { continue }
            guard types.count < maximumTypes else { throw Malformed("it has too many types") }
            types.append(inner)
        }
        return (id, types)
    }

    /// The value of a resource, without any qualifier if there is such a one: nil where it is not in the table, or is
    /// neither text nor number.
    func value(of reference: UInt32) throws(Malformed) -> AndroidManifest.Value? {
        var reference = reference
        for _ in 0..<Self.maximumSteps {
            guard let value = try lookUp(reference) else { return nil }
            guard value.isReference else {
                if value.isInteger { return .number(value.data) }
                guard value.kind == ResourceValue.Kind.string, let strings else { return nil }
                return try strings.string(value.data).map(AndroidManifest.Value.text)
            }
            reference = value.data
        }
        return nil
    }

    private func lookUp(_ reference: UInt32) throws(Malformed) -> ResourceValue? {
        var qualified: ResourceValue?
        for package in packages where package.id == reference >> 24 {
            for type in package.types {
                var header = type.header
                guard UInt32(try header.u8()) == reference >> 16 & 0xFF else { continue }
                let flags = try header.u8()
                try header.skip(2)
                let count = try header.length32()
                let start = try header.length32()
                let isPlain = try Self.isWithoutQualifier(header)
                let index = Int(reference & 0xFFFF)
                guard isPlain || qualified == nil,
                    let offset = try Self.offset(of: index, count: count, flags: flags, type.body)
                else { continue }
                let value = try Self.value(try type.whole.from(start).from(offset))
                if isPlain, let value { return value }
                qualified = qualified ?? value
            }
        }
        return qualified
    }

    /// Whether a configuration, behind its size, says nothing.
    private static func isWithoutQualifier(_ header: ByteReader) throws(Malformed) -> Bool {
        var header = header
        let size = try header.length32()
        guard size >= 4 else { throw Malformed("a configuration is too short") }
        return try header.take(size - 4).slice.allSatisfy { $0 == 0 }
    }

    private static func offset(
        of index: Int, count: Int, flags: UInt8, _ body: ByteReader
    ) throws(Malformed) -> Int? {
        if flags & 1 != 0 {
            // Sparse: pairs of an index and an offset in units of four bytes.
            var pairs = body
            guard count <= pairs.count / 4 else { throw Malformed("it ends early") }
            for _ in 0..<count {
                let found = Int(try pairs.u16())
                let offset = Int(try pairs.u16()) * 4
                if found == index { return offset }
            }
            return nil
        }
        guard index < count else { return nil }
        if flags & 2 != 0 {
            var entry = try body.from(index * 2)
            let offset = Int(try entry.u16())
            return offset == 0xFFFF ? nil : offset * 4
        }
        var entry = try body.from(index * 4)
        let offset = try entry.u32()
        return offset == .max ? nil : Int(offset)
    }

    /// Nil for what consists of several values.
    private static func value(_ reader: ByteReader) throws(Malformed) -> ResourceValue? {
        var reader = reader
        var compact = reader
        let size = Int(try reader.u16())
        let flags = try reader.u16()
        if flags & 8 != 0 {
            // Compact: the value's type in the flags' upper byte, its data in place of the key.
            try compact.skip(3)
            return try ResourceValue(compact: &compact)
        }
        if flags & 1 != 0 { return nil }
        guard size >= 8 else { throw Malformed("an entry is too short") }
        try reader.skip(size - 4)
        return try ResourceValue(&reader)
    }
}

extension ResourceValue {
    /// From the type, the data right behind it.
    fileprivate init(compact reader: inout ByteReader) throws(Malformed) {
        kind = try reader.u8()
        data = try reader.u32()
    }
}
