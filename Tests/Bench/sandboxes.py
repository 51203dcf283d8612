"""s3-sandbox as benches want it: in memory, without a log of requests, its counts read from outside."""

import contextlib
import json
import socket
import threading

import servers
from tools import BUCKET

#: Requests that are sent before their answers are read.
_BATCH = 100


class BenchSandbox(servers.Sandbox):
    """`flags` are arguments of s3-sandbox, such as `--synthetic`; signatures may be left out."""

    name = "bench-sandbox"

    def __init__(self, folder, *flags):
        super().__init__(folder, bucket=BUCKET)
        self._flags = [str(each) for each in flags]

    def command(self):
        return [str(self.program()), "--port", str(self.port), "--access-key", self.access_key, "--secret-key",
                self.secret_key, "--bucket", self.bucket, "--anonymous", "--quiet", *self._flags]

    def counts(self):
        """{"requests": {operation: count}, "keys": …, "prefixes": …, "slowDown": …} since `forget_requests`."""
        return json.loads(self._control("GET", "/.sandbox/counts"))

    def fill(self, bucket, keys, size=8):
        """Puts these objects, each with bytes of its own, as fast as the server takes them."""
        keys = [key.encode() for key in keys]
        failures = []

        def put(own):
            try:
                with socket.create_connection(("127.0.0.1", self.port)) as connection:
                    for start in range(0, len(own), _BATCH):
                        _put_batch(connection, bucket.encode(), own[start:start + _BATCH], size)
            except OSError as error:
                failures.append(error)

        threads = [threading.Thread(target=put, args=(keys[first::4],)) for first in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        if failures:
            raise servers.ServerFailed(f"{self.name} was not filled: {failures[0]}\n{self.log_tail()}")


def _put_batch(connection, bucket, keys, size):
    """Pipelined, which no S3 client does: the answers cost next to nothing, and the server sets the pace."""
    connection.sendall(b"".join(
        b"PUT /%b/%b HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n\r\n%b" % (bucket, key, size, _body(key, size))
        for key in keys))
    answers = b""
    while answers.count(b"\r\n\r\n") < len(keys):
        more = connection.recv(1 << 16)
        answers += more
        if not more or answers.count(b"HTTP/1.1 200") < answers.count(b"HTTP/1.1 "):
            raise ConnectionError(f"a PUT got {answers[-300:].decode(errors='replace')!r}")


def _body(key, size):
    """The end of the key, which is where keys differ, over and over."""
    own = key[-8:].rjust(8, b"-")
    return (own * (size // 8 + 1))[:size]


@contextlib.contextmanager
def pair(folder, source_flags=(), target_flags=()):
    """Two of them, running."""
    with BenchSandbox(folder / "source", *source_flags) as source, \
            BenchSandbox(folder / "target", *target_flags) as target:
        yield source, target
