"""`mirror --once` between servers that differ; every result is read back through boto3."""

import json
import os
import subprocess
import time

import pytest

import oracle
import samples
import servers as real
from samples import MIB

#: Source and target. They differ in ETags, listing order, known part sizes and keys that they can hold.
PAIRS = [
    ("juicefs", "juicefs-2"), ("juicefs", "seaweedfs"), ("seaweedfs", "juicefs"), ("moto", "juicefs"),
    ("seaweedfs", "moto"), ("juicefs", "juicefs-plain"), ("juicefs-plain", "juicefs")]

#: What a run may send that has nothing to do.
LISTING_ONLY = {"LIST"}


@pytest.fixture(params=PAIRS, ids="→".join)
def pair(request, pair_of):
    return pair_of(*request.param)


@pytest.fixture
def quick_pair(pair_of):
    """For what does not depend on the servers."""
    return pair_of("juicefs", "juicefs-2")


def requests_sent(run):
    return {name for name, count in run.summary["requests"].items() if count}


def past_this_second():
    """Waits until a new object is newer than those of now, also in a listing that cuts off fractions of seconds."""
    time.sleep(1.05 - time.time() % 1)


# What is copied

def test_an_empty_bucket_is_a_replica_of_an_empty_bucket(pair):
    run = pair.mirror()
    assert run.objects == []
    assert run.summary["source"] == run.summary["target"] == {"objects": 0, "bytes": 0}
    assert requests_sent(run) <= LISTING_ONLY


def test_one_object_is_copied_once(pair):
    pair.put("releases/app.apk", b"apk")
    run = pair.mirror()
    line = run.line("releases/app.apk")
    assert (line["action"], line["status"], line["reason"], line["size"]) == ("copy", "ok", "missing", 3)
    assert run.summary["copied"] == 1 and run.summary["copiedBytes"] == 3
    pair.assert_replica()

    again = pair.mirror()
    assert again.objects == [] and again.summary["same"] == 1
    assert requests_sent(again) <= LISTING_ONLY


def test_every_size_and_layout_arrives_whole(pair):
    for size in samples.SIZES:
        pair.put(f"size/{size}", samples.bytes_of(size, size))
    layouts = samples.UNIFORM_LAYOUTS | samples.ODD_LAYOUTS
    for name, sizes in layouts.items():
        samples.put_parts(pair.source, pair.source_bucket, f"parts/{name}", sizes)

    run = pair.mirror()

    assert run.summary["copied"] == len(samples.SIZES) + len(layouts)
    unknowable = set() if pair.source_server.tells_parts else {f"parts/{name}".encode() for name in samples.ODD_LAYOUTS}
    pair.assert_replica(other_etags=unknowable)
    assert uploads(pair) == []
    again = pair.mirror()
    assert again.objects == [] and requests_sent(again) <= LISTING_ONLY


@pytest.mark.parametrize("source", ["seaweedfs", "moto"])
def test_parts_numbered_with_gaps_are_copied_although_the_server_cannot_tell_the_first(pair_of, source):
    """Where there is no part 1, SeaweedFS answers 416 and moto 500 to who asks for it."""
    pair = pair_of(source, "juicefs")
    samples.put_parts(pair.source, pair.source_bucket, "gaps", [5 * MIB, 6 * MIB, 1], numbers=[2, 7, 9])

    run = pair.mirror()

    assert run.line("gaps")["status"] == "ok"
    pair.assert_replica(other_etags={b"gaps"})
    assert uploads(pair) == []
    assert pair.mirror().summary["same"] == 1


def uploads(pair):
    """Multipart uploads that were left behind on the target."""
    return [each["Key"] for each in
            pair.target.list_multipart_uploads(Bucket=pair.target_bucket).get("Uploads") or []]


@pytest.fixture(scope="module")
def five_thousand(fleet, tmp_path_factory):
    """A bucket with that many objects on the server `juicefs`."""
    folder = tmp_path_factory.mktemp("five-thousand")
    for number in range(5000):
        path = folder / f"{number % 50:02}" / f"{number:04}"
        path.parent.mkdir(exist_ok=True)
        path.write_text(str(number))
    fleet["juicefs"].client().create_bucket(Bucket="five-thousand")
    samples.put_folder(fleet["juicefs"], "five-thousand", folder)
    return "five-thousand"


@pytest.mark.parametrize("target", ["juicefs-2", "seaweedfs"])
def test_five_thousand_small_objects_are_copied(pair_of, five_thousand, target):
    pair = pair_of("juicefs", target)
    pair.source_bucket = five_thousand
    run = pair.mirror()
    assert run.summary["copied"] == run.summary["source"]["objects"] == 5000
    pair.assert_replica(contents=False)

    again = pair.mirror()
    assert again.summary["same"] == 5000 and requests_sent(again) <= LISTING_ONLY


def test_keys_are_kept_byte_for_byte(pair):
    bodies = {key: key.encode() for key in samples.KEYS}
    at_source, at_target = (oracle.held_keys(each, bodies)[0] for each in (pair.source_server, pair.target_server))
    mirrored = [key for key in bodies if at_source[key] == "exact" and at_target[key] != "other"]
    refused = [key for key in mirrored if at_target[key] == "refused"]
    samples.put_many(pair.source, pair.source_bucket, [(key, bodies[key]) for key in mirrored])
    assert len(mirrored) > 40

    run = pair.mirror(expect=1 if refused else 0)

    assert run.keys(status="failed") == sorted(refused, key=str.encode)
    assert run.keys("copy", "ok") == sorted(set(mirrored) - set(refused), key=str.encode)
    # A refused key may still leave something: JuiceFS makes a directory of `directory-with-body/`, and then refuses it.
    pair.assert_replica(without=refused)


def test_keys_that_are_no_text_are_told_apart(pair_of, run):
    pair = pair_of("sandbox", "sandbox-2")
    for key in (b"k\xff", b"k\xfe"):
        samples.put_bytes_key(pair.source_server, pair.source_bucket, key)
    pair.put("k\ufffd")

    first = pair.mirror()

    assert sorted(str(line.get("keyHex")) for line in first.objects) == ["6bfe", "6bff", "None"]
    assert {line["key"] for line in first.objects} == {"k\ufffd"}
    listed = run("ls", "--json", f"target/{pair.target_bucket}", environment=pair.environment).stdout
    assert sorted(str(json.loads(line).get("keyHex")) for line in listed.splitlines()) == ["6bfe", "6bff", "None"]
    assert pair.mirror().summary["same"] == 3


def test_an_empty_directory_marker_is_an_object(pair_of):
    pair = pair_of("seaweedfs", "moto")
    pair.put("folder/", b"")
    pair.put("folder/object")
    pair.mirror()
    assert pair.target_keys() == ["folder/", "folder/object"]
    pair.assert_replica()


@pytest.mark.parametrize("names, key", [
    (("moto", "juicefs"), "//leading"), (("moto", "juicefs"), "/leading"), (("juicefs", "seaweedfs"), "back\\slash"),
    (("moto", "seaweedfs"), "double//slash"), (("moto", "seaweedfs"), "directory-with-body/")],
    ids=lambda each: each if isinstance(each, str) else "→".join(each))
def test_a_key_held_under_another_name_or_without_its_bytes_is_reported_and_its_shadow_kept(pair_of, names, key):
    pair = pair_of(*names)
    fate, shadows = oracle.held_keys(pair.target_server, {key: b"x"})
    assert fate == {key: "other"}, "the server has learnt to hold this key"
    pair.put(key)
    pair.put("another")
    for flags in ([], ["--remove"]):
        run = pair.mirror(*flags, expect=1)
        assert run.keys(status="failed") == [key]
        assert run.summary["deleted"] == 0
        assert set(pair.target_keys()) <= {"another", key, *shadows}


def test_a_key_below_an_object_fails_alone_where_objects_are_files(pair_of):
    pair = pair_of("moto", "juicefs")
    for key in ("apks", "apks/app.apk", "other"):
        pair.put(key)
    run = pair.mirror(expect=1)
    assert len(run.keys(status="failed")) == 1
    assert set(run.keys(status="failed")) < {"apks", "apks/app.apk"}
    assert "other" in pair.target_keys()


# Metadata

def held_by_both(pair):
    target = oracle.held_details(pair.target_server)
    return {name: value for name, value in oracle.held_details(pair.source_server).items() if name in target}


def test_headers_metadata_and_tags_are_copied(pair):
    details = held_by_both(pair)
    assert {"ContentType", "ContentDisposition", "CacheControl", "Metadata", "Tagging"} <= set(details)
    pair.put("app.apk", b"apk", **details)
    samples.put_parts(pair.source, pair.source_bucket, "large.apk", [5 * MIB, 1], **details)
    pair.put("plain", b"plain", ContentType="text/plain")

    pair.mirror()

    pair.assert_replica(details=True)


def test_a_change_of_metadata_alone_is_no_transfer(pair):
    pair.put("app.apk", b"apk", ContentType="text/plain", Metadata={"release": "1"}, Tagging="stage=beta")
    pair.put("other", b"other", ContentType="text/plain")
    pair.mirror()
    past_this_second()
    pair.put("app.apk", b"apk", ContentType="application/x-app", Metadata={"release": "2"}, Tagging="stage=final")

    run = pair.mirror()

    if pair.source_server.keeps_etags:  # without an ETag nothing says that the bytes are the same
        assert run.keys("metadata", "ok") == ["app.apk"]
        assert run.summary["metadata"] == 1 and run.summary["copied"] == run.summary["copiedBytes"] == 0
    pair.assert_replica(details=True)


def test_a_change_of_metadata_alone_moves_no_bytes_as_the_servers_saw_it(pair_of):
    pair = pair_of("sandbox", "sandbox-2")
    body = samples.bytes_of(MIB, "body")
    pair.put("app.apk", body, Metadata={"release": "1"}, Tagging="stage=beta")
    pair.mirror()
    past_this_second()
    pair.put("app.apk", body, Metadata={"release": "2"}, Tagging="stage=final")
    for server in (pair.source_server, pair.target_server):
        server.forget_requests()

    assert pair.mirror().keys("metadata", "ok") == ["app.apk"]

    seen = {each["operation"] for each in pair.source_server.requests() + pair.target_server.requests()}
    assert "CopyObject" in seen and not {"GetObject", "PutObject", "UploadPart"} & seen
    pair.assert_replica(details=True)


# Changes

def test_an_update_of_equal_size_is_seen(pair):
    for key in ("changed", "kept"):
        pair.put(key, b"before")
    pair.mirror()
    past_this_second()
    pair.put("changed", b"after!")

    run = pair.mirror()

    assert run.keys("copy", "ok") == ["changed"]
    pair.assert_replica()


def test_no_overwrite_keeps_what_is_there_and_calls_it_unproven(quick_pair):
    quick_pair.put("changed", b"source")
    quick_pair.put("new", b"new")
    quick_pair.put_target("changed", b"target")
    run = quick_pair.mirror("--no-overwrite", expect=1)
    assert run.summary["unproven"] == 1 and run.keys("copy", "ok") == ["new"]
    body = quick_pair.target.get_object(Bucket=quick_pair.target_bucket, Key="changed")["Body"].read()
    assert body == b"target"


def test_extras_stay_unless_they_are_to_be_removed(pair):
    for key in ("a", "b/c"):
        pair.put(key)
    pair.mirror()  # a target that gives no ETags has these two from a run that proved them
    pair.put("d")
    for key in ("b/extra", "extra"):
        pair.put_target(key)

    without = pair.mirror()
    assert without.keys() == ["d"] and without.summary["deleted"] == 0
    assert pair.target_keys() == ["a", "b/c", "b/extra", "d", "extra"]

    run = pair.mirror("--remove")
    assert run.keys("delete", "ok") == run.keys() == ["b/extra", "extra"]
    assert {line["reason"] for line in run.objects} == {"extra"}
    assert pair.target_keys() == ["a", "b/c", "d"]


def test_a_folder_whose_objects_are_removed_goes_too(pair_of):
    """JuiceFS keeps the folder of objects that were deleted together, and lists it as an object that isn't there."""
    pair = pair_of("seaweedfs", "juicefs")
    pair.put("kept")
    for number in range(20):
        pair.put_target(f"extra/{number}")
    run = pair.mirror("--remove", "--max-delete", "100%")
    assert run.summary["deleted"] == 20
    pair.mirror("--remove", "--max-delete", "100%")
    assert pair.target_keys() == ["kept"]


# Scope

def test_prefixes_on_both_sides_are_replaced(pair):
    for key in ("in/one", "in/two/three", "in-side", "inside", "other/one"):
        pair.put(key, key.encode())
    pair.put_target("out/extra")
    pair.put_target("out-side")

    run = pair.mirror("--remove", source="in/", target="out/")

    assert run.summary["source"]["objects"] == 2
    assert pair.target_keys() == ["out-side", "out/one", "out/two/three"]
    assert not oracle.differences(pair.source_snapshot("in/", contents=True),
                                  pair.target_snapshot("out/", contents=True), etags=pair.keeps_etags)
    again = pair.mirror(source="in/", target="out/")
    assert again.objects == [] and requests_sent(again) <= LISTING_ONLY


def test_a_prefix_is_mirrored_to_a_whole_bucket_and_back(quick_pair):
    for key in ("2.0/app.apk", "2.0/notes/en.txt", "1.0/app.apk"):
        quick_pair.put(key, key.encode())
    quick_pair.mirror(source="2.0/")
    assert quick_pair.target_keys() == ["app.apk", "notes/en.txt"]


@pytest.mark.parametrize("names", [("juicefs", "moto"), ("moto", "juicefs")], ids="→".join)
def test_all_buckets_are_mirrored_and_made_where_missing(tmp_path, run, names):
    kinds = {"juicefs": real.JuiceFS, "moto": real.Moto}
    with kinds[names[0]](tmp_path / "a") as first, kinds[names[1]](tmp_path / "b") as second:
        source, target = first.client(), second.client()
        for bucket in ("apks", "empty", "images"):
            source.create_bucket(Bucket=bucket)
        target.create_bucket(Bucket="images")
        target.create_bucket(Bucket="unrelated")
        samples.put(source, "apks", "2.0/app.apk", b"apk")
        samples.put(source, "images", "logo", b"png")
        samples.put(target, "unrelated", "kept", b"kept")
        environment = {"MC_HOST_main": first.mc_host, "MC_HOST_standby": second.mc_host}

        result = run("mirror", "--once", "--remove", "--json", "--state", tmp_path / "state.db", "main", "standby",
                     environment=environment)

        assert result.summary["copied"] == 2
        buckets = sorted(each["Name"] for each in target.list_buckets()["Buckets"])
        assert buckets == ["apks", "empty", "images", "unrelated"]
        for bucket in ("apks", "empty", "images"):
            assert not oracle.differences(oracle.snapshot(source, bucket, contents=True),
                                          oracle.snapshot(target, bucket, contents=True))
        assert oracle.keys(target, "unrelated") == ["kept"]


def test_excluded_objects_are_neither_copied_nor_removed(quick_pair):
    for key in ("app.apk", "app.tmp", "logs/today.log"):
        quick_pair.put(key)
    for key in ("old.apk", "old.tmp", "logs/old.log"):
        quick_pair.put_target(key)
    run = quick_pair.mirror("--remove", "--exclude", "*.tmp", "--exclude", "logs/*")
    assert run.keys("copy") == ["app.apk"] and run.keys("delete") == ["old.apk"]
    assert quick_pair.target_keys() == ["app.apk", "logs/old.log", "old.tmp"]


def test_filters_are_relative_to_the_prefix(quick_pair):
    for key in ("in/logs/a", "in/b"):
        quick_pair.put(key)
    quick_pair.mirror("--exclude", "logs/*", source="in/")
    assert quick_pair.target_keys() == ["b"]


def test_only_included_objects_are_copied(quick_pair):
    for key in ("app.apk", "app.txt", "folder/other.apk"):
        quick_pair.put(key)
    quick_pair.mirror("--include", "*.apk", "--exclude", "*")
    assert quick_pair.target_keys() == ["app.apk", "folder/other.apk"]


@pytest.mark.parametrize("flag, copied", [("--newer-than", ["a"]), ("--older-than", [])])
def test_the_age_filter_decides_what_is_copied(quick_pair, flag, copied):
    quick_pair.put("a")
    quick_pair.mirror(flag, "1h")
    assert quick_pair.target_keys() == copied


def test_a_dry_run_plans_and_changes_nothing(quick_pair):
    for key in ("new", "changed", "same"):
        quick_pair.put(key, b"source")
    quick_pair.put_target("changed", b"target bytes")
    quick_pair.put_target("same", b"source")
    quick_pair.put_target("extra")
    before = quick_pair.target_snapshot(details=True, contents=True)

    run = quick_pair.mirror("--dry-run", "--remove")

    plan = sorted((line["action"], line["key"], line["reason"]) for line in run.objects)
    assert plan == [("copy", "changed", "size"), ("copy", "new", "missing"), ("delete", "extra", "extra")]
    assert {line["status"] for line in run.objects} == {"planned"}
    assert not {"PUT", "DELETE", "COPY", "POST"} & requests_sent(run)
    assert quick_pair.target_snapshot(details=True, contents=True) == before

    done = quick_pair.mirror("--remove")
    assert sorted((line["action"], line["key"], line["reason"]) for line in done.objects) == plan


# Guards

def test_an_emptied_source_deletes_nothing(quick_pair):
    for key in ("a", "b"):
        quick_pair.put_target(key)
    run = quick_pair.mirror("--remove", expect=4)
    assert run.summary["status"] == "guarded" and run.summary["deleted"] == 0
    assert quick_pair.target_keys() == ["a", "b"]


def test_too_many_deletions_stop_deletes_but_not_copies(quick_pair):
    samples.put_many(quick_pair.source, quick_pair.source_bucket, ((f"kept/{n}", b"x") for n in range(60)))
    samples.put_many(quick_pair.target, quick_pair.target_bucket, ((f"extra-{n}", b"x") for n in range(120)))
    run = quick_pair.mirror("--remove", expect=4)
    assert run.summary["status"] == "guarded" and run.summary["deleted"] == 0 and run.summary["copied"] == 60
    assert len(quick_pair.target_keys()) == 180

    allowed = quick_pair.mirror("--remove", "--max-delete", "100%")
    assert allowed.summary["deleted"] == 120
    quick_pair.assert_replica()


# What others see

def test_rclone_finds_no_difference(pair_of):
    pair = pair_of("juicefs", "seaweedfs")
    for number in range(20):
        pair.put(f"folder {number}/object", samples.bytes_of(1000 * number, number))
    samples.put_parts(pair.source, pair.source_bucket, "parts", [5 * MIB, 5 * MIB, 1])
    pair.mirror()
    environment = {"PATH": os.environ["PATH"], "HOME": str(pair.folder), "RCLONE_CONFIG": "/dev/null",
                   **pair.source_server.rclone_environment("a"), **pair.target_server.rclone_environment("b")}
    check = subprocess.run(
        [real.tool("rclone"), "check", "--download", f"a:{pair.source_bucket}", f"b:{pair.target_bucket}"],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert check.returncode == 0 and "21 matching files" in check.stderr, check.stderr


def test_a_second_run_sends_only_listings_as_the_servers_saw_it(pair_of):
    pair = pair_of("sandbox", "sandbox-2")
    for number in range(30):
        pair.put(f"{number}")
    samples.put_parts(pair.source, pair.source_bucket, "parts", [5 * MIB, 1])
    pair.mirror()
    pair.source_server.forget_requests()
    pair.target_server.forget_requests()

    run = pair.mirror()

    seen = pair.source_server.requests() + pair.target_server.requests()
    assert {(each["method"], each["operation"]) for each in seen} == {("GET", "ListObjectsV2")}
    assert sum(run.summary["requests"].values()) == len(seen)


def test_without_a_state_file_a_replica_is_proven_by_its_etags(quick_pair):
    quick_pair.put("a")
    quick_pair.mirror(state=False)
    assert requests_sent(quick_pair.mirror(state=False)) <= LISTING_ONLY


# Answers that lie

@pytest.fixture
def lying_pair(pair_of):
    """Something to write in one piece, to relay and to write in parts, to a server that is mended in the end."""
    pair = pair_of("sandbox", "sandbox-2")
    pair.put("small", b"apk" * 100)
    pair.put("large", samples.bytes_of(MIB, "large"))
    samples.put_parts(pair.source, pair.source_bucket, "parts", [5 * MIB, 10])
    pair.target_server.forget_requests()
    yield pair
    pair.target_server.mend()


def lie(pair, key, **more):
    pair.target_server.break_with(
        {"operation": ["PutObject", "UploadPart"], "bucket": pair.target_bucket, "key": key, "action": "errorIn200",
         "code": "InternalError", "message": "We encountered an internal error.", **more})


def writes(pair, key):
    return sum(each["operation"] in ("PutObject", "UploadPart") for each in pair.target_server.requests()
               if each["bucket"] == pair.target_bucket and each["key"] == key)


@pytest.mark.parametrize("is_stored", [False, True], ids=["nothing-stored", "stored-all-the-same"])
def test_a_write_that_answers_200_with_an_error_is_done_again(lying_pair, is_stored):
    for key in ("small", "large", "parts"):
        lie(lying_pair, key, spaces=3, apply=is_stored, times=1)
    run = lying_pair.mirror()
    # What was relayed is looked for before its bytes are fetched again.
    assert run.keys("copy", "ok") == [*([] if is_stored else ["large"]), "parts", "small"]
    assert [writes(lying_pair, key) for key in ("large", "small")] == [1 if is_stored else 2, 2]
    lying_pair.assert_replica()
    assert lying_pair.mirror().summary["copied"] == 0


def test_a_write_that_keeps_answering_200_with_an_error_has_failed(lying_pair):
    lying_pair.put_target("small", b"what was there")
    for key in ("small", "large"):
        lie(lying_pair, key)
    run = lying_pair.mirror("--retry", "1", expect=1)
    assert run.keys("copy", "failed") == ["large", "small"] and run.keys("copy", "ok") == ["parts"]
    for key in ("small", "large"):
        assert "InternalError" in run.line(key)["error"], run.line(key)
    assert lying_pair.target_keys() == ["parts", "small"]
    lying_pair.target_server.mend()
    assert lying_pair.mirror().keys("copy", "ok") == ["large", "small"]
    lying_pair.assert_replica()


# Output

def test_the_text_form_ends_with_a_summary(quick_pair, run):
    quick_pair.put("app.apk", b"apk")
    result = run(*quick_pair.arguments(), environment=quick_pair.environment)
    assert "app.apk" in result.stdout + result.stderr
    assert "1" in result.stdout.strip().splitlines()[-1] and "{" not in result.stdout


def test_quiet_prints_nothing_but_problems(quick_pair, run):
    quick_pair.put("app.apk", b"apk")
    result = run(*quick_pair.arguments("--quiet"), environment=quick_pair.environment)
    assert result.stdout == "" and result.stderr == ""


def test_same_objects_are_listed_when_asked(quick_pair):
    quick_pair.put("a")
    quick_pair.mirror()
    assert quick_pair.mirror("--verbose").keys("skip", "ok") == ["a"]
