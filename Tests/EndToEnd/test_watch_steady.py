"""What shows only after a while; the watch was started before the other tests of watching, see `background.Steady`."""

import time

import oracle
from watching import until

MIB = 1 << 20


def test_a_refused_listener_polls_and_comes_back(steady):
    """As where a policy does not allow it, until somebody mends the policy."""
    running = steady.watch
    assert "AccessDenied" in running.wait("polling", mirror="refused")["reason"]
    polled = running.wait("copied", mirror="refused", key="polled")
    live = running.wait("listening", mirror="refused", seconds=15)
    assert polled.number < live.number
    running.wait("reconcile-end", since=live.number, mirror="refused", reason="gap", seconds=5)
    steady.source.put_object(Bucket="refused", Key="heard", Body=b"x")
    running.wait("copied", mirror="refused", key="heard")
    assert running.standing("refused")["state"] in ("listening", "reconciling")


def test_a_key_that_its_server_refuses_is_poisoned_and_stops_nothing_else(steady):
    running = steady.watch
    running.wait("copied", mirror="poisoned", key="good")
    standing = running.until(
        lambda: (found := running.standing("poisoned"))["poisoned"] and found, 20, "the key counts as poisoned")
    assert (standing["pending"], standing["retrying"], standing["poisoned"]) == (1, 1, 1)
    assert standing["lagSeconds"] > 1 and standing["lastIdentical"] is None
    retry, = running.seen("retry", mirror="poisoned")[:1]
    assert retry["key"] == "bad" and retry["attempt"] == 1 and "400" in retry["error"]
    steady.source.put_object(Bucket="poisoned", Key="another", Body=b"x")
    running.wait("copied", mirror="poisoned", key="another")


def test_half_a_minute_of_changes_leaves_no_descriptors_and_little_memory(steady):
    steady.wait_written()
    running = steady.watch
    until(lambda: not oracle.differences(oracle.snapshot(steady.source, "busy"), oracle.snapshot(steady.target, "busy")),
          10, "the replica is true")
    running.until(lambda: running.standing("busy")["pending"] == 0)
    assert running.standing("busy")["copied"] > 100
    assert not (steady.target.list_multipart_uploads(Bucket="busy").get("Uploads") or [])

    def leaked():
        now = running.descriptors()
        return {kind: (now[kind], steady.descriptors[kind]) for kind in now
                if now[kind] > steady.descriptors[kind] + (16 if kind == "socket" else 0)}
    until(lambda: not leaked(), 5, f"no descriptor is left behind: {leaked()}")
    assert running.peak_memory() < 80 * MIB


def test_what_lags_is_told_every_minute_and_repeated_failures_are_summed_up(steady):
    running = steady.watch
    left = max(0, 66 - (time.monotonic() - running.started))
    line = running.wait("lag", seconds=left + 1)
    assert line["mirror"] == "poisoned" and line["pending"] == line["poisoned"] == 1
    assert 45 < line["lag"] < 80
    assert {each["mirror"] for each in running.seen("lag")} == {"poisoned"}, "who is up to date is not mentioned"
    line = running.wait("repeated", seconds=left + 5, mirror="poisoned")
    assert line["of"] == "retry" and line["count"] >= 4 and "bad" in line["last"] and line["seconds"] > 45
    assert len(running.seen("retry", mirror="poisoned")) == 1


def test_it_ends_in_good_order_after_all_that(steady):
    assert steady.watch.stop() < 5
