import ObjectModel
import S3

extension Service {
    func getObjectTagging(_ call: Call) throws -> Answer {
        if call.behaviour.refusesTagging { throw ErrorAnswer.notImplemented("tagging") }
        let object = try requireObject(call)
        var xml = XMLText()
        xml.open("Tagging", hasNamespace: true)
        xml.open("TagSet")
        for tag in object.tags {
            xml.open("Tag")
            xml.element("Key", tag.name)
            xml.element("Value", tag.value)
            xml.close("Tag")
        }
        xml.close("TagSet")
        xml.close("Tagging")
        return .xml(xml)
    }

    /// PutObjectTagging and DeleteObjectTagging. Tags are no new version and leave the time of change alone.
    func changeObjectTagging(_ call: Call) throws -> Answer {
        if call.behaviour.refusesTagging { throw ErrorAnswer.notImplemented("tagging") }
        var tags: [ObjectHeaders.NameValue] = []
        if call.operation == .putObjectTagging {
            guard let set = try call.document().first("TagSet") else { throw ErrorAnswer.malformedXML }
            tags = try ObjectAttributes.checked(
                set.all("Tag").map { ObjectHeaders.NameValue($0.value("Key") ?? "", $0.value("Value") ?? "") })
        }
        let object = try requireObject(call)
        try store.table.change(object.key, in: call.bucket) { versions in
            guard let index = versions.firstIndex(where: { $0.id == object.id }) else { throw ErrorAnswer.noSuchKey }
            versions[index].tags = tags
        }
        let isPut = call.operation == .putObjectTagging
        if let event = call.event(isPut ? "ObjectCreated:PutTagging" : "ObjectCreated:DeleteTagging") {
            store.notifications.send(event, call.bucket, object)
        }
        return Answer(isPut ? 200 : 204)
    }
}
