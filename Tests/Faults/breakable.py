"""The servers of the end-to-end tests, each with its own way to be full, read-only and to refuse our credentials.

`begin(trouble)` and `end(trouble)` never wait for the server to be ready; `settle()` does.
"""

import json
import os
import signal
import subprocess
import urllib.error

import servers
from servers import ServerFailed, tool

#: Credentials that are not ours.
OTHER_ACCESS_KEY, OTHER_SECRET_KEY = "AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"


class Breakable:
    """What they have in common. `troubles` names what a server can suffer, besides being killed."""

    troubles = frozenset()

    def begin(self, trouble, chance):
        """Makes the trouble begin; `chance` is a random generator for its details."""
        raise NotImplementedError

    def end(self, trouble):
        raise NotImplementedError

    def settle(self):
        """Waits until the server is as it should be, whatever happened to it."""
        if self.process.poll() is not None:
            self.launch()
        self.wait_ready()


class JuiceFS(Breakable, servers.JuiceFS):
    """Full is a limit on the number of files, which the gateway learns of at its next heartbeat; for the other troubles
    it is started anew. `sqlite3` is the database that another program may change meanwhile.

    While it is read-only it answers a DELETE with 204 and deletes nothing.
    """

    troubles = frozenset({"full", "read-only", "revoked"})

    def __init__(self, folder, **options):
        super().__init__(folder, database="sqlite3", **options)
        self.extra = []
        self.is_revoked = False

    def command(self):
        command = super().command()
        return command[:2] + ["--heartbeat", "1s", *self.extra] + command[2:]

    def environment(self):
        if self.is_revoked:
            return {"MINIO_ROOT_USER": OTHER_ACCESS_KEY, "MINIO_ROOT_PASSWORD": OTHER_SECRET_KEY}
        return super().environment()

    def begin(self, trouble, chance):
        if trouble == "full":
            self._limit_files(1)
        else:
            self.extra = ["--read-only"] if trouble == "read-only" else []
            self.is_revoked = trouble == "revoked"
            self._start_anew()

    def end(self, trouble):
        if trouble == "full":
            self._limit_files(0)
        else:
            self.extra, self.is_revoked = [], False
            self._start_anew()

    def _start_anew(self):
        self.kill()
        self.launch()

    def _limit_files(self, count):
        finished = subprocess.run(
            [tool("juicefs"), "config", "--yes", "--force", "--inodes", str(count), self.metadata],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)})
        if finished.returncode != 0:
            raise ServerFailed(f"juicefs config failed: {finished.stderr[-2000:]}")

    def probe(self, client):
        # Until the next heartbeat a limit that was lifted is still there.
        client.list_buckets()
        if "readiness" not in [each["Name"] for each in client.list_buckets()["Buckets"]]:
            client.create_bucket(Bucket="readiness")
        client.put_object(Bucket="readiness", Key="x", Body=b"x")


class SeaweedFS(Breakable, servers.SeaweedFS):
    """Permissions and credentials are a file that it reads again at SIGHUP."""

    troubles = frozenset({"read-only", "revoked"})

    def command(self):
        # With the usual ten seconds a restart takes twenty.
        return super().command() + ["-master.electionTimeout=500ms"]

    def begin(self, trouble, chance):
        identities = json.loads(self._identities.read_text())
        if trouble == "read-only":
            identities["identities"][0]["actions"] = ["Read", "List"]
        else:
            identities["identities"][0]["credentials"] = [
                {"accessKey": OTHER_ACCESS_KEY, "secretKey": OTHER_SECRET_KEY}]
        self._good = self._identities.read_text()
        self._say(json.dumps(identities))

    def end(self, trouble):
        self._say(self._good)

    @property
    def _identities(self):
        return self.folder / "identities.json"

    def _say(self, identities):
        self._identities.write_text(identities)
        os.kill(self.process.pid, signal.SIGHUP)


class Sandbox(Breakable, servers.Sandbox):
    """Its troubles are scripts; a restart forgets them, and `settle()` sees to it that none is left."""

    troubles = frozenset({"full", "read-only", "revoked", "clock", "bad-answers", "not-listening"})

    def begin(self, trouble, chance):
        if trouble == "revoked":
            self._post("faults", [{"action": "status", "status": 403, "code": "InvalidAccessKeyId"}])
        elif trouble == "bad-answers":
            self._post("faults", self._bad_answers(chance))
        else:
            self._post("behaviour", {
                "full": {"isFull": True}, "read-only": {"isReadOnly": True}, "not-listening": {"listening": "refused"},
                "clock": {"clockOffset": chance.choice([-3600, 3600])}}[trouble])

    def end(self, trouble):
        for what in ("behaviour", "faults"):
            self._control("DELETE", f"/.sandbox/{what}")

    def settle(self):
        super().settle()
        self.end(None)

    def _post(self, what, value):
        self._control("POST", f"/.sandbox/{what}", json.dumps(value).encode())

    @staticmethod
    def _bad_answers(chance):
        """Now and then an answer that is late, lost, broken or a refusal."""
        def rule(action, **more):
            return {"action": action, "probability": round(chance.uniform(0.02, 0.15), 3),
                    "seed": chance.randrange(1 << 30), **more}
        rules = [
            rule("status", status=503, code="SlowDown", retryAfter="1"), rule("status", status=500),
            rule("refuse"), rule("loseAnswer"), rule("delay", milliseconds=chance.randrange(50, 1500)),
            rule("cut", operation="GetObject", bytes=chance.randrange(200)),
            rule("corrupt", operation="GetObject"), rule("cutRequest", operation=["PutObject", "UploadPart"], bytes=50),
            rule("status", operation="CompleteMultipartUpload", status=500, apply=True),
            rule("errorIn200", operation=["CompleteMultipartUpload", "CopyObject"], spaces=3),
            rule("listing", operation="ListObjectsV2", lie="truncatedXML", bytes=300),
            rule("listing", operation="ListObjectsV2", lie="missingToken"),
            rule("listing", operation="ListObjectsV2", lie="missingEntry")]
        return chance.sample(rules, 6)

    def _control(self, method, path, body=None):
        try:
            return super()._control(method, path, body)
        except urllib.error.URLError as error:
            raise ServerFailed(f"s3-sandbox does not take {method} {path}: {error}") from error
