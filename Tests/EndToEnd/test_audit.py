"""`minio-sync audit` on real servers, with differences that boto3 plants: each one is found, told by its name, and nothing
else."""

import hashlib

import pytest

import auditing
import minio_sync
import samples

MIB = samples.MIB
SETS = [("juicefs", "seaweedfs"), ("moto", "juicefs"), ("seaweedfs", "moto"), ("juicefs", "sandbox", "seaweedfs")]


def md5(body):
    return hashlib.md5(body).hexdigest()


def plant(places):
    """One of each difference that listings show, on the second place, among objects that are the same; what to find."""
    rest = [None] * (len(places.servers) - 2)
    same = [b"reference"] * len(rest)
    for key in ["a", "deep/er/key", "empty", "sp ace+%41", "\u00e9\u20ac", "z"]:
        places.put(b"" if key == "empty" else key.encode(), key=key)
    places.put(b"reference", b"longer than it", *same, key="size")
    places.put(b"reference", b"ecnerefer", *same, key="etag")
    places.put(b"reference", None, *same, key="deep/missing")
    places.put(None, b"extra", *rest, key="deep/extra")
    return {"size": ("differs", "size"), "etag": ("differs", "etag"), "deep/missing": ("missing", "missing"),
            "deep/extra": ("extra", "extra")}


@pytest.mark.parametrize("servers", SETS, ids="-".join)
def test_plain_differences_are_found_and_nothing_else(places_of, servers):
    places = places_of(*servers)
    planted = plant(places)
    audit = places.audit("--all", expect=1)
    assert audit.found() == planted
    assert {key: audit.finding(key)["on"] for key in planted} == {key: [places.names[1]] for key in planted}
    assert audit.summary["status"] == "different" and audit.summary["compared"] == 10
    assert audit.summary["identical"] == 6


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_one_place_under_two_names_is_refused(places_of, host, tmp_path):
    """A copied address would prove a standby that nobody reads."""
    places = places_of("sandbox", "sandbox-2")
    places.put(b"one", b"other", key="a")
    address = places.servers[0].mc_host
    environment = {"MC_HOST_one": address, "MC_HOST_two": address.replace("127.0.0.1", host)}
    names = [f"one/{places.bucket}", f"two/{places.bucket}"]
    run = minio_sync.run_minio_sync(["audit", *names], environment, tmp_path, 2)
    assert run.stdout == "" and "one place under two names" in run.stderr
    places.clients[0].create_bucket(Bucket=f"{places.bucket}-2")
    minio_sync.run_minio_sync(["audit", names[0], f"{names[1]}-2"], environment, tmp_path, 1)


def test_one_place_under_two_names_whose_server_is_slow_to_tell_is_no_proof(places_of, tmp_path):
    """Five seconds of silence do not keep it from being compared with itself, so it is asked again in the end."""
    places = places_of("sandbox")
    places.put(b"x", key="a")
    places.servers[0].break_with({"operation": "ListBuckets", "action": "delay", "milliseconds": 6_000, "times": 2})
    address = places.servers[0].mc_host
    environment = {"MC_HOST_one": address, "MC_HOST_two": address.replace("127.0.0.1", "localhost")}
    report = tmp_path / "audit.html"
    run = minio_sync.run_minio_sync(
        ["audit", "--format", "html", "--output", report, f"one/{places.bucket}", f"two/{places.bucket}"], environment,
        tmp_path / "home", 2)
    assert "one place under two names" in run.stderr and not report.exists()


def test_findings_are_to_the_letter(places_of):
    places = places_of("sandbox", "moto", "juicefs")
    places.put(b"one", b"other", None, key="apks/a.txt")
    places.put(b"same", key="apks/b.txt")
    main, standby, third = places.names
    finding = places.audit("--all", expect=1).finding("apks/a.txt")
    assert all(finding["places"][name].pop("lastModified") for name in (main, standby))
    assert finding == {
        "type": "finding", "key": "apks/a.txt", "state": "differs", "reason": "size",
        "places": {main: {"size": 3, "etag": md5(b"one")}, standby: {"size": 5, "etag": md5(b"other")}, third: None},
        "on": [standby, third], "detail": finding["detail"]}
    same = places.audit("--all", expect=1).finding("apks/b.txt")
    assert same["state"] == "identical" and same["reason"] is None
    assert [facts["etag"] for facts in same["places"].values()] == [md5(b"same")] * 3
    assert not [each for each in places.audit(expect=1).findings if each["key"] == "apks/b.txt"]


def test_findings_come_in_the_order_of_keys_and_again(places_of):
    places = places_of("sandbox", "sandbox-2")
    keys = sorted(["a", "a/b", "a!", "b", "B", "\u20ac", "\U0001f600", "x" * 300], key=str.encode)
    for key in keys:
        places.put(b"only here", None, key=key)
    audits = [places.audit(expect=1) for _ in range(2)]
    assert [each["key"] for each in audits[0].findings] == keys
    assert audits[0].findings == audits[1].findings


def test_keys_keep_the_prefix_of_the_reference(places_of):
    places = places_of("juicefs", "sandbox")
    samples.put(places.clients[0], places.bucket, "apks/a", b"1")
    samples.put(places.clients[0], places.bucket, "apks/b", b"1")
    samples.put(places.clients[1], places.bucket, "other/a", b"1")
    names = [f"{places.names[0]}/apks/", f"{places.names[1]}/other/"]
    audit = places.audit(places=names, expect=1)
    assert audit.found() == {"apks/b": ("missing", "missing")}
    assert audit.finding("apks/b")["places"][names[1]] is None


def test_filters_leave_keys_out_on_all_sides(places_of):
    places = places_of("juicefs", "moto")
    for key, bodies in {"a.txt": [b"1", b"2"], "b.bin": [b"1", None], "c.txt": [None, b"1"]}.items():
        places.put(*bodies, key=key)
    assert places.audit("--include", "*.txt", expect=1).found() == {
        "a.txt": ("differs", "etag"), "c.txt": ("extra", "extra")}
    assert places.audit("--exclude", "*", expect=1).summary["compared"] == 0


def test_what_leaves_no_key_in_scope_is_no_proof(places_of):
    places = places_of("juicefs", "sandbox")
    empty = places.audit()
    assert empty.summary["status"] == "identical" and empty.summary["compared"] == 0, "empty buckets are the same"
    places.put(b"x", key="a.txt")
    slashed = [f"{name}/typo/" for name in places.names]
    for flags, names in [(["--include", "*.apk"], places.names), (["--storage-class", "GLACIER"], places.names),
                         (["--newer-than", "2999-01-01"], places.names), ([], slashed),
                         (["--include", f"{places.bucket}/*"], places.names),
                         (["--include", "*.apk", "--fail-on", "differ"], places.names)]:
        audit = places.audit(*flags, places=names, expect=1)
        assert audit.summary["status"] == "unverifiable" and audit.summary["compared"] == 0
    report = places.folder / "suite.xml"
    run = places.run("--include", "*.apk", "--report", f"junit={report}", expect=1)
    assert run.stdout.startswith("Nothing was compared: no key is in scope on any of the places; check --include")
    assert 'errors="1"' in report.read_text() and "Nothing was compared" in report.read_text()
    assert places.audit("--include", "*.txt").summary["status"] == "identical"


# Requests

@pytest.mark.parametrize("servers", [*SETS, ("sandbox", "sandbox-2")], ids="-".join)
def test_identical_places_are_listed_and_nothing_else(places_of, servers):
    places = places_of(*servers)
    samples.put_many(places.clients[0], places.bucket, [(f"k/{number}", b"%d" % number) for number in range(40)])
    for client in places.clients[1:]:
        samples.put_many(client, places.bucket, [(f"k/{number}", b"%d" % number) for number in range(40)])
    logs = [server for server in places.servers if server.name == "sandbox"]
    for server in logs:
        server.forget_requests()
    audit = places.audit()
    assert audit.summary["status"] == "identical" and audit.summary["identical"] == 40
    assert audit.verbs() == {"LIST"}
    for server in logs:
        assert {each["operation"] for each in server.requests()} <= {"ListObjectsV2", "GetBucketLocation"}
    assert {name: each["objects"] for name, each in audit.summary["places"].items()} == dict.fromkeys(places.names, 40)


MODES = [[], ["--deep"], ["--resolve"], ["--metadata"], ["--sample", "50%"], ["--repair-plan"], ["--settle", "10ms"],
         ["--deep", "--metadata", "--repair-plan", "--all"]]


def test_no_mode_writes(places_of):
    places = places_of("sandbox", "sandbox-2")
    plant(places)
    samples.put_parts(places.clients[0], places.bucket, "parts", [5 * MIB, 1])
    places.put(None, samples.bytes_of(5 * MIB + 1, "x"), key="parts")
    for server in places.servers:
        server.forget_requests()
    for flags in MODES:
        places.audit(*flags, expect=1)
    for server in places.servers:
        seen = server.requests()
        assert {"ListObjectsV2", "HeadObject", "GetObject"} <= {each["operation"] for each in seen}
        assert {each["operation"] for each in seen} <= auditing.READS
        assert {each["method"] for each in seen} <= {"GET", "HEAD"}


# What listings cannot tell

def test_headers_metadata_and_tags(places_of):
    places = places_of("sandbox", "moto")
    places.put(b"x", key="same", ContentType="text/plain", Metadata={"a": "1"}, Tagging="t=1&u=2")
    for key, one, other in [("type", {"ContentType": "text/plain"}, {"ContentType": "text/html"}),
                            ("meta", {"Metadata": {"a": "1"}}, {"Metadata": {"a": "2"}}),
                            ("tags", {"Tagging": "t=1"}, {"Tagging": "t=2"}), ("untagged", {"Tagging": "t=1"}, {})]:
        for client, arguments in zip(places.clients, (one, other)):
            samples.put(client, places.bucket, key, b"x", **arguments)
    assert places.audit().summary["identical"] == 5
    audit = places.audit("--metadata", expect=1)
    assert audit.found() == {"type": ("differs", "metadata"), "meta": ("differs", "metadata"),
                             "tags": ("differs", "tags"), "untagged": ("differs", "tags")}


def parts_of(sizes, key):
    return b"".join(samples.bytes_of(size, f"{key}/{number}") for number, size in enumerate(sizes, 1))


def plant_open(places):
    """Keys whose ETags tell nothing, of equal and of other bytes, besides a plain difference and what is the same."""
    for key in ["parts-equal", "parts-other"]:
        body = parts_of([5 * MIB, 100], key)
        samples.put_parts(places.clients[0], places.bucket, key, [5 * MIB, 100])
        samples.put(places.clients[1], places.bucket, key, body if key == "parts-equal" else body[::-1])
    places.put(b"same", key="same")
    places.put(b"1", b"2", key="plain")


@pytest.mark.parametrize("servers", [("sandbox", "sandbox-2"), ("juicefs", "seaweedfs"), ("seaweedfs", "moto")],
                         ids="-".join)
def test_other_parts_are_unverifiable_until_resolved(places_of, servers):
    places = places_of(*servers)
    plant_open(places)
    audit = places.audit(expect=1)
    assert audit.found() == {"parts-equal": ("unverifiable", "layout"), "parts-other": ("unverifiable", "layout"),
                             "plain": ("differs", "etag")}
    for server in places.servers:
        if server.name == "sandbox":
            server.forget_requests()
    audit = places.audit("--resolve", expect=1)
    assert audit.found() == {"parts-other": ("differs", "content"), "plain": ("differs", "etag")}
    assert audit.summary["read"] == 2
    for server in places.servers:
        if server.name == "sandbox":
            got = {each["key"] for each in server.requests() if each["operation"] == "GetObject"}
            assert got <= {"parts-equal", "parts-other"}


@pytest.mark.parametrize("odd", range(3))
def test_one_of_three_with_other_parts(places_of, odd):
    """The other two are equal by their ETags, whatever the odd one is found to be."""
    places = places_of("juicefs", "seaweedfs", "sandbox")
    for key, body in [("equal", parts_of([5 * MIB, 10], "equal")), ("other", parts_of([5 * MIB, 10], "other")[::-1])]:
        for index, client in enumerate(places.clients):
            if index == odd:
                samples.put(client, places.bucket, key, body)
            else:
                samples.put_parts(client, places.bucket, key, [5 * MIB, 10])
    others = [name for index, name in enumerate(places.names) if index != odd] if odd == 0 else [places.names[odd]]
    audit = places.audit(expect=1)
    assert audit.found() == dict.fromkeys(["equal", "other"], ("unverifiable", "layout"))
    assert audit.finding("equal")["on"] == others
    for mode in ("--resolve", "--deep"):
        audit = places.audit(mode, expect=1)
        assert audit.found() == {"other": ("differs", "content")}
        assert audit.finding("other")["on"] == others


def test_other_parts_on_both_sides(places_of):
    places = places_of("seaweedfs", "sandbox")
    body = parts_of([5 * MIB, 5 * MIB, 7], "k")
    samples.put_parts(places.clients[0], places.bucket, "k", [5 * MIB, 5 * MIB, 7])
    client, place = places.clients[1], {"Bucket": places.bucket, "Key": "k"}
    upload = client.create_multipart_upload(**place)["UploadId"]
    parts = [{"PartNumber": number, "ETag": client.upload_part(
        PartNumber=number, UploadId=upload, Body=piece, **place)["ETag"]}
        for number, piece in enumerate([body[:6 * MIB], body[6 * MIB:]], 1)]
    client.complete_multipart_upload(UploadId=upload, MultipartUpload={"Parts": parts}, **place)
    assert places.audit(expect=1).found() == {"k": ("unverifiable", "layout")}
    assert places.audit("--resolve").summary["status"] == "identical"
    assert places.audit("--deep").summary["status"] == "identical"


@pytest.mark.parametrize("etags, reason", [("opaque", "opaque"), ("empty", "no-etag")])
def test_etags_that_are_none(places_of, etags, reason):
    places = places_of("juicefs", "sandbox")
    places.servers[1].behave(etags=etags)
    places.put(b"equal", key="equal")
    places.put(b"bytes", b"other", key="other")
    places.put(b"", key="empty")
    audit = places.audit(expect=1)
    assert audit.found() == {"equal": ("unverifiable", reason), "other": ("unverifiable", reason)}
    assert audit.summary["status"] == "unverifiable"
    for mode in ("--resolve", "--deep"):
        assert places.audit(mode, expect=1).found() == {"other": ("differs", "content")}


def test_a_gateway_without_etags(places_of):
    places = places_of("juicefs", "juicefs-plain", "seaweedfs")
    places.put(b"equal", key="equal")
    places.put(b"bytes", b"other", b"bytes", key="other")
    audit = places.audit(expect=1)
    assert set(audit.found()) == {"equal", "other"}
    assert {each["state"] for each in audit.findings} == {"unverifiable"}
    assert audit.finding("equal")["on"] == [places.names[1]]
    assert audit.finding("equal")["places"][places.names[1]]["etag"] is None
    audit = places.audit("--resolve", expect=1)
    assert audit.found() == {"other": ("differs", "content")}
    assert audit.finding("other")["on"] == [places.names[1]]


# Bytes

def test_bytes_that_no_longer_match_their_etag_are_found_by_reading_only(places_of):
    places = places_of("juicefs", "sandbox")
    for key in "abc":
        places.put(b"0123456789" * 100, key=key)
    places.servers[1].break_with({"operation": "GetObject", "key": "b", "action": "corrupt", "offset": 500})
    assert places.audit().summary["status"] == "identical"
    audit = places.audit("--deep", expect=1)
    assert audit.found() == {"b": ("differs", "corrupt")}
    assert audit.finding("b")["on"] == [places.names[1]]
    assert audit.summary["read"] == 3 and audit.summary["bytesRead"] == 6000
    facts = places.audit("--deep", "--all", expect=1).finding("a")["places"]
    for each in facts.values():
        assert each["md5"] == md5(b"0123456789" * 100)
        assert each["sha256"] == hashlib.sha256(b"0123456789" * 100).hexdigest()


@pytest.mark.parametrize("flag", ["--deep", "--resolve"])
def test_a_server_that_gives_fewer_bytes_than_it_tells_of(places_of, flag):
    places = places_of("juicefs", "sandbox")
    for key in ["a.txt", "app.apk"]:
        body = samples.bytes_of(3000, key)
        # An ETag that tells nothing, so that --resolve reads, too.
        if flag == "--resolve":
            places.servers[1].behave(etags="opaque")
        places.put(body, key=key)
        places.servers[1].break_with({"operation": "GetObject", "key": key, "action": "shorten", "bytes": 7})
    audit = places.audit(flag, "--no-apk", expect=1)
    assert audit.found() == dict.fromkeys(["a.txt", "app.apk"], ("differs", "corrupt"))
    for finding in audit.findings:
        assert finding["on"] == [places.names[1]]
        assert f"{places.names[1]} gives 2993 bytes where it tells of 3000." in finding["detail"]
    # What is no APK is not told to keep changing either.
    if flag == "--deep":
        assert places.audit(flag, expect=1).found() == audit.found()


def test_rot_in_parts_and_on_the_reference(places_of):
    places = places_of("sandbox", "sandbox-2")
    for client in places.clients:
        samples.put_parts(client, places.bucket, "parts", [5 * MIB, 10])
    places.servers[0].break_with({"operation": "GetObject", "key": "parts", "action": "corrupt", "offset": 5 * MIB + 1})
    audit = places.audit("--deep", expect=1)
    assert audit.found() == {"parts": ("differs", "corrupt")}
    assert audit.finding("parts")["on"] == [places.names[0]]


def test_a_sample_is_drawn_again_by_its_seed(places_of):
    places = places_of("sandbox", "sandbox-2")
    for client in places.clients:
        samples.put_many(client, places.bucket, [(f"k{number}", b"%d" % number) for number in range(100)])

    def drawn(*flags):
        places.servers[0].forget_requests()
        audit = places.audit(*flags)
        keys = {each["key"] for each in places.servers[0].requests() if each["operation"] == "GetObject"}
        assert audit.summary["read"] == len(keys)
        return keys, audit.summary["sample"]

    keys, sample = drawn("--sample", "20%")
    assert 3 <= len(keys) <= 45 and sample["share"] == 0.2
    assert drawn("--sample", "20%", "--seed", sample["seed"]) == (keys, sample)
    assert drawn("--sample", "20%", "--seed", sample["seed"] + 1)[0] != keys
    assert len(drawn("--sample", "100%")[0]) == 100
