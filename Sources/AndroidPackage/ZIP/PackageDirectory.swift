/// The ZIP of a package: its directory, and the signing block before that.
struct PackageDirectory {
    let end: ZipEnd
    let directory: ZipDirectory
    let contents: ZipContents
    let signingBlock: SigningBlock?
    /// Why a signing block that is there cannot be read.
    let signingBlockProblem: PackageProblem?

    /// Throws `PackageError` where there is no directory that can be read.
    init<Source>(_ reader: inout RangeReader<Source>) async throws {
        end = try await ZipEnd.read(&reader)
        guard end.directory.upperBound - end.directory.lowerBound <= ZipDirectory.limit else {
            throw PackageError(.brokenZip, "The ZIP's directory is larger than \(ZipDirectory.limit >> 20) MiB.")
        }
        // The signing block lies right before it, so a part of that is read along.
        let hint = max(0, end.directory.lowerBound - type(of: reader).readAhead)..<end.directory.upperBound
        let bytes = try await reader.read(end.directory, hint: hint)
        var block: SigningBlock?
        var problem: PackageProblem?
        do {
            block = try await SigningBlock(before: end.directory.lowerBound, &reader)
        } catch let error as Malformed {
            problem = PackageProblem(.badSignature, "The signing block cannot be read: \(error.reason).")
        }
        signingBlock = block
        signingBlockProblem = problem
        contents = ZipContents(end: block?.range.lowerBound ?? end.directory.lowerBound)
        do {
            directory = try ZipDirectory(bytes, end: end, contentsEnd: contents.end)
        } catch {
            throw PackageError(.brokenZip, "The ZIP's directory cannot be read: \(error.reason).")
        }
    }
}
