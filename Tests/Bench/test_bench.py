"""What the bench makes of what it measures: times of /proc, curves, ratios; and that a link is as long as told."""

import pathlib
import socket
import subprocess
import sys
import threading
import time

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1] / "EndToEnd")]

import pipe  # noqa: E402
import processes  # noqa: E402
import sandboxes  # noqa: E402
from rates import Curve  # noqa: E402
from synthetic import over_listing, requests_text  # noqa: E402
from tables import comparison  # noqa: E402
from tools import Measure  # noqa: E402
from watch_reconcile import reconcile_counts, seconds_of_reconciles  # noqa: E402

TICKS = processes._TICKS


def test_a_process_has_its_own_time_and_that_of_children_it_waited_for():
    stat = f"7 (a) b (c) S 1 5 6 0 -1 0 0 0 0 0 {TICKS} {2 * TICKS} {4 * TICKS} {8 * TICKS} 20 0 1"
    assert processes.times_of(stat) == (6, 15)


def test_a_busy_machine_is_neither_idle_nor_waiting_for_disks():
    assert processes.busy_of(f"cpu  {TICKS} {TICKS} {TICKS} 99999 77777 {TICKS} {TICKS} 55555 0 0\ncpu0 1 2") == 5


def test_the_time_of_a_session_is_that_of_all_its_processes():
    burn = "import time\nwhile time.process_time() < 0.15: pass\n"
    script = f"import subprocess, sys, time\nsubprocess.run([sys.executable, '-c', {burn!r}])\n{burn}print(flush=True)\ntime.sleep(60)"
    leader = subprocess.Popen([sys.executable, "-c", script], start_new_session=True, stdout=subprocess.PIPE)
    try:
        leader.stdout.readline()
        assert 0.25 <= processes.session_cpu(leader.pid) < 5
    finally:
        leader.kill()
        leader.wait()
        leader.stdout.close()


# (seconds, requests, refused): nothing, then 50 in the first second, 100 in each of the next two, nothing more.
LOOKS = [(0.0, 0, 0), (0.5, 0, 0), (1.0, 25, 5), (1.5, 60, 10), (2.0, 110, 10), (2.5, 160, 10), (3.0, 210, 10),
         (3.5, 260, 10), (4.0, 260, 10)]


def test_a_curve_begins_with_the_first_request_and_ends_with_the_last():
    assert Curve(LOOKS).seconds() == [(50, 10), (100, 0), (100, 0)]


@pytest.mark.parametrize("rate, begins", [(100, 1.0), (112, None), (80, 0.5), (40, 0.0)])
def test_the_knee_is_where_nine_tenths_of_the_rate_are_answered_for_a_second(rate, begins):
    assert Curve(LOOKS).knee(rate) == begins


def test_refused_is_a_share_of_all_requests():
    assert Curve(LOOKS).refused() == pytest.approx(10 / 260)


def test_a_server_that_was_asked_nothing_has_no_curve():
    curve = Curve([(0.0, 0, 0), (0.1, 0, 0)])
    assert (curve.seconds(), curve.knee(1), curve.refused()) == ([], None, 0)


COUNTS = [{"requests": {"ListObjectsV2": 1001, "ListBuckets": 1}, "keys": 1_010_000},
          {"requests": {"ListObjectsV2": 1002}, "keys": 1_000_000}]


def test_requests_of_both_servers_are_summed_the_most_frequent_first():
    assert requests_text(*COUNTS) == "2,003 ListObjectsV2, 1 ListBuckets"


def test_over_listing_is_what_came_beyond_every_key_once():
    assert over_listing(1_000_000, *COUNTS) == pytest.approx(0.5)


def test_ratios_are_to_the_best_peer_in_each_column_and_plain_c_is_none():
    def runs(cpu, wall):
        return [Measure(cpu, wall, 10_000_000, b"", (1.0, 2.0), 1.5)] * 2, None
    lines = list(comparison({"minio-sync": runs(1, 2), "rclone": runs(4, 3), "juicefs sync": runs(2, 4),
                             "plain C": runs(0.5, 0.5)}))
    assert lines[2] == "| minio-sync | 1.00 | 1.00 + 2.00 | 2.00 | 1.50 | 10 | 0.50, 0.67, 1.00 | not told |"
    assert lines[-1] == "minio-sync ÷ plain C: 2.00 of its CPU, 4.00 of its wall time"


def test_reconciles_are_read_from_the_log():
    log = ("time=1 level=info event=reconcile-begin mirror=a/b reason=start\n"
           "time=2 level=info event=reconcile-end mirror=a/b reason=start marked=3 extra=0 seconds=0.606\n"
           "time=3 level=info event=reconcile-begin mirror=a/b reason=request\n")
    assert reconcile_counts(log) == (2, 1)
    assert seconds_of_reconciles(log) == [0.606]


@pytest.mark.parametrize("size", [0, 5, 8, 1024])
def test_objects_have_bytes_of_their_own(size):
    bodies = [sandboxes._body(b"data/%08d" % number, size) for number in (12345678, 12345679)]
    assert [len(each) for each in bodies] == [size, size]
    assert (bodies[0] != bodies[1]) == (size >= 8)


# Links

class Echo:
    """A server that sends back what it gets."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    @staticmethod
    def _answer(connection):
        with connection:
            while data := connection.recv(1 << 16):
                connection.sendall(data)

    def close(self):
        self._listener.close()


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("link") / "link"
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", path, pathlib.Path(__file__).parent / "link.c"],
                   check=True)
    return path


@pytest.fixture
def echo():
    server = Echo()
    yield server
    server.close()


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def exchange(connection, data):
    """Seconds until all of it is back, and what came back."""
    begun = time.monotonic()
    sender = threading.Thread(target=connection.sendall, args=(data,))
    sender.start()
    back = bytearray()
    while len(back) < len(data):
        more = connection.recv(1 << 16)
        assert more, "the link ended"
        back += more
    sender.join()
    return time.monotonic() - begun, bytes(back)


def test_a_link_takes_a_round_trip_for_an_answer_and_one_more_for_a_connection(program, echo):
    with pipe.link(echo, program, pipe.Way(0, 100)) as far, connect(far) as here:
        assert exchange(here, b"first")[0] >= 0.2
        seconds, back = exchange(here, b"second")
        assert back == b"second" and seconds >= 0.1


def test_a_link_is_as_narrow_as_told_for_all_connections_together(program, echo):
    data = bytes(range(256)) * 4096
    with pipe.link(echo, program, pipe.Way(10_000_000, 0)) as far:
        with connect(far) as one, \
                connect(far) as other:
            begun, found = time.monotonic(), []
            threads = [threading.Thread(target=lambda each=each: found.append(exchange(each, data)[1]))
                       for each in (one, other)]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
            assert found == [data, data]
            # 2 MiB at 10 MB/s.
            assert time.monotonic() - begun >= 0.2


def test_a_distant_connection_has_no_more_on_its_way_than_its_window(program, echo):
    data = bytes(12 << 20)
    with pipe.link(echo, program, pipe.Way(0, 100)) as far, connect(far) as here:
        seconds, back = exchange(here, data)
        assert len(back) == len(data)
        # A round trip for the connection, four windows of 3 MiB one after the other, each for half of one, and the way back.
        assert seconds >= 0.35


def test_the_end_of_a_stream_comes_through(program, echo):
    with pipe.link(echo, program, pipe.Way(0, 20)) as far, connect(far) as here:
        here.sendall(b"all")
        here.shutdown(socket.SHUT_WR)
        received = b""
        while more := here.recv(100):
            received += more
        assert received == b"all"


@pytest.mark.parametrize("rate, milliseconds, expected", [(100_000_000, 50, 5e6), (200_000_000, 50, 1e7), (5, 0, 0)])
def test_what_is_under_way_is_rate_times_round_trip(rate, milliseconds, expected):
    assert pipe.under_way(rate, milliseconds) == expected
