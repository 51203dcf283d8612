"""What the benches of the watch are made of: a watch, changes sent at a steady rate, and when the target had them."""

import dataclasses
import json
import math
import os
import pathlib
import random
import re
import subprocess
import sys
import time

import minio_sync
import servers
from processes import times_of
from raw_s3 import path_of

HERE = pathlib.Path(__file__).parent
#: Bytes of each object that is put.
SIZE = 4096


def percentile(values, share):
    """The value that `share` of the sorted values do not exceed (nearest rank)."""
    return values[max(0, math.ceil(share * len(values)) - 1)]


class Listener:
    """Knows when the target had what. `arrivals` is the time of each event by (is it a deletion, bucket/key)."""

    def __init__(self, server, folder, bucket=None):
        self._path = folder / f"events-{random.randrange(1 << 30)}"
        with open(self._path, "wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, HERE / "listener.py", str(server.port), server.access_key, server.secret_key,
                 *([bucket] if bucket else [])], stdout=file, stdin=subprocess.DEVNULL,
                preexec_fn=servers.die_with_parent)
        # Nothing is sent before the first event or keep-alive.
        wait_until(lambda: self._path.read_bytes().startswith(b"live\n"), "the target's events")

    def arrivals(self):
        found = {}
        for line in self._path.read_text().splitlines()[1:]:
            moment, event, place = line.split(" ", 2)
            found.setdefault(("ObjectRemoved" in event, place), float(moment))
        return found

    def stop(self):
        self._process.kill()
        self._process.wait()


class Watch:
    """`minio-sync mirror --watch` between two servers, and what it uses.

    Its log tells of single objects and of reconciles unless it `is_quiet`.
    """

    def __init__(self, source, target, folder, *places, is_quiet=True):
        self.log_path = folder / "watch.log"
        self.environment = {"MC_HOST_source": source.mc_host, "MC_HOST_target": target.mc_host}
        with open(self.log_path, "wb") as log:
            self.process = minio_sync.start_minio_sync(
                ["mirror", "--watch", "--remove", "--max-delete", "1000000", "--state",
                 folder / "watch-state.db", *(["--quiet"] if is_quiet else []), *places], self.environment, folder / "home", stdout=log, stderr=log,
                preexec_fn=servers.die_with_parent)

    def check(self):
        if self.process.poll() is not None:
            sys.exit(f"minio-sync ended with {self.process.returncode}:\n{self.log()[-3000:]}")

    def cpu(self):
        """Seconds of processor time so far."""
        self.check()
        return times_of(pathlib.Path(f"/proc/{self.process.pid}/stat").read_text())[1]

    def memory(self):
        """(resident bytes, at the peak, threads)."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return tuple(int(re.search(rf"{name}:\s+(\d+)", text)[1]) * factor
                     for name, factor in (("VmRSS", 1024), ("VmHWM", 1024), ("Threads", 1)))

    def log(self):
        return self.log_path.read_text()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(25)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def wait_until(is_done, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > deadline:
            sys.exit(f"{what} did not come within {seconds} s")
        time.sleep(0.02)


def start(program, server, **job):
    """One of the programs beside this one, with its job."""
    process = subprocess.Popen([sys.executable, HERE / program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True, preexec_fn=servers.die_with_parent)
    json.dump({"port": server.port, "access_key": server.access_key, "secret_key": server.secret_key, **job},
              process.stdin)
    process.stdin.close()
    process.stdin = None
    return process


@dataclasses.dataclass
class Load:
    """Changes on their way to the source; `result()` waits for the last."""

    paths: list
    process: subprocess.Popen

    @classmethod
    def begin(cls, server, method, bucket, keys, rate, begin=None):
        paths = [path_of(bucket, key) for key in keys]
        return cls(paths, start("load.py", server, method=method, paths=paths, size=SIZE, rate=rate, connections=16,
                                begin=begin or time.monotonic() + 0.5))

    def result(self):
        """{"sent": [...], "confirmed": [...]}."""
        output, _ = self.process.communicate()
        found = json.loads(output)
        if found["failed"]:
            sys.exit(f"the source refused {found['failed']} changes")
        return found


def put(server, bucket, key):
    server.client().put_object(Bucket=bucket, Key=key, Body=b"x")


def has(server, bucket, key):
    client = server.client()
    try:
        client.head_object(Bucket=bucket, Key=key)
        return True
    except client.exceptions.ClientError:
        return False
