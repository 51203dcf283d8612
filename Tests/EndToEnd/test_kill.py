"""`kill -9` and signals at any moment cost time, never an object, and leave nothing behind."""

import random
import signal
import subprocess
import time

import pytest

import minio_sync
import samples
import servers as real
from conftest import Pair
from samples import MIB

#: Printed by pytest with a failing test, so that it can be repeated.
SEEDS = [11, 29]


def fill(pair, small=200):
    """Many small objects and multipart uploads, so that a kill meets each."""
    samples.put_many(pair.source, pair.source_bucket,
                     ((f"small/{number:03}", samples.bytes_of(500, number)) for number in range(small)))
    for number in range(3):
        samples.put_parts(pair.source, pair.source_bucket, f"large/{number}", [5 * MIB] * 4 + [1234 + number])
    samples.put(pair.source, pair.source_bucket, "large/single", samples.bytes_of(20 * MIB, "single"))


def uploads(pair):
    return [each["Key"] for each in pair.target.list_multipart_uploads(Bucket=pair.target_bucket).get("Uploads") or []]


def start(pair, *flags):
    return minio_sync.start_minio_sync(pair.arguments("--json", *flags), pair.environment, pair.folder / "home")


def kill_once(pair, is_time, seconds=0.0):
    """Runs slowly, and kills the run `seconds` after `is_time` says so, or after half a minute."""
    process = start(pair, "--limit-upload", "10MiB")
    deadline = time.monotonic() + 30
    while not is_time() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    time.sleep(seconds)
    process.kill()
    process.communicate()


def kill_in_upload(pair, seconds):
    """Kills a run `seconds` after it began to upload the object `large` in parts."""
    kill_once(pair, lambda: uploads(pair), seconds)
    assert uploads(pair) == ["large"], "the kill did not come in the middle"


@pytest.mark.parametrize("names", [("juicefs", "juicefs-2"), ("juicefs", "seaweedfs"), ("sandbox", "sandbox-2")],
                         ids="→".join)
@pytest.mark.parametrize("seed", SEEDS)
def test_killed_runs_converge(pair_of, names, seed):
    pair = pair_of(*names)
    fill(pair)
    chance = random.Random(seed)
    for _ in range(3):
        process = start(pair, "--limit-download", "40MiB")
        try:
            # A clean run takes about two seconds at that rate.
            process.wait(chance.uniform(0.02, 1.5))
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        source, target = pair.source_snapshot(), pair.target_snapshot()
        torn = [key for key in target if target[key].size != source[key].size or
                pair.keeps_etags and target[key].etag != source[key].etag]
        assert torn == [], "a torn object is on the target"

    pair.mirror()

    pair.assert_replica()
    assert uploads(pair) == []
    again = pair.mirror()
    assert again.objects == [] and set(again.summary["requests"]) == {"LIST"}


def test_parts_that_were_sent_are_not_sent_again(pair_of):
    pair = pair_of("sandbox", "sandbox-2")
    samples.put_parts(pair.source, pair.source_bucket, "large", [5 * MIB] * 8)
    target = pair.target_server
    target.forget_requests()
    kill_once(pair, lambda: len(target.parts_stored()) >= 3)
    time.sleep(0.3)  # for a part that the server had whole and was still storing
    sent = target.parts_stored()
    assert 3 <= len(sent) < 8, "the kill did not come in the middle"
    target.forget_requests()

    pair.mirror()

    again = target.parts_stored()
    assert not set(sent) & set(again), "sent twice"
    assert len(sent) + len(again) == 8
    pair.assert_replica()
    assert uploads(pair) == []


def test_an_upload_is_resumed_on_moto(pair_of):
    """Its list of parts has a name of its own."""
    pair = pair_of("juicefs", "moto")
    samples.put_parts(pair.source, pair.source_bucket, "large", [5 * MIB] * 8)
    kill_in_upload(pair, seconds=1.5)

    pair.mirror()

    pair.assert_replica()
    assert uploads(pair) == []


def test_an_upload_of_a_source_that_changed_is_not_resumed(pair_of):
    """The parts that are there belong to bytes that no longer exist."""
    pair = pair_of("sandbox", "sandbox-2")
    samples.put_parts(pair.source, pair.source_bucket, "large", [5 * MIB] * 8)
    kill_in_upload(pair, seconds=1)
    samples.put(pair.source, pair.source_bucket, "large", samples.bytes_of(40 * MIB, "changed"))

    pair.mirror()

    pair.assert_replica()
    assert uploads(pair) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name)
def test_a_signal_ends_the_run_in_good_order(pair_of, number):
    pair = pair_of("juicefs", "juicefs-2")
    fill(pair, small=50)
    process = start(pair, "--limit-download", "10MiB")
    time.sleep(1)
    process.send_signal(number)
    begun = time.monotonic()
    stdout, stderr = process.communicate(timeout=30)
    assert time.monotonic() - begun < 10
    run = minio_sync.finished(["mirror", "--json"], process.returncode, stdout, stderr, pair.environment, 130)
    assert run.summary["status"] == "interrupted"
    source, target = pair.source_snapshot(), pair.target_snapshot()
    assert all(target[key].etag == source[key].etag for key in target)

    pair.mirror()
    pair.assert_replica()
    assert uploads(pair) == []


def test_a_second_signal_ends_the_run_at_once(pair_of):
    pair = pair_of("juicefs", "juicefs-2")
    samples.put(pair.source, pair.source_bucket, "large", samples.bytes_of(40 * MIB, "large"))
    process = start(pair, "--limit-download", "1MiB")
    time.sleep(0.7)
    process.send_signal(signal.SIGINT)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=3)
    assert process.returncode in (130, -signal.SIGINT)


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_server_that_restarts_for_seconds_is_waited_for(pair_of, tmp_path, side):
    pair = pair_of("sandbox", "sandbox-2")
    pair.put("app.apk", b"apk")
    with real.Forwarder(getattr(pair, f"{side}_server"), after=3) as way:
        environment = pair.environment | {f"MC_HOST_{side}": way.mc_host}
        minio_sync.run_minio_sync(pair.arguments("--json"), environment, pair.folder / "home")
    pair.assert_replica()


def test_a_server_that_comes_back_in_time_costs_nothing_but_time(pair_of, tmp_path, fleet):
    """The target is killed during the run and is back within the time that requests are retried."""
    with real.JuiceFS(tmp_path / "fragile") as fragile:
        pair = Pair(fleet["juicefs"], fragile, tmp_path)
        fill(pair)
        process = start(pair, "--limit-download", "40MiB")
        time.sleep(0.6)
        fragile.kill()
        time.sleep(0.5)
        fragile.start()
        stdout, stderr = process.communicate(timeout=90)
        minio_sync.finished(["mirror", "--json"], process.returncode, stdout, stderr, pair.environment, {0, 1, 3})
        if process.returncode == 0:
            pair.assert_replica()
        pair.mirror()
        pair.assert_replica()
        assert uploads(pair) == []
