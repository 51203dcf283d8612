"""How audits go: changes meanwhile, servers and buckets that are missing, manifests, exit codes, reports, the way to mend."""

import hashlib
import re
import shlex
import signal
import threading
import time

import pytest

import auditing
import minio_sync
import samples
import servers as real
from background import black_hole


def later(seconds, body):
    thread = threading.Timer(seconds, body)
    thread.start()
    return thread


# Changes meanwhile

def test_a_key_that_changes_during_the_audit_is_no_difference(places_of):
    places = places_of("sandbox", "sandbox-2")
    places.put(b"old", key="changed")
    places.put(b"gone", key="deleted")
    # The first side is listed before the change, the other one after it.
    places.servers[1].break_with({"operation": "ListObjectsV2", "action": "delay", "milliseconds": 1200, "times": 1})

    def change():
        places.put(b"newer", key="changed")
        places.put(b"new", key="created")
        for client in places.clients:
            client.delete_object(Bucket=places.bucket, Key="deleted")
    thread = later(0.5, change)
    audit = places.audit("--all")
    thread.join()
    assert "HEAD" in audit.verbs(), "the listings saw no change, so this test proves nothing"
    assert audit.found() == {}


def test_what_is_deleted_everywhere_meanwhile_is_in_no_count(places_of):
    places = places_of("sandbox", "juicefs")
    places.put(b"same", key="same")
    places.put(b"replicated late", None, key="gone")
    thread = later(0.4, lambda: places.clients[0].delete_object(Bucket=places.bucket, Key="gone"))
    audit = places.audit("--all", "--settle", "1s")
    thread.join()
    assert audit.found() == {} and [each["key"] for each in audit.findings] == ["same"]
    assert audit.summary["compared"] == audit.summary["identical"] == 1
    assert [each["text"] for each in audit.notices] == [
        "1 key was deleted meanwhile wherever it had been listed, and counts nowhere."]


class Restless:
    """Writes keys again and again on all places, each time with other bytes, the first place before the others."""

    def __init__(self, places, *keys, bodies=lambda number: b"%d" % number, pause=0.02):
        self.places, self.keys, self.bodies, self.pause = places, keys, bodies, pause
        self.ending, self.writes = threading.Event(), 0
        self.write()
        self.thread = threading.Thread(target=self.work)

    def write(self):
        for client in self.places.clients:
            for key in self.keys:
                samples.put(client, self.places.bucket, key, self.bodies(self.writes))
        self.writes += 1

    def work(self):
        while not self.ending.wait(self.pause):
            self.write()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()


@pytest.mark.parametrize("servers", [("juicefs", "seaweedfs"), ("sandbox", "moto")], ids="-".join)
def test_keys_that_change_all_the_time_keep_no_other_from_being_told(places_of, servers):
    """What is said of them depends on the moment, and is no claim about the rest."""
    places = places_of(*servers)
    for key in "abc":
        places.put(b"calm", key=key)
    places.put(b"1", b"2", key="differs")

    def bodies(number):
        return b"%032d" % number
    with Restless(places, "hot/1", "hot/2", bodies=bodies, pause=0) as restless:
        audits = [places.audit(*flags, expect=1) for flags in (["--deep"], [])]
        assert restless.writes > 2
    for audit in audits:
        found = audit.found()
        assert found.pop("differs")[0] == "differs"
        # Equal in the moment between two writes; of other bytes where one place is late by more than a second look waits.
        assert set(found) <= {"hot/1", "hot/2"} and set(found.values()) <= {
            ("error", "changing"), ("differs", "etag"), ("differs", "content")}
        assert audit.summary["identical"] >= 3
        assert all(audit.finding(key)["detail"] for key in found)
    assert places.audit("--exclude", "differs", "--deep").summary["identical"] == 5


def test_a_key_that_is_another_one_at_each_look_is_told_to_be_changing(places_of):
    places = places_of("sandbox", "sandbox-2")
    places.put(b"calm", key="calm")
    places.put(b"1", b"2", key="differs")
    # The second place answers late, and by then the first one has something else.
    for operation in ("ListObjectsV2", "HeadObject"):
        places.servers[1].break_with({"operation": operation, "action": "delay", "milliseconds": 150})
    with Restless(places, "hot"):
        audit = places.audit("--all", expect=1)
    assert audit.found() == {"hot": ("error", "changing"), "differs": ("differs", "etag")}
    assert audit.summary["status"] == "incomplete" and audit.summary["errors"] == 1
    assert "kept changing" in audit.finding("hot")["detail"]
    assert places.audit("--all", "--exclude", "differs", "--settle", "1s").summary["identical"] == 2


def test_a_difference_that_grows_is_a_difference_once_it_rests(places_of):
    """What changed after the listing and still differs when it is looked at again."""
    places = places_of("sandbox", "sandbox-2")
    places.put(b"same", key="k")
    places.servers[1].break_with({"operation": "ListObjectsV2", "action": "delay", "milliseconds": 800, "times": 1})
    thread = later(0.4, lambda: places.put(b"new", b"newer", key="k"))
    audit = places.audit(expect=1)
    thread.join()
    assert audit.found() == {"k": ("differs", "size")}
    assert audit.summary["requests"]["HEAD"] == 4


def test_an_entry_that_a_listing_lost_is_looked_up(places_of):
    places = places_of("juicefs", "sandbox")
    for key in "abc":
        places.put(b"x", key=key)
    places.servers[1].break_with({"operation": "ListObjectsV2", "action": "listing", "lie": "missingEntry", "index": 1,
                                  "times": 1})
    audit = places.audit("--all")
    assert audit.found() == {}
    # What the table of places shows is then explained.
    assert [each["text"][:35] for each in audit.notices] == ["1 key was not in every listing, and"]
    assert places.audit("--all").notices == []


def test_settle_waits_for_replication_in_flight(places_of):
    places = places_of("sandbox", "sandbox-2")
    places.put(b"replicated", None, key="late")
    places.put(b"never", None, key="lost")
    assert set(places.audit(expect=1).found()) == {"late", "lost"}
    thread = later(0.4, lambda: samples.put(places.clients[1], places.bucket, "late", b"replicated"))
    audit = places.audit("--settle", "1s", expect=1)
    thread.join()
    assert audit.found() == {"lost": ("missing", "missing")}
    assert audit.summary["seconds"] >= 1
    places.put(None, b"never", key="lost")
    assert places.audit("--settle", "1s").summary["seconds"] < 1, "nothing differs, so there is nothing to wait for"


# Servers and buckets that are not there

def unreachable(places, index, port=None):
    environment = dict(places.environment)
    environment[f"MC_HOST_{auditing.ALIASES[index]}"] = (
        f"http://{real.ACCESS_KEY}:{real.SECRET_KEY}@127.0.0.1:{port or real.free_ports(1)[0]}")
    return environment


@pytest.mark.parametrize("index", range(3))
def test_an_unreachable_server_does_not_keep_the_others_from_being_compared(places_of, tmp_path, index):
    places = places_of("sandbox", "sandbox-2", "juicefs")
    for key in "abcdef":
        places.put(b"same", key=key)
    others = [at for at in range(3) if at != index]
    samples.put(places.clients[others[0]], places.bucket, "only", b"x")
    run = minio_sync.run_minio_sync(
        ["audit", "--json", "--retry", "0", *places.names], unreachable(places, index), tmp_path / "home", expect=3)
    audit = auditing.checked(run, places.names)
    assert audit.found() == {"only": ("missing", "missing")}
    assert audit.finding("only")["on"] == [places.names[others[1]]]
    assert audit.summary["status"] == "incomplete" and audit.summary["identical"] == 6
    assert [bool(each["error"]) for each in audit.summary["places"].values()] == [at == index for at in range(3)]
    # What the reached ones hold needs no second look for that.
    assert audit.summary["requests"].get("HEAD", 0) <= 2


def test_a_place_that_is_open_beside_a_missing_one_is_settled_too(places_of):
    """And a sentence speaks only of the places that it is true of."""
    places = places_of("sandbox", "juicefs", "sandbox-2")
    main, standby, third = places.names
    body = samples.bytes_of(5 * samples.MIB, "k/1") + samples.bytes_of(10, "k/2")
    samples.put_parts(places.clients[0], places.bucket, "k", [5 * samples.MIB, 10])
    samples.put(places.clients[1], places.bucket, "k", body[::-1])
    finding = places.audit(expect=1).finding("k")
    assert finding["state"] == "missing" and finding["on"] == [third]
    assert f"{third} lacks it." in finding["detail"] and f"whether {standby}" in finding["detail"]
    finding = places.audit("--resolve", expect=1).finding("k")
    assert finding["state"] == "differs" and finding["reason"] == "content" and finding["on"] == [standby, third]
    samples.put(places.clients[1], places.bucket, "k", body)
    finding = places.audit("--resolve", expect=1).finding("k")
    assert finding["state"] == "missing" and finding["on"] == [third] and finding["detail"] == f"{third} lacks it."


@pytest.mark.parametrize("gone", ["one", "both"])
def test_nothing_is_called_identical_that_was_compared_with_nothing(places_of, tmp_path, gone):
    places = places_of("sandbox", "sandbox-2")
    for key in "abc":
        places.put(b"same", key=key)
    environment = unreachable(places, 1)
    if gone == "both":
        environment = environment | {"MC_HOST_main": unreachable(places, 0)["MC_HOST_main"]}
    run = minio_sync.run_minio_sync(
        ["audit", "--json", "--retry", "0", *places.names], environment, tmp_path / "home", expect=3)
    audit = auditing.checked(run, places.names)
    assert audit.summary["status"] == "incomplete" and audit.summary["identical"] == 0


def test_a_server_that_says_nothing_is_out_in_bounded_time(places_of, tmp_path):
    """Twice, under two names of one address: whether that is one server is asked before anything else."""
    places = places_of("sandbox", "juicefs")
    for key in "abc":
        places.put(b"same", key=key)
    places.put(b"1", b"2", key="differs")
    with black_hole() as nobody:
        environment = places.environment | {"MC_HOST_one": nobody, "MC_HOST_two": nobody.replace("127.0.0.1", "localhost")}
        names = [places.names[0], f"one/{places.bucket}", f"two/{places.bucket}", places.names[1]]
        began = time.monotonic()
        audit = places.audit("--first-byte-timeout", "1s", "--retry", "0", places=names, environment=environment,
                             expect=3)
        # Five seconds for the question, one for each listing, and a second try of what waited for nothing.
        assert time.monotonic() - began < 12
        assert audit.found() == {"differs": ("differs", "etag")} and audit.summary["identical"] == 3
        assert audit.finding("differs")["on"] == [places.names[1]]
        assert [bool(each["error"]) for each in audit.summary["places"].values()] == [False, True, True, False]
        # The question alone, where answers may take a minute: an interrupt ends it, too.
        process = minio_sync.start_minio_sync(["audit", "--json", *names], environment, tmp_path / "home")
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        process.communicate(timeout=10)
        assert process.returncode == 130 and time.monotonic() - began < 6


@pytest.mark.parametrize("killed", [[2], [0, 1]], ids=["one-of-three", "both-of-two"])
def test_servers_that_die_while_keys_are_looked_at(tmp_path, killed):
    servers = [real.Sandbox(tmp_path / name) for name in auditing.ALIASES[:3 if len(killed) == 1 else 2]]
    try:
        for server in servers:
            server.start()
        places = auditing.Places(servers, tmp_path)
        for key in "abcd":
            places.put(b"1", b"2", b"1", key=key)
        for at in killed:
            servers[at].break_with({"operation": "HeadObject", "action": "delay", "milliseconds": 3000})
        threads = [later(0.8, servers[at].kill) for at in killed]
        run = places.run("--json", "--retry", "1", expect=3)
        audit = auditing.checked(run, places.names)
        for thread in threads:
            thread.join()
        told = [at for at, each in enumerate(audit.summary["places"].values()) if each["error"]]
        if len(killed) == 1:
            assert told == killed and audit.found() == dict.fromkeys("abcd", ("differs", "etag"))
            assert set(audit.finding("a")["places"]) == set(places.names[:2])
        else:
            assert told and audit.summary["identical"] == 0
        assert audit.summary["status"] == "incomplete" and not audit.summary["interrupted"]
    finally:
        for server in servers:
            server.remove()


def test_a_missing_bucket_is_told(places_of):
    places = places_of("sandbox", "sandbox-2")
    places.put(b"x", key="k")
    audit = places.audit(places=[places.names[0], "standby/never-made"], expect=3)
    assert "never-made" in audit.summary["places"]["standby/never-made"]["error"]
    assert audit.summary["status"] == "incomplete"


def test_a_key_that_is_refused_is_an_error_of_its_own(places_of):
    places = places_of("sandbox", "sandbox-2")
    for key in ("a", "b", "c"):
        places.put(b"1", b"2" if key != "c" else b"1", key=key)
    places.servers[1].break_with({"operation": "HeadObject", "key": "a", "action": "status", "status": 403,
                                  "code": "AccessDenied"})
    audit = places.audit(expect=1)
    assert audit.found() == {"a": ("error", "request"), "b": ("differs", "etag")}
    assert audit.summary["status"] == "incomplete" and audit.summary["errors"] == 1


@pytest.fixture
def two_servers(tmp_path):
    with real.Sandbox(tmp_path / "main", bucket="both") as main, real.Sandbox(tmp_path / "other", bucket="both") as other:
        places = auditing.Places([main, other], tmp_path)
        for client in places.clients:
            client.delete_bucket(Bucket=places.bucket)
        yield places


def test_all_buckets_of_servers(two_servers):
    places = two_servers
    main, standby = places.clients
    main.create_bucket(Bucket="apks")
    standby.create_bucket(Bucket="left")
    for client in places.clients:
        samples.put(client, "both", "k", b"same")
    samples.put(main, "both", "differs", b"1")
    samples.put(standby, "both", "differs", b"2")
    samples.put(main, "apks", "a", b"x")
    samples.put(standby, "left", "b", b"x")
    audit = places.audit(places=["main", "standby"], expect=1)
    assert audit.found() == {"apks/a": ("missing", "missing"), "both/differs": ("differs", "etag"),
                             "left/b": ("extra", "extra")}
    assert audit.summary["compared"] == 4 and audit.summary["identical"] == 1
    assert audit.finding("apks/a")["places"]["standby"] is None
    standby.delete_object(Bucket="left", Key="b")
    main.delete_object(Bucket="apks", Key="a")
    samples.put(standby, "both", "differs", b"1")
    # Empty buckets, of which each is on one server only.
    audit = places.audit(places=["main", "standby"], expect=1)
    assert audit.found() == {"apks/": ("missing", "bucket"), "left/": ("extra", "bucket")}
    assert audit.finding("apks/")["on"] == audit.finding("left/")["on"] == ["standby"]
    # Patterns are about the keys of each bucket; where they leave none, nothing is said of the buckets either.
    audit = places.audit("--include", "both/*", places=["main", "standby"], expect=1)
    assert audit.summary["status"] == "unverifiable" and audit.found() == {}
    assert places.audit("--include", "diff*", places=["main", "standby"]).summary["compared"] == 1
    standby.create_bucket(Bucket="apks")
    standby.delete_bucket(Bucket="left")
    assert places.audit(places=["main", "standby"]).summary["status"] == "identical"


# Manifests

def manifest(path, *lines):
    path.write_bytes(b"".join(each.encode() + b"\n" for each in lines))
    return path


def test_manifests_of_md5sum_and_sha256sum(places_of, tmp_path):
    places = places_of("juicefs", "sandbox")
    bodies = {"a.apk.txt": b"one", "with space": b"two", "back\\slash": b"three", "folder/\u00e9": b"four"}
    for key, body in bodies.items():
        places.put(body, key=key)
    folder = tmp_path / "files"
    for key, body in bodies.items():
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(body)
    for tool, flags in [("md5sum", []), ("sha256sum", []), ("md5sum", ["--tag"]), ("sha256sum", ["--binary"])]:
        file = tmp_path / "sums"
        with open(file, "wb") as out:
            minio_sync.subprocess.run([tool, *flags, "./a.apk.txt", *list(bodies)[1:]], cwd=folder, stdout=out, check=True)
        audit = places.audit("--manifest", file)
        assert audit.summary["status"] == "identical" and audit.summary["compared"] == 4
        # An MD5 needs no reading.
        assert (audit.summary["read"] == 0) == (tool == "md5sum"), tool


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_a_manifest_finds_what_is_wrong(places_of, tmp_path, algorithm):
    places = places_of("seaweedfs", "sandbox")
    places.put(b"right", b"wrong", key="other")
    places.put(b"x", None, key="lost")
    places.put(b"new\nline", key="new\nline")
    places.put(b"not told of", key="more")

    def digest(body):
        return hashlib.new(algorithm, body).hexdigest()
    lines = [f"{digest(b'right')}  other", f"{digest(b'x')} *lost"]
    lines.append("\\" + digest(b"new\nline") + "  new\\nline")
    file = manifest(tmp_path / "sums", "# a comment", "", *lines)
    audit = places.audit("--manifest", file, expect=1)
    assert audit.found() == {"other": ("differs", "content"), "lost": ("missing", "missing"), "more": ("extra", "extra")}
    assert audit.finding("other")["on"] == [places.names[1]] and audit.finding("lost")["on"] == [places.names[1]]
    assert audit.finding("more")["on"] == places.names
    # An ETag that is the MD5 needs no reading; one that is another may be no MD5 at all.
    assert audit.summary["read"] == (1 if algorithm == "md5" else 3)
    assert audit.finding("other")["detail"].endswith("they were read.")


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_an_etag_that_looks_like_an_md5_and_is_none_is_not_believed_against_a_manifest(places_of, tmp_path, algorithm):
    """As that of an encrypted object whose server does not say so, or a gateway's own."""
    places = places_of("sandbox", "sandbox-2")
    for server in places.servers:
        server.behave(etags="kms")
    for key in ("right", "wrong"):
        places.put(key.encode(), key=key)
    lines = [f"{hashlib.new(algorithm, body).hexdigest()}  {key}" for key, body in
             {"right": b"right", "wrong": b"other"}.items()]
    file = manifest(tmp_path / "sums", *lines)
    for flags in [[], ["--deep"]]:
        audit = places.audit("--manifest", file, *flags, expect=1)
        assert audit.found() == {"wrong": ("differs", "corrupt")}
        assert audit.summary["read"] == 2 and audit.summary["identical"] == 1


@pytest.mark.parametrize("line", ["no digest at all", "d41d8cd98f00b204e9800998ecf8427 short", "\u00e9" * 32 + "  x",
                                  "d41d8cd98f00b204e9800998ecf8427e  a"])
def test_a_malformed_manifest_is_refused_by_its_line(places_of, tmp_path, line):
    places = places_of("sandbox")
    file = manifest(tmp_path / "sums", f"{'0' * 32}  a", f"{'1' * 32}  b", line)
    run = places.run("--manifest", file, expect=2)
    assert "line 3" in run.stderr and run.stdout == ""
    assert "cannot be read" in places.run("--manifest", tmp_path / "none", expect=2).stderr


# Exit codes

def test_fail_on_narrows_the_exit_code(places_of):
    places = places_of("sandbox", "sandbox-2")
    places.put(None, b"x", key="extra")
    places.audit(expect=1)
    places.audit("--fail-on", "differ,missing,unverifiable", expect=0)
    places.audit("--fail-on", "extra", expect=1)
    places.put(b"1", b"2", key="differs")
    places.audit("--fail-on", "missing,unverifiable", expect=0)
    places.audit("--fail-on", "differ", expect=1)
    assert "--fail-on" in places.run("--fail-on", "all", expect=2).stderr


def test_what_is_wrong_on_one_place_hides_nothing_of_another(places_of):
    places = places_of("sandbox", "sandbox-2", "juicefs")
    places.put(b"1", b"2", None, key="k")
    audit = places.audit(expect=1)
    assert audit.found() == {"k": ("differs", "etag")} and audit.summary["missing"] == 0
    assert audit.summary["onAnyPlace"] == {"differs": 1, "missing": 1, "extra": 0, "unverifiable": 0}
    for flags in ["differ", "missing"]:
        places.audit("--fail-on", flags, expect=1)
    # Accepted, the key is gone on one place all the same: the report says why the exit code is 0.
    audit = places.audit("--fail-on", "extra,unverifiable", expect=0)
    assert "--fail-on" in audit.notices[-1]["text"] and audit.summary["status"] == "different"


def test_tolerance_accepts_a_share_of_missing_files_only(places_of):
    places = places_of("sandbox", "sandbox-2")
    for number in range(19):
        places.put(b"x", key=f"k{number}")
    places.put(b"x", None, key="missing")
    places.audit(expect=1)
    places.audit("--tolerance", "4%", expect=1)
    assert places.audit("--tolerance", "5%", expect=0).summary["status"] == "different"
    places.put(b"1", b"2", key="k0")
    places.audit("--tolerance", "5%", expect=1)


@pytest.mark.parametrize("arguments", [
    [], ["main/b"], ["--deep", "--sample", "5%", "main/b", "standby/b"], ["--seed", "1", "main/b", "standby/b"],
    ["--sample", "0%", "main/b", "standby/b"], ["main/b", "standby"], ["--manifest", "x", "main"],
    ["--expect", "com.example.app", "main/b"], ["--report", "pdf=x", "main/b", "standby/b"],
    ["--no-apk", "--expect", "com.example.app=1+1", "main/b"], ["main/b", "main/b/"],
    ["main/b/x/", "standby/b", "standby/b/y"]], ids=lambda each: " ".join(each) or "nothing")
def test_usage_errors(run, arguments):
    environment = {f"MC_HOST_{alias}": "http://AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI@127.0.0.1:9" for alias in
                   auditing.ALIASES}
    assert run("audit", *arguments, environment=environment, expect=2).stderr.startswith("minio-sync")


@pytest.mark.parametrize("flags", [["--deep"], []], ids=["deep", "listings"])
def test_an_interrupt_ends_it_soon(places_of, tmp_path, flags):
    places = places_of("sandbox", "sandbox-2")
    places.put(b"x" * 100, key="k")
    slow = {"operation": "GetObject" if flags else "ListObjectsV2", "action": "delay", "milliseconds": 5_000}
    places.servers[0].break_with(slow)
    report = tmp_path / "suite.xml"
    process = minio_sync.start_minio_sync(
        ["audit", "--json", "--report", f"junit={report}", *flags, *places.names], places.environment, tmp_path / "home")
    time.sleep(0.7)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    stdout, stderr = process.communicate(timeout=10)
    assert time.monotonic() - began < 3
    run = minio_sync.finished(["audit", "--json", *flags, *places.names], process.returncode, stdout, stderr,
                              places.environment, 130)
    summary = auditing.checked(run, places.names).summary
    assert summary["interrupted"]
    # Of what was not read to its end, no number is told.
    numbers = [each["objects"] for each in summary["places"].values()]
    assert numbers == ([1, 1] if flags else [None, None])
    assert all(bool(each["error"]) != bool(flags) for each in summary["places"].values())
    suite = report.read_text()
    assert suite.count("listing read to its end\" time=\"0\"/>") == (2 if flags else 0)


# Reports

def test_reports_are_written_whole_beside_the_main_one(places_of, tmp_path):
    places = places_of("juicefs", "sandbox")
    places.put(b"1", b"2", key="<b>&\"'.txt")
    page, metrics, table, suite = (tmp_path / name for name in ("audit.html", "audit.prom", "audit.csv", "audit.xml"))
    page.write_text("an older one")
    run = places.run("--output", page, "--format", "html", "--report", f"prometheus={metrics}", "--report",
                     f"csv={table}", "--report", f"junit={suite}", expect=1)
    assert run.stdout == ""
    text = page.read_text()
    assert text.startswith("<!DOCTYPE html>") and "&lt;b&gt;&amp;" in text and "<b>&" not in text
    assert not re.search(r"(src|href)\s*=\s*[\"']?https?:", text), "the page is not self-contained"
    assert 'minio_sync_audit_status{status="different"} 1' in metrics.read_text()
    assert table.read_text().count("\n") >= 2 and "<testsuite" in suite.read_text()
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_file()) == [
        "audit.csv", "audit.html", "audit.prom", "audit.xml"], "a temporary file is left"


def test_what_a_killed_audit_left_is_removed_by_the_next_one(places_of, tmp_path):
    places = places_of("sandbox", "sandbox-2")
    places.put(b"x", key="k")
    places.servers[0].break_with({"operation": "ListObjectsV2", "action": "delay", "milliseconds": 5_000})
    folder = tmp_path / "reports"
    folder.mkdir()
    page, table = folder / "audit.html", folder / "audit.csv"
    arguments = ["audit", "--format", "html", "--output", page, "--report", f"csv={table}", *places.names]
    process = minio_sync.start_minio_sync(arguments, places.environment, tmp_path / "home")
    deadline = time.monotonic() + 10
    while len(list(folder.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    killed = set(folder.iterdir())
    assert len(killed) == 2
    running = minio_sync.start_minio_sync(arguments[:5] + places.names, places.environment, tmp_path / "home")
    while set(folder.iterdir()) <= killed and time.monotonic() < deadline:
        time.sleep(0.02)
    [working] = set(folder.iterdir()) - killed
    process.kill()
    process.communicate()
    places.servers[0].mend()
    places.run(*arguments[1:7])
    # The reports are there, and what somebody is writing still.
    assert {each for each in folder.iterdir()} == {page, table, working}
    running.communicate(timeout=20)
    assert running.returncode == 0 and set(folder.iterdir()) == {page, table}


def test_a_report_that_cannot_be_written_is_known_at_once(places_of, tmp_path):
    places = places_of("sandbox", "sandbox-2")
    for server in places.servers:
        server.forget_requests()
    for flags in (["--output", tmp_path / "none/audit.html"], ["--report", f"html={tmp_path}"],
                  ["--output", "/proc/audit.json"]):
        run = places.run(*flags, expect=2)
        assert "cannot be written" in run.stderr and run.stdout == ""
    assert not [each for server in places.servers for each in server.requests()]


def test_a_report_that_cannot_be_written_in_the_end_is_no_success(places_of, tmp_path):
    places = places_of("sandbox", "sandbox-2")
    samples.put_many(places.clients[0], places.bucket, [(f"key-{number}", b"x") for number in range(300)])
    samples.put_many(places.clients[1], places.bucket, [(f"key-{number}", b"x") for number in range(300)])
    with open("/dev/full", "wb") as full:
        for flags in ([], ["--json", "--all"]):
            run = places.run(*flags, expect=2, stdout=full)
            assert "standard output: No space left on device; make room" in run.stderr and len(run.stderr.splitlines()) == 1
    # Another report is there all the same.
    page = tmp_path / "audit.html"
    with open("/dev/full", "wb") as full:
        places.run("--json", "--all", "--report", f"html={page}", expect=2, stdout=full)
    assert page.read_text().startswith("<!DOCTYPE html>")
    reading, writing = minio_sync.os.pipe()
    minio_sync.os.close(reading)
    with open(writing, "wb") as nobody:
        run = places.run("--json", "--all", expect=2, stdout=nobody)
    assert run.stderr == "", "who closed standard output has seen enough"
    # A disk that is full, by the limit of a file's size.
    command = f"ulimit -f 8; trap '' XFSZ; exec {minio_sync.program()} \"$@\""
    done = minio_sync.subprocess.run(
        ["bash", "-c", command, "audit", "audit", "--json", "--all", "--output", tmp_path / "a.json", *places.names],
        env=minio_sync.child_environment(tmp_path, places.environment), capture_output=True, text=True)
    assert done.returncode == 2 and "a.json: File too large; make room" in done.stderr, done.stderr
    assert not (tmp_path / "a.json").exists() and not list(tmp_path.glob(".*tmp"))


@pytest.mark.parametrize("limit", [6, 12, 40])
def test_too_few_file_descriptors_are_told(places_of, tmp_path, limit):
    places = places_of("sandbox", "sandbox-2")
    command = f"ulimit -n {limit}; exec {minio_sync.program()} \"$@\""
    for words in (["audit"], ["mirror", "--once", "--no-state"]):
        done = minio_sync.subprocess.run(
            ["bash", "-c", command, "bash", *words, *places.names],
            env=minio_sync.child_environment(tmp_path, places.environment), capture_output=True, text=True)
        assert done.returncode == 2 and "raise the limit" in done.stderr and "LimitNOFILE" in done.stderr, done
    done = minio_sync.subprocess.run(
        ["bash", "-c", command.replace(str(limit), "64"), "bash", "audit", *places.names],
        env=minio_sync.child_environment(tmp_path, places.environment), capture_output=True, text=True)
    assert done.returncode == 0, done


def test_a_dash_is_standard_output_for_the_main_report_only(places_of):
    places = places_of("sandbox", "juicefs")
    places.put(b"1", b"2", key="k")
    assert places.audit("--output", "-", expect=1).found() == {"k": ("differs", "etag")}
    assert "a file" in places.run("--report", "html=-", expect=2).stderr
    assert not (places.folder / "home/-").exists()


def test_text_is_a_table_with_the_summary_first(places_of):
    places = places_of("juicefs", "sandbox")
    places.put(b"1", b"2", key="differs.txt")
    places.put(b"1", key="same.txt")
    run = places.run(expect=1)
    assert "differs.txt" in run.stdout and "same.txt" not in run.stdout
    assert "same.txt" in places.run("--all", expect=1).stdout
    assert run.stdout.isprintable() or "\x1b" not in run.stdout


def test_the_repair_plan_mends(places_of):
    places = places_of("juicefs", "sandbox", "seaweedfs")
    rest = [b"reference"]
    places.put(b"same", key="same")
    places.put(b"reference", b"other", b"ecnerefer", key="d")
    places.put(b"reference", None, *rest, key="deep/missing")
    places.put(None, b"extra", None, key="ex tra")
    for client, kind in zip(places.clients, ("text/plain", "text/html", "text/plain")):
        samples.put(client, places.bucket, "type", b"x", ContentType=kind)
    audit = places.audit("--repair-plan", "--metadata", expect=1)
    assert len(audit.repairs) == 2
    for each in audit.repairs:
        program, *arguments = shlex.split(each["command"])
        assert program == "minio-sync"
        minio_sync.run_minio_sync(arguments, places.environment, places.folder / "home")
    audit = places.audit("--repair-plan", "--metadata", "--deep")
    assert audit.summary["status"] == "identical" and audit.repairs == []
    places.assert_identical()


def test_the_repair_plan_reaches_the_same_servers(tmp_path, certificates):
    """By the same configuration and certificates; of secrets it names the files."""
    secret = tmp_path / "secret key"
    secret.write_text(real.SECRET_KEY)
    with real.Sandbox(tmp_path / "one", "bucket", *certificates.good()) as one, real.Sandbox(
            tmp_path / "two", "bucket", *certificates.good()) as two:
        places = auditing.Places([one, two], tmp_path)
        places.put(b"x", None, key="missing")
        places.put(None, b"x", key="extra.tmp")
        config = tmp_path / "config file.yaml"
        config.write_text("servers:\n" + "".join(
            f"  {alias}:\n    url: {server.endpoint}\n    access_key: {real.ACCESS_KEY}\n"
            f"    secret_key_file: {secret}\n" for alias, server in zip(auditing.ALIASES, (one, two))))
        audit = places.audit(
            "--repair-plan", "--config", config, "--ca-file", certificates.authority, "--region", real.REGION,
            "--connect-timeout", "5s", "--exclude", "*.tmp", environment={}, expect=1)
        [repair] = audit.repairs
        assert real.SECRET_KEY not in repair["command"] and "--remove" not in repair["command"]
        arguments = shlex.split(repair["command"])[1:]
        assert {f"--config={config}", f"--region={real.REGION}", "--connect-timeout=5s"} <= set(arguments)
        minio_sync.run_minio_sync(arguments, {}, tmp_path / "home")
        flags = ["--config", config, "--exclude", "*.tmp"]
        places.audit(*flags, "--ca-file", certificates.authority, environment={})
        samples.put(one.shared_client, places.bucket, "another", b"x")
        [repair] = places.audit(*flags, "--insecure", "--repair-plan", environment={}, expect=1).repairs
        minio_sync.run_minio_sync(shlex.split(repair["command"])[1:], {}, tmp_path / "home")
        places.audit(*flags, "--insecure", environment={})


def test_the_repair_plan_mends_bytes_behind_equal_listings(places_of):
    places = places_of("sandbox", "sandbox-2")
    places.put(b"0123456789", key="rotten file's.txt")
    places.put(b"x", key="other")
    places.servers[1].break_with({"operation": "GetObject", "key": "rotten*", "action": "corrupt", "offset": 5})
    flags = ["--deep", "--repair-plan", "--include", "*'s.txt"]
    audit = places.audit(*flags, expect=1)
    [repair] = audit.repairs
    assert "--include" in repair["command"]
    run = minio_sync.run_minio_sync([*shlex.split(repair["command"])[1:], "--json"], places.environment,
                                    places.folder / "home", expect={0})
    # Listings and ETags are equal: it was read, and written again.
    assert minio_sync.json.loads(run.stdout.splitlines()[-1])["copied"] == 1
    places.servers[1].mend()
    assert places.audit("--deep").summary["status"] == "identical"


def test_the_download_limit_holds_within_an_object(places_of):
    places = places_of("sandbox", "sandbox-2")
    places.put(bytes(6 << 20), key="large")
    began = time.monotonic()
    places.audit("--deep", "--limit-download", "4MiB")
    # 6 MiB from each side at 4 MiB/s from each, but for a tenth of a second's worth and what was on its way.
    assert time.monotonic() - began > 1


def test_debug_prints_requests_and_no_secret(places_of):
    places = places_of("juicefs", "sandbox")
    places.put(b"1", b"2", key="k")
    for flags in (["--deep"], ["--metadata"]):
        run = places.run("--debug", *flags, expect=1)  # searched for secrets, as every run
        assert "HeadObject" in run.stderr and "/k" in run.stderr
