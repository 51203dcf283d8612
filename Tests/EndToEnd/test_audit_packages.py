"""The APKs that an audit meets: what it says of each against what `aapt` and `apksigner` said when the fixtures were made,
and what it says of a package over all places."""

import pathlib

import pytest

import auditing

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "Fixtures/APK"
NAMES = sorted(each.stem for each in FIXTURES.glob("*.apk"))
APP = "com.example.app"


def apk(name):
    return (FIXTURES / f"{name}.apk").read_bytes()


def golden(name):
    """What the independent tools said: each word's values."""
    said = {}
    for line in (FIXTURES / f"{name}.txt").read_text().splitlines():
        word, _, value = line.partition(" ")
        said.setdefault(word, []).append(value)
    return said


def lines_by_key(audit, place):
    return {each["key"]: each for each in audit.apks if each["place"] == place}


@pytest.mark.parametrize("servers", [("sandbox", "juicefs"), ("seaweedfs", "moto")], ids="-".join)
def test_every_fixture_is_told_as_its_makers_tools_tell_it(places_of, servers):
    places = places_of(*servers)
    for name in NAMES:
        places.put(apk(name), key=f"apks/{name}.apk")
    audit = places.audit("--deep", expect=1)
    assert audit.found() == {}, "the places are the same, whatever the APKs are"
    assert audit.summary["apks"] == 2 * len(NAMES) and audit.summary["status"] == "different"
    for place in places.names:
        lines = lines_by_key(audit, place)
        for name in NAMES:
            line, said = lines[f"apks/{name}.apk"], golden(name)
            assert line["intact"] == (said["verifies"] == ["yes"]), (name, line["problems"])
            assert line["verified"] and bool(line["problems"]) == (not line["intact"])
            if "package" in said:
                assert line["package"] == said["package"][0], name
                assert line["versionName"] == said.get("versionName", [None])[0] or line["versionNameReference"], name
                code = int(said["versionCode"][0]) + (int(said.get("versionCodeMajor", [0])[0]) << 32)
                assert line["versionCode"] == code, name
            if line["intact"]:
                # This apksigner knows nothing of v3.1, by which a key is rotated for newer devices only.
                newer = set(line["lineage"]) if "v3.1" in line["schemes"] else set()
                assert set(line["signers"]) == set(said["signer"]) or set(said["signer"]) <= newer, name
                assert set(line["schemes"]) >= set(said["scheme"]), name
                assert newer or line["lineage"] == [each for each in said.get("lineage", []) if each not in said["signer"]], name


@pytest.mark.parametrize("name, words", [
    ("v2", "all bytes were read, and they are what was signed."), ("unsigned", "not signed."),
    ("v1-changed-file", "all bytes were read, and are not what was signed."),
    ("flipped-contents", "all bytes were read, and are not what was signed."),
    ("target-30", "all bytes were read, and they are what was signed.")])
def test_what_reading_all_bytes_told_of_a_signature(places_of, name, words):
    places = places_of("sandbox", "sandbox-2")
    places.put(apk(name), key="app.apk")
    run = places.run("--deep", "--all", expect={0, 1})
    [line, other] = [each for each in run.stdout.splitlines() if "com.example.app 2.0.6+48" in each]
    assert line == other and line.endswith(words), line
    assert "bytes were read" not in places.run("--all", expect={0, 1}).stdout


def test_apks_are_read_by_few_small_ranges(places_of):
    places = places_of("sandbox", "juicefs")
    large = apk("v2")
    places.put(large, key="app.apk")
    places.put(b"no package", key="notes.txt")
    places.servers[0].forget_requests()
    audit = places.audit(expect=0)
    assert audit.summary["status"] == "identical" and audit.summary["bytesRead"] == 0
    seen = places.servers[0].requests()
    gets = [each for each in seen if each["operation"] == "GetObject"]
    assert 1 <= len(gets) <= 6 and {each["key"] for each in gets} == {"app.apk"}
    assert all("range" in {name.lower() for name in each["headers"]} for each in gets) or all(
        each["status"] == 206 for each in gets)
    assert "HeadObject" not in {each["operation"] for each in seen}
    places.servers[0].forget_requests()
    assert places.audit("--no-apk").apks == []
    assert {each["operation"] for each in places.servers[0].requests()} == {"ListObjectsV2"}


def test_other_names_are_apks_if_told_so(places_of):
    places = places_of("sandbox", "juicefs")
    places.put(apk("v2"), key="app.bin")
    places.put(b"no package", key="not.apk")
    assert [each["key"] for each in places.audit("--apk", "*.bin").apks] == ["app.bin", "app.bin"]
    assert not any(each["intact"] for each in places.audit(expect=1).apks)
    places.audit("--fail-on", "differ,missing,extra,unverifiable", expect=0)
    places.audit("--fail-on", "apk", expect=1)


# --expect

def test_expect(places_of):
    places = places_of("sandbox", "juicefs", "seaweedfs")
    places.put(apk("v2"), key="app.apk")
    audit = places.audit("--expect", f"{APP}=2.0.6+48")
    assert audit.summary["status"] == "identical"
    [package] = audit.packages
    assert package["agree"] and package["expected"] == "2.0.6+48"
    assert package["newest"] == dict.fromkeys(places.names, "2.0.6+48")
    for wrong in ("2.0.6+49", "2.0.7+48", "2.0+48"):
        audit = places.audit("--expect", f"{APP}={wrong}", expect=1)
        assert audit.packages[0]["problems"] and audit.summary["status"] == "different"
    audit = places.audit("--expect", "com.example.absent=1+1", expect=1)
    assert {each["package"]: bool(each["problems"]) for each in audit.packages} == {
        APP: False, "com.example.absent": True}
    # One server lags: the expectation is not met, whatever --fail-on says.
    places.clients[2].delete_object(Bucket=places.bucket, Key="app.apk")
    audit = places.audit("--expect", f"{APP}=2.0.6+48", "--fail-on", "differ", expect=1)
    assert audit.packages[0]["newest"][places.names[2]] is None
    # One place is enough for it.
    assert places.audit("--expect", f"{APP}=2.0.6+48", places=places.names[:1]).summary["status"] == "identical"
    places.audit("--expect", f"{APP}=2.0.6+49", places=places.names[:1], expect=1)


# What packages say over all keys and places

def problems(audit):
    return [problem for each in audit.packages for problem in each["problems"]]


def test_newest_versions_that_differ(places_of):
    places = places_of("sandbox", "juicefs")
    places.put(apk("v2"), key="old.apk")
    places.put(apk("version-code-major"), None, key="new.apk")
    audit = places.audit(expect=1)
    [package] = audit.packages
    newest = f"2.0.6+{(3 << 32) + 4294967280}"
    assert package["newest"] == {places.names[0]: newest, places.names[1]: "2.0.6+48"} and not package["agree"]


def test_a_latest_key_that_went_backwards(places_of):
    places = places_of("sandbox", "juicefs")
    places.put(apk("version-code-major"), key="app-3.apk")
    places.put(apk("v2"), key="app-latest.apk")
    [problem] = problems(places.audit(expect=1))[:1]
    assert any("app-latest.apk" in each and "older" in each for each in problems(places.audit(expect=1))), problem
    places.put(apk("version-code-major"), key="app-latest.apk")
    assert not any("older" in each for each in problems(places.audit()))


def test_one_version_of_other_bytes_and_other_signers(places_of):
    places = places_of("sandbox", "juicefs")
    places.put(apk("v2"), key="app.apk")
    places.put(apk("v3"), key="again.apk")
    audit = places.audit(expect=1)
    assert any("different bytes" in each for each in problems(audit)) and audit.found() == {}
    places = places_of("sandbox", "juicefs")
    places.put(apk("v2"), apk("v2-dsa"), key="app.apk")
    told = problems(places.audit(expect=1))
    assert any("signed by different keys" in each for each in told) and any("different bytes" in each for each in told)


def test_a_rotated_key_is_no_stranger(places_of):
    places = places_of("sandbox", "juicefs")
    places.put(apk("v2"), key="a.apk")
    places.put(apk("rotated"), key="b.apk")
    assert not any("signed by different" in each for each in problems(places.audit(expect=1)))


# Hostile and damaged

def test_strangers_bytes_are_told_and_do_no_harm(places_of):
    places = places_of("sandbox", "juicefs")
    whole = apk("v2")
    end = whole.rindex(b"PK\x05\x06")
    hostile = {
        "empty": b"", "one": b"P", "text": b"no package" * 100, "end-only": whole[end:],
        "half": whole[:len(whole) // 2], "head-lost": whole[100:], "zeros": bytes(70_000),
        "directory-beyond": whole[:end + 16] + b"\xff\xff\xff\xfe" + whole[end + 20:],
        "directory-size": whole[:end + 12] + b"\xff\xff\xff\xff" + whole[end + 16:],
        "many-entries": whole[:end + 8] + b"\xff\xff\xff\xff" + whole[end + 12:],
        "comment-beyond": whole[:-2] + b"\xff\xff", "appended": whole + b"x" * 1000, "twice": whole + whole}
    for key, body in hostile.items():
        places.put(body, key=f"{key}.apk")
    places.put(whole, key="good.apk")
    for mode in ([], ["--deep"]):
        audit = places.audit(*mode, expect=1)
        lines = lines_by_key(audit, places.names[0])
        assert lines["good.apk"]["intact"] and audit.found() == {}
        accepted = {key for key in hostile if lines[f"{key}.apk"]["intact"]}
        assert not accepted - (set() if mode else {"head-lost"}), accepted
        assert audit.summary["errors"] == 0
    audit = places.audit("--deep", places=places.names, expect=1)
    assert audit.summary["apks"] == 2 * (len(hostile) + 1)


def test_a_flipped_byte_behind_equal_listings_is_found_by_reading(places_of):
    places = places_of("juicefs", "sandbox")
    places.put(apk("v2"), key="app.apk")
    places.servers[1].break_with({"operation": "GetObject", "key": "app.apk", "action": "corrupt", "offset": 200})
    audit = places.audit("--deep", "--expect", f"{APP}=2.0.6+48", expect=1)
    assert audit.found() == {"app.apk": ("differs", "corrupt")}
    lines = {each["place"]: each for each in audit.apks}
    assert lines[places.names[0]]["intact"] and not lines[places.names[1]]["intact"]
    # The flip hits its manifest: there is no package that it belongs to.
    assert lines[places.names[1]]["package"] is None and [each["package"] for each in audit.packages] == [APP]
    # A server whose ETag fits its bytes can still hold what the builder did not sign.
    places.servers[1].mend()
    places.put(apk("flipped-contents"), key="app.apk")
    assert places.audit().summary["status"] == "identical", "the flip shows only in what is signed"
    audit = places.audit("--deep", expect=1)
    assert audit.found() == {} and not any(each["intact"] for each in audit.apks)


def test_an_unreachable_server_leaves_the_others_apks(places_of, run):
    places = places_of("sandbox", "juicefs")
    places.put(apk("v2"), key="app.apk")
    environment = places.environment | {"MC_HOST_standby": "http://AKIAIOSFODNN7EXAMPLE:EXAMPLEKEYEXAMPLE@127.0.0.1:9"}
    audit = auditing.checked(run("audit", "--json", "--retry", "0", *places.names, environment=environment, expect=3),
                             places.names)
    assert [each["place"] for each in audit.apks] == [places.names[0]]
    assert audit.apks[0]["versionCode"] == 48
    # What it does not have is not known.
    assert audit.packages[0]["newest"] == {places.names[0]: "2.0.6+48"} and not audit.packages[0]["problems"]
