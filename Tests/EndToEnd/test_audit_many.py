"""Ten thousand objects on three servers of different makers, and 37 differences among them that boto3 plants."""

import concurrent.futures
import http.client
import os
import pathlib
import random
import shutil
import tempfile

import pytest

import minio_sync
import samples
import servers as real
from auditing import Places

MIB = samples.MIB
COUNT = 10_000
OUTSIDE = "x"


class InMemory(real.Sandbox):
    """Takes unsigned requests and writes nothing to the disk, so that thousands of objects are stored in no time."""

    def command(self):
        command = super().command()
        folder = command.index("--folder")
        return [*command[:folder], *command[folder + 2:], "--anonymous"]


def fill(port, bucket, bodies):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for key, body in bodies:
        connection.request("PUT", f"/{bucket}/{key}", body, {"Content-Type": "text/plain"})
        with connection.getresponse() as answer:
            assert answer.status == 200, answer.read()
            answer.read()


@pytest.fixture
def fast_folder(tmp_path):
    """In memory, where there is room: a file for each object takes a disk minutes to make and to remove."""
    shared = "/dev/shm"
    if not os.access(shared, os.W_OK) or shutil.disk_usage(shared).free < 2 << 30:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=shared, prefix="minio-sync-") as folder:
        yield pathlib.Path(folder)


@pytest.fixture
def places(fleet, fast_folder, tmp_path):
    """The same objects on all of them. Two list by bytes, the one in the middle by paths, and these orders differ here."""
    folder = tmp_path
    with real.JuiceFS(fast_folder / "main", database="badger") as main, InMemory(folder / "third") as third:
        places = Places([main, fleet["seaweedfs"], third], folder)
        keys = [f"{'sub/' if number % 3 else ''}{'x-' if number % 2 else 'x/'}{number:05}" for number in range(COUNT)]
        bodies = [(key, key.encode()) for key in keys]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda start: fill(third.port, places.bucket, bodies[start::2]), (0, 1)))
        copies = [minio_sync.start_minio_sync(
            ["mirror", "--once", "--no-state", "--quiet", places.names[2], name], places.environment, folder / "home")
            for name in places.names[:2]]
        assert [(each.communicate(timeout=120), each.returncode)[1] for each in copies] == [0, 0]
        places.keys = keys
        yield places


class Planter:
    """Writes differences to single places and keeps what has to be found: state and reason, and on which places."""

    def __init__(self, places):
        self.places, self.planted, self.settled = places, {}, {}
        self.main, self.standby, self.third = range(3)
        picked = random.Random(37).sample(places.keys, 60)
        # What only a HEAD of each key tells is planted among the third of the keys that are looked at so.
        self.outside = [each for each in picked if each.startswith(OUTSIDE)][:5]
        self.picked = iter([each for each in picked if each not in self.outside][:32])

    def put(self, index, key, body, **arguments):
        samples.put(self.places.clients[index], self.places.bucket, key, body, **{"ContentType": "text/plain"} | arguments)

    def delete(self, index, key):
        self.places.clients[index].delete_object(Bucket=self.places.bucket, Key=key)

    def note(self, key, state, reason, on, resolved=None):
        """`resolved` is what reading makes of it: a state and a reason, or "identical"; nil where it changes nothing."""
        names = [self.places.names[each] for each in on]
        self.planted[key] = (state, reason, names)
        if resolved != "identical":
            self.settled[key] = (*(resolved or (state, reason)), names)

    def missing(self, *on):
        key = next(self.picked)
        for each in on:
            self.delete(each, key)
        self.note(key, "missing", "missing", on)

    def extra(self, *on):
        key = next(self.picked)
        for each in {self.main, self.standby, self.third} - set(on):
            self.delete(each, key)
        self.note(key, "extra", "extra", on)

    def size(self, on):
        key = next(self.picked)
        self.put(on, key, b"cut")
        self.note(key, "differs", "size", [on])

    def etag(self, on):
        key = next(self.picked)
        self.put(on, key, key.encode()[::-1])
        self.note(key, "differs", "etag", [on])

    def metadata(self, on, reason="metadata", **arguments):
        key = self.outside.pop()
        self.put(on, key, key.encode(), **arguments)
        self.note(key, "differs", reason, [on])

    def layout(self, on, isEqual):
        """In parts everywhere, but for one place."""
        key, sizes = next(self.picked), [5 * MIB, 10]
        for client in self.places.clients:
            samples.put_parts(client, self.places.bucket, key, sizes, ContentType="text/plain")
        body = b"".join(samples.bytes_of(size, f"{key}/{number}") for number, size in enumerate(sizes, 1))
        self.put(on, key, body if isEqual else body[::-1])
        self.note(key, "unverifiable", "layout", [on], "identical" if isEqual else ("differs", "content"))

    def gateway(self, etags, reason, isEqual):
        """On the third place as from a server whose ETags are none."""
        key, server = next(self.picked), self.places.servers[self.third]
        server.behave(etags=etags)
        self.put(self.third, key, key.encode() if isEqual else key.encode()[::-1])
        server.behave()
        self.note(key, "unverifiable", reason, [self.third], "identical" if isEqual else ("differs", "content"))

    def plant(self):
        standby, third = self.standby, self.third
        for on in [[standby]] * 4 + [[third]] * 3 + [[standby, third]]:
            self.missing(*on)
        for on in [[standby], [third], [third], [standby, third]]:
            self.extra(*on)
        for on in [standby] * 4 + [third] * 2:
            self.size(on)
            self.etag(on)
        self.metadata(standby, ContentType="text/html")
        self.metadata(third, CacheControl="no-store")
        self.metadata(standby, Metadata={"release": "2"})
        self.metadata(third, "tags", Tagging="release=2")
        self.metadata(standby, "tags", Tagging="release=2")
        for on in (standby, third):
            for isEqual in (True, False):
                self.layout(on, isEqual)
        for etags, reason in [("opaque", "opaque"), ("empty", "no-etag")]:
            for isEqual in (True, False):
                self.gateway(etags, reason, isEqual)
        assert next(self.picked, None) is None and not self.outside and len(self.planted) == 37


def told(audit):
    return {each["key"]: (each["state"], each["reason"], each["on"]) for each in audit.findings}


def test_37_differences_among_10000_objects_are_found_exactly(places):
    audit = places.audit()
    assert audit.summary["identical"] == COUNT and audit.verbs() == {"LIST"}
    planter = Planter(places)
    planter.plant()
    planted, settled = planter.planted, planter.settled

    # Listings, and a look at what they show.
    visible = {key: each for key, each in planted.items() if each[1] not in ("metadata", "tags")}
    audit = places.audit(expect=1)
    assert told(audit) == visible and len(visible) == 32
    assert audit.summary["compared"] == COUNT and audit.summary["identical"] == COUNT - 32
    assert [audit.summary[each] for each in ("missing", "extra", "differs", "unverifiable")] == [8, 4, 12, 8]
    assert audit.summary["status"] == "different" and audit.verbs() == {"LIST", "HEAD"}
    assert audit.summary["requests"]["HEAD"] < 4 * 32
    assert [each["key"] for each in audit.findings] == sorted(told(audit), key=str.encode)

    # Headers, metadata and tags besides, of a third of the keys.
    audit = places.audit("--metadata", "--include", f"{OUTSIDE}*", expect=1)
    assert told(audit) == {key: each for key, each in planted.items() if key.startswith(OUTSIDE)}
    assert audit.summary["compared"] == len([each for each in places.keys if each.startswith(OUTSIDE)])
    assert told(audit) | visible == planted

    # What that leaves open, by its bytes.
    audit = places.audit("--resolve", expect=1)
    assert told(audit) == {key: each for key, each in settled.items() if key in visible}
    assert audit.summary["read"] == 8 and audit.summary["unverifiable"] == 0

    # What is accepted, and what is not.
    for failures, code in [("missing,unverifiable", 1), ("apk", 0)]:
        places.run("--fail-on", failures, expect=code)
    audit = places.audit(*[flag for key in planted for flag in ("--exclude", key)])
    assert audit.summary["status"] == "identical" and audit.summary["identical"] == COUNT - 37
