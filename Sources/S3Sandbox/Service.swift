import ObjectModel
import S3

/// Answers requests. It knows nothing of connections; all of its state is safe to use from any thread.
final class Service: Sendable {
    let settings: Settings
    let store: Store
    let faults: Faults
    let log: RequestLog
    let stop = StopSignal()
    let domain: String?
    let region: String
    private let versionsEveryBucket: Bool
    /// Nil where requests are served whoever sends them.
    private let signatures: SignatureCheck?
    private let requestRate = RequestRate()
    /// The table, if its objects are synthetic.
    let synthetic: SyntheticTable?

    init(_ options: Sandbox.Options) throws {
        settings = Settings(options.behaviour)
        let table: any ObjectTable =
            switch options.storage {
            case .memory: MemoryTable()
            case .folder(let path): try FolderTable(folder: path)
            case .synthetic(let objects): SyntheticTable(objects)
            case .table(let table): table
            }
        synthetic = table as? SyntheticTable
        store = Store(table: table, settings: settings, notifications: Notifications(settings: settings))
        faults = Faults(options.faults)
        log = try RequestLog(path: options.requestLog, keepsRecords: options.keepsRecords)
        domain = options.domain
        region = options.region
        versionsEveryBucket = options.isVersioned
        signatures =
            synthetic != nil
            ? nil
            : SignatureCheck(
                accessKey: options.accessKey, secretKey: options.secretKey, sessionToken: options.sessionToken,
                region: options.region, isRequired: options.requiresSignature)
        let buckets = options.buckets.isEmpty && synthetic != nil ? ["synthetic"] : options.buckets
        for bucket in buckets {
            guard BucketName.isValid(bucket) else { throw SandboxFailure("\(bucket) is no name for a bucket.") }
            _ = try table.createBucket(bucket, created: settings.now)
        }
        if versionsEveryBucket {
            for bucket in table.buckets() { store.setVersioned(bucket.name, true) }
        }
    }

    /// - Throws: The refusal of a request that is one too many, that asks synthetic objects for what they do not have, or
    ///   that is not signed as it must be.
    func admit(_ call: Call) throws(ErrorAnswer) {
        guard call.operation != .control else { return }
        let behaviour = call.behaviour
        guard
            behaviour.rate <= 0
                || requestRate.admits(rate: behaviour.rate, burst: behaviour.burst, now: Clock.monotonic())
        else {
            throw .slowDown
        }
        if synthetic != nil, !SyntheticTable.operations.contains(call.operation) {
            throw .notImplemented("\(call.operation.rawValue) of synthetic objects")
        }
        try signatures?.check(call.head, now: call.now)
    }

    /// Does what is asked. Errors become answers.
    func answer(_ call: Call) -> Answer {
        do {
            if call.behaviour.isReadOnly, call.operation.isWrite { throw ErrorAnswer.accessDenied }
            if call.behaviour.isFull, call.operation.needsRoom { throw ErrorAnswer.storageFull }
            return try perform(call)
        } catch let error as ErrorAnswer {
            return .error(error, resource: call.resource, requestID: call.requestID)
        } catch {
            var failure = ErrorAnswer.internalError
            failure.message = "\(error)"
            return .error(failure, resource: call.resource, requestID: call.requestID)
        }
    }

    private func perform(_ call: Call) throws -> Answer {
        switch call.operation {
        case .listBuckets: listBuckets(call)
        case .createBucket: try createBucket(call)
        case .headBucket: try headBucket(call)
        case .deleteBucket: try deleteBucket(call)
        case .getBucketLocation: try getBucketLocation(call)
        case .getBucketVersioning: try getBucketVersioning(call)
        case .putBucketVersioning: try putBucketVersioning(call)
        case .listObjects, .listObjectsV2: try listObjects(call)
        case .listObjectVersions: try listObjectVersions(call)
        case .listMultipartUploads: try listMultipartUploads(call)
        case .listenBucketNotification: try listen(call)
        case .deleteObjects: try deleteObjects(call)
        case .headObject, .getObject: try getObject(call)
        case .putObject: try putObject(call)
        case .copyObject: try copyObject(call)
        case .deleteObject: try deleteObject(call)
        case .getObjectAttributes: try getObjectAttributes(call)
        case .getObjectTagging: try getObjectTagging(call)
        case .putObjectTagging, .deleteObjectTagging: try changeObjectTagging(call)
        case .createMultipartUpload: try createMultipartUpload(call)
        case .uploadPart: try uploadPart(call)
        case .uploadPartCopy: try uploadPartCopy(call)
        case .completeMultipartUpload: try completeMultipartUpload(call)
        case .abortMultipartUpload: try abortMultipartUpload(call)
        case .listParts: try listParts(call)
        case .control: try control(call)
        case .unknown: throw ErrorAnswer.notImplemented(call.head.method)
        }
    }

    /// Where the bytes of a request go.
    func receiver(for operation: Operation, expectedSize: Int64?) throws -> any BodyReceiver {
        operation.takesBytes
            ? try store.table.receiver(expectedSize: expectedSize) : MemoryReceiver(expectedSize: nil)
    }

    /// Marks a new bucket as the server was told to treat all of them.
    func bucketWasCreated(_ name: String) {
        store.setVersioned(name, versionsEveryBucket)
    }

    /// - Throws: `NoSuchBucket`.
    func requireBucket(_ call: Call) throws(ErrorAnswer) {
        guard store.table.hasBucket(call.bucket) else { throw .noSuchBucket }
    }

    /// The object that a request names, in the version that it names.
    /// - Throws: `NoSuchBucket`, `NoSuchKey`, `NoSuchVersion`; 405 for a version that is a delete marker.
    func requireObject(_ bucket: String, _ key: ObjectKey, versionID: String?, _ behaviour: Behaviour)
        throws(ErrorAnswer)
        -> StoredObject
    {
        guard store.table.hasBucket(bucket) else { throw .noSuchBucket }
        let versions = store.table.versions(of: behaviour.stored(key), in: bucket)
        if let versionID, !versionID.isEmpty {
            guard let version = versions.first(where: { $0.versionID == versionID }) else { throw .noSuchVersion }
            guard !version.isDeleteMarker else {
                throw ErrorAnswer.methodNotAllowed.header("x-amz-delete-marker", "true")
            }
            return version
        }
        guard let newest = versions.first else { throw .noSuchKey }
        guard !newest.isDeleteMarker else {
            throw ErrorAnswer.noSuchKey.header("x-amz-delete-marker", "true")
                .header("x-amz-version-id", newest.versionID)
        }
        return newest
    }

    func requireObject(_ call: Call) throws(ErrorAnswer) -> StoredObject {
        try requireObject(call.bucket, call.key, versionID: call.head.query("versionId"), call.behaviour)
    }
}
