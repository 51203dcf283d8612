"""The suite's own parts: proxies that do what they are told, plans that keep their rules, a clock that steps."""

import contextlib
import pathlib
import random
import socket
import subprocess
import sys
import threading
import time

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1] / "EndToEnd")]

import faults  # noqa: E402
import pairs  # noqa: E402
import proxy  # noqa: E402
import subject  # noqa: E402
from event_lines import EventLines  # noqa: E402

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def record(number):
    return b'{"Records":[{"number":%d}]}\n' % number


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def stream(mode=None, count=40, cut=7):
    """What comes out of `EventLines` for so many records, fed in pieces that break everywhere."""
    lines = EventLines()
    lines.begin(mode, seed=3)
    # Two records a chunk, and keep-alives of both kinds between them.
    sent = HEAD + b"".join(chunk(record(each) + record(each + 1)) + chunk(b" ") + chunk(b'{"Records":null}\n')
                           for each in range(0, count, 2))
    received = b"".join(lines.feed(sent[start:start + cut]) for start in range(0, len(sent), cut)) + lines.release()
    return lines, received


def numbers(received):
    return [int(piece.split(b"}")[0]) for piece in received.split(b'"number":')[1:]]


@pytest.mark.parametrize("cut", [1, 7, 10_000])
def test_events_pass_unchanged(cut):
    lines, received = stream(cut=cut)
    assert numbers(received) == list(range(40)) and received.startswith(HEAD)
    assert received.count(b"null") == 20 and lines.counts["delivered"] == 40


@pytest.mark.parametrize(("mode", "is_right"), [
    ("lose", lambda got: 0 < len(got) < 40 and got == sorted(set(got))),
    ("duplicate", lambda got: len(got) > 40 and got == sorted(got) and set(got) == set(range(40))),
    ("reorder", lambda got: got != sorted(got) and sorted(got) == list(range(40)))])
def test_events_go_wrong(mode, is_right):
    lines, received = stream(mode)
    assert is_right(numbers(received)), numbers(received)
    assert lines.counts[mode] > 5


def test_half_an_event_is_announced_whole():
    lines, received = stream("half")
    assert lines.is_cut and numbers(received) == []
    size, part = received[len(HEAD):].split(b"\r\n", 1)
    assert int(size, 16) == len(record(0)) > len(part) > 0


@pytest.fixture
def link(tmp_path):
    """A proxy before a server that sends back what it gets."""
    listening = socket.create_server(("127.0.0.1", 0))

    def echo(connection):
        with connection, contextlib.suppress(ConnectionResetError):
            while data := connection.recv(1 << 16):
                connection.sendall(data)

    def accept():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    proxies = proxy.Proxies({"x": listening.getsockname()[1]}, tmp_path / "log", None)
    yield proxies
    proxies.stop()
    listening.close()


def connect(proxies):
    client = socket.create_connection(("127.0.0.1", proxies.ports["x"]))
    client.settimeout(0.3)
    client.sendall(b"hello")
    assert client.recv(100) == b"hello"
    return client


def test_connections_are_cut(link):
    client = connect(link)
    link.tell("x", "cut")
    with pytest.raises(ConnectionResetError):
        client.recv(100)
    client = connect(link)
    link.tell("x", "cut", resets=False)
    assert client.recv(100) == b""
    connect(link)


def test_only_the_event_stream_is_cut(link):
    client, events = connect(link), connect(link)
    events.sendall(b"GET /bucket/?ping=1&events=s3%3A HTTP/1.1\r\n\r\n")
    time.sleep(0.1)
    link.tell("x", "cut", events_only=True)
    with pytest.raises(ConnectionResetError):
        while events.recv(100):
            pass
    client.sendall(b"more")
    assert client.recv(100) == b"more"


@pytest.mark.parametrize("forgets", [False, True])
def test_a_black_hole_says_nothing_until_it_ends_or_for_ever(link, forgets):
    client = connect(link)
    link.tell("x", "stall")
    client.sendall(b"more")
    with pytest.raises(TimeoutError):
        client.recv(100)
    link.tell("x", "resume", forgets=forgets)
    if forgets:
        with pytest.raises(TimeoutError):
            client.recv(100)
    else:
        assert client.recv(100) == b"more"
    connect(link)


def test_a_server_that_is_away_refuses(link):
    client = connect(link)
    link.tell("x", "deafen")
    with pytest.raises(ConnectionResetError):
        client.recv(100)
    with pytest.raises(ConnectionRefusedError):
        connect(link)
    link.tell("x", "listen")
    connect(link)


def test_bandwidth_is_little(link):
    client = connect(link)
    link.tell("x", "throttle", rate=200_000)
    begun = time.monotonic()
    client.sendall(bytes(50_000))
    client.settimeout(5)
    received = 0
    while received < 50_000:
        received += len(client.recv(1 << 16))
    assert time.monotonic() - begun > 0.4  # both ways together


@pytest.mark.parametrize("kind", pairs.KINDS.values(), ids=lambda each: each.name)
def test_plans_have_every_fault_and_no_overlap_in_a_room(kind):
    chance = random.Random(5)
    deck = faults.Deck(kind.faults, chance)
    rounds = [faults.plan(deck, 4, 10, chance) for _ in range(20)]
    assert {type(fault) for plan in rounds for fault in plan} == set(kind.faults)
    for plan in rounds:
        assert all(0 < fault.begins <= fault.ends < 10 for fault in plan)
        for one in plan:
            for other in plan:
                if one is not other and one.rooms & other.rooms:
                    assert one.ends < other.begins or other.ends < one.begins


def test_the_same_seed_gives_the_same_plan():
    def plan():
        chance = random.Random("9/listen")
        return list(map(str, faults.plan(faults.Deck(pairs.KINDS["listen"].faults, chance), 6, 10, chance)))
    assert plan() == plan()


@pytest.mark.parametrize("offset", [3600, -3600])
def test_the_clock_of_the_wall_steps_and_the_other_does_not(tmp_path, offset):
    clock = subject.SteppedClock(tmp_path)
    (tmp_path / "offset").write_bytes(offset.to_bytes(8, sys.byteorder, signed=True))
    found = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time(), time.monotonic())"], capture_output=True, text=True,
        env={"LD_PRELOAD": str(clock.library), "STEPPED_CLOCK": str(tmp_path / "offset")}, check=True)
    wall, monotonic = map(float, found.stdout.split())
    assert abs(wall - time.time() - offset) < 30 and abs(monotonic - time.monotonic()) < 30
