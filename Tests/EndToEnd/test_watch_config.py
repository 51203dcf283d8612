"""Several mirrors of a configuration file in one process: apart from one another, and changed while it runs."""

import collections
import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

import servers as real
from background import black_hole
from conftest import Pair
from watching import wait_replica


class Configuration:
    """A file with servers and mirrors. JSON is YAML as well."""

    def __init__(self, folder):
        self.path = folder / "minio-sync.yaml"
        self.servers, self.mirrors = {}, {}
        self.state = folder / "state.db"

    def server(self, name, server):
        self.servers[name] = {"url": server.endpoint, "access_key": server.access_key, "secret_key": server.secret_key}

    def mirror(self, name, pair, source="source", target="target", **options):
        self.mirrors[name] = {"source": f"{source}/{pair.source_bucket}", "target": f"{target}/{pair.target_bucket}",
                              "remove": True, **options}

    def write(self):
        self.path.write_text(json.dumps(
            {"servers": self.servers, "mirrors": self.mirrors, "state": str(self.state)}, indent=2))
        self.path.chmod(0o600)
        return self


@pytest.fixture
def configuration(tmp_path, fleet):
    configuration = Configuration(tmp_path)
    configuration.server("source", fleet["juicefs"])
    configuration.server("target", fleet["juicefs-2"])
    return configuration


@pytest.fixture
def pairs(pair_of):
    return [pair_of("juicefs", "juicefs-2") for _ in range(3)]


@pytest.fixture
def watch_all(start_watch, configuration):
    """Watches what the file says."""
    def watch_all(*arguments, state=None, **options):
        running = start_watch("--config", configuration.write().path, *arguments, state=state, **options)
        running.state = configuration.state
        return running
    return watch_all


def reload(running, configuration, event="reloaded"):
    mark = running.mark
    configuration.write()
    running.send(signal.SIGHUP)
    return running.wait(event, since=mark)


def test_a_server_that_is_away_hinders_no_other_mirror_and_is_waited_for(tmp_path, configuration, pairs, watch_all):
    """At the start the target of one mirror is not there, and the source of another."""
    good, third, fourth = pairs
    late = real.Sandbox(tmp_path / "late", bucket="late")
    configuration.server("late", late)
    late_pair = type("Places", (), {"source_bucket": third.source_bucket, "target_bucket": "late"})
    back_pair = type("Places", (), {"source_bucket": "late-source", "target_bucket": fourth.target_bucket})
    third.put("waits")
    try:
        configuration.mirror("good", good)
        configuration.mirror("late-target", late_pair, target="late")
        configuration.mirror("late-source", back_pair, source="late", **{"poll-interval": "200ms"})
        running = watch_all()
        running.wait("listening", mirror="good")
        running.wait("reconcile-failed", mirror="late-target")
        running.wait("stream-lost", mirror="late-source")
        delays = []
        for number in range(10):
            third.put(f"waits too/{number}")
            begun = time.monotonic()
            good.put(f"number/{number}")
            running.wait("copied", mirror="good", key=f"number/{number}")
            delays.append(time.monotonic() - begun)
        assert sorted(delays)[5] < 0.5, delays
        standings = running.status()
        assert standings["good"]["state"] in ("listening", "reconciling") and not standings["good"]["retrying"]
        assert standings["late-source"]["state"] == "stream-lost"
        assert standings["late-target"]["lastReconcile"] is None

        late.start()
        late.client().create_bucket(Bucket="late-source")
        late.client().put_object(Bucket="late-source", Key="from late", Body=b"x")
        running.until(lambda: fourth.target_keys() == ["from late"], seconds=15)
        third.target, third.target_bucket, third.target_server = late.client(), "late", late
        wait_replica(third, watch=running, seconds=15)
        assert running.stop() < 5
    finally:
        late.remove()


def test_a_server_that_says_nothing_holds_nobody_up(configuration, pairs, watch_all):
    """It accepts connections. Its bucket has the same name on both sides, so that it is asked whether they are one."""
    good, other, _ = pairs
    with black_hole() as nobody:
        configuration.servers["hole"] = {"url": "http://" + nobody.rpartition("@")[2], "access_key": "a", "secret_key": "b"}
        same = type("Places", (), {"source_bucket": other.source_bucket, "target_bucket": other.source_bucket})
        configuration.mirror("good", good)
        configuration.mirror("hole", same, target="hole")
        running = watch_all()
        running.wait("listening", mirror="good")
        good.put("now")
        running.wait("copied", mirror="good", key="now")
        assert running.lines[0].at - running.started < 8
        configuration.mirror("hole", same, target="hole", **{"poll-interval": "3s"})
        reload(running, configuration)
        good.put("then")
        running.wait("copied", mirror="good", key="then")
        assert running.stop() < 20


def test_the_file_is_read_again_on_sighup(configuration, pairs, watch_all):
    kept, changed, gone = pairs
    kept.put_target("extra")
    configuration.mirror("kept", kept, remove=False)
    configuration.mirror("changed", changed, exclude=["*.tmp"])
    configuration.mirror("gone", gone)
    running = watch_all()
    for name in configuration.mirrors:
        running.wait("reconcile-end", mirror=name)
    assert set(running.status()) == {"kept", "changed", "gone"}
    for pair in (changed, gone):
        pair.put("a.tmp")
    running.wait("copied", mirror="gone")
    kept_status = running.standing("kept")

    del configuration.mirrors["gone"]
    configuration.mirror("changed", changed, exclude=["*.bak"])
    configuration.mirror("added", gone, exclude=["b*"])
    assert reload(running, configuration)["mirrors"] == 3
    assert [line["mirror"] for line in running.seen("stop")] == ["changed", "gone"]
    assert [line["mirror"] for line in running.seen("start")] == ["kept", "changed", "gone", "changed", "added"]
    running.wait("copied", mirror="changed", key="a.tmp")
    gone.put("b")
    gone.put("c")
    running.wait("copied", mirror="added", key="c")
    assert set(running.status()) == {"kept", "changed", "added"}
    assert running.standing("kept")["lastReconcile"] == kept_status["lastReconcile"], "what did not change goes on"
    assert gone.target_keys() == ["a.tmp", "c"]
    kept.put("heard")
    running.wait("copied", mirror="kept", key="heard")


#: Files that cannot be used, and a word of the reason.
BROKEN = [("mirrors: [", "line 2"), ("mirrors: {}\n", "defines no mirror"),
          ("mirrors:\n  other: {source: nowhere/one, target: nowhere/two}\n", "nowhere"),
          ("mirrors:\n  other: {source: a/one, target: a/two, colour: red}\n", "colour")]


def test_a_file_that_cannot_be_used_leaves_what_was_in_force(configuration, pairs, watch_all):
    pair = pairs[0]
    configuration.mirror("apks", pair)
    running = watch_all()
    running.wait("reconcile-end", mirror="apks")
    for text, words in BROKEN:
        mark = running.mark
        configuration.path.write_text(text)
        running.send(signal.SIGHUP)
        line = running.wait("reload-failed", since=mark)
        assert words in line["error"] and str(configuration.path) in line["error"]
    pair.put("new")
    running.wait("copied", mirror="apks", key="new")
    assert not running.seen("stop")

    configuration.mirror("apks", pair, exclude=["x*"])
    assert reload(running, configuration)["mirrors"] == 1
    pair.put("x")
    pair.put("y")
    running.wait("copied", mirror="apks", key="y")
    assert pair.target_keys() == ["new", "y"]


def test_a_new_secret_is_taken_over_on_sighup(fleet, tmp_path, configuration, watch_all):
    """A rotated key: the mirror's server has other credentials, and begins anew."""
    pair = Pair(fleet["sandbox"], fleet["sandbox-2"], tmp_path)
    configuration.server("source", pair.source_server)
    configuration.server("target", pair.target_server)
    configuration.servers["target"]["secret_key"] = "one/that/is/not/valid/any/more"
    pair.put("waits")
    configuration.mirror("apks", pair)
    running = watch_all()
    assert running.wait("reconcile-failed", mirror="apks")
    assert pair.target_keys() == []
    configuration.server("target", pair.target_server)
    reload(running, configuration)
    wait_replica(pair, watch=running)


def test_mirrors_that_run_once_are_left_out_unless_named(configuration, pairs, watch_all):
    watched, once, _ = pairs
    for pair in (watched, once):
        pair.put("a")
    configuration.mirror("watched", watched)
    configuration.mirror("nightly", once, once=True)
    running = watch_all()
    wait_replica(watched, watch=running)
    assert set(running.status()) == {"watched"}
    assert once.target_keys() == []
    assert running.stop() < 5

    running = watch_all("nightly")
    wait_replica(once, watch=running)
    assert set(running.status()) == {"nightly"}
    watched.put("b")
    once.put("b")
    running.wait("copied", mirror="nightly", key="b")
    assert watched.target_keys() == ["a"]


def test_the_commands_find_the_watch_by_its_configuration(configuration, pairs, watch_all, run):
    configuration.mirror("first", pairs[0])
    configuration.mirror("second", pairs[1])
    running = watch_all()
    for name in configuration.mirrors:
        running.wait("reconcile-end", mirror=name)
    text = run("status", "--config", configuration.path).stdout
    assert [line.split(":")[0] for line in text.splitlines()] == ["first", "second"]
    text = run("status", "--config", configuration.path, "second").stdout
    assert [line.split(":")[0] for line in text.splitlines()] == ["second"]
    mark = running.mark
    assert run("reconcile", "--config", configuration.path, "second").stdout.startswith("second: ")
    running.wait("reconcile-end", since=mark, mirror="second", reason="request")
    assert not running.seen("reconcile-begin", since=mark, mirror="first")


def threads(running):
    """How often each of its threads woke up, by name and number."""
    found = {}
    for task in Path(f"/proc/{running.process.pid}/task").iterdir():
        try:
            name, status = (task / "comm").read_text().strip(), (task / "status").read_text()
        except OSError:
            continue  # It ended meanwhile.
        found[name, task.name] = int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.MULTILINE)[1])
    return found


def copying(running):
    """The threads that objects are copied on."""
    return {name: wakes for (name, _), wakes in threads(running).items() if re.fullmatch(r"reactor(-\d)?", name)}


def test_many_reloads_leave_nothing_behind(configuration, pairs, watch_all):
    """Each ends a mirror and begins it anew, with clients of its own; another one goes on all the while."""
    changed, kept, _ = pairs
    configuration.mirror("changed", changed, exclude=["*.0"])
    configuration.mirror("kept", kept)
    running = watch_all()
    for name in configuration.mirrors:
        running.wait("reconcile-end", mirror=name)

    def again(number):
        configuration.mirror("changed", changed, exclude=[f"*.{number}"])
        mark = running.mark
        reload(running, configuration)
        for name, pair in ("changed", changed), ("kept", kept):
            key = f"at {number % 5}"
            pair.put(key, str(number).encode())
            running.wait("copied", since=mark, mirror=name, key=key)

    # Until all that is made once is there, such as connections: as many as there are keys to look at at once.
    for number in range(1, 15):
        again(number)
    names, descriptors = collections.Counter(name for name, _ in threads(running)), running.descriptors()
    for number in range(15, 50):
        again(number)

    def grown():
        now = running.descriptors()
        # A few connections more or less lie ready to be used again.
        more = {kind: (now[kind], descriptors[kind]) for kind in now
                if now[kind] > descriptors[kind] + (8 if kind == "socket" else 0)}
        # The language's own pool, named after the program, grows to a thread for each processor as it is needed.
        here = collections.Counter(name for name, _ in threads(running) if name != "minio-sync")
        return more | {name: (here[name], names[name]) for name in here if here[name] > names[name]}
    running.until(lambda: not grown(), 5, f"nothing grows: {grown()}")
    assert len(running.seen("stop", mirror="changed")) == 49 and not running.seen("stop", mirror="kept")
    assert running.stop() < 5


def test_the_first_encrypted_server_gets_its_threads_when_it_comes_by_a_reload(
        tmp_path, certificates, configuration, pairs, watch_all):
    plain, secret, _ = pairs
    with real.Sandbox(tmp_path / "tls", "sealed", *certificates.good()) as server:
        configuration.mirror("plain", plain)
        running = watch_all()
        running.wait("listening", mirror="plain")
        assert set(copying(running)) == {"reactor"}

        configuration.server("sealed", server)
        configuration.servers["sealed"]["ca_file"] = str(certificates.authority)
        sealed = type("Places", (), {"source_bucket": secret.source_bucket, "target_bucket": "sealed"})
        configuration.mirror("sealed", sealed, target="sealed")
        for number in range(200):
            secret.put(f"{number}", bytes([number]) * 100_000)
        assert reload(running, configuration)["mirrors"] == 2
        secret.target, secret.target_bucket, secret.target_server = server.client(), "sealed", server
        wait_replica(secret, watch=running)
        wakes = copying(running)
        assert set(wakes) == {"reactor", "reactor-1", "reactor-2", "reactor-3"} & (
            {"reactor"} | {f"reactor-{number}" for number in range(1, os.cpu_count())})
        assert all(count > 5 for count in wakes.values()), f"each of them copies: {wakes}"
        assert not running.seen("stop"), "what did not change goes on"

        del configuration.mirrors["sealed"]
        reload(running, configuration)
        configuration.mirror("sealed", sealed, target="sealed")
        reload(running, configuration)
        secret.put("later")
        wait_replica(secret, watch=running)
        assert set(copying(running)) == set(wakes), "no more come"
        plain.put("still")
        running.wait("copied", mirror="plain", key="still")
        assert running.stop() < 5
