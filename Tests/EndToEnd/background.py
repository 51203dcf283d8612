"""What takes its time to show: begun before other tests, and looked at after them."""

import contextlib
import json
import signal
import socket
import threading
import time

import samples
import servers as real
from samples import MIB
from watching import Watch, uploads


#: How the target of `Steady` differs from S3.
PICKY = {"refusedKeys": [{"key": "bad*", "status": 400, "code": "XMinioInvalidObjectName"}]}


class Steady:
    """Three mirrors in one process on servers of their own.

    - `busy` has half a minute of changes, and its target is restarted twice.
    - `poisoned` has a key that its target refuses.
    - `refused` is not allowed to listen, until ten seconds later.
    """

    #: Seconds of changes.
    busy_for = 30

    def __init__(self, source, target, folder):
        self.source_server, self.target_server = source, target
        self.source, self.target = source.client(), target.client(attempts=20)
        for bucket in ("busy", "poisoned", "refused"):
            self.source.create_bucket(Bucket=bucket)
            self.target.create_bucket(Bucket=bucket)
        source.break_with({"operation": "ListenBucketNotification", "bucket": "refused", "nth": 1, "action": "status",
                           "status": 403, "code": "AccessDenied"})
        samples.put(self.source, "poisoned", "bad")
        samples.put(self.source, "poisoned", "good")
        samples.put(self.source, "refused", "polled")
        self.folder = folder
        path = folder / "minio-sync.yaml"
        path.write_text(json.dumps({
            "servers": {name: {"url": server.endpoint, "access_key": server.access_key, "secret_key": server.secret_key}
                        for name, server in (("source", source), ("target", target))},
            "mirrors": {bucket: {"source": f"source/{bucket}", "target": f"target/{bucket}", "remove": True,
                                 "poll-interval": "500ms"} for bucket in ("busy", "poisoned", "refused")}}))
        path.chmod(0o600)
        self.watch = Watch(["--config", path], {}, folder / "home", folder / "state.db")
        self._ending = threading.Event()
        self._problem = None
        self._threads = []

    def start(self):
        for name in ("busy", "poisoned"):
            self.watch.wait("reconcile-end", mirror=name)
        self.descriptors = self.watch.descriptors()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._write, self._disturb)]
        for thread in self._threads:
            thread.start()
        return self

    def _write(self):
        try:
            ending, number = time.monotonic() + self.busy_for, 0
            while time.monotonic() < ending and not self._ending.wait(0.05):
                number += 1
                key = f"key/{number % 50}"
                if number % 5 == 0:
                    self.source.delete_object(Bucket="busy", Key=key)
                elif number % 40 == 1:
                    samples.put(self.source, "busy", f"large/{number % 3}", samples.bytes_of(1_500_000, number % 7))
                else:
                    samples.put(self.source, "busy", key, samples.bytes_of(20_000, number % 20))
        except Exception as error:  # told by the test that looks
            self._problem = error

    def _disturb(self):
        for _ in range(2):
            if self._ending.wait(self.busy_for / 3):
                return
            self.target_server.kill()
            if not self._ending.wait(0.5):
                self.target_server.start()
        # A server dies with the thread that started it.
        self._ending.wait()

    def wait_written(self):
        self._threads[0].join(self.busy_for + 10)
        if self._problem:
            raise self._problem

    def end(self):
        self._ending.set()
        for thread in self._threads:
            thread.join(10)
        self.watch.kill()
        self.watch.check()


@contextlib.contextmanager
def black_hole():
    """A server that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepted = []
        ending = threading.Event()

        def accept():
            while not ending.is_set():
                with contextlib.suppress(OSError):
                    accepted.append(listener.accept()[0])
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://{real.ACCESS_KEY}:example@127.0.0.1:{listener.getsockname()[1]}"
        ending.set()
        for each in accepted:
            each.close()


class Ending:
    """Three watches of these pairs that were told to end while something was in flight, and may take fifteen seconds."""

    def __init__(self, pairs, folder, nobody):
        self.folder, self.pairs = folder, pairs
        self.slow, down, _ = pairs
        samples.put_parts(self.slow.source, self.slow.source_bucket, "large", [5 * MIB] * 6)
        for each in self.pairs:
            each.put("small")
        self.watches = [self.start(0, "--limit-download", "1600KiB"),
                        self.start(1, MC_HOST_target=f"http://{real.ACCESS_KEY}:example@127.0.0.1:9"),
                        self.start(2, MC_HOST_target=nobody)]
        self.watches[0].wait("copied", key="small")
        self.watches[0].until(lambda: uploads(self.slow), what="the large object is on its way")
        self.watches[1].wait("reconcile-failed")
        down.put("another")
        self.begun = time.monotonic()
        for each in self.watches:
            each.send(signal.SIGTERM)

    def start(self, number, *flags, **environment):
        pair = self.pairs[number]
        return Watch(["--remove", *flags, *pair.places()], pair.environment | environment, self.folder / "home",
                     self.folder / f"{number}.db")

    def end(self):
        for each in self.watches:
            each.kill()
        for each in self.watches:
            each.check()
