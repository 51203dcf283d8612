import ObjectModel
public import Runtime

extension MirrorSummary {
    /// The summary as other programs read it.
    public var json: JSONText {
        var line = JSONText()
        line.set("type", "summary")
        line.set("status", status.rawValue)
        line.set("source", Self.amount(source))
        line.set("target", Self.amount(target))
        line.set("same", same)
        line.set("copied", copied.objects)
        line.set("copiedBytes", copied.bytes)
        line.set("metadata", metadata)
        line.set("deleted", deleted)
        line.set("failed", failed)
        line.set("unproven", unproven)
        var counts = JSONText()
        for verb in RequestVerb.allCases {
            if let count = requests[verb] { counts.set(verb.rawValue, count) }
        }
        line.set("requests", counts)
        line.set("seconds", seconds, decimals: 3)
        if let error { line.set("error", error) }
        if let objection { line.set("guard", objection) }
        return line
    }

    private static func amount(_ amount: Amount) -> JSONText {
        var text = JSONText()
        text.set("objects", amount.objects)
        text.set("bytes", amount.bytes)
        return text
    }
}

extension ObjectReport {
    /// The report as other programs read it. `bucket` is given where a run covers several.
    public func json(bucket: String?) -> JSONText {
        var line = JSONText()
        line.set("type", "object")
        line.set("action", action.rawValue)
        if let bucket { line.set("bucket", bucket) }
        line.set("key", "\(key)")
        if let hexadecimal = key.hexadecimalIfNotUTF8 { line.set("keyHex", hexadecimal) }
        if let size { line.set("size", size) }
        if let etag { line.set("etag", etag.text) }
        line.set("status", status.rawValue)
        line.set("reason", reason.rawValue)
        if let error { line.set("error", error) }
        line.set("seconds", seconds, decimals: 3)
        return line
    }
}
