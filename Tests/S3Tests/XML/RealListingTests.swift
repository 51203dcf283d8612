import ObjectModel
import S3
import TestSupport
import Testing

@Suite("Listings of real servers")
struct RealListingTests {
    private func page(_ name: String) throws -> ListingDocument {
        let bytes = try #require(TestFile.read("\(TestFile.fixtures)/Listings/\(name).xml"))
        return try ListingParser().parse(bytes)
    }

    @Test("version 2 says the same on every server", arguments: ["juicefs", "moto", "rclone", "seaweedfs"])
    func versionTwo(_ server: String) throws {
        let page = try page("v2-\(server)")
        #expect((0..<page.count).map { page.key(at: $0) } == ["a b/c+d", "dir/x"])
        for index in 0..<page.count {
            #expect(page.etag(at: index) == ETag("49f68a5c8493ec2c0bf489821c21fc3b"))
            #expect(page.size(at: index) == 2)
            #expect(page.storageClass(at: index) == "STANDARD")
            #expect(page.lastModified(at: index).iso8601.hasPrefix("2026-11-21T02:"))
        }
        #expect(page.isTruncated && page.isURLEncoded && page.bucketName == "bbb")
        #expect((page.nextToken == "dir/x") == (server == "seaweedfs"))
        #expect(page.nextToken != nil && page.nextMarker == nil)
    }

    @Test("version 1 gives prefixes and a marker, encoded or not", arguments: ["juicefs", "rclone", "seaweedfs"])
    func versionOne(_ server: String) throws {
        let page = try page("v1-\(server)")
        #expect(page.count == 0 && page.isTruncated)
        #expect(page.commonPrefixes == ["a b/"])
        #expect(page.nextMarker == "a b/")
        #expect(page.nextToken == nil)
    }

    @Test("moto doesn't cut a page of version 1")
    func moto() throws {
        let page = try page("v1-moto")
        #expect(page.count == 1 && !page.isTruncated && page.nextMarker == nil)
        #expect(page.commonPrefixes == ["a b/", "dir/"])
    }
}
