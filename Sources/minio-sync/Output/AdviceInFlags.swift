import Runtime
import Stores

/// How advice is worded where a flag of this program is what helps.
enum AdviceInFlags {
    static let programWords: [ProgramWords: String] = [
        .deletionLimit: "--max-delete", .allowEmptySource: "--allow-empty-source",
        .resumeDeletions: "minio-sync resume-deletes", .pollEvents: "--events poll",
        .stateFile: "--state FILE", .noState: "--no-state", .configurationFile: "--config FILE",
        .watch: "minio-sync mirror --watch", .mirrorOnce: "minio-sync mirror --once", .remove: "--remove",
        .compareBytes: "--compare=bytes", .compareContent: "--compare=content", .checkMetadata: "--check-metadata",
        .resolve: "--resolve", .expectedVersions: "--expect", .filters: "--include, --exclude and the other filters",
        .jsonReport: "--format json",
    ]

    static func words(_ advice: StoreError.Advice) -> String? {
        switch advice {
        case .checkAuthorityFile: "check the file of --ca-file"
        case .checkClientCertificate: "check the files of --client-certificate and --client-key"
        case .giveClientCertificate:
            "the server ended TLS: it may ask for a certificate (--client-certificate) or speak other versions of TLS"
        case .giveAuthority: "give its authority with --ca-file, or check its certificate's dates and name"
        default: nil
        }
    }
}
