/// How the bytes of a multipart object were cut into parts.
///
/// A composite ETag depends on it; the same cut on the target gives the same ETag, so that two listings tell that the
/// bytes are the same.
public struct PartLayout: Hashable, Sendable {
    /// In order; all at least 1 (a single part may be 0).
    public let sizes: [Int64]

    public init(sizes: [Int64]) {
        self.sizes = sizes
    }

    /// Parts of `partSize` (at least 1) and a last one with the rest.
    public init(size: Int64, partSize: Int64) {
        guard size > 0 else {
            sizes = [0]
            return
        }
        let full = Int(size / partSize)
        let rest = size % partSize
        sizes = Array(repeating: partSize, count: full) + (rest > 0 ? [rest] : [])
    }

    public var count: Int { sizes.count }
    public var size: Int64 { sizes.reduce(0, +) }

    /// The first and last byte of each part.
    public var ranges: [ClosedRange<Int64>] {
        var start: Int64 = 0
        return sizes.map { size in
            defer { start += size }
            return start...max(start, start + size - 1)
        }
    }

    /// Uniform layouts that give `parts` parts for `size` bytes, the likeliest first: the part sizes that clients use.
    ///
    /// Source of the sizes: the defaults of aws-cli and boto3 (8 MiB), mc, minio-go and minio-py (16 MiB or the object
    /// divided by 10,000, rounded up to 5 or 16 MiB), older minio-go (64 and 128 MiB), rclone and s5cmd (5, 50 MiB),
    /// s3cmd (15 MiB), juicefs (5 MiB and more), and round numbers that people configure.
    public static func candidates(size: Int64, parts: Int) -> [PartLayout] {
        guard parts >= 1, size >= Int64(parts) else { return size == 0 && parts == 1 ? [PartLayout(sizes: [0])] : [] }
        guard parts > 1 else { return [PartLayout(sizes: [size])] }
        let mebibyte: Int64 = 1 << 20
        var partSizes: [Int64] = [8, 16, 5, 64, 15, 10, 128, 32, 50, 100, 20, 6, 7, 12, 24, 25, 48, 256, 512, 1024]
            .map { $0 * mebibyte }
        for unit in [16 * mebibyte, 5 * mebibyte] {
            let least = (size + 9_999) / 10_000
            partSizes.append((least + unit - 1) / unit * unit)
        }
        partSizes += [5, 8, 10, 15, 16, 20, 50, 64, 100].map { $0 * 1_000_000 }
        // Whole mebibytes, then an even cut, as a last resort.
        let least = (size + Int64(parts) - 1) / Int64(parts)
        partSizes.append((least + mebibyte - 1) / mebibyte * mebibyte)
        partSizes.append(least)
        var seen: Set<Int64> = []
        return partSizes.filter { partSize in
            partSize > 0 && (size + partSize - 1) / partSize == Int64(parts) && seen.insert(partSize).inserted
        }.map { PartLayout(size: size, partSize: $0) }
    }

    /// 16 MiB.
    public static let ownUnit: Int64 = 16 << 20

    /// A layout of our own for an object whose ETag can't be reproduced: parts of 16 MiB, larger where 10,000 would not
    /// do. They are multiples of `unit`, in bytes.
    public static func own(size: Int64, unit: Int64 = ownUnit) -> PartLayout {
        let least = (size + 9_999) / 10_000
        return PartLayout(size: size, partSize: max(unit, (least + unit - 1) / unit * unit))
    }
}
