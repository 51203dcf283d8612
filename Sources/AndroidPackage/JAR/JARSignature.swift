/// The files of a v1 signature (Oracle's JAR File Specification, "Signed JAR File").
struct JARFiles {
    let manifest: ZipEntry
    /// In the order of the directory.
    let signatures: [(text: ZipEntry, block: ZipEntry)]

    /// More signers than that are not looked at.
    static let maximumSigners = 10

    /// Nil where there is none, or not all of one.
    init?(_ directory: ZipDirectory) {
        guard let manifest = directory.first("META-INF/MANIFEST.MF") else { return nil }
        self.manifest = manifest
        var blocks: [[UInt8]: ZipEntry] = [:]
        var texts: [(stem: [UInt8], entry: ZipEntry)] = []
        for entry in directory.entries {
            guard let (stem, suffix) = Self.parts(entry.name) else { continue }
            switch suffix {
            case "SF": texts.append((stem, entry))
            case "RSA", "DSA", "EC": blocks[stem] = entry
            default: break
            }
        }
        signatures = texts.compactMap { text in blocks[text.stem].map { (text.entry, $0) } }
        if signatures.isEmpty { return nil }
    }

    /// Stem and suffix in upper case of a file right in `META-INF`; nil for others.
    private static func parts(_ name: ArraySlice<UInt8>) -> (stem: [UInt8], suffix: String)? {
        guard name.count <= 512 else { return nil }
        let upper = name.map { (0x61...0x7A).contains($0) ? $0 & 0xDF : $0 }
        guard upper.starts(with: "META-INF/".utf8), !upper.dropFirst(9).contains(UInt8(ascii: "/")),
            let dot = upper.lastIndex(of: UInt8(ascii: "."))
        else { return nil }
        return (Array(upper[..<dot]), String(decoding: upper[(dot + 1)...], as: UTF8.self))
    }

    /// Whether Android wants a file to be signed.
    static func isSigned(_ name: ArraySlice<UInt8>) -> Bool {
        name.last != UInt8(ascii: "/") && !name.starts(with: "META-INF/".utf8)
    }
}

/// One signer's `.SF`.
struct JARSignature {
    let text: JARManifest
    /// The text as it was signed.
    let bytes: [UInt8]
    /// The schemes that the signer says are there too.
    let announced: [SignatureScheme]

    init(_ bytes: [UInt8]) throws(Malformed) {
        self.bytes = bytes
        text = try JARManifest(bytes)
        let value = text.main.attributes["x-android-apk-signed"] ?? []
        announced = value.split(separator: UInt8(ascii: ",")).compactMap { number in
            switch String(decoding: number.filter { $0 != UInt8(ascii: " ") }, as: UTF8.self) {
            case "2": .v2
            case "3": .v3
            default: nil
            }
        }
    }

    /// What keeps a `MANIFEST.MF` from being the one that was signed, for each of its files or as a whole.
    func problem(of manifest: JARManifest) -> String? {
        if JARManifest.matches(JARManifest.digests(text.main, suffix: "-digest-manifest"), manifest.bytes) {
            return nil
        }
        let main = JARManifest.digests(text.main, suffix: "-digest-manifest-main-attributes")
        if !main.isEmpty, !JARManifest.matches(main, Array(manifest.bytes[manifest.main.range])) {
            return "the manifest's main section is another one"
        }
        for (name, section) in manifest.files {
            guard let signed = text.files[name] else { return "there are files in the manifest that were not signed" }
            guard
                JARManifest.matches(
                    JARManifest.digests(signed, suffix: "-digest"), Array(manifest.bytes[section.range]))
            else { return "the manifest has another section for a file" }
        }
        return nil
    }
}
