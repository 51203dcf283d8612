"""What a watch must never do: empty a replica on doubt. Deletions are guarded, copies go on."""

import shutil

import pytest

import samples
import servers as real
from conftest import Pair
from watching import wait_replica


@pytest.fixture
def pair(pair_of):
    return pair_of("sandbox", "sandbox-2")


def numbered(count):
    return [f"object/{number:03}" for number in range(count)]


def fill(client, bucket, keys):
    samples.put_many(client, bucket, ((key, b"x") for key in keys))


def test_a_mass_deletion_pauses_deletes_until_a_person_says_otherwise(pair, watch):
    keys = numbered(40)
    fill(pair.source, pair.source_bucket, keys)
    flags = ["--remove", "--max-delete", "50%"]
    running = watch(pair, *flags).wait_live()
    wait_replica(pair, watch=running)
    samples.delete_many(pair.source, pair.source_bucket, keys[5:])

    line = running.wait("deletes-paused")
    assert "--max-delete 50%" in line["reason"]
    assert line["advice"] == f"minio-sync resume-deletes source/{pair.source_bucket}"
    pair.put("after", b"copies go on")
    running.wait("copied", key="after")
    running.until(lambda: running.standing()["pending"] == 0)
    held = pair.target_keys()
    assert 21 <= len(held) <= 41, "no more than the guard lets through is deleted"
    standing = running.standing()
    assert standing["state"] == "deletes-paused" and standing["deletesPaused"] == line["reason"]
    assert standing["heldDeletes"] == len(held) - 6
    text = running.command("status").stdout
    assert text.count(line["reason"]) == 1 and "deletes-paused" in text
    assert running.stop() < 5

    running = watch(pair, *flags).wait_live()
    assert running.wait("deletes-paused")["reason"] == line["reason"]
    pair.put("after that", b"copies go on")
    running.wait("copied", key="after that")
    running.command("reconcile")
    running.wait("reconcile-end", reason="request", extra=len(held) - 6)
    assert sorted(pair.target_keys()) == sorted([*held, "after that"]), "a restart forgets no guard"
    standing = running.standing()
    assert standing["lastIdentical"] is None and standing["heldDeletes"] == len(held) - 6

    assert running.command("resume-deletes").stdout.count("\n") == 1
    running.wait("deletes-resumed")
    wait_replica(pair, watch=running)
    running.until(lambda: running.standing()["lastIdentical"])
    assert running.standing()["state"] in ("listening", "reconciling")
    assert running.standing()["heldDeletes"] == 0


@pytest.mark.parametrize("events", ["listen", "poll"])
def test_what_is_held_back_is_not_identical(pair, watch, events):
    """Small deletions add up; what the last of them left is no replica, however often it is compared."""
    keys = numbered(20)
    fill(pair.source, pair.source_bucket, keys)
    running = watch(pair, "--remove", "--max-delete", "10", "--events", events, "--poll-interval", "100ms")
    wait_replica(pair, watch=running.wait_live())
    samples.delete_many(pair.source, pair.source_bucket, keys[:8])
    wait_replica(pair, watch=running)
    running.until(lambda: running.standing()["pending"] == 0)
    samples.delete_many(pair.source, pair.source_bucket, keys[8:16])
    assert "--max-delete 10" in running.wait("deletes-paused")["reason"]
    running.until(lambda: running.standing()["pending"] == 0)
    identical = running.standing()["lastIdentical"]
    mark = running.mark
    running.command("reconcile")
    done = running.wait("reconcile-end", since=mark, reason="request", source_objects=4)
    running.until(lambda: not running.standing()["reconciling"])
    standing = running.standing()
    assert standing["lastIdentical"] == identical and standing["heldDeletes"] == done["extra"] >= 6
    assert standing["state"] == "deletes-paused"
    running.command("resume-deletes", f"source/{pair.source_bucket}")
    wait_replica(pair, watch=running)
    running.until(lambda: running.standing()["lastIdentical"] != identical)


@pytest.mark.parametrize("events", ["listen", "poll"])
def test_a_reconcile_that_would_delete_too_much_deletes_nothing(pair, watch, events):
    keys = numbered(120)
    fill(pair.target, pair.target_bucket, keys)
    pair.put("first")
    flags = ["--remove", "--events", events, "--poll-interval", "100ms"]
    running = watch(pair, *flags).wait_live()
    assert "120 of the target's 120 objects" in running.wait("guarded")["reason"]
    pair.put("second")
    running.wait("copied", key="second")
    standing = running.standing()
    assert standing["heldDeletes"] == 120 and standing["guard"] and standing["lastIdentical"] is None
    if events == "poll":
        mark = running.mark
        pair.put("third")
        running.wait("copied", key="third")
        # Each poll objects, and tells it no more.
        assert len(running.seen("guarded", since=mark)) <= 1
        assert all(line["marked"] for line in running.seen("reconcile-end", since=mark, reason="poll"))
    assert len(pair.target_keys()) >= 122 and not running.seen("deleted")
    if events == "listen":
        running.command("resume-deletes")
        running.wait("deletes-resumed")
    else:
        running.stop()
        running = watch(pair, *flags, "--max-delete", "100%")
    wait_replica(pair, watch=running)
    running.until(lambda: running.standing()["lastIdentical"])
    assert not running.seen("deletes-paused")


def test_a_persons_word_is_for_what_there_was(pair, watch):
    """`resume-deletes` lets go on what was held back; the next mass deletion is measured again, and an empty source."""
    keys = numbered(40)
    fill(pair.source, pair.source_bucket, keys)
    fill(pair.target, pair.target_bucket, [f"extra/{number}" for number in range(90)])
    running = watch(pair, "--remove", "--max-delete", "50%").wait_live()
    running.wait("guarded")
    running.command("resume-deletes")
    wait_replica(pair, watch=running)
    running.until(lambda: running.standing()["heldDeletes"] == 0)
    samples.delete_many(pair.source, pair.source_bucket, keys[5:])
    running.wait("deletes-paused")
    assert len(pair.target_keys()) >= 20
    pair.source_server.behave(dropsEvents=True)
    samples.delete_many(pair.source, pair.source_bucket, keys[:5])
    pair.source_server.behave()
    mark = running.mark
    running.command("resume-deletes")
    running.wait("reconcile-end", since=mark, reason="request")
    running.until(lambda: "the source is empty" in (running.standing()["guard"] or ""))
    assert len(pair.target_keys()) >= 20


def test_deletions_that_the_target_refuses_do_not_add_up(pair, watch):
    """Tried again and again, one is still one."""
    for key in ("a", "b", "c"):
        pair.put(key)
    running = watch(pair, "--remove", "--max-delete", "3").wait_live()
    wait_replica(pair, watch=running)
    pair.target_server.behave(isReadOnly=True)
    try:
        for key in ("a", "b"):
            pair.source.delete_object(Bucket=pair.source_bucket, Key=key)
        running.until(lambda: running.standing()["failures"] >= 6, what="several tries")
    finally:
        pair.target_server.behave()
    wait_replica(pair, watch=running)
    assert not running.seen("deletes-paused")


def own(folder, **options):
    """A sandbox of the test's own."""
    return real.Sandbox(folder, **options)


def test_a_source_that_comes_back_empty_or_not_at_all_empties_nothing(fleet, tmp_path, watch):
    """The disk was lost, the server was made anew."""
    with own(tmp_path / "source", bucket="source-lost") as source:
        pair = Pair(source, fleet["sandbox-2"], tmp_path)
        pair.source_bucket = "source-lost"
        keys = numbered(12)
        fill(pair.source, pair.source_bucket, keys)
        running = watch(pair, "--remove", "--poll-interval", "200ms").wait_live()
        wait_replica(pair, watch=running)

        # Empty, with its bucket.
        source.kill()
        running.wait("stream-lost")
        shutil.move(tmp_path / "source/data", tmp_path / "lost")
        mark = running.mark
        source.start()
        line = running.wait("guarded", since=mark)
        assert "the source is empty" in line["reason"] and "--allow-empty-source" in line["reason"]
        assert pair.target_keys() == keys
        standing = running.standing()
        assert standing["heldDeletes"] == 12 and "empty" in standing["guard"]

        # Without its bucket.
        source.kill()
        shutil.rmtree(tmp_path / "source/data")
        source.bucket = "another"
        mark = running.mark
        source.start()
        assert "source-lost" in running.wait("reconcile-failed", since=mark, seconds=15)["error"]
        assert pair.target_keys() == keys

        # As it was.
        source.kill()
        shutil.rmtree(tmp_path / "source/data")
        shutil.move(tmp_path / "lost", tmp_path / "source/data")
        source.start()
        pair.put("new")
        wait_replica(pair, watch=running)
        running.until(lambda: running.standing()["guard"] is None)


def test_an_empty_source_may_empty_the_target_when_that_is_said(pair, watch):
    pair.put_target("extra")
    running = watch(pair, "--remove", "--allow-empty-source")
    running.wait("deleted", key="extra")
    assert pair.target_keys() == []


def test_the_last_object_can_be_deleted_as_an_event_tells_it(pair_of, watch):
    pair = pair_of("juicefs", "juicefs-2")
    pair.put("only")
    running = watch(pair, "--remove").wait_live()
    wait_replica(pair, watch=running)
    pair.source.delete_object(Bucket=pair.source_bucket, Key="only")
    wait_replica(pair, watch=running)
    running.until(lambda: running.standing()["guard"] is None)
    assert not running.seen("guarded")
