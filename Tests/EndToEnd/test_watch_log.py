"""What a watch prints: a log of one line a fact, and with `--json` its objects on standard output."""

import os
import signal
import time

import pytest

import minio_sync
import samples
from watching import wait_replica

#: Begins what the last test of signals looks at.
pytestmark = pytest.mark.usefixtures("ending")

#: Keys that a format must quote, or that could pretend to be something else.
KEYS = ["plain", "sp ace", 'quo"te', "equals=sign", "back\\slash", "new\nline level=error event=ended", "tab\t",
        "c1\u0085next", "line\u2028separator", "right\u202eleft", "nfc\u00e9", "nfde\u0301", "emoji\U0001f600", "{}", "<3>",
        "escape\x1b[31m", "delete\x7f", "null", "5", "true"]


@pytest.mark.parametrize("log_format, service", [
    ("text", {}), ("json", {}), ("text", {"as_journal": True}), ("json", {"environment": {"NOTIFY_SOCKET": "/nowhere"}}),
    ("text", {"environment": {"JOURNAL_STREAM": "8:12345"}})],
    ids=["text", "json", "text to the journal", "json to systemd", "text below a desktop's journal"])
def test_a_line_is_a_fact_whatever_the_keys(pair_of, watch, log_format, service):
    """Each line is parsed strictly as it comes, with its priority and time or without; see `watching.parse`."""
    pair = pair_of("sandbox", "sandbox-2")
    samples.put_many(pair.source, pair.source_bucket, ((key, b"x") for key in KEYS))
    pair.put_target("extra")
    running = watch(pair, "--remove", "--events", "poll", log_format=log_format, **service).wait_live()
    wait_replica(pair, watch=running)
    running.wait("deleted", key="extra")
    running.until(lambda: {line["key"] for line in running.seen("copied")} == set(KEYS))
    assert running.seen("copied", size=1, reason="missing") == running.seen("copied")
    assert running.stop() < 5
    assert [line.event for line in running.lines][:1] == ["start"]
    assert [line.event for line in running.lines][-2:] == ["ending", "ended"]


def test_json_puts_each_object_on_standard_output(pair_of, watch):
    pair = pair_of("sandbox", "sandbox-2")
    pair.put("a", b"123")
    pair.put_target("extra")
    running = watch(pair, "--remove", "--json").wait_live()
    pair.source.copy_object(Bucket=pair.source_bucket, Key="a", MetadataDirective="REPLACE", Metadata={"x": "y"},
                            CopySource={"Bucket": pair.source_bucket, "Key": "a"})
    running.wait("headers-updated", key="a")
    running.until(lambda: len(running.objects) == 3)
    found = {(each["action"], each["key"], each["status"]) for each in running.objects}
    assert found == {("copy", "a", "ok"), ("delete", "extra", "ok"), ("metadata", "a", "ok")}
    assert running.stop() < 5


def test_nobody_who_reads_standard_output_is_no_reason_to_stop(pair_of, tmp_path):
    pair = pair_of("sandbox", "sandbox-2")
    reader, writer = os.pipe()
    process = minio_sync.start_minio_sync(
        ["mirror", "--watch", "--json", "--no-state", "--events", "poll", "--poll-interval", "100ms", *pair.places()],
        pair.environment, tmp_path / "home", stdout=writer, stderr=open(tmp_path / "log", "wb"))
    os.close(writer)
    os.close(reader)
    try:
        for key in ("first", "second"):
            pair.put(key)
            wait_replica(pair)
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("flag", ["--quiet", "--verbose", "--debug"])
def test_how_much_is_told(pair_of, watch, flag):
    pair = pair_of("sandbox", "sandbox-2")
    pair.put("changed", b"12")
    running = watch(pair, flag, "--events", "poll", "--poll-interval", "100ms", log_format="json")
    wait_replica(pair, watch=running)
    if flag == "--quiet":
        assert running.stop() < 5
        assert {line.event for line in running.lines} == {"start", "polling", "ending", "ended"}
    else:
        running.wait("reconcile-end", reason="poll", marked=0)
        assert bool(running.seen("request")) == (flag == "--debug")


def test_a_server_that_is_away_floods_no_log(own_pair, watch):
    """Five seconds of writes while the target is down: what fails is said once, then summed up."""
    pair = own_pair
    running = watch(pair, "--remove").wait_live()
    pair.put("before")
    wait_replica(pair, watch=running)
    mark = running.mark
    pair.target_server.kill()
    ending, number = time.monotonic() + 5, 0
    while time.monotonic() < ending:
        number += 1
        pair.put(f"key/{number % 300}", samples.bytes_of(500, number))
    gone = running.wait("server-gone", since=mark)
    assert f":{pair.target_server.port}" in gone["error"]
    assert number > 40
    standing = running.standing()
    assert standing["state"] == "server-gone" and standing["pending"] == min(number, 300)
    assert 3 < standing["lagSeconds"] < 12 and standing["serverGone"]
    troubles = running.lines[mark:]
    assert len(troubles) <= 12, "\n".join(line.text for line in troubles)

    pair.target_server.start()
    back = running.wait("server-back", since=mark)
    wait_replica(pair, watch=running)
    running.until(lambda: running.standing()["pending"] == 0)
    assert running.lines[-1].at - back.at < 8
    assert running.stop() < 5
    summed = running.seen("repeated", since=mark)
    assert all(line["count"] > 0 and line["mirror"] == f"source/{pair.source_bucket}" and line["last"] for line in summed)
    assert len(summed) <= 4 and {line["of"] for line in summed} <= {"retry", "reconcile-failed", "stream-lost"}


def test_a_log_that_nobody_reads_stops_nothing(pair_of):
    """A pipe holds 64 KiB; what comes after waits in memory."""
    pair = pair_of("sandbox", "sandbox-2")
    process = minio_sync.start_minio_sync(
        ["mirror", "--watch", "--remove", *pair.places(), "--state", pair.folder / "stuck.db"], pair.environment,
        pair.folder / "home")
    try:
        samples.put_many(pair.source, pair.source_bucket, ((f"a long enough name/{number:06}", b"x") for number in range(900)))
        wait_replica(pair, seconds=30)
        process.send_signal(signal.SIGTERM)
        # All lines are there for whoever reads them at last.
        log = process.communicate(timeout=20)[1].decode()
        assert process.returncode == 130
        assert log.count("event=copied") >= 100 and all(line.startswith("time=") for line in log.splitlines()[:500])
    finally:
        process.kill()
        process.wait()
