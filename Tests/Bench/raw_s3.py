"""The least that it takes to talk to an S3 server: a signature, one kept connection, answers read as they come.

boto3 needs two milliseconds of processor time a request, which on the servers' own machine would be most of what a
benchmark measures. This needs a tenth of one.
"""

import hashlib
import hmac
import socket
import time
import urllib.parse

REGION = "us-east-1"
_EMPTY = hashlib.sha256(b"").hexdigest()


class Signer:
    """AWS Signature Version 4 for one server; the key of the day is made once."""

    def __init__(self, host, access_key, secret_key):
        self.host, self.access_key, self._secret_key = host, access_key, secret_key
        self._day, self._key = None, None

    def head(self, method, path, query="", length=0):
        """The head of a request. `path` is encoded already, `query` encoded and sorted."""
        now = time.gmtime()
        day, stamp = time.strftime("%Y%m%d", now), time.strftime("%Y%m%dT%H%M%SZ", now)
        payload = "UNSIGNED-PAYLOAD" if length else _EMPTY
        scope = f"{day}/{REGION}/s3/aws4_request"
        canonical = (f"{method}\n{path}\n{query}\nhost:{self.host}\nx-amz-content-sha256:{payload}\n"
                     f"x-amz-date:{stamp}\n\nhost;x-amz-content-sha256;x-amz-date\n{payload}")
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(self._day_key(day), text.encode(), hashlib.sha256).hexdigest()
        return (f"{method} {path}{'?' + query if query else ''} HTTP/1.1\r\nHost: {self.host}\r\n"
                f"x-amz-content-sha256: {payload}\r\nx-amz-date: {stamp}\r\nContent-Length: {length}\r\n"
                f"Authorization: AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, "
                f"SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}\r\n\r\n").encode()

    def _day_key(self, day):
        if day != self._day:
            key = f"AWS4{self._secret_key}".encode()
            for part in (day, REGION, "s3", "aws4_request"):
                key = hmac.new(key, part.encode(), hashlib.sha256).digest()
            self._day, self._key = day, key
        return self._key


class Connection:
    """One kept connection. Times are those of the monotonic clock, which all processes of a machine share."""

    def __init__(self, port, access_key, secret_key):
        self.port = port
        self._signer = Signer(f"127.0.0.1:{port}", access_key, secret_key)
        self._socket = None
        self._input = b""

    def send(self, method, path, query="", body=b""):
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._input = b""
        self._socket.sendall(self._signer.head(method, path, query, len(body)) + body)

    def receive(self):
        """(status, head in lower case) once the head is here."""
        while (end := self._input.find(b"\r\n\r\n")) < 0:
            self._fill()
        head, self._input = self._input[:end].lower(), self._input[end + 4:]
        return int(head[9:12]), head

    def request(self, method, path, query="", body=b""):
        """(status, time at which the head of the answer was here); the answer's body is read and forgotten."""
        status, arrived, _ = self._exchange(method, path, query, body)
        return status, arrived

    def fetch(self, method, path, query="", body=b""):
        """(status, body of the answer)."""
        status, _, answer = self._exchange(method, path, query, body)
        return status, answer

    def _exchange(self, method, path, query, body):
        try:
            self.send(method, path, query, body)
            status, head = self.receive()
            arrived = time.monotonic()
            length = 0 if method == "HEAD" else _length(head)
            while len(self._input) < length:
                self._fill()
            answer, self._input = self._input[:length], self._input[length:]
            if b"connection: close" in head:
                self.close()
            return status, arrived, answer
        except OSError:
            self.close()
            raise

    def pieces(self):
        """What comes after the head, without an end, as it arrives."""
        if self._input:
            yield self._input
            self._input = b""
        while piece := self._socket.recv(1 << 16):
            yield piece

    def close(self):
        if self._socket:
            self._socket.close()
            self._socket = None

    def _fill(self):
        more = self._socket.recv(1 << 16)
        if not more:
            raise ConnectionResetError("the server closed the connection")
        self._input += more


def _length(head):
    start = head.find(b"\r\ncontent-length:")
    if start >= 0:
        return int(head[start + 17:].split(b"\r\n", 1)[0])
    if b"transfer-encoding: chunked" in head:
        raise ConnectionError("an answer in chunks, which is not expected of this request")
    return 0


def path_of(bucket, key=""):
    return urllib.parse.quote(f"/{bucket}/{key}", safe="/-_.~")
