import S3

extension Service {
    /// A page of synthetic objects, written at once. Nil where faults or behaviours change entries, which are then
    /// written one by one.
    func syntheticListing(
        _ table: SyntheticTable, _ request: TablePage.Request, _ call: Call, isV2: Bool
    ) throws(ErrorAnswer) -> Answer? {
        // Another order would have to gather all of them.
        guard request.order == .bytes else { throw .notImplemented("another order of synthetic objects") }
        guard call.plan.lies.isEmpty, call.plan.etag == nil, !call.behaviour.hasSecondGranularity else { return nil }
        let page = SyntheticPage(table.keys, request)
        let next = page.isTruncated ? page.last : nil
        let head = listingHead(
            page.count, isTruncated: page.isTruncated, next: next, request, call, isV2: isV2)
        let lease = table.buffers.lease()
        lease.buffer.append(head.bytes)
        let owner = tellsOwner(call) ? "<Owner><ID>sandbox</ID><DisplayName>sandbox</DisplayName></Owner>" : ""
        let writer = SyntheticWriter(table, owner: owner)
        for run in page.runs { writer.append(run, to: lease.buffer) }
        var end = XMLText(hasDeclaration: false)
        appendPrefixes(page.prefixes, call, to: &end)
        end.close("ListBucketResult")
        lease.buffer.append(end.bytes)
        var answer = Answer(headers: [HeaderField("Content-Type", "application/xml")], body: .page(lease))
        answer.listed = Answer.Listed(keys: page.keyCount, prefixes: page.prefixes.count)
        return answer
    }
}
