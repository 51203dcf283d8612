extension PackageFacts {
    /// Takes what the manifest says, and looks up what it only refers to.
    mutating func take<Source>(
        _ manifest: AndroidManifest, _ package: PackageDirectory, _ reader: inout RangeReader<Source>
    ) async throws {
        var resources = Resources(package: package)
        self.package = manifest.package ?? ""
        if !Self.isName(self.package) {
            problems.append(PackageProblem(.badManifest, "The manifest gives no valid package name."))
        }

        switch try await resources.value(manifest.versionName, &reader) {
        case .text(let text): versionName = text
        // As Android turns it into text.
        case .number(let number): versionName = String(Int32(bitPattern: number))
        case .reference(let reference): versionNameReference = "@0x" + Self.hexadecimal(reference)
        case .other, nil: break
        }

        let code = try await resources.value(manifest.versionCode, &reader)
        let major = try await resources.value(manifest.versionCodeMajor, &reader)
        versionCode = Int64(number(major, "versionCodeMajor")) << 32 | Int64(number(code, "versionCode"))
        (minSDK, minSDKCodename) = Self.version(try await resources.value(manifest.minSDK, &reader))
        oldestSDK = manifest.minSDK == nil ? 1 : minSDK
        (targetSDK, targetSDKCodename) = Self.version(try await resources.value(manifest.targetSDK, &reader))
    }

    private mutating func number(_ value: AndroidManifest.Value?, _ name: String) -> UInt32 {
        switch value {
        case nil: return 0
        case .number(let number): return number
        case .text(let text):
            if let number = UInt32(text) { return number }
        case .reference, .other: break
        }
        problems.append(PackageProblem(.badManifest, "The manifest's \(name) is not a number."))
        return 0
    }

    private static func version(_ value: AndroidManifest.Value?) -> (Int?, String?) {
        switch value {
        case .number(let number): (Int(number), nil)
        case .text(let text): Int(text).map { ($0, nil) } ?? (nil, text)
        case .reference, .other, nil: (nil, nil)
        }
    }

    private static func hexadecimal(_ number: UInt32) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// What Android takes for a package's name: identifiers with dots between them, at least two of them.
    private static func isName(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count >= 2 || name == "android", name.utf8.count <= 223 else { return false }
        return parts.allSatisfy { part in
            guard let first = part.first, isLetter(first) else { return false }
            return part.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_") }
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

/// The package's resource table, read when something refers to it.
private struct Resources {
    let package: PackageDirectory
    private var table: ResourceTable?
    private var isRead = false

    init(package: PackageDirectory) {
        self.package = package
    }

    /// A reference becomes what it refers to; one that cannot be resolved stays.
    mutating func value<Source>(
        _ value: AndroidManifest.Value?, _ reader: inout RangeReader<Source>
    ) async throws -> AndroidManifest.Value? {
        guard case .reference(let reference) = value else { return value }
        if !isRead {
            isRead = true
            table = try await read(&reader)
        }
        return (try? table?.value(of: reference)) ?? value
    }

    /// A table that cannot be read resolves nothing, which the reference then shows.
    private func read<Source>(_ reader: inout RangeReader<Source>) async throws -> ResourceTable? {
        guard let entry = package.directory.first("resources.arsc") else { return nil }
        do {
            return try ResourceTable(await package.contents.data(of: entry, limit: ResourceTable.limit, &reader))
        } catch is Malformed {
            return nil
        }
    }
}
