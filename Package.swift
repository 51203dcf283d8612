// swift-tools-version: 6.2
import PackageDescription

/// The strict settings that every Swift target is built with.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// A library of the system, found through pkg-config and installed as a Debian package.
func systemLibrary(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

/// A room has a README.md beside its sources, which is no source.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: ["README.md"], swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, exclude: ["README.md"], swiftSettings: strict)
}

/// The program that `Tests/Bench/check` counts the instructions of.
func workloads() -> Target {
    .executableTarget(
        name: "minio-sync-workloads",
        dependencies: ["ObjectModel", "Runtime", "S3", "Stores", "Journal", "Listings", "MirrorEngine"],
        path: "Tests/Bench/Workloads", swiftSettings: strict)
}

/// The program that `Tests/Fuzz/run` builds with the compiler's fuzzer, and nobody else.
func fuzzTargets() -> [Target] {
    guard Context.environment["MINIO_SYNC_FUZZ"] != nil else { return [] }
    return [
        .systemLibrary(name: "CLibFuzzer", path: "Tests/Fuzz/CLibFuzzer"),
        .executableTarget(
            name: "minio-sync-fuzz", dependencies: ["CLibFuzzer", "AndroidPackage", "S3", "ObjectModel"],
            path: "Tests/Fuzz/Targets", swiftSettings: strict),
    ]
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "minio-sync",
    products: [
        .executable(name: "minio-sync", targets: ["minio-sync"]),
        .executable(name: "s3-sandbox", targets: ["s3-sandbox"]),
    ],
    targets: [
        systemLibrary("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        systemLibrary("COpenSSL", pkgConfig: "openssl", apt: "libssl-dev"),
        systemLibrary("CXML2", pkgConfig: "libxml-2.0", apt: "libxml2-dev"),
        systemLibrary("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),
        systemLibrary("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
        systemLibrary("CMicroHTTPD", pkgConfig: "libmicrohttpd", apt: "libmicrohttpd-dev"),
        systemLibrary("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),

        .systemLibrary(name: "CLinux"),

        room("ObjectModel"),
        room("Runtime", ["CLinux", "ObjectModel"]),
        room("S3", ["ObjectModel", "Runtime", "CCurl", "COpenSSL", "CXML2", "CLinux"]),
        room("AndroidPackage", ["COpenSSL", "CZlib"]),
        room("Stores", ["ObjectModel", "Runtime", "S3"]),
        room("Journal", ["ObjectModel", "Runtime", "CSQLite", "CLinux"]),
        room("Listings", ["ObjectModel", "Runtime", "S3", "Stores", "Journal"]),
        room("MirrorEngine", ["ObjectModel", "Runtime", "S3", "Stores", "Journal", "Listings"]),
        room(
            "Audit", ["ObjectModel", "Runtime", "S3", "Stores", "Journal", "Listings", "AndroidPackage"]),
        room("Configuration", ["ObjectModel", "Runtime", "CYAML"]),
        room("Service", ["Runtime", "ObjectModel", "CLinux"]),
        program(
            "minio-sync",
            [
                "ObjectModel", "Runtime", "S3", "Stores", "Journal", "Listings", "MirrorEngine", "Audit",
                "Configuration", "Service",
            ]),

        room("S3Sandbox", ["ObjectModel", "Runtime", "S3", "CXML2", "CMicroHTTPD", "CLinux"]),
        program("s3-sandbox", ["S3Sandbox", "Runtime"]),
        workloads(),

        // What tests of several rooms share.
        .target(
            name: "TestSupport", dependencies: ["ObjectModel", "Runtime", "S3", "Stores"], path: "Tests/TestSupport",
            swiftSettings: strict),

        tests("ObjectModelTests", ["ObjectModel", "Runtime"]),
        tests("RuntimeTests", ["Runtime", "ObjectModel"]),
        tests("S3Tests", ["TestSupport", "S3", "S3Sandbox", "ObjectModel", "Runtime"]),
        tests("AndroidPackageTests", ["TestSupport", "AndroidPackage"]),
        tests("JournalTests", ["TestSupport", "Journal", "ObjectModel"]),
        tests("ListingsTests", ["TestSupport", "Listings", "Stores", "S3", "ObjectModel", "Runtime"]),
        tests("ConfigurationTests", ["Configuration", "ObjectModel", "Runtime"]),
        tests("ServiceTests", ["TestSupport", "Service", "ObjectModel", "Runtime"]),
        tests(
            "MirrorEngineTests",
            ["TestSupport", "MirrorEngine", "Listings", "Journal", "Stores", "S3", "ObjectModel", "Runtime"]),
        tests(
            "MirrorFaultTests",
            [
                "TestSupport", "MirrorEngine", "Listings", "Stores", "S3", "Journal", "ObjectModel", "Runtime",
                "S3Sandbox",
            ]),
        tests("AuditTests", ["TestSupport", "Audit", "AndroidPackage", "S3", "ObjectModel", "Runtime"]),
        tests("S3SandboxTests", ["TestSupport", "s3-sandbox", "S3Sandbox", "S3", "ObjectModel", "Runtime"]),
        tests(
            "MinioSyncTests",
            [
                "minio-sync", "Configuration", "Listings", "MirrorEngine", "Service", "ObjectModel", "Runtime", "S3",
                "S3Sandbox",
            ]),
    ] + fuzzTargets()
)
