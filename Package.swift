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
        dependencies: [
            "ObjectModel", "Runtime", "Digests", "Reactor", "S3", "Stores", "Scratch", "Journal", "Listings",
            "MirrorEngine",
        ],
        path: "Tests/Bench/Workloads", swiftSettings: strict)
}

/// The program that `Tests/Simulation/run` runs.
func simulation() -> Target {
    .executableTarget(
        name: "minio-sync-simulation",
        dependencies: [
            "ObjectModel", "Runtime", "Digests", "Reactor", "Stores", "Journal", "Listings", "MirrorEngine",
        ],
        path: "Tests/Simulation/World", swiftSettings: strict)
}

/// The program that `Tests/Fuzz/run` builds with the compiler's fuzzer, and nobody else.
func fuzzTargets() -> [Target] {
    guard Context.environment["MINIO_SYNC_FUZZ"] != nil else { return [] }
    return [
        .systemLibrary(name: "CLibFuzzer", path: "Tests/Fuzz/CLibFuzzer"),
        .executableTarget(
            name: "minio-sync-fuzz", dependencies: ["CLibFuzzer", "AndroidPackage", "S3", "Digests", "ObjectModel"],
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
        room("Digests", ["ObjectModel", "COpenSSL"]),
        room("Reactor", ["ObjectModel", "Runtime", "CLinux"]),
        room("SQLite", ["Runtime", "CSQLite"]),
        room("Scratch", ["ObjectModel", "Runtime", "SQLite"]),
        room("Stores", ["ObjectModel", "Runtime", "Reactor"]),
        room("S3", ["ObjectModel", "Runtime", "Digests", "Reactor", "CCurl", "COpenSSL", "CXML2", "CLinux"]),
        room("S3Store", ["ObjectModel", "Runtime", "Reactor", "Stores", "S3"]),
        room("AndroidPackage", ["COpenSSL", "CZlib"]),
        room("Journal", ["ObjectModel", "Runtime", "SQLite", "CLinux"]),
        room("Listings", ["ObjectModel", "Runtime", "Stores", "Scratch"]),
        room(
            "MirrorEngine",
            ["ObjectModel", "Runtime", "Digests", "Reactor", "Stores", "Scratch", "Journal", "Listings"]),
        room(
            "Audit",
            [
                "ObjectModel", "Runtime", "Digests", "Reactor", "Stores", "Scratch", "Listings", "AndroidPackage",
            ]),
        room("Configuration", ["ObjectModel", "Runtime", "CYAML"]),
        room("Service", ["Runtime", "ObjectModel", "CLinux"]),
        program(
            "minio-sync",
            [
                "ObjectModel", "Runtime", "Digests", "Reactor", "S3", "S3Store", "Stores", "SQLite", "Scratch",
                "Journal",
                "Listings", "MirrorEngine", "Audit", "Configuration", "Service",
            ]),

        room("S3Sandbox", ["ObjectModel", "Runtime", "Digests", "Reactor", "S3", "CXML2", "CMicroHTTPD", "CLinux"]),
        program("s3-sandbox", ["S3Sandbox", "Runtime", "Reactor"]),
        workloads(),
        simulation(),

        // What tests of several rooms share.
        .target(
            name: "TestSupport", dependencies: ["ObjectModel", "Runtime", "Reactor", "Stores"],
            path: "Tests/TestSupport",
            swiftSettings: strict),

        tests("ObjectModelTests", ["TestSupport", "ObjectModel", "Runtime"]),
        tests("RuntimeTests", ["Runtime", "ObjectModel"]),
        tests("ReactorTests", ["TestSupport", "Reactor", "ObjectModel", "Runtime"]),
        tests("DigestsTests", ["TestSupport", "Digests", "ObjectModel"]),
        tests("S3Tests", ["TestSupport", "S3", "S3Sandbox", "Digests", "Reactor", "ObjectModel", "Runtime"]),
        tests("AndroidPackageTests", ["TestSupport", "AndroidPackage"]),
        tests("JournalTests", ["TestSupport", "Journal", "SQLite", "ObjectModel"]),
        tests("ScratchTests", ["TestSupport", "Scratch", "SQLite", "ObjectModel"]),
        tests("ListingsTests", ["TestSupport", "Listings", "Stores", "Reactor", "ObjectModel", "Runtime"]),
        tests("ConfigurationTests", ["Configuration", "ObjectModel", "Runtime"]),
        tests("ServiceTests", ["TestSupport", "Service", "Reactor", "ObjectModel", "Runtime"]),
        tests(
            "MirrorEngineTests",
            [
                "TestSupport", "MirrorEngine", "Listings", "Journal", "Stores", "Reactor", "ObjectModel", "Runtime",
            ]),
        tests(
            "MirrorFaultTests",
            [
                "TestSupport", "MirrorEngine", "Listings", "Stores", "S3Store", "S3", "Reactor", "Digests", "Journal",
                "ObjectModel", "Runtime", "S3Sandbox",
            ]),
        tests(
            "AuditTests",
            [
                "TestSupport", "Audit", "AndroidPackage", "Digests", "Listings", "Stores", "Reactor", "ObjectModel",
                "Runtime",
            ]),
        tests(
            "S3SandboxTests",
            ["TestSupport", "s3-sandbox", "S3Sandbox", "S3", "Digests", "Reactor", "ObjectModel", "Runtime"]),
        tests(
            "MinioSyncTests",
            [
                "minio-sync", "Configuration", "Listings", "MirrorEngine", "Service", "ObjectModel", "Runtime",
                "Reactor",
                "S3", "S3Sandbox",
            ]),
    ] + fuzzTargets()
)
