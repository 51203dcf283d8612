"""Real S3 servers, started on free ports with their data in a folder of their own.

`launch()` only starts the process and `wait_ready()` waits for a real answer, so that several can come up side by side.
`kill()` is SIGKILL; `restart()` brings the same data back on the same port.
"""

import ctypes
import functools
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import boto3
import botocore.config
import botocore.exceptions

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]

# The example credentials of the AWS documentation. The secret is longer than any word a program prints by accident,
# so a search for it in the output means something.
ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
REGION = "us-east-1"

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class ServerFailed(Exception):
    """A server ended or did not answer in time; carries the end of its log."""


def tool(name):
    """The path of a program that the virtual environment brings."""
    beside = pathlib.Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        raise ServerFailed(f"{name} is not installed; run Tests/run --prepare")
    return found


def free_ports(count):
    """Ports of 127.0.0.1 that nobody listened on a moment ago, all different.

    Below the range from which the kernel takes ports for outgoing connections (so no client steals one before the
    server binds it) and below 55,536, because some servers want their port + 10,000 as well.
    """
    sockets = []
    try:
        candidate = 10_000 + int.from_bytes(os.urandom(2), "big") % 20_000
        while len(sockets) < count:
            candidate = candidate + 1 if candidate < 31_000 else 10_000
            attempt = socket.socket()
            try:
                attempt.bind(("127.0.0.1", candidate))
                sockets.append(attempt)
            except OSError:
                attempt.close()
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def die_with_parent():
    # A test run that is itself killed must not leave servers behind.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Server:
    """What all servers have in common. Subclasses give `name`, `command()` and, if needed, `prepare()`."""

    name = "server"
    #: Whether the data outlive a restart.
    durable = True
    #: Whether the ETag of a single PUT is the MD5 of its bytes.
    keeps_etags = True
    #: Whether `HEAD ?partNumber=1` tells the sizes of a multipart object's parts.
    tells_parts = False
    #: Whether a folder that DeleteObjects left empty is listed, as `folder/`.
    lists_empty_folders = False
    #: Seconds that a graceful stop may take before the process is killed.
    patience = 3
    scheme = "http"

    def __init__(self, folder, access_key=ACCESS_KEY, secret_key=SECRET_KEY):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.access_key = access_key
        self.secret_key = secret_key
        self.port = free_ports(1)[0]
        self.process = None
        self.log = self.folder / "server.log"
        self._prepared = False

    def prepare(self):
        """Whatever must be done once before the first start."""

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    @property
    def endpoint(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def mc_host(self):
        """The value of an `MC_HOST_<alias>` variable for this server."""
        access = urllib.parse.quote(self.access_key, safe="")
        secret = urllib.parse.quote(self.secret_key, safe="")
        return f"{self.scheme}://{access}:{secret}@127.0.0.1:{self.port}"

    # Life

    def launch(self):
        if self.process and self.process.poll() is None:
            raise ServerFailed(f"{self.name} runs already")
        if not self._prepared:
            self.prepare()
            self._prepared = True
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TMPDIR": str(self.folder)}
        environment.update(self.environment())
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=die_with_parent)
        return self

    def wait_ready(self, seconds=40):
        """Waits until a signed request is answered as it will be from now on."""
        deadline = time.monotonic() + seconds
        client = self.client(attempts=1, timeout=5)
        problem = "no answer"
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise ServerFailed(f"{self.name} ended with {self.process.returncode}:\n{self.log_tail()}")
            try:
                self.probe(client)
                return self
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, OSError) as error:
                problem = error
                time.sleep(0.05)
        raise ServerFailed(f"{self.name} is not ready after {seconds} s ({problem}):\n{self.log_tail()}")

    def probe(self, client):
        client.list_buckets()

    def start(self):
        return self.launch().wait_ready()

    def stop(self):
        """Ends the server in good order, or by force if it takes longer than its `patience`."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(self.patience)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self):
        """SIGKILL to the server and what it started."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def restart(self):
        self.stop()
        return self.start()

    def remove(self):
        """Ends the server for good and throws its data away."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.remove()

    def log_tail(self, size=3000):
        try:
            return self.log.read_bytes()[-size:].decode(errors="replace")
        except OSError:
            return ""

    # Clients

    def client(self, attempts=3, timeout=60, verify=None):
        """A boto3 client that sends no checksum trailers, which not every server knows."""
        return boto3.session.Session().client(
            "s3", endpoint_url=self.endpoint, aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key, region_name=REGION, verify=verify,
            config=botocore.config.Config(
                signature_version="s3v4", s3={"addressing_style": "path"},
                retries={"total_max_attempts": attempts, "mode": "standard"}, max_pool_connections=32,
                connect_timeout=timeout, read_timeout=timeout, request_checksum_calculation="when_required",
                response_checksum_validation="when_required"))

    @functools.cached_property
    def shared_client(self):
        """One for all who want nothing special: making one takes a tenth of a second. Threads may share it."""
        return self.client()

    def rclone_environment(self, remote):
        """The variables that define rclone's remote `remote` as this server."""
        prefix = f"RCLONE_CONFIG_{remote.upper()}_"
        return {prefix + "TYPE": "s3", prefix + "PROVIDER": self.rclone_provider, prefix + "ENDPOINT": self.endpoint,
                prefix + "ACCESS_KEY_ID": self.access_key, prefix + "SECRET_ACCESS_KEY": self.secret_key,
                prefix + "REGION": REGION}

    rclone_provider = "Other"


class JuiceFS(Server):
    """The JuiceFS gateway: MinIO's own server code over a database (`sqlite3`, or the faster `badger`) and a folder.

    Without `keep_etag` its ETags are empty in listings, and left out of the answers to HEAD and GET.
    """

    name = "juicefs"
    rclone_provider = "Minio"
    lists_empty_folders = True

    def __init__(self, folder, keep_etag=True, database="sqlite3", **credentials):
        super().__init__(folder, **credentials)
        self.database = database
        self.keeps_etags = keep_etag
        self.metrics_port = free_ports(1)[0]

    @property
    def metadata(self):
        return f"{self.database}://{self.folder}/metadata"

    def prepare(self):
        finished = subprocess.run(
            [tool("juicefs"), "format", "--trash-days", "0", "--storage", "file", "--bucket", f"{self.folder}/data",
             self.metadata, "vol"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
            cwd=self.folder, env={"PATH": os.environ["PATH"], "HOME": str(self.folder)})
        if finished.returncode != 0:
            raise ServerFailed(f"juicefs format failed: {finished.stderr[-2000:]}")

    def command(self):
        return [tool("juicefs"), "gateway", "--multi-buckets", *(["--keep-etag"] if self.keeps_etags else []),
                "--object-meta", "--object-tag", "--no-banner", "--no-usage-report", "--backup-meta", "0",
                "--log", f"{self.folder}/gateway.log", "--cache-dir", f"{self.folder}/cache",
                "--metrics", f"127.0.0.1:{self.metrics_port}", self.metadata, f"127.0.0.1:{self.port}"]

    def environment(self):
        return {"MINIO_ROOT_USER": self.access_key, "MINIO_ROOT_PASSWORD": self.secret_key}


class SeaweedFS(Server):
    """SeaweedFS: another implementation, with part sizes told, and listings in path order."""

    name = "seaweedfs"
    tells_parts = True
    patience = 0.2  # its own graceful end takes half a minute

    def __init__(self, folder, **credentials):
        super().__init__(folder, **credentials)
        self.ports = dict(zip(
            ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc",
             "s3.port.grpc"], free_ports(7)))

    def prepare(self):
        (self.folder / "data").mkdir(exist_ok=True)
        (self.folder / "identities.json").write_text(json.dumps({"identities": [{
            "name": "test", "credentials": [{"accessKey": self.access_key, "secretKey": self.secret_key}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}))
        # A bucket is a collection, and a collection grows by seven volumes at a time unless told otherwise.
        (self.folder / "master.toml").write_text("[master.volume_growth]\ncopy_1 = 1\n")

    def command(self):
        return [tool("weed"), f"-config_dir={self.folder}", "server", f"-dir={self.folder}/data", "-ip=127.0.0.1",
                "-s3", f"-s3.port={self.port}", f"-s3.config={self.folder}/identities.json", "-s3.port.iceberg=0",
                "-s3.port.lance=0", *(f"-{name}={port}" for name, port in self.ports.items()),
                "-master.telemetry=false", "-volume.max=0", "-master.volumeSizeLimitMB=64",
                f"-s3.localSocket={self.folder}/s3.sock", f"-filer.localSocket={self.folder}/filer.sock"]

    def probe(self, client):
        # Listing buckets works long before anything can be stored.
        client.create_bucket(Bucket="readiness")
        client.put_object(Bucket="readiness", Key="x", Body=b"x")
        client.delete_object(Bucket="readiness", Key="x")
        client.delete_bucket(Bucket="readiness")

    def wait_ready(self, seconds=90):
        return super().wait_ready(seconds)

    def kill(self):
        super().kill()
        for port in [self.port, *self.ports.values()]:
            for path in pathlib.Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                path.unlink(missing_ok=True)


class Moto(Server):
    """moto: AWS's answers and error codes from memory. It checks no signatures."""

    name = "moto"
    durable = False
    tells_parts = True

    def command(self):
        return [tool("moto_server"), "-H", "127.0.0.1", "-p", str(self.port)]

    def environment(self):
        # Multipart uploads of tests have small parts; AWS's own lower limit is what clients must expect.
        return {"S3_UPLOAD_PART_MIN_SIZE": str(5 * 1024 * 1024)}


class RcloneServe(Server):
    """rclone serve s3 over a folder: one more independent server."""

    name = "rclone"
    rclone_provider = "Rclone"

    def command(self):
        (self.folder / "data").mkdir(exist_ok=True)
        return [tool("rclone"), "serve", "s3", str(self.folder / "data"), "--auth-key",
                f"{self.access_key},{self.secret_key}", "--addr", f"127.0.0.1:{self.port}"]


class Sandbox(Server):
    """s3-sandbox, with its request log and its scripted faults.

    `certificate` and `key` are PEM files; with them it speaks TLS. `behaviour` is how it differs from S3, across restarts.
    """

    name = "sandbox"
    tells_parts = True

    def __init__(self, folder, bucket="bucket", certificate=None, key=None, faults=None, behaviour=None, **credentials):
        super().__init__(folder, **credentials)
        self.bucket, self.behaviour = bucket, behaviour
        self.certificate, self.key, self.faults = certificate, key, faults
        self.scheme = "https" if certificate else "http"
        self.request_log = self.folder / "requests.log"

    @staticmethod
    def program():
        """The executable, or None while it has not been built: `$S3_SANDBOX`, or the latest build."""
        if "S3_SANDBOX" in os.environ:
            return pathlib.Path(os.environ["S3_SANDBOX"])
        built = [REPOSITORY / ".build" / each / "s3-sandbox" for each in ("release", "debug")]
        return max((each for each in built if each.exists()), key=lambda each: each.stat().st_mtime, default=None)

    def command(self):
        (self.folder / "data").mkdir(exist_ok=True)
        extra = []
        if self.certificate:
            extra += ["--tls-cert", str(self.certificate), "--tls-key", str(self.key)]
        if self.faults:
            extra += ["--faults", str(self.faults)]
        if self.behaviour:
            extra += ["--behaviour", json.dumps(self.behaviour)]
        return [str(self.program()), "--port", str(self.port), "--folder", str(self.folder / "data"), "--access-key",
                self.access_key, "--secret-key", self.secret_key, "--bucket", self.bucket, "--request-log",
                str(self.request_log), *extra]

    def client(self, attempts=3, timeout=60, verify=None):
        return super().client(attempts, timeout, verify=False if self.certificate and verify is None else verify)

    def _control(self, method, path, body=None):
        request = urllib.request.Request(self.endpoint + path, method=method, data=body)
        with urllib.request.urlopen(request, timeout=10, context=ssl._create_unverified_context()) as answer:
            return answer.read()

    def requests(self):
        """The requests answered so far, as the log's JSON lines say."""
        return [json.loads(line) for line in self._control("GET", "/.sandbox/requests").splitlines() if line.strip()]

    def behave(self, **behaviour):
        """Differs from S3 in these ways from now on, and otherwise as it was started."""
        self._control("POST", "/.sandbox/behaviour", json.dumps(behaviour).encode())

    def break_with(self, *rules):
        """Goes wrong by these rules, besides those before."""
        self._control("POST", "/.sandbox/faults", json.dumps(rules).encode())

    def mend(self):
        self._control("DELETE", "/.sandbox/faults")

    def forget_requests(self):
        self._control("DELETE", "/.sandbox/requests")

    def parts_stored(self):
        """(key, part number) of each part that was taken, in order."""
        return [(each["key"], int(urllib.parse.parse_qs(each["query"])["partNumber"][0]))
                for each in self.requests() if each["operation"] == "UploadPart" and each["status"] == 200]


class Forwarder:
    """Another way to a server: a port that is opened after some seconds and leads to the server's own."""

    _program = """
import asyncio, sys
async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
async def serve(reader, writer):
    far_reader, far_writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[2]))
    await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer), return_exceptions=True)
async def main():
    await asyncio.sleep(float(sys.argv[3]))
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
asyncio.run(main())
"""

    def __init__(self, server, after=0):
        self.port, self._server, self._after = free_ports(1)[0], server, after

    @property
    def mc_host(self):
        return self._server.mc_host.replace(f":{self._server.port}", f":{self.port}")

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", self._program, str(self.port), str(self._server.port), str(self._after)],
            stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        while not self._after and socket.socket().connect_ex(("127.0.0.1", self.port)) != 0:
            if self.process.poll() is not None:
                raise ServerFailed("the forwarder ended")
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
