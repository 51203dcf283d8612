import ObjectModel
import S3

/// One request from its first byte to its last, on its connection's thread.
final class Exchange {
    private let service: Service
    private let target: [UInt8]
    private var call: Call?
    private var body: RequestBody?
    /// Found before the body was read, told after it.
    private var refusal: ErrorAnswer?
    private var record: RequestRecord?
    private var receivedBytes: Int64 = 0
    private var isAnswered = false

    private(set) var isBegun = false

    init(_ service: Service, target: [UInt8]) {
        self.service = service
        self.target = target
    }

    /// The headers are there.
    /// - Returns: False to close the connection.
    func begin(method: String, _ connection: HTTPConnection) -> Bool {
        isBegun = true
        let head = RequestHead(method: method, target: target, headers: connection.headers())
        let (bucket, key) = head.place(domain: service.domain)
        let operation = Operation(head, bucket: bucket, key: key)
        let sequence = operation == .control ? 0 : service.log.nextSequence()
        let plan =
            operation == .control ? FaultPlan() : service.faults.plan(for: head, operation, bucket: bucket, key: key)
        let behaviour = service.settings.behaviour
        let call = Call(
            head: head, operation: operation, bucket: bucket, key: key, plan: plan, behaviour: behaviour,
            now: Clock.now(offset: behaviour.clockOffset + plan.clockSkew),
            requestID: RandomText.hexadecimal(bytes: 8).uppercased())
        self.call = call
        if operation != .control {
            var record = RequestRecord(
                sequence: sequence, head: head, operation: operation, bucket: bucket, key: key)
            record.faults = plan.names
            self.record = record
        }
        if plan.isRefused { return false }
        do throws(ErrorAnswer) {
            try service.admit(call)
        } catch {
            refusal = error
        }
        if let failure = plan.failure, failure.isEarly, !failure.applies { return finish(connection) }
        // A client that waits for 100 (Continue) learns of a refusal before it sends the body.
        if refusal != nil, head.header("expect") != nil { return finish(connection) }
        let length = head.header("x-amz-decoded-content-length") ?? head.header("content-length")
        let size = length.flatMap { Int64($0) }
        guard let receiver = try? service.receiver(for: operation, expectedSize: size) else {
            refusal = refusal ?? .internalError
            return true
        }
        body = RequestBody(head, receiver: receiver, isDocument: !operation.takesBytes)
        return true
    }

    /// A piece of the request's body.
    func receive(_ bytes: RawSpan) -> Bool {
        receivedBytes += Int64(bytes.byteCount)
        if let limit = call?.plan.cutRequest, receivedBytes >= limit { return false }
        if refusal == nil { body?.append(bytes) }
        return true
    }

    /// The request is complete: answer it.
    func finish(_ connection: HTTPConnection) -> Bool {
        guard var call else { return false }
        if call.plan.cutRequest != nil { return false }
        let delay = call.plan.delay + (call.operation == .control ? 0 : call.behaviour.delay)
        if delay > 0 {
            let wake = service.stop.wait(client: connection.descriptor, milliseconds: delay)
            // A client that gave up must not find its request done later.
            guard wake == .timeout else { return false }
        }
        var answer = result(&call)
        self.call = call
        if call.plan.losesAnswer { return false }
        decorate(&answer, call)
        return send(answer, call, connection)
    }

    /// The connection is done with this request, one way or the other.
    func end() {
        complete()
    }

    /// What the client shall get, with the faults that replace or change an answer as a whole.
    private func result(_ call: inout Call) -> Answer {
        if let failure = call.plan.failure {
            if failure.applies, refusal == nil { _ = performed(&call) }
            var answer = Answer.error(
                failure.error, resource: call.resource, requestID: call.requestID, hasBody: failure.hasBody)
            if let spaces = call.plan.spaces, case .bytes(let document) = answer.body {
                answer.body = .bytes([UInt8](repeating: UInt8(ascii: " "), count: spaces) + document)
            }
            return answer
        }
        if let refusal { return .error(refusal, resource: call.resource, requestID: call.requestID) }
        return performed(&call)
    }

    private func performed(_ call: inout Call) -> Answer {
        do {
            if let body { call.payload = try body.finish(call.behaviour) }
        } catch {
            let refusal = error as? ErrorAnswer ?? .internalError
            return .error(refusal, resource: call.resource, requestID: call.requestID)
        }
        for action in call.plan.before { action() }
        let answer = service.answer(call)
        for action in call.plan.after { action() }
        return answer
    }

    private func decorate(_ answer: inout Answer, _ call: Call) {
        answer.set("Server", "s3-sandbox")
        answer.set("Date", call.now.httpDate)
        answer.set("x-amz-request-id", call.requestID)
        if case .page(let page) = answer.body, !call.plan.body.isEmpty { answer.body = .bytes(page.array) }
        for case .shorten(let count) in call.plan.body {
            switch answer.body {
            case .bytes(let bytes): answer.body = .bytes(Array(bytes.dropLast(Int(count))))
            case .object(let body, let range):
                answer.body = .object(body, range.lowerBound..<max(range.lowerBound, range.upperBound - count))
            case .none, .page, .listening: break
            }
        }
    }

    private func send(_ answer: Answer, _ call: Call, _ connection: HTTPConnection) -> Bool {
        record?.status = answer.status
        record?.code = answer.code
        record?.listed = answer.listed
        let isHead = call.head.method == "HEAD"
        if isHead || answer.hasNoBody, let isPatient = call.plan.breaksHeaders {
            record?.status = 0
            if isPatient { waitForEnd(call, connection) }
            return false
        }
        switch answer.body {
        case .listening(let subscription, let ping):
            let delivery = ListeningDelivery(
                subscription, ping: ping, service: service, client: connection.descriptor)
            // The log tells of a listener when it is subscribed, not when it leaves.
            complete()
            guard delivery.fill() else { return false }
            return connection.send(status: answer.status, headers: answer.headers, size: nil, delivery: delivery)
        case .none:
            complete()
            return connection.send(status: answer.status, headers: answer.headers, bytes: [])
        case .bytes(let bytes) where call.plan.body.isEmpty || isHead:
            complete(responseBytes: isHead ? 0 : Int64(bytes.count))
            return connection.send(status: answer.status, headers: answer.headers, bytes: bytes)
        case .page(let page):
            complete(responseBytes: Int64(page.buffer.count))
            return connection.send(status: answer.status, headers: answer.headers, page: page)
        case .bytes(let bytes):
            return deliver(MemoryBody(bytes), 0..<Int64(bytes.count), answer, call, connection)
        case .object(let body, let range):
            return deliver(body, range, answer, call, connection)
        }
    }

    /// Holds the connection of an answer without a body as a stall tells.
    private func waitForEnd(_ call: Call, _ connection: HTTPConnection) {
        for case .stall(_, let seconds) in call.plan.body {
            _ = service.stop.wait(client: connection.descriptor, milliseconds: seconds.map { Int($0 * 1000) })
            return
        }
    }

    private func deliver(
        _ body: any ObjectBody, _ range: Range<Int64>, _ answer: Answer, _ call: Call, _ connection: HTTPConnection
    ) -> Bool {
        let size = Int64(range.count)
        if call.head.method == "HEAD" || size == 0 { complete() }
        // One piece goes out with its headers in one system call.
        if size <= 65_536, call.plan.body.isEmpty, call.head.method != "HEAD", let bytes = try? body.bytes(in: range) {
            complete(responseBytes: size)
            return connection.send(status: answer.status, headers: answer.headers, bytes: bytes)
        }
        let delivery = ObjectDelivery(
            body, range, call: call, service: service, client: connection.descriptor,
            onProgress: { [self] bytes in
                record?.responseBytes = bytes
                if bytes == size { complete(responseBytes: size) }
            })
        return connection.send(status: answer.status, headers: answer.headers, size: size, delivery: delivery)
    }

    /// Writes the record, once.
    private func complete(responseBytes: Int64? = nil) {
        guard !isAnswered, var record else { return }
        isAnswered = true
        if let responseBytes { record.responseBytes = responseBytes }
        record.requestBytes = receivedBytes
        service.log.append(record)
    }
}
