"""Plays systemd for a watch: what `minio-sync mirror --watch` says on its notification socket, and when."""

import contextlib
import os
import re
import signal
import socket
import threading
import time

import pytest

import minio_sync
import samples

#: For what a working watch does at once; the machine may be busy.
SOON = 20


class Systemd:
    """A notification socket, by path or abstract, and every message that came, with its time."""

    def __init__(self, name):
        self.name = name
        self.messages = []
        self._changed = threading.Condition()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self._socket.settimeout(0.1)
        self._closed = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        while not self._closed:
            with contextlib.suppress(TimeoutError):
                text = self._socket.recv(65536).decode()
                with self._changed:
                    self.messages.append((time.monotonic(), text))
                    self._changed.notify_all()

    def close(self):
        self._closed = True
        self._thread.join()
        self._socket.close()

    def said(self, pattern, since=0):
        """The messages with an assignment that matches the whole of `pattern`, as (time, text)."""
        with self._changed:
            return [(at, text) for at, text in self.messages[since:]
                    if any(re.fullmatch(pattern, line) for line in text.split("\n"))]

    def wait_for(self, pattern, seconds=SOON, since=0):
        """The first such message from number `since` on; fails if none comes in time."""
        deadline = time.monotonic() + seconds
        while not (found := self.said(pattern, since)):
            with self._changed:
                left = deadline - time.monotonic()
                assert left > 0, f"no {pattern} within {seconds} s, but {self.messages[-10:]}"
                self._changed.wait(min(left, 0.2))
        return found[0]


class Service:
    """A watch as systemd starts it, and what it writes to its log."""

    def __init__(self, systemd, arguments, environment, home):
        self.systemd = systemd
        self.environment = environment
        self.lines = []
        self.process = minio_sync.start_minio_sync(
            arguments, environment | {"NOTIFY_SOCKET": systemd.name}, home, pipesize=1 << 20)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))

    def wait_for_line(self, word, seconds=SOON, since=0):
        until(lambda: any(word in line for line in self.lines[since:]), seconds,
              lambda: f"no {word!r} in the log: {self.lines[-10:]}")

    def end(self, number=signal.SIGTERM, seconds=25):
        """Ends it in good order and checks what holds for every run."""
        self.process.send_signal(number)
        try:
            self.process.wait(seconds)
        finally:
            self.process.kill()
            self._reader.join(5)
        stdout, stderr = self.process.stdout.read(), "\n".join(self.lines).encode()
        for _, text in self.systemd.messages:
            minio_sync.check_no_leak(text, self.environment, "the notification socket")
        return minio_sync.finished([], self.process.returncode, stdout, stderr, self.environment, 130)


def until(condition, seconds=SOON, why=lambda: "it did not come to pass"):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, why()
        time.sleep(0.05)


@pytest.fixture
def systemd(tmp_path, request):
    name = f"@minio-sync-test-{os.getpid()}" if getattr(request, "param", "path") == "abstract" else \
        str(tmp_path / "notify")
    systemd = Systemd(name)
    yield systemd
    systemd.close()


@pytest.fixture
def start(systemd, tmp_path):
    """Starts a watch of a pair of buckets, or with arguments of one's own; what runs at the end is killed."""
    running = []

    def start(pair, *flags, arguments=None, **variables):
        arguments = arguments or ["mirror", "--watch", "--state", tmp_path / "watch.db", *flags,
                                  f"source/{pair.source_bucket}", f"target/{pair.target_bucket}"]
        service = Service(systemd, arguments, pair.environment | variables, tmp_path / "home")
        running.append(service)
        return service

    yield start
    for service in running:
        service.process.kill()
        service.process.wait()


# Ready

@pytest.mark.parametrize("systemd", ["path", "abstract"], indirect=True)
@pytest.mark.parametrize("names, events", [
    (("juicefs", "juicefs-2"), "listening"), (("sandbox", "sandbox-2"), "listening"),
    (("seaweedfs", "moto"), "polling")],
    ids=["juicefs", "sandbox", "seaweedfs"])
def test_ready_means_that_no_change_is_missed_from_now_on(pair_of, systemd, start, names, events):
    pair = pair_of(*names)
    pair.put("before")
    service = start(pair, "--reconcile-interval", "1h")
    systemd.wait_for("READY=1")
    pair.put("after")
    until(lambda: pair.target_keys() == ["after", "before"])
    service.wait_for_line(f"event={events}")
    assert len(systemd.said("READY=1")) == 1
    service.end()


def test_a_watch_that_hears_nothing_yet_is_not_ready_but_alive(own_pair, systemd, start):
    """The source takes connections and says nothing: a stopped process whose kernel still listens."""
    own_pair.put("x")
    os.killpg(own_pair.source_server.process.pid, signal.SIGSTOP)
    try:
        service = start(own_pair, WATCHDOG_USEC=4_000_000)
        systemd.wait_for("WATCHDOG=1")
        # Every sign of life asks for more time to start: the unit's TimeoutStartSec= is shorter than an outage.
        systemd.wait_for(r"EXTEND_TIMEOUT_USEC=[1-9]\d{6,}")
        time.sleep(2)
        assert systemd.said("READY=1") == []
    finally:
        os.killpg(own_pair.source_server.process.pid, signal.SIGCONT)
    until(lambda: own_pair.target_keys() == ["x"], 60)
    systemd.wait_for("READY=1")
    since = len(systemd.messages)
    systemd.wait_for("WATCHDOG=1", since=since)
    systemd.wait_for("WATCHDOG=1", since=len(systemd.messages))
    assert systemd.said("EXTEND_TIMEOUT_USEC=.*", since=since + 1) == []
    service.end()


def test_a_server_that_is_down_at_the_start_is_waited_for(own_pair, systemd, start):
    own_pair.put("x")
    own_pair.source_server.kill()
    service = start(own_pair, WATCHDOG_USEC=4_000_000)
    until(lambda: len(systemd.said("WATCHDOG=1")) >= 2)
    assert service.process.poll() is None
    own_pair.source_server.start()
    until(lambda: own_pair.target_keys() == ["x"], 60)
    systemd.wait_for("READY=1")
    service.end()


# While it runs

def test_the_watchdog_is_fed_at_least_twice_an_interval(pair_of, systemd, start):
    pair = pair_of("juicefs", "juicefs-2")
    service = start(pair, WATCHDOG_USEC=4_000_000)
    systemd.wait_for("READY=1")
    begun = time.monotonic()
    time.sleep(5)
    times = [begun, *(at for at, _ in systemd.said("WATCHDOG=1") if at >= begun), time.monotonic()]
    assert max(later - earlier for earlier, later in zip(times, times[1:])) <= 2.3
    service.end()


@pytest.mark.parametrize("variables", [{}, {"WATCHDOG_USEC": 2_000_000, "WATCHDOG_PID": 1}], ids=["none", "another's"])
def test_a_watchdog_that_is_not_meant_is_not_fed(pair_of, systemd, start, variables):
    service = start(pair_of("juicefs", "juicefs-2"), **variables)
    systemd.wait_for("READY=1")
    time.sleep(1.5)
    assert systemd.said("WATCHDOG=1") == []
    service.end()


def test_the_watchdog_of_this_process_is_fed(pair_of, systemd, start, tmp_path):
    """WATCHDOG_PID as systemd sets it: the number is known only once the process is there, so a shell executes it."""
    pair = pair_of("juicefs", "juicefs-2")
    script = tmp_path / "minio-sync"
    script.write_text(f'#!/bin/sh\nWATCHDOG_PID=$$ exec "{minio_sync.program()}" "$@"\n')
    script.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINIO_SYNC", str(script))
        service = start(pair, WATCHDOG_USEC=2_000_000)
    systemd.wait_for("WATCHDOG=1")
    service.end()


def test_the_status_is_one_line_that_follows_what_happens(own_pair, systemd, start):
    service = start(own_pair)
    systemd.wait_for("READY=1")
    calm = r"STATUS=[^;]*\b0 pending"
    systemd.wait_for(calm)
    own_pair.target_server.kill()
    since = len(systemd.messages)
    for number in range(7):
        own_pair.put(f"waiting/{number}")
    systemd.wait_for(r"STATUS=.*\b7 pending.*", since=since)
    since = len(systemd.messages)
    own_pair.target_server.start()
    until(lambda: len(own_pair.target_keys()) == 7, 60)
    systemd.wait_for(calm, 30, since=since)
    service.end()


# Reload

def write_configuration(path, pair, mirrors):
    """`mirrors`: names, each with a prefix of its own."""
    path.write_text("servers:\n" + "".join(
        f"  {name}:\n    url: {server.endpoint}\n    access_key: {server.access_key}\n"
        f"    secret_key: {server.secret_key}\n"
        for name, server in (("one", pair.source_server), ("two", pair.target_server))) + "mirrors:\n" + "".join(
            f"  {name}:\n    source: one/{pair.source_bucket}/{name}/\n    target: two/{pair.target_bucket}/{name}/\n"
            for name in mirrors))
    path.chmod(0o600)


def test_a_reload_is_told_and_takes_the_changed_configuration_over(pair_of, systemd, start, tmp_path):
    pair = pair_of("juicefs", "juicefs-2")
    configuration = tmp_path / "minio-sync.yaml"
    write_configuration(configuration, pair, ["a"])
    for name in "abc":
        pair.put(f"{name}/x")
    service = start(pair, arguments=[
        "mirror", "--watch", "--config", configuration, "--state", tmp_path / "watch.db"])
    systemd.wait_for("READY=1")
    until(lambda: pair.target_keys() == ["a/x"])

    since = len(systemd.messages)
    write_configuration(configuration, pair, ["a", "b"])
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    service.process.send_signal(signal.SIGHUP)
    at, reloading = systemd.wait_for("RELOADING=1", since=since)
    microseconds = int(re.search(r"(?m)^MONOTONIC_USEC=(\d+)$", reloading)[1])
    assert before <= microseconds <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert systemd.wait_for("READY=1", since=since)[0] >= at
    until(lambda: pair.target_keys() == ["a/x", "b/x"])

    # What cannot be understood changes nothing, and the service goes on.
    since, line = len(systemd.messages), len(service.lines)
    configuration.write_text("mirrors: [")
    service.process.send_signal(signal.SIGHUP)
    systemd.wait_for("RELOADING=1", since=since)
    systemd.wait_for("READY=1", since=since)
    service.wait_for_line("level=error", since=line)
    pair.put("a/y")
    pair.put("b/y")
    until(lambda: pair.target_keys() == ["a/x", "a/y", "b/x", "b/y"])
    service.end()


# The end

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
def test_the_end_is_told_before_it_comes(pair_of, systemd, start, number):
    pair = pair_of("juicefs", "juicefs-2")
    service = start(pair)
    systemd.wait_for("READY=1")
    since = len(systemd.messages)
    begun = time.monotonic()
    service.end(number)
    ended = time.monotonic()
    assert ended - begun < 20
    at, _ = systemd.wait_for("STOPPING=1", 1, since=since)
    assert begun <= at <= ended
    assert systemd.said("READY=1", since=since) == []


def test_a_transfer_under_way_may_take_its_time_and_the_end_is_told_at_once(pair_of, systemd, start):
    """How long it may take is tested with the signals of a watch; here a second one ends it."""
    pair = pair_of("juicefs", "juicefs-2")
    service = start(pair, "--limit-download", "1MiB")
    systemd.wait_for("READY=1")
    samples.put(pair.source, pair.source_bucket, "large", samples.bytes_of(30 << 20, "large"))
    systemd.wait_for(r"STATUS=.*\b1 pending.*")
    begun = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    assert systemd.wait_for("STOPPING=1")[0] - begun < 2
    assert service.process.poll() is None
    time.sleep(0.4)  # a second signal that comes sooner may be the same key press
    service.end()


# The log as the journal takes it

@pytest.mark.parametrize("form", ["text", "json"])
def test_every_line_has_its_level_as_the_journal_reads_it(pair_of, systemd, start, form):
    pair = pair_of("juicefs", "juicefs-2")
    service = start(pair, "--log-format", form)
    systemd.wait_for("READY=1")
    pair.put("key with spaces\nand a line break")
    until(lambda: len(pair.target_keys()) == 1)
    service.end()
    levels = {"error": 3, "warning": 4, "notice": 5, "info": 6, "debug": 7}
    rest = r"level=(\w+) event=[\w-]+( .*)?" if form == "text" else r'\{"level":"(\w+)","event":"[\w-]+"(,.*)?\}'
    for line in service.lines:
        parts = re.fullmatch(rf"<(\d)>{rest}", line)
        assert parts, f"{line!r} is no line of the log"
        assert levels[parts[2]] == int(parts[1]), line
    assert any("copied" in line and "line break" in line for line in service.lines)


# What deploy/install puts there

def test_the_example_configuration_is_understood(run):
    example = minio_sync.REPOSITORY / "deploy/examples/minio-sync.yaml"
    said = run("config", "check", "--config", example).stdout
    for words in ["apks: main/apks → standby/apks", "reconcile-interval: 1h", "events: poll"]:
        assert words in said
