"""The commands that speak to a running watch, and what is said where they cannot."""

import re

import pytest

import servers as real
from watching import wait_replica


@pytest.fixture
def pair(pair_of):
    return pair_of("sandbox", "sandbox-2")


def sentence(run):
    """The one line that explains why a command did nothing."""
    assert run.stdout == ""
    lines = run.stderr.splitlines()
    assert len(lines) == 1 and re.fullmatch(r"minio-sync: [-A-Z\"].{20,400}\.", lines[0]), run.report()
    return lines[0]


def test_status_tells_how_the_replica_stands(pair, watch):
    pair.put("a", b"12345")
    pair.put("b", b"1234567")
    running = watch(pair, "--remove").wait_live()
    wait_replica(pair, watch=running)
    running.until(lambda: running.standing()["lastIdentical"])
    place = f"source/{pair.source_bucket}"
    pair.source.delete_object(Bucket=pair.source_bucket, Key="a")
    pair.source.copy_object(Bucket=pair.source_bucket, Key="b", MetadataDirective="REPLACE", Metadata={"x": "y"},
                            CopySource={"Bucket": pair.source_bucket, "Key": "b"})
    running.wait("deleted", key="a")
    running.wait("headers-updated", key="b")
    running.until(lambda: running.standing()["pending"] == 0)

    standing = running.status()[place]
    assert standing["source"] == place and standing["target"] == f"target/{pair.target_bucket}"
    assert standing["state"] in ("listening", "reconciling")
    assert (standing["copied"], standing["copiedBytes"], standing["deleted"], standing["metadata"]) == (2, 12, 1, 1)
    assert (standing["targetObjects"], standing["targetBytes"]) == (1, 7)
    assert (standing["lagSeconds"], standing["retrying"], standing["failures"]) == (0, 0, 0)
    assert standing["deletesPaused"] is standing["guard"] is standing["serverGone"] is None
    assert standing["lastIdentical"] <= standing["lastReconcile"]

    text = running.command("status").stdout
    assert re.fullmatch(rf"{place}: (listening|reconciling), 0 pending, 0 retrying, 0 poisoned, identical as of "
                        rf"{standing['lastIdentical']}\n", text)
    assert running.command("status", place).stdout == text


def test_a_reconcile_is_begun_on_request(pair, watch):
    running = watch(pair).wait_live()
    place = f"source/{pair.source_bucket}"
    for number, names in enumerate(([], [place])):
        before = running.standing()["lastReconcile"]
        mark = running.mark
        run = running.command("reconcile", *names)
        assert run.stdout.startswith(f"{place}: ") and run.stdout.count("\n") == 1
        running.wait("reconcile-begin", since=mark, reason="request")
        running.wait("reconcile-end", since=mark, reason="request")
        running.until(lambda: running.standing()["lastReconcile"] > before)


def test_deletes_that_are_not_paused_need_no_resuming(pair, watch):
    running = watch(pair, "--remove")
    running.wait("start")
    assert running.command("resume-deletes").stdout
    assert not running.seen("deletes-resumed")


COMMANDS = [["status"], ["status", "--json"], ["reconcile"], ["resume-deletes"]]


def test_an_unknown_mirror_is_named_with_those_that_there_are(pair, watch):
    running = watch(pair)
    running.wait("start")
    for command in COMMANDS:
        text = sentence(running.command(*command, "other", expect=2))
        assert '"other"' in text and f"source/{pair.source_bucket}" in text


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_a_watch_nobody_answers(run, tmp_path, command):
    for names in ([], ["a"]):
        text = sentence(run(*command, *names, "--state", tmp_path / "state.db", expect=3))
        assert str(tmp_path / "state.db") in text and "--watch" in text


def test_after_a_crash_nobody_answers_and_a_new_watch_does(pair, watch, run, tmp_path):
    running = watch(pair)
    running.wait("start")
    running.kill()
    assert (tmp_path / "state.db.sock").exists()
    sentence(run("status", "--state", tmp_path / "state.db", expect=3))
    running = watch(pair).wait_live()
    assert running.standing()["state"] in ("listening", "reconciling")
    assert running.stop() < 5
    assert not (tmp_path / "state.db.sock").exists()
    sentence(run("status", "--state", tmp_path / "state.db", expect=3))


def test_only_its_user_may_speak_to_a_watch(pair, watch, tmp_path):
    watch(pair).wait("start")
    assert (tmp_path / "state.db.sock").stat().st_mode & 0o077 == 0


def test_a_second_watch_with_the_same_state_says_who_answers(pair, watch):
    """It mirrors all the same, which does no harm."""
    first = watch(pair, "--remove").wait_live()
    second = watch(pair, "--remove", "--events", "poll")
    assert "another process answers" in second.wait("notice")["text"]
    pair.put("new")
    wait_replica(pair)
    assert second.stop() < 5
    pair.source.delete_object(Bucket=pair.source_bucket, Key="new")
    first.wait("deleted", key="new")
    assert first.standing()["state"] in ("listening", "reconciling")


def test_a_watch_without_state_keeps_no_file_and_cannot_be_asked(pair, start_watch, run, tmp_path):
    running = start_watch("--no-state", "--events", "poll", *pair.places(), environment=pair.environment, state=None).wait_live()
    pair.put("new")
    wait_replica(pair, watch=running)
    assert list(tmp_path.rglob("*.sock")) == list(tmp_path.rglob("*.db")) == []
    sentence(run("status", expect=3))
    assert running.stop() < 5


def test_the_usual_state_file_is_found_by_all(pair, start_watch, run, tmp_path):
    running = start_watch(*pair.places(), environment=pair.environment, state=None)
    running.wait("start")
    assert (tmp_path / "home/state/minio-sync/state.db.sock").exists()
    assert f"source/{pair.source_bucket}: " in run("status").stdout
    assert running.stop() < 5


@pytest.mark.parametrize("flags, words", [
    (["--once"], "--once"), (["--dry-run"], "--dry-run"), (["--events", "sometimes"], "auto"),
    (["--poll-interval", "1ms"], "100ms"), (["--poll-interval", "soon"], "2s"), (["--reconcile-interval", "0"], "30m"),
    (["--log-format", "xml"], "json"), (["--max-delete", "10"], "--remove")], ids=lambda each: each if isinstance(each, str) else " ".join(each))
def test_what_cannot_be_meant_is_refused(run, flags, words):
    environment = {"MC_HOST_source": "http://127.0.0.1:9", "MC_HOST_target": "http://127.0.0.1:10"}
    result = run("mirror", "--watch", *flags, "source/one", "target/two", "--no-state", environment=environment, expect=2)
    assert words in sentence(result)


def test_a_watch_of_nothing_is_refused(run, tmp_path):
    assert "SOURCE and TARGET" in sentence(run("mirror", "--watch", expect=2))
    (tmp_path / "empty.yaml").write_text("servers: {}\n")
    for names in ([], ["apks"]):
        text = sentence(run("mirror", "--watch", "--config", tmp_path / "empty.yaml", *names, expect=2))
        assert str(tmp_path / "empty.yaml") in text


def test_unknown_aliases_are_refused_at_once(run):
    assert "nowhere" in sentence(run("mirror", "--watch", "nowhere/one", "target/two", "--no-state", expect=2,
                                     environment={"MC_HOST_target": f"http://127.0.0.1:{real.free_ports(1)[0]}"}))
