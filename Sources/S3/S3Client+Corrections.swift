import ObjectModel
import Runtime

extension S3Client {
    enum Correction: Hashable {
        case region
        case clock
    }

    /// Learns from a refusal how to sign otherwise; true if the request may succeed now. Each correction is made once a
    /// request: `made` holds those that were.
    func learnsToSign(from error: S3Error, _ made: inout Set<Correction>) -> Bool {
        correction(for: error).map { made.insert($0).inserted } ?? false
    }

    /// What this answer tells about how to sign, if signing otherwise may help.
    private func correction(for error: S3Error) -> Correction? {
        switch error.code {
        case "RequestTimeTooSkewed":
            return error.serverDate.map { date in
                learnt.withLock { $0.signingOffset = date.milliseconds - time.wall().milliseconds }
                return .clock
            }
        case "" where error.status == 403 && error.operation.verb == .head:
            // A HEAD has no body to say why; S3 allows 15 minutes.
            guard let date = error.serverDate else { return nil }
            return learnt.withLock { learnt in
                let offset = date.milliseconds - time.wall().milliseconds
                guard abs(offset - learnt.signingOffset) > 14 * 60_000 else { return nil }
                learnt.signingOffset = offset
                return .clock
            }
        case "AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException", "InvalidRegion":
            break
        default:
            guard error.status == 301 || error.status == 400 && error.operation.verb == .head else { return nil }
        }
        guard let region = error.serverRegion, !region.isEmpty else { return nil }
        return learnt.withLock { learnt in
            guard learnt.region != region else { return nil }
            learnt.region = region
            return .region
        }
    }
}
