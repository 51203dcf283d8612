extension FaultRule {
    /// The fields and actions of rules in JSON, for people, in lines of at most 120 characters.
    public static let help = """
        Rules (--faults, POST /.sandbox/faults) are a JSON array of objects. What is given must hold for a
        request, which suffers all rules that fit, in their order.

          name                  shows in the request log (default: the action)
          operation, method     names such as GetObject, or PUT; one or a list
          bucket, key           key is a glob: * any bytes, ? one
          query                 an object of query items and their values
          nth, every, after     only this one of the requests that fit, every so many, not the first ones
          probability, seed     0 to 1, by a generator with that seed
          times                 at most so many hits
          action                what goes wrong, with fields of its own:
            refuse              close the connection, do nothing
            delay               milliseconds
            stall               bytes of the body, then nothing; seconds: then close
            cut                 bytes of the body, then close
            cutRequest          bytes of the request's body, then close; nothing is done
            shorten             bytes left out at the end, with a length that fits
            corrupt             offset of the byte to turn over
            trickle             bytesPerSecond at most
            wrongETag           etag to claim (a random one)
            status              status to answer; code, message, body (false: none), retryAfter, apply (true: it
                                is done all the same), early (true: without waiting for the body)
            errorIn200          code, message, and spaces before the error
            loseAnswer          do it, close without an answer
            listing             lie: reordered, truncatedXML (bytes), repeated, endless (moving), missingToken,
                                missingEntry (index), empty
            clockSkew           seconds that the clock is ahead
            dropEvent           no event of what is changed
            overwriteDuring     content replaces the object after bytes of a GET; torn mixes both

          [{"operation": "GetObject", "key": "*.apk", "times": 2, "action": "status", "status": 503, "code": "SlowDown"}]
        """
}
