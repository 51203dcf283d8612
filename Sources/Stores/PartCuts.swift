public import ObjectModel

/// How a multipart object may have been cut into parts.
public struct PartCuts: Hashable, Sendable {
    /// The likeliest first; empty where no cut is known that may be right.
    public var layouts: [PartLayout]
    /// Whether no other can be right: the server has told it, or there is only one.
    public var areCertain: Bool

    public init(layouts: [PartLayout], areCertain: Bool) {
        self.layouts = layouts
        self.areCertain = areCertain
    }
}

extension ReadableStore {
    /// The cuts that an object with a composite ETag of `parts` parts may have on this store.
    ///
    /// | the server tells | the cuts are |
    /// |---|---|
    /// | nothing | those of known clients, uncertain |
    /// | the first of two parts | certain |
    /// | a first part that all may have | that one; certain if `believesUniform`, else asked part by part |
    /// | a first part that not all can have | asked part by part: certain, or none |
    ///
    /// - Parameter believesUniform: takes parts that may all have the first one's size to have it, which saves a request a
    ///   part; they need not.
    public func partCuts(
        of key: ObjectKey, size: Int64, parts: Int, believesUniform: Bool
    ) async throws(StoreError) -> PartCuts {
        if parts == 1 { return PartCuts(layouts: [PartLayout(sizes: [size])], areCertain: true) }
        guard let told = try await partLayout(of: key, size: size, parts: parts) else {
            return PartCuts(layouts: PartLayout.candidates(size: size, parts: parts), areCertain: false)
        }
        // Two parts are told by the first one already.
        if parts == 2, told.first >= 1, told.first < size {
            return PartCuts(layouts: [PartLayout(sizes: [told.first, size - told.first])], areCertain: true)
        }
        var layouts: [PartLayout] = []
        if told.isUniform {
            let uniform = PartLayout(size: size, partSize: max(1, told.first))
            if uniform.count == parts { layouts.append(uniform) }
        }
        if believesUniform, !layouts.isEmpty { return PartCuts(layouts: layouts, areCertain: true) }
        if parts > 2 || layouts.isEmpty, let sizes = try await allPartSizes(of: key, size: size, parts: parts) {
            return PartCuts(layouts: [PartLayout(sizes: sizes)], areCertain: true)
        }
        return PartCuts(layouts: layouts, areCertain: false)
    }
}
