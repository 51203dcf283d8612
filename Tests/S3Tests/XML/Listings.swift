import ObjectModel

@testable import S3

/// Listings as servers write them.
enum Listings {
    struct Object {
        var key: String
        var etag = "&quot;9e107d9d372bb6826bd81d3542a419d6&quot;"
        var size = "5"
        var modified = "2026-11-21T01:02:03.004Z"
        var storageClass = "STANDARD"

        init(_ key: String) { self.key = key }

        var xml: String {
            "<Contents><Key>\(key)</Key><LastModified>\(modified)</LastModified><ETag>\(etag)</ETag>"
                + "<Size>\(size)</Size><Owner><ID>1</ID><DisplayName>o</DisplayName></Owner>"
                + (storageClass.isEmpty ? "" : "<StorageClass>\(storageClass)</StorageClass>") + "</Contents>"
        }
    }

    static let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    static let namespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

    /// A page with `fields` before the contents and `tail` behind them.
    static func page(
        _ contents: String, fields: String = "<IsTruncated>false</IsTruncated>", tail: String = ""
    ) -> String {
        declaration + "<ListBucketResult \(namespace)><Name>apks</Name><Prefix></Prefix>" + fields + contents + tail
            + "</ListBucketResult>"
    }

    /// A page of version 2 with something of everything.
    static let rich = page(
        Object("a").xml + Object("b%2Fc+d%25").xml
            + "<Contents><ETag>&#34;9e107d9d372bb6826bd81d3542a419d6-12&#34;</ETag><Size>5368709120</Size>"
            + "<Key>&amp;&lt;&#x20AC;<![CDATA[<]]></Key><LastModified>2020-02-29T23:59:59Z</LastModified></Contents>",
        fields: "<NextContinuationToken>tok&amp;en==</NextContinuationToken><KeyCount>3</KeyCount>"
            + "<MaxKeys>1000</MaxKeys><IsTruncated>true</IsTruncated><!-- a comment --><?a processing instruction?>",
        tail: "<CommonPrefixes><Prefix>p%2F1/</Prefix></CommonPrefixes>\n<CommonPrefixes><Prefix>p+2/</Prefix>"
            + "</CommonPrefixes><EncodingType>url</EncodingType>\n")
}

extension ListingDocument {
    func key(at index: Int) -> ObjectKey { page.key(at: index) }
    func size(at index: Int) -> Int64 { page.size(at: index) }
    func etag(at index: Int) -> ETag { page.etag(at: index) }
    func lastModified(at index: Int) -> Timestamp { page.lastModified(at: index) }
    func storageClass(at index: Int) -> String? { page.storageClass(at: index) }
}
