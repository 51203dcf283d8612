"""Fixtures: the servers, started once for all tests, and pairs of buckets on them."""

import itertools
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import auditing  # noqa: E402
import minio_sync  # noqa: E402
import oracle  # noqa: E402
import samples  # noqa: E402
import servers as real  # noqa: E402
import watching  # noqa: E402

_numbers = itertools.count(1)

#: Every server that tests name, by that name.
SERVERS = {
    "juicefs": lambda folder: real.JuiceFS(folder, database="badger"),
    "juicefs-2": lambda folder: real.JuiceFS(folder, database="badger"),
    "juicefs-plain": lambda folder: real.JuiceFS(folder, keep_etag=False),
    "seaweedfs": real.SeaweedFS,
    "moto": real.Moto,
    "rclone": real.RcloneServe,
    "sandbox": real.Sandbox,
    "sandbox-2": real.Sandbox,
    # For tests that watch, stop or kill a whole server.
    "juicefs-own": lambda folder: real.JuiceFS(folder, database="badger"),
    "juicefs-own-2": lambda folder: real.JuiceFS(folder, database="badger"),
}


class Fleet:
    """Servers by name; each is started when first asked for and runs until the end of the session."""

    def __init__(self, folder):
        self._folder, self._running = folder, {}

    def __getitem__(self, name):
        if name not in self._running:
            if name.startswith("sandbox") and not real.Sandbox.program():
                pytest.fail("s3-sandbox is not built; run swift build")
            server = SERVERS[name](self._folder / name)
            self._running[name] = server  # first, so that a server that never gets ready is ended too
            server.start()
        return self._running[name]

    def remove(self):
        for server in self._running.values():
            server.remove()


@pytest.fixture(scope="session")
def fleet(tmp_path_factory):
    fleet = Fleet(tmp_path_factory.mktemp("servers"))
    yield fleet
    fleet.remove()


class Pair:
    """A new bucket on each of two servers, and a way to mirror one to the other.

    Aliases are `source` and `target`. The state file is kept from one run of a test to the next.
    """

    def __init__(self, source, target, folder):
        self.source_server, self.target_server, self.folder = source, target, folder
        self.source, self.target = source.shared_client, target.shared_client
        number = next(_numbers)
        self.source_bucket, self.target_bucket = f"source-{number}", f"target-{number}"
        self.source.create_bucket(Bucket=self.source_bucket)
        self.target.create_bucket(Bucket=self.target_bucket)

    @property
    def environment(self):
        return {"MC_HOST_source": self.source_server.mc_host, "MC_HOST_target": self.target_server.mc_host}

    @property
    def keeps_etags(self):
        return self.source_server.keeps_etags and self.target_server.keeps_etags

    def arguments(self, *flags, source="", target="", state=True):
        """The command line of a one-shot mirror between the buckets, or between prefixes in them."""
        return ["mirror", "--once", *(["--state", self.folder / "state.db"] if state else ["--no-state"]), *flags,
                *self.places(source, target)]

    def places(self, source="", target=""):
        return [f"source/{self.source_bucket}{source and '/' + source}",
                f"target/{self.target_bucket}{target and '/' + target}"]

    def mirror(self, *flags, expect=0, source="", target="", state=True, **options):
        arguments = self.arguments("--json", *flags, source=source, target=target, state=state)
        return minio_sync.run_minio_sync(arguments, self.environment, self.folder / "home", expect, **options)

    def put(self, key, body=b"x", **arguments):
        samples.put(self.source, self.source_bucket, key, body, **arguments)

    def put_target(self, key, body=b"x", **arguments):
        samples.put(self.target, self.target_bucket, key, body, **arguments)

    def source_snapshot(self, prefix="", **what):
        return oracle.snapshot(self.source, self.source_bucket, prefix, **what)

    def target_snapshot(self, prefix="", **what):
        return oracle.snapshot(self.target, self.target_bucket, prefix, **what)

    def target_keys(self, prefix=""):
        return oracle.keys(self.target, self.target_bucket, prefix)

    def assert_replica(self, details=False, contents=True, without=frozenset(), other_etags=frozenset()):
        """The target has what the source has, as boto3 sees it, but for the keys (text) in `without`."""
        what = {"details": details, "contents": contents, "without": without}
        found = oracle.differences(self.source_snapshot(**what), self.target_snapshot(**what),
                                   etags=self.keeps_etags, other_etags=other_etags)
        assert not found, "\n".join(found[:20])


@pytest.fixture
def pair_of(fleet, tmp_path):
    """Makes a `Pair` of two servers by their names."""
    return lambda source, target: Pair(fleet[source], fleet[target], tmp_path)


@pytest.fixture
def places_of(fleet, tmp_path):
    """Makes `Places` of servers by their names; what sandboxes were told to do wrong ends with the test."""
    used = []

    def places_of(*names):
        used.extend(name for name in names if name.startswith("sandbox"))
        return auditing.Places([fleet[name] for name in names], tmp_path)
    yield places_of
    for name in used:
        fleet[name].mend()
        fleet[name].behave()


@pytest.fixture
def own_pair(fleet, tmp_path):
    """A `Pair` of servers that a test may stop and kill, because no other one uses them meanwhile."""
    pair = Pair(fleet["juicefs-own"], fleet["juicefs-own-2"], tmp_path)
    yield pair
    for server in (pair.source_server, pair.target_server):
        if server.process.poll() is not None:
            server.start()


@pytest.fixture
def start_watch(tmp_path):
    """Starts a `Watch` with these arguments and variables; at the end of the test it is ended and checked."""
    started = []

    def start(*arguments, environment=None, state=tmp_path / "state.db", **options):
        started.append(watching.Watch(arguments, environment or {}, tmp_path / "home", state, **options))
        return started[-1]
    yield start
    for each in started:
        each.kill()
    for each in started:
        each.check()


@pytest.fixture
def watch(start_watch):
    """Starts a `Watch` of a `Pair`."""
    def watch(pair, *flags, source="", target="", environment=None, **options):
        return start_watch(*flags, *pair.places(source, target), environment=pair.environment | (environment or {}),
                           **options)
    return watch


@pytest.fixture(scope="session")
def steady(tmp_path_factory):
    """Begun before the first test of watching, and looked at by the last ones."""
    from background import PICKY, Steady
    folder = tmp_path_factory.mktemp("steady")
    with real.Sandbox(folder / "source") as source, real.Sandbox(folder / "target", behaviour=PICKY) as target:
        steady = Steady(source, target, folder)
        try:
            yield steady.start()
        finally:
            steady.end()


@pytest.fixture(scope="session")
def ending(fleet, tmp_path_factory):
    """Begun before the tests of the log, and looked at by the last one of signals."""
    from background import Ending, black_hole
    folder = tmp_path_factory.mktemp("ending")
    with black_hole() as nobody:
        ending = Ending([Pair(fleet["sandbox"], fleet["sandbox-2"], folder) for _ in range(3)], folder, nobody)
        yield ending
        ending.end()


@pytest.fixture
def run(tmp_path):
    """Runs the product with these arguments, variables and expected exit code."""
    def run(*arguments, environment=None, expect=0, **options):
        return minio_sync.run_minio_sync(arguments, environment or {}, tmp_path / "home", expect, **options)
    return run


@pytest.fixture
def certificates(tmp_path_factory):
    """Certificates for 127.0.0.1, made by openssl when first asked for."""
    from certificates import Certificates
    return Certificates(tmp_path_factory.mktemp("certificates"))


def pytest_configure(config):
    config.addinivalue_line("filterwarnings", "ignore:Unverified HTTPS request")  # boto3 fills a TLS sandbox so
    if not os.access(minio_sync.program(), os.X_OK):
        pytest.exit(f"{minio_sync.program()} is not built; run Tests/run, or set MINIO_SYNC", returncode=2)
