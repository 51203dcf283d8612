import ObjectModel
import Runtime

/// What the workloads are made of, from a seed: as it looks in a bucket of releases.
struct Material {
    private var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    /// So many hexadecimal digits in small letters.
    mutating func digits(_ count: Int) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: (0..<count).map { _ in digits[number(0...15)] }, as: UTF8.self)
    }

    /// Keys of 30 to 60 bytes in the order of bytes; one in eight has a byte that an URL cannot hold.
    mutating func keys(_ count: Int, from first: Int = 0) -> [String] {
        (first..<(first + count)).map { index in
            let folder = String(1_000_000 + index / 100)
            let name = String(100 + index % 100)
            let space = index % 8 == 0 ? " " : "-"
            return "releases/\(folder)/\(name)\(space)\(digits(number(8...30))).apk"
        }
    }

    /// As MinIO writes `LastModified`, on the `day`th of that month.
    mutating func date(day: Int) -> String {
        "2026-10-\(day)T\(number(10...23)):\(number(10...59)):\(number(10...59)).\(number(100...999))Z"
    }

    /// One in ten is of an upload in parts.
    mutating func etag() -> String {
        digits(32) + (number(0...9) == 0 ? "-\(number(2...40))" : "")
    }

    /// A page of ListObjectsV2 with these keys, as MinIO writes it; the last one says that more follow.
    mutating func listing(_ keys: [String]) -> [UInt8] {
        var text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>apks</Name><Prefix></Prefix>\
            <NextContinuationToken>\(digits(40))</NextContinuationToken><KeyCount>\(keys.count)</KeyCount>\
            <MaxKeys>1000</MaxKeys><Delimiter></Delimiter><IsTruncated>true</IsTruncated>
            """
        for (index, key) in keys.enumerated() {
            // A folder is written within a day.
            let day = 10 + index / 100 % 20
            let written = key.split(separator: " ", omittingEmptySubsequences: false).joined(separator: "+")
            text += """
                <Contents><Key>\(written)</Key><LastModified>\(date(day: day))</LastModified>\
                <ETag>&#34;\(etag())&#34;</ETag><Size>\(number(0...50_000_000))</Size>\
                <StorageClass>STANDARD</StorageClass></Contents>
                """
        }
        text += "<EncodingType>url</EncodingType></ListBucketResult>"
        return Array(text.utf8)
    }
}
