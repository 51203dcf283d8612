"""How a watch ends, in good order or not, and that the next one goes on where it was."""

import random
import signal
import threading
import time

import pytest

import samples
from samples import MIB
from watching import uploads, wait_replica


@pytest.fixture
def pair(pair_of):
    return pair_of("juicefs", "juicefs-2")


@pytest.fixture
def sandboxes(pair_of):
    return pair_of("sandbox", "sandbox-2")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
def test_an_idle_watch_ends_at_once(sandboxes, watch, number):
    running = watch(sandboxes, "--remove", "--events", "poll").wait_live()
    assert running.stop(number) < 3
    assert [line.event for line in running.lines[-2:]] == ["ending", "ended"]


def test_a_second_signal_ends_it_at_once(sandboxes, watch):
    pair = sandboxes
    samples.put(pair.source, pair.source_bucket, "large", samples.bytes_of(40 * MIB, "large"))
    running = watch(pair, "--limit-download", "500KiB").wait_live()
    running.until(lambda: running.standing()["pending"] == 1)
    running.send(signal.SIGTERM)
    running.wait("ending")
    time.sleep(0.4)  # less may be one key press that came twice
    begun = time.monotonic()
    running.send(signal.SIGTERM)
    assert running.ended(begun, 2) < 1


@pytest.mark.parametrize("seed", [23])
def test_killed_watches_converge(pair, watch, seed):
    """SIGKILL at any moment while objects come, change and go, some of them in parts."""
    chance = random.Random(seed)
    ending = threading.Event()

    def write():
        number = 0
        while not ending.wait(0.01):
            number += 1
            key = f"key/{chance.randrange(40)}"
            if number % 4 == 0:
                pair.source.delete_object(Bucket=pair.source_bucket, Key=key)
            else:
                pair.put(key, samples.bytes_of(chance.randrange(200_000), number))
            if number % 15 == 0:
                samples.put_parts(pair.source, pair.source_bucket, f"parts/{number % 4}", [5 * MIB, number])

    samples.put_parts(pair.source, pair.source_bucket, "parts/first", [5 * MIB] * 3)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(4):
            running = watch(pair, "--remove", "--limit-download", "60MiB")
            time.sleep(chance.uniform(0.1, 0.9))
            running.kill()
    finally:
        ending.set()
        writer.join()
    running = watch(pair, "--remove").wait_live()
    wait_replica(pair, watch=running, contents=True, seconds=20)
    running.until(lambda: running.standing()["pending"] == 0)
    running.until(lambda: uploads(pair) == [], what="no upload is left behind")
    assert running.stop() < 5


def test_the_end_waits_for_what_is_in_flight_but_not_for_ever(ending):
    """A slow link, a target that is down and one that hangs; see `background.Ending`."""
    slow = ending.slow
    for each in ending.watches:
        each.ended(ending.begun, 21 - (time.monotonic() - ending.begun))
    times = [each.lines[-1].at - ending.begun for each in ending.watches]
    assert times[1] < 5, "nothing that is in flight can succeed"
    assert max(times) < 20
    assert "large" not in slow.target_keys()

    # What was begun is gone on with, and nothing is left behind.
    sent = slow.target_server.parts_stored()
    slow.target_server.forget_requests()
    ending.watches += [ending.start(number) for number in range(3)]
    for each, running in zip(ending.pairs, ending.watches[3:]):
        wait_replica(each, watch=running)
        assert running.stop() < 5
    assert uploads(slow) == []
    again = slow.target_server.parts_stored()
    assert sent and again and not set(sent) & set(again) and len(sent) + len(again) == 6, "parts that were there are not sent again"
