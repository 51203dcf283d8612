import ObjectModel
import S3

extension Service {
    /// The sandbox's own paths, for tests in other languages. They need no signature and are not logged.
    ///
    ///     GET    /.sandbox/requests     the log, one JSON object a line
    ///     DELETE /.sandbox/requests     empties it and begins to count anew
    ///     GET    /.sandbox/counts       how many requests there were, and what listings gave: `RequestCounts.line`
    ///     POST   /.sandbox/faults       adds a JSON array of rules
    ///     DELETE /.sandbox/faults       removes them all
    ///     POST   /.sandbox/behaviour    what differs from the start, a JSON object; replaces what was posted before
    ///     DELETE /.sandbox/behaviour    back to the start
    func control(_ call: Call) throws -> Answer {
        switch (call.head.method, call.key.description) {
        case ("GET", "requests"):
            return Answer(headers: [HeaderField("Content-Type", "application/x-ndjson")], body: .bytes(log.lines))
        case ("GET", "counts"):
            let line = Array("\(log.totals.line)\n".utf8)
            return Answer(headers: [HeaderField("Content-Type", "application/json")], body: .bytes(line))
        case ("DELETE", "requests"): log.removeAll()
        case ("POST", "faults"): faults.add(try Self.parsed { try FaultRule.decode(call.payload.body.allBytes()) })
        case ("DELETE", "faults"): faults.removeAll()
        case ("POST", "behaviour"): try Self.parsed { try settings.replace(json: call.payload.body.allBytes()) }
        case ("DELETE", "behaviour"): settings.reset()
        default: throw ErrorAnswer.methodNotAllowed
        }
        return Answer(204)
    }

    /// Turns what is wrong with a script into an answer that says so.
    private static func parsed<Value>(_ read: () throws -> Value) throws -> Value {
        do {
            return try read()
        } catch {
            throw ErrorAnswer.invalidArgument("\(error)")
        }
    }
}
