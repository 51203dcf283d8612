"""The programs that are compared, and how what they use is measured."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.parse

import minio_sync
import oracle
import processes
import servers

BUCKET = "bench"


@dataclasses.dataclass
class Measure:
    """What one run of a program used: seconds, and bytes of resident memory at the peak.

    `servers` is the processor time of each server meanwhile, in seconds; `busy` how many cores were at work on average,
    whoever kept them so.
    """

    cpu: float
    wall: float
    memory: int
    output: bytes
    servers: tuple = ()
    busy: float = 0


def measure(arguments, environment, folder, *beside):
    """Runs a program to its end, with the servers `beside` at work for it.

    Its processor time includes that of children it waited for.
    """
    reader, writer = os.pipe()
    sessions = [server.process.pid for server in beside]

    def result_on_3():
        os.dup2(writer, 3)

    with open(folder / "stdout", "w+b") as stdout, open(folder / "stderr", "w+b") as stderr, \
            os.fdopen(reader, "rb") as results:
        before = [processes.session_cpu(session) for session in sessions]
        begun, busy = time.monotonic(), processes.machine_busy()
        subprocess.run([sys.executable, "-I", "-S", str(pathlib.Path(__file__).parent / "measure.py"),
                        *map(str, arguments)], env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=stdout,
                       stderr=stderr, check=True, pass_fds=[3], preexec_fn=result_on_3)
        busy = (processes.machine_busy() - busy) / (time.monotonic() - begun)
        used = tuple(processes.session_cpu(session) - earlier for session, earlier in zip(sessions, before))
        os.close(writer)
        result = json.loads(results.read())
        stdout.seek(0)
        stderr.seek(0)
        if result["code"] != 0:
            tail = stderr.read().decode(errors="replace")[-3000:]
            sys.exit(f"{arguments[0]} ended with {result['code']}:\n{tail}")
        return Measure(result["cpu"], result["wall"], result["memory"], stdout.read(), used, busy)


class Tool:
    """A program that copies BUCKET from one server to the other. Each keeps its files in a folder of its own."""

    name = ""

    def arguments(self, source, target):
        raise NotImplementedError

    def environment(self, source, target):
        return {}

    def requests(self, output):
        """What the program says that it sent, or None."""
        return None

    def run(self, source, target, folder):
        folder.mkdir(parents=True, exist_ok=True)
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8",
                       **self.environment(source, target)}
        measured = measure(self.arguments(source, target), environment, folder, source, target)
        return measured, self.requests(measured.output)


class MinioSync(Tool):
    """With its default proof of every object, and without a state file, as the peers have none."""

    name = "minio-sync"

    def arguments(self, source, target):
        return [minio_sync.program(), "mirror", "--once", "--json", "--no-state", f"a/{BUCKET}", f"b/{BUCKET}"]

    def environment(self, source, target):
        return {"MC_HOST_a": source.mc_host, "MC_HOST_b": target.mc_host}

    def requests(self, output):
        sent = json.loads(output.splitlines()[-1])["requests"]
        return ", ".join(f"{count:,} {name}" for name, count in sorted(sent.items()) if count)


class Rclone(Tool):
    """`--checksum` compares the ETags of the listings; without it every object costs a HEAD for its time."""

    name = "rclone"

    def arguments(self, source, target):
        return [servers.tool("rclone"), "sync", "--transfers", "16", "--checkers", "16", "--fast-list", "--checksum",
                f"a:{BUCKET}", f"b:{BUCKET}"]

    def environment(self, source, target):
        return {"RCLONE_CONFIG": "/dev/null", **source.rclone_environment("a"), **target.rclone_environment("b")}


class JuiceFSSync(Tool):
    """By default it compares sizes only; it keeps no metadata and no multipart ETags."""

    name = "juicefs sync"

    def arguments(self, source, target):
        return [servers.tool("juicefs"), "sync", "--threads", "16", self.place(source), self.place(target)]

    @staticmethod
    def place(server):
        user = ":".join(urllib.parse.quote(each, safe="") for each in (server.access_key, server.secret_key))
        return f"minio://{user}@127.0.0.1:{server.port}/{BUCKET}/"


class Plain(Tool):
    """The least that any client on libcurl does for a copy: plain.c, with as many pairs in flight as the peers."""

    name = "plain C"

    def run(self, source, target, folder):
        folder.mkdir(parents=True, exist_ok=True)
        program, keys = folder / "plain", folder / "keys"
        subprocess.run(["cc", "-O2", "-o", program, pathlib.Path(__file__).parent / "plain.c", "-lcurl"], check=True)
        keys.write_bytes(b"".join(key + b"\n" for key in oracle.snapshot(source.client(), BUCKET)))
        return super().run(source, target, folder)

    def arguments(self, source, target):
        urls = [f"http://127.0.0.1:{server.port}/{BUCKET}" for server in (source, target)]
        return ["sh", "-c", "exec ./plain \"$@\" <keys", "plain", *urls, 16]

    def environment(self, source, target):
        return {f"PLAIN_{name}": f"{server.access_key}:{server.secret_key}"
                for name, server in (("SOURCE", source), ("TARGET", target))}


class Audit(MinioSync):
    """Listings alone, as nothing differs."""

    name = "minio-sync audit"
    flags = ()

    def arguments(self, source, target):
        return [minio_sync.program(), "audit", "--json", *self.flags, f"a/{BUCKET}", f"b/{BUCKET}"]


class DeepAudit(Audit):
    """Reads every byte on both sides: SHA-256, MD5, and each part's MD5."""

    name = "minio-sync audit --deep"
    flags = ("--deep",)


class RcloneCheck(Rclone):
    """Compares sizes and the ETags of the listings."""

    name = "rclone check"

    def arguments(self, source, target):
        return [servers.tool("rclone"), "check", "--checkers", "16", "--fast-list", f"a:{BUCKET}", f"b:{BUCKET}"]


class Hashing(Tool):
    """What OpenSSL alone takes for the same digests of as many bytes, from a file in memory: no server, no network."""

    name = "openssl dgst"

    def __init__(self, count, size, digests):
        self._count, self._size, self._digests = count, size, digests

    def run(self, source, target, folder):
        folder.mkdir(parents=True, exist_ok=True)
        path = pathlib.Path("/dev/shm") / f"minio-sync-bench-{os.getpid()}"
        try:
            with open(path, "wb") as file:
                file.truncate(self._size)
            # Two processes, as there are two sides.
            command = " ".join(f"openssl dgst -{each} $files >/dev/null;" for each in self._digests)
            script = f"files=$(yes {path} | head -n {self._count}); ({command}) & ({command}) & wait"
            return measure(["bash", "-c", script], {"PATH": os.environ["PATH"]}, folder), None
        finally:
            path.unlink()


MIRRORS = [MinioSync(), Rclone(), JuiceFSSync()]
