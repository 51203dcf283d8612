"""How a watch learns of changes: by events, by comparing listings, and what it does where it can't have the one."""

import signal
import time

import pytest

from watching import wait_replica

LISTENING = "ListenBucketNotification"
LISTING = {"ListObjectsV2", "ListObjects"}


@pytest.fixture
def sandboxes(pair_of):
    """A pair of sandboxes, whose source is good again at the end."""
    pair = pair_of("sandbox", "sandbox-2")
    yield pair
    pair.source_server.behave()
    pair.source_server.mend()


def test_a_server_that_can_is_listened_to(pair_of, watch):
    pair = pair_of("juicefs", "juicefs-2")
    running = watch(pair).wait_live()
    assert running.standing()["state"] in ("listening", "reconciling")
    assert not running.seen("polling")
    delays = []
    for number in range(10):
        begun = time.monotonic()
        pair.put(f"number/{number}")
        running.wait("copied", key=f"number/{number}")
        delays.append(time.monotonic() - begun)
    assert sorted(delays)[5] < 0.5, delays
    assert len(running.seen("reconcile-end")) == 1, "nothing but events brought these"
    wait_replica(pair)


def test_a_server_that_cannot_is_polled_and_the_log_says_why(pair_of, watch):
    pair = pair_of("moto", "juicefs")
    running = watch(pair, "--remove", "--poll-interval", "300ms")
    line = running.wait("polling")
    assert line["interval"] == 0.3
    assert f":{pair.source_server.port}" in line["reason"] and len(line["reason"]) > 40
    for key in ("gone", "stays"):
        pair.put(key)
    wait_replica(pair, watch=running)
    pair.source.delete_object(Bucket=pair.source_bucket, Key="gone")
    wait_replica(pair, watch=running)
    assert running.standing()["state"] == "polling"
    assert len(running.seen("polling")) == 1 and not running.seen("stream-lost")


def test_polling_can_be_demanded(sandboxes, watch):
    pair = sandboxes
    pair.source_server.forget_requests()
    running = watch(pair, "--events", "poll", "--poll-interval", "250ms")
    assert running.wait("polling")["reason"] == "--events poll"
    running.wait_live()
    began, delays = time.monotonic(), []
    for number in range(3):
        begun = time.monotonic()
        pair.put(f"number/{number}")
        running.wait("copied", key=f"number/{number}")
        delays.append(time.monotonic() - begun)
    took = time.monotonic() - began
    assert max(delays) < 2, delays
    requests = [each["operation"] for each in pair.source_server.requests()]
    assert LISTENING not in requests
    assert sum(each in LISTING for each in requests) <= took / 0.25 + 4, "it does not poll more often than it was told"


def test_listening_can_be_demanded_and_is_tried_until_it_works(sandboxes, watch):
    pair = sandboxes
    pair.put("before")
    pair.source_server.break_with(
        {"operation": LISTENING, "times": 4, "action": "status", "status": 503, "code": "SlowDown"})
    running = watch(pair, "--events", "listen")
    assert "503" in running.wait("stream-lost")["error"]
    running.wait("listening")
    wait_replica(pair, watch=running)
    assert not running.seen("polling")


def test_a_server_that_cannot_be_listened_to_though_that_was_demanded(pair_of, watch):
    """The log and the status say so; a person can still have it compared."""
    pair = pair_of("moto", "juicefs")
    pair.put("before")
    running = watch(pair, "--events", "listen", "--poll-interval", "100ms")
    line = running.wait("stream-lost")
    assert f":{pair.source_server.port}" in line["error"]
    assert running.standing()["state"] == "stream-lost"
    assert not running.seen("polling") and not running.seen("reconcile-begin")
    running.send(signal.SIGUSR1)
    assert running.wait("reconcile-end")["reason"] in ("request", "start")
    wait_replica(pair, watch=running)
    assert running.stop() < 5


def test_what_was_missed_while_the_stream_was_away_is_found(own_pair, watch):
    pair = own_pair
    running = watch(pair, "--remove")
    pair.put("kept")
    pair.put("gone")
    wait_replica(pair, watch=running.wait_live())
    pair.source_server.kill()
    lost = running.wait("stream-lost")
    assert running.standing()["state"] == "stream-lost"
    pair.source_server.start()
    pair.put("missed")
    pair.source.delete_object(Bucket=pair.source_bucket, Key="gone")
    live = running.wait("listening", since=lost.number)
    running.wait("reconcile-end", since=live.number)
    wait_replica(pair, watch=running)
    pair.put("after")
    wait_replica(pair, watch=running)
    assert running.standing()["state"] in ("listening", "reconciling")


def test_what_no_event_told_is_found_on_schedule_and_on_request(sandboxes, watch):
    pair = sandboxes
    pair.source_server.behave(dropsEvents=True)
    running = watch(pair, "--remove", "--reconcile-interval", "1s").wait_live()
    pair.put("silent")
    running.wait("reconcile-end", reason="schedule", marked=lambda count: count > 0)
    wait_replica(pair, watch=running)
    running.kill()

    running = watch(pair, "--remove").wait_live()
    pair.source.delete_object(Bucket=pair.source_bucket, Key="silent")
    pair.put("silent too")
    running.send(signal.SIGUSR1)
    running.wait("reconcile-end", reason="request")
    running.until(lambda: pair.target_keys() == ["silent too"])
    pair.put("third")
    assert running.command("reconcile").stdout.count("\n") == 1
    running.wait("copied", key="third")
