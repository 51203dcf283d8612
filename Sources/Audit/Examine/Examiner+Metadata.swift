import ObjectModel
import Stores

extension Examiner {
    /// What headers, user metadata and tags say of a key whose bytes are the same everywhere, and the names of those that
    /// differ.
    func metadataVerdict(_ key: ObjectKey, _ look: Look) async throws -> (Verdict, names: [String]) {
        var verdict = Verdict(.identical, places: places.count)
        var names: Set<String> = []
        guard let reference = isCounted.indices.first(where: { isCounted[$0] && places[$0].store != nil }),
            let first = look.infos[reference]
        else { return (verdict, []) }
        let tags = try await self.tags(key, reference, first)
        for index in places.indices where isCounted[index] && index != reference {
            guard let info = look.infos[index] else { continue }
            if info.headers != first.headers {
                verdict.add(index, .differs, .metadata)
                names.formUnion(info.headers.namesOfDifferences(from: first.headers))
            }
            let others = try await self.tags(key, index, info)
            guard others != tags else { continue }
            if verdict.reasons[index] == nil { verdict.add(index, .differs, .tags) }
            names.formUnion(Set(others).symmetricDifference(tags).map { "tag \($0.name)" })
        }
        return (verdict, names.sorted())
    }

    /// Sorted by name. Servers without tags have none.
    private func tags(_ key: ObjectKey, _ index: Int, _ info: ObjectInfo) async throws -> [ObjectHeaders.NameValue] {
        guard info.tagCount != 0, let store = places[index].store else { return [] }
        return try await Self.at(index) {
            do {
                return try await store.tags(of: key).sorted { ($0.name, $0.value) < ($1.name, $1.value) }
            } catch let error as StoreError {
                if error.kind == .notImplemented { return [] }
                throw error
            }
        }
    }
}
