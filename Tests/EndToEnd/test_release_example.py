"""`deploy/examples/release`: an APK reaches every server, and nothing is released that is not proven."""

import os
import pathlib
import shutil
import subprocess

import pytest

import minio_sync
import oracle
import servers

RELEASE = minio_sync.REPOSITORY / "deploy/examples/release"
APKS = minio_sync.REPOSITORY / "Fixtures/APK"
VERSION = "com.example.app=2.0.6+48"


class Released:
    """What one run of the script did."""

    def __init__(self, finished):
        self.code, self.text = finished.returncode, finished.stdout
        self.steps = [line.removeprefix("== ") for line in self.text.splitlines() if line.startswith("== ")]


@pytest.fixture
def release(pair_of, tmp_path):
    """Runs the script between two sandboxes; `release.pair` has them."""
    pair = pair_of("sandbox", "sandbox-2")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "minio-sync").symlink_to(pathlib.Path(minio_sync.program()).resolve())

    def release(*arguments, expect=0, **variables):
        # Neither mc nor rclone of the machine: tests bring them.
        path = f"{programs}:/usr/bin:/bin"
        environment = minio_sync.child_environment(tmp_path / "home", pair.environment | {
            "PATH": path, "PLACES": " ".join(pair.places()), "no_proxy": "*", **variables})
        finished = subprocess.run([RELEASE, *map(str, arguments)], env=environment, cwd=tmp_path, timeout=60,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        minio_sync.check_no_leak(finished.stdout, environment, "the output")
        assert finished.returncode == expect, finished.stdout
        return Released(finished)

    (tmp_path / "home").mkdir()
    release.pair, release.programs = pair, programs
    yield release
    for server in (pair.source_server, pair.target_server):
        server.mend()


def test_an_apk_is_released_when_every_server_has_it(release, tmp_path):
    pair = release.pair
    (tmp_path / "notes.txt").write_text("What is new")
    done = release(VERSION, APKS / "v2.apk", tmp_path / "notes.txt")
    assert done.steps == [f"Upload to {pair.places()[0]}", f"Mirror to {pair.places()[1]}",
                          f"Audit: {VERSION} on every place"]
    assert done.text.splitlines()[-1].startswith(f"Released: {VERSION} is the newest on ")
    assert pair.target_keys() == ["notes.txt", "v2.apk"]
    pair.assert_replica()
    uploaded = pair.source.get_object(Bucket=pair.source_bucket, Key="v2.apk")
    assert uploaded["Body"].read() == (APKS / "v2.apk").read_bytes()
    assert uploaded["ContentType"] == "application/vnd.android.package-archive"
    release(VERSION, APKS / "v2.apk", tmp_path / "notes.txt")  # again, which changes nothing
    pair.assert_replica()


def test_one_version_with_two_contents_stops_it(release):
    done = release(VERSION, APKS / "v2.apk", APKS / "v3.apk", expect=1)
    assert "stands for different bytes" in done.text and "Released" not in done.text


def test_places_may_have_prefixes(release):
    pair = release.pair
    release(VERSION, APKS / "v2.apk", PLACES=" ".join(pair.places("app/2.0.6/", "app/2.0.6/")))
    assert pair.target_keys() == ["app/2.0.6/v2.apk"]


def test_another_version_than_the_announced_one_stops_it(release):
    done = release("com.example.app=2.0.7+49", APKS / "v2.apk", expect=1)
    assert "STOPPED at" in done.text.splitlines()[-1] and "with exit code 1" in done.text
    assert "2.0.6+48" in done.text and "Released" not in done.text


def test_an_object_that_differs_stops_it(release):
    release.pair.put_target("stray.txt")
    done = release(VERSION, APKS / "v2.apk", expect=1)
    assert "stray.txt" in done.text and "Released" not in done.text


def test_bytes_that_rot_on_a_server_stop_a_deep_audit(release):
    release(VERSION, APKS / "v2.apk", AUDIT_FLAGS="--deep")
    release.pair.target_server.break_with(
        {"operation": "GetObject", "key": "v2.apk", "action": "corrupt", "offset": 5000})
    done = release(VERSION, APKS / "v2.apk", AUDIT_FLAGS="--deep", expect=1)
    assert "corrupt" in done.text and "Released" not in done.text


def test_a_standby_that_is_away_stops_it(release):
    gone = f"http://{servers.ACCESS_KEY}:{servers.SECRET_KEY}@127.0.0.1:{servers.free_ports(1)[0]}"
    done = release(VERSION, APKS / "v2.apk", MC_HOST_target=gone, expect=3)
    assert len(done.steps) == 2 and 'STOPPED at "Mirror to ' in done.text


def test_an_upload_that_fails_stops_it(release):
    release.pair.source_server.break_with({"operation": "PutObject", "action": "status", "status": 507})
    done = release(VERSION, APKS / "v2.apk", expect=22)
    assert len(done.steps) == 1 and release.pair.target_keys() == []


def test_what_was_released_is_what_the_builder_hashed(release, run, tmp_path):
    release(VERSION, APKS / "v2.apk")
    manifest = tmp_path / "release.sums"
    for tool in ["md5sum", "sha256sum"]:
        manifest.write_bytes(subprocess.run([tool, "v2.apk"], cwd=APKS, stdout=subprocess.PIPE, check=True).stdout)
        for place in release.pair.places():
            run("audit", place, "--manifest", manifest, "--expect", VERSION, environment=release.pair.environment)


@pytest.mark.parametrize("secret", ["pa:ss%41wo\\rd\"long"], ids=["characters"])
def test_curl_gets_the_secret_as_it_is_meant(release, tmp_path, secret):
    with servers.Sandbox(tmp_path / "own", secret_key=secret) as server:
        client = server.client()
        for bucket in ["one", "other"]:
            client.create_bucket(Bucket=bucket)
        release(VERSION, APKS / "v2.apk", PLACES="own/one own/other", MC_HOST_own=server.mc_host)
        assert oracle.keys(client, "other") == ["v2.apk"]


def test_rclone_uploads_where_it_knows_the_server(release):
    (release.programs / "rclone").symlink_to(servers.tool("rclone"))
    pair, remote = release.pair, "RCLONE_CONFIG_SOURCE_"
    release(VERSION, APKS / "v2.apk", **{
        f"{remote}TYPE": "s3", f"{remote}PROVIDER": "Other", f"{remote}ENDPOINT": pair.source_server.endpoint,
        f"{remote}ACCESS_KEY_ID": servers.ACCESS_KEY, f"{remote}SECRET_ACCESS_KEY": servers.SECRET_KEY})
    assert pair.target_keys() == ["v2.apk"]
    # Which rclone alone adds.
    assert "mtime" in pair.source.head_object(Bucket=pair.source_bucket, Key="v2.apk")["Metadata"]


@pytest.mark.parametrize("version, is_used", [
    ("mc version RELEASE.2024-11-21T17-21-54Z", True), ("GNU Midnight Commander 4.8.29", False)])
def test_mc_uploads_where_it_is_that_mc(release, tmp_path, version, is_used):
    (release.programs / "mc").write_text(
        f'#!/bin/sh\nif [ "$1" = --version ]; then echo "{version}"; exit; fi\necho "$@" >{tmp_path}/called; exit 9\n')
    (release.programs / "mc").chmod(0o755)
    release(VERSION, APKS / "v2.apk", expect=9 if is_used else 0)
    if is_used:
        called = (tmp_path / "called").read_text().split()
        assert called == ["cp", "--quiet", str(APKS / "v2.apk"), release.pair.places()[0] + "/v2.apk"]


@pytest.mark.parametrize("arguments", [
    [], [VERSION], ["com.example.app", "v2.apk"], ["com.example.app=2.0.6", "v2.apk"], ["2.0.6+48", "v2.apk"],
    [VERSION, "no-such.apk"], [VERSION, "a b.apk"]], ids=str)
def test_what_cannot_be_meant_is_refused_before_anything_is_done(release, tmp_path, arguments):
    for name in ["v2.apk", "a b.apk"]:
        shutil.copy(APKS / "v2.apk", tmp_path / name)
    done = release(*arguments, expect=2)
    assert done.steps == [] and oracle.keys(release.pair.source, release.pair.source_bucket) == []


def test_no_way_to_upload_is_told(release):
    done = release(VERSION, APKS / "v2.apk", PLACES="nobody/one nobody/other", expect=2)
    assert "MC_HOST_nobody" in done.text


def test_one_place_is_refused(release):
    assert "two places" in release(VERSION, APKS / "v2.apk", PLACES="main/apks", expect=2).text


def test_the_usage_is_shown():
    environment = {"PATH": os.environ["PATH"]}
    said = subprocess.run([RELEASE, "--help"], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.startswith("Usage: release PACKAGE=VERSION+CODE FILE...") and said.stderr == ""
