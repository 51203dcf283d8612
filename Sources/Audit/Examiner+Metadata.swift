import ObjectModel
import S3
import Stores

extension Examiner {
    /// What headers, user metadata and tags say of a key whose bytes are the same everywhere.
    func metadataVerdict(_ key: ObjectKey, _ look: Look) async throws -> Verdict {
        var verdict = Verdict(.identical, places: places.count)
        guard let reference = isCounted.indices.first(where: { isCounted[$0] && places[$0].store != nil }),
            let first = look.infos[reference]
        else { return verdict }
        let tags = try await self.tags(key, reference, first)
        for index in places.indices where isCounted[index] && index != reference {
            guard let info = look.infos[index] else { continue }
            if info.headers != first.headers {
                verdict.add(index, .differs, .metadata)
            } else if try await self.tags(key, index, info) != tags {
                verdict.add(index, .differs, .tags)
            }
        }
        return verdict
    }

    /// Sorted by name. Servers without tags have none.
    private func tags(_ key: ObjectKey, _ index: Int, _ info: ObjectInfo) async throws -> [ObjectHeaders.NameValue] {
        guard info.tagCount != 0, let store = places[index].store else { return [] }
        return try await Self.at(index) {
            do {
                return try await store.tags(of: key).sorted { ($0.name, $0.value) < ($1.name, $1.value) }
            } catch let error as S3Error {
                if error.kind == .notImplemented { return [] }
                throw error
            }
        }
    }
}
