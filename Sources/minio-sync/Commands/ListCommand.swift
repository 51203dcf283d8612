import Configuration
import ObjectModel
import Runtime
import S3
import S3Store
import Stores

/// `minio-sync ls`: buckets, or what a bucket holds below a prefix.
struct ListCommand {
    private let arguments: ListArguments
    private let console: Console

    init(_ arguments: ListArguments, console: Console) {
        self.arguments = arguments
        self.console = console
    }

    func run() async -> ExitCode {
        let environment = Environment.process()
        do {
            let file = try ConfigurationFile.load(
                path: arguments.options.configurationFile, environment: environment,
                mirrorFlags: MirrorFlags.configurableFlags)
            let servers = Servers(
                directory: ServerDirectory(file: file, environment: environment),
                connection: arguments.options.connection, remarks: Remarks(console),
                debug: arguments.options.debug)
            let client = try servers.client(for: arguments.place)
            if let bucket = arguments.place.bucket {
                try await listObjects(client, bucket)
            } else {
                try await listBuckets(client)
            }
            return .done
        } catch let error as S3Error {
            console.warn("minio-sync: \(StoreError(error))")
            return .serverGone
        } catch let error as CommandError {
            console.warn("minio-sync: \(error.message)")
            return error.code
        } catch {
            console.warn("minio-sync: \(error)")
            return .usage
        }
    }

    private func listBuckets(_ client: S3Client) async throws {
        for bucket in try await client.listBuckets() {
            if arguments.options.json {
                var line = JSONText()
                line.set("type", "bucket")
                line.set("bucket", bucket.name)
                if let created = bucket.created { line.set("created", created.iso8601) }
                console.print(line.object)
            } else {
                console.print("\(bucket.created?.iso8601 ?? String(repeating: " ", count: 24))  \(bucket.name)/")
            }
        }
    }

    private func listObjects(_ client: S3Client, _ bucket: String) async throws {
        let listing = client.listObjects(
            bucket: bucket, prefix: arguments.place.prefix, delimiter: arguments.options.recursive ? nil : "/")
        while let document = try await listing.next() {
            for prefix in document.commonPrefixes { printFolder(prefix) }
            for index in 0..<document.count { printObject(document.page, index) }
        }
    }

    private func printFolder(_ prefix: ObjectKey) {
        if arguments.options.json {
            var line = JSONText()
            line.set("type", "prefix")
            line.set("prefix", "\(prefix)")
            console.print(line.object)
        } else {
            console.print("\(Self.padded("", 24))  \(Self.padded("", 14))  \(Text.printable(prefix))")
        }
    }

    private func printObject(_ page: ListingPage, _ index: Int) {
        let modified = page.lastModified(at: index)
        if arguments.options.json {
            var line = JSONText()
            line.set("type", "object")
            let key = page.key(at: index)
            line.set("key", "\(key)")
            if let hexadecimal = key.hexadecimalIfNotUTF8 { line.set("keyHex", hexadecimal) }
            line.set("size", page.size(at: index))
            line.set("etag", page.etag(at: index).text)
            line.set("lastModified", modified.iso8601)
            if let storageClass = page.storageClass(at: index) { line.set("storageClass", storageClass) }
            console.print(line.object)
        } else {
            let size = Self.padded(String(page.size(at: index)), 14)
            console.print("\(modified.iso8601)  \(size)  \(Text.printable(page.key(at: index)))")
        }
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

}
