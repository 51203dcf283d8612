import ObjectModel

extension Finding {
    /// What there is to say of an empty bucket that not every server has; nil if all have it.
    ///
    /// - Parameter holders: the buckets of each place, in the order of `places`; nil for one that was not reached.
    public init?(bucket: String, places: [String], holders: [Set<String>?]) {
        let reached = zip(places, holders).compactMap { name, buckets in
            buckets.map { (name: name, has: $0.contains(bucket)) }
        }
        guard let reference = reached.first, reached.contains(where: { $0.has != reached[0].has }) else { return nil }
        let state: State = reference.has ? .missing : .extra
        let lacking = reached.filter { !$0.has }.map(\.name)
        self.init(
            key: ObjectKey("\(bucket)/"), state: state, reason: .bucket,
            places: reached.map { place in
                let isAtFault = place.has != reference.has
                return Place(name: place.name, object: nil, isAtFault: isAtFault, state: isAtFault ? state : nil)
            },
            detail:
                "The bucket is empty, and \(Explanation.listed(lacking)) \(lacking.count == 1 ? "lacks" : "lack") it.")
    }
}
