"""Bad input and bad circumstances: one clear sentence on stderr, the documented exit code, nothing changed."""

import ctypes
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.parse

import pytest

import minio_sync
import samples
import servers as real

USAGE, UNREACHABLE = 2, 3

#: As it stands in a URL.
USER = f"{real.ACCESS_KEY}:{urllib.parse.quote(real.SECRET_KEY, safe='')}"


def assert_one_sentence(run, *words):
    """Stderr is one line that a person can act on, with each of `words` in it."""
    lines = run.stderr.strip().splitlines()
    assert len(lines) == 1, run.report()
    assert 20 < len(lines[0]) < 500, run.report()
    for word in words:
        assert word.lower() in lines[0].lower(), f"{word!r} is not named\n{run.report()}"
    assert "Error(" not in lines[0] and "Optional(" not in lines[0], run.report()


@pytest.fixture
def pair(pair_of):
    pair = pair_of("juicefs", "juicefs-2")
    pair.put("app.apk", b"apk")
    return pair


@pytest.fixture
def mirror(pair, run, tmp_path):
    """Mirrors with these arguments, and holds that the target stays as it was."""
    def mirror(*arguments, expect, environment=None, **options):
        result = run("mirror", "--once", *arguments, environment=pair.environment | (environment or {}),
                     expect=expect, **options)
        assert pair.target_keys() == []
        return result
    return mirror


# The command line

@pytest.mark.parametrize("arguments, word", [
    (["mirrour", "a/bucket", "b/bucket"], "mirrour"), (["mirror", "--once", "source/bucket"], "target"),
    (["mirror", "--once", "source/bucket", "target/bucket", "other/bucket"], "TARGET"),
    (["mirror", "--onze", "source/bucket", "target/bucket"], "--onze"),
    (["mirror", "--once", "--max-workers", "many", "source/bucket", "target/bucket"], "--max-workers"),
    (["mirror", "--once", "--max-workers", "0", "source/bucket", "target/bucket"], "--max-workers"),
    (["mirror", "--once", "--limit-upload", "fast", "source/bucket", "target/bucket"], "--limit-upload"),
    (["mirror", "--once", "--older-than", "soon", "source/bucket", "target/bucket"], "--older-than"),
    (["mirror", "--once", "source/bucket", "target/bucket", "--exclude"], "--exclude"),
    (["mirror", "--once", "--ca-file", "/nonexistent.pem", "source/bucket", "target/bucket"], "/nonexistent.pem"),
    (["mirror", "--once", "--config", "/nonexistent.yaml", "source/bucket", "target/bucket"], "/nonexistent.yaml")],
    ids=lambda each: "" if isinstance(each, list) else each)
def test_a_wrong_command_line_is_explained(run, arguments, word):
    environment = {"MC_HOST_source": "http://192.0.2.1:9000", "MC_HOST_target": "http://192.0.2.2:9000"}
    result = run(*arguments, environment=environment, expect=USAGE, timeout=10)
    assert_one_sentence(result, word)
    assert result.stdout == ""


def test_an_unknown_alias_is_named(mirror, pair):
    assert_one_sentence(mirror("nowhere/bucket", f"target/{pair.target_bucket}", expect=USAGE), "nowhere")
    assert_one_sentence(mirror(f"source/{pair.source_bucket}", "nowhere/bucket", expect=USAGE), "nowhere")


@pytest.mark.parametrize("place", [
    "", "http://", "ftp://example.com/bucket", "http://127.0.0.1:99999/bucket", "http://127.0.0.1:port/bucket",
    "https://exa mple.com/bucket", "source//key", "source/a bucket", "source/..", "1source/bucket"])
def test_a_malformed_place_is_refused(mirror, pair, place):
    assert_one_sentence(mirror(place, f"target/{pair.target_bucket}", expect=USAGE))


@pytest.mark.parametrize("value", [
    "", "127.0.0.1:9000", "http://key@127.0.0.1", "http://a:b@127.0.0.1:none", "ftp://a:b@example.com"])
def test_a_malformed_alias_variable_is_named(mirror, pair, value):
    result = mirror("broken/bucket", f"target/{pair.target_bucket}", expect=USAGE,
                    environment={"MC_HOST_broken": value})
    assert_one_sentence(result, "broken")


def test_a_credential_in_a_place_is_refused_without_quoting_it(mirror, pair):
    result = mirror(f"http://key:{real.SECRET_KEY}@127.0.0.1:9000/bucket", f"target/{pair.target_bucket}", expect=USAGE)
    assert_one_sentence(result)


@pytest.mark.parametrize("source, target", [
    ("", ""), ("", "backup/"), ("", "backup"), ("apks/", "apks/old/"), ("apks/old/", "apks/"), ("apks/", "")])
def test_a_place_is_not_mirrored_into_itself(run, pair, source, target):
    bucket = pair.source_bucket
    result = run("mirror", "--once", "--no-state", f"source/{bucket}/{source}", f"source/{bucket}/{target}",
                 environment=pair.environment, expect=USAGE)
    assert_one_sentence(result)
    assert list(pair.source_snapshot()) == [b"app.apk"]


@pytest.mark.parametrize("name", ["juicefs", "seaweedfs", "moto", "sandbox"])
@pytest.mark.parametrize("way", ["alias", "localhost", "forwarded", "forwarded-dry"])
@pytest.mark.parametrize("source, target", [("", "backup/"), ("backup/", "")])
def test_the_same_server_under_two_names_is_recognised(run, pair_of, name, way, source, target):
    pair = pair_of(name, name)
    pair.put("backup/app.apk", b"apk")
    server, bucket = pair.source_server, pair.source_bucket
    with real.Forwarder(server) as forwarder:
        other = {"alias": server.mc_host, "localhost": server.mc_host.replace("127.0.0.1", "localhost")}
        dry = ["--dry-run"] if way == "forwarded-dry" else []
        result = run("mirror", "--no-state", "--remove", *dry, f"source/{bucket}/{source}", f"other/{bucket}/{target}",
                     environment={"MC_HOST_source": server.mc_host,
                                  "MC_HOST_other": other.get(way, forwarder.mc_host)},
                     expect={0, 4} if dry else USAGE)
    if dry:  # Writes nothing, so it cannot be sure.
        assert "may be one server" in result.stderr
    else:
        assert_one_sentence(result, "overlap")
    assert list(pair.source_snapshot()) == [b"backup/app.apk"]
    assert not pair.source.list_multipart_uploads(Bucket=bucket).get("Uploads")


@pytest.mark.parametrize("way", ["localhost", "forwarded"])
def test_a_whole_server_under_two_names_is_recognised(run, pair, way):
    server = pair.source_server
    with real.Forwarder(server) as forwarder:
        other = forwarder.mc_host if way == "forwarded" else server.mc_host.replace("127.0.0.1", "localhost")
        result = run("mirror", "--no-state", "source", "other", expect=USAGE,
                     environment={"MC_HOST_source": server.mc_host, "MC_HOST_other": other})
    assert_one_sentence(result, "overlap")


def test_a_watch_does_not_mirror_a_server_into_itself(run, pair):
    server, bucket = pair.source_server, pair.source_bucket
    with real.Forwarder(server) as forwarder:
        result = run("mirror", "--watch", "--no-state", f"source/{bucket}", f"other/{bucket}/backup/", expect=USAGE,
                     environment={"MC_HOST_source": server.mc_host, "MC_HOST_other": forwarder.mc_host}, timeout=30)
    assert_one_sentence(result, "overlap")


def test_a_watch_begins_although_a_server_is_away(pair, tmp_path):
    away = f"http://{USER}@127.0.0.1:{real.free_ports(1)[0]}"
    process = minio_sync.start_minio_sync(
        ["mirror", "--watch", "--no-state", "source/bucket", "other/bucket"],
        {"MC_HOST_source": pair.source_server.mc_host, "MC_HOST_other": away}, tmp_path / "home")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(3)
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 130


def test_a_copy_of_a_server_is_another_server(pair_of, run, tmp_path):
    """A disk that was copied has buckets of the same date."""
    folder = tmp_path / "copy"
    with real.Sandbox(tmp_path / "original") as original:
        samples.put(original.client(), "bucket", "app.apk", b"apk")
        shutil.copytree(tmp_path / "original" / "data", folder / "data", symlinks=True)
        with real.Sandbox(folder) as copy:
            assert copy.client().list_buckets()["Buckets"] == original.client().list_buckets()["Buckets"]
            samples.put(original.client(), "bucket", "new.apk", b"new")
            run("mirror", "--no-state", "source/bucket", "target/bucket",
                environment={"MC_HOST_source": original.mc_host, "MC_HOST_target": copy.mc_host})
            assert sorted(each["Key"] for each in copy.client().list_objects_v2(Bucket="bucket")["Contents"]) == [
                "app.apk", "new.apk"]


# Servers

def test_a_missing_bucket_is_named(mirror, pair):
    result = mirror("--no-state", "--remove", "source/no-such-bucket", f"target/{pair.target_bucket}",
                    expect=UNREACHABLE)
    assert_one_sentence(result, "no-such-bucket")


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_wrong_secret_is_told_from_a_missing_server(mirror, pair, side):
    server = getattr(pair, f"{side}_server")
    wrong = f"http://{real.ACCESS_KEY}:notThisSecretKeyEXAMPLE0123456789abcdef@127.0.0.1:{server.port}"
    result = mirror("--no-state", f"source/{pair.source_bucket}", f"target/{pair.target_bucket}",
                    expect=UNREACHABLE, environment={f"MC_HOST_{side}": wrong})
    assert_one_sentence(result, f"127.0.0.1:{server.port}")
    assert any(word in result.stderr.lower() for word in ("secret", "credential", "signature", "key")), result.report()


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_closed_port_is_an_unreachable_server(mirror, pair, side):
    port = real.free_ports(1)[0]
    closed = f"http://{USER}@127.0.0.1:{port}"
    result = mirror("--no-state", f"source/{pair.source_bucket}", f"target/{pair.target_bucket}",
                    expect=UNREACHABLE, environment={f"MC_HOST_{side}": closed})
    assert_one_sentence(result, f"127.0.0.1:{port}")


def test_a_name_that_does_not_exist_is_an_unreachable_server(mirror, pair):
    unknown = f"http://{USER}@server.invalid:9000"
    result = mirror("--no-state", f"source/{pair.source_bucket}", f"target/{pair.target_bucket}", expect=UNREACHABLE,
                    environment={"MC_HOST_source": unknown})
    assert_one_sentence(result, "server.invalid")


def test_something_that_is_no_s3_server_is_refused(mirror, pair, tmp_path):
    """A server that answers every request with a web page."""
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<html><body>It works</body></html>")
    port = real.free_ports(1)[0]
    server = subprocess.Popen([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)], cwd=page,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
            assert server.poll() is None
            time.sleep(0.05)
        other = f"http://{USER}@127.0.0.1:{port}"
        result = mirror("--no-state", f"source/{pair.source_bucket}", f"target/{pair.target_bucket}",
                        expect=UNREACHABLE, environment={"MC_HOST_source": other})
    finally:
        server.kill()
        server.wait()
    assert_one_sentence(result, f"127.0.0.1:{port}")


# TLS

@pytest.fixture
def tls(tmp_path, certificates):
    """Starts a sandbox with the certificate of that kind and one object."""
    running = []

    def tls(kind):
        if not real.Sandbox.program():
            pytest.fail("s3-sandbox is not built; run swift build")
        certificate, key = getattr(certificates, kind)()
        server = real.Sandbox(tmp_path / kind, certificate=certificate, key=key)
        running.append(server)
        server.start()
        samples.put(server.client(), "bucket", "app.apk", b"apk")
        server.forget_requests()
        return server

    yield tls
    for server in running:
        server.remove()


@pytest.mark.parametrize("kind", ["expired", "self_signed", "other_host"])
def test_a_certificate_that_proves_nothing_is_refused(mirror, pair, tls, certificates, kind):
    server = tls(kind)
    result = mirror("--no-state", "--ca-file", certificates.authority, "source/bucket", f"target/{pair.target_bucket}",
                    expect=UNREACHABLE, environment={"MC_HOST_source": server.mc_host})
    assert_one_sentence(result, "certificate")
    assert server.requests() == []


def test_an_unknown_authority_is_refused_and_a_given_one_taken(run, mirror, pair, tls, certificates):
    server = tls("good")
    environment = pair.environment | {"MC_HOST_source": server.mc_host}
    places = ["--no-state", "source/bucket", f"target/{pair.target_bucket}"]
    assert_one_sentence(mirror(*places, expect=UNREACHABLE, environment=environment), "certificate")
    run("mirror", "--once", "--ca-file", certificates.authority, *places, environment=environment)
    assert pair.target_keys() == ["app.apk"]


@pytest.mark.parametrize("flag", ["--ca-file", "--client-certificate", "--client-key"])
@pytest.mark.parametrize("content", [
    "", "This is a letter.\n" * 100, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    ids=["empty", "letter", "damaged"])
def test_a_file_that_is_no_certificate_or_key_is_named(run, certificates, tmp_path, flag, content):
    file = tmp_path / "file.pem"
    file.write_text(content)
    certificate, _ = certificates.good()
    more = ["--client-certificate", certificate] if flag == "--client-key" else []
    result = run("mirror", "--no-state", *more, flag, file, "source/bucket", "target/bucket", expect=USAGE, timeout=10,
                 environment={"MC_HOST_source": "https://192.0.2.1:9000", "MC_HOST_target": "https://192.0.2.2:9000"})
    assert_one_sentence(result, str(file), flag)


def test_a_private_key_that_is_missing_or_anothers_is_told(run, certificates):
    certificate, key = certificates.good()
    _, other = certificates.self_signed()
    environment = {"MC_HOST_source": "https://192.0.2.1:9000", "MC_HOST_target": "https://192.0.2.2:9000"}
    for more, word in ([], "--client-key"), (["--client-key", other], str(other)):
        result = run("mirror", "--no-state", "--client-certificate", certificate, *more, "source/bucket",
                     "target/bucket", environment=environment, expect=USAGE, timeout=10)
        assert_one_sentence(result, "private key", word)


@pytest.mark.parametrize("are_together", [False, True])
def test_a_client_certificate_and_its_key_are_taken(run, pair, tls, certificates, tmp_path, are_together):
    server = tls("good")
    certificate, key = certificates.self_signed()
    shown = ["--client-certificate", certificate, "--client-key", key]
    if are_together:
        both = tmp_path / "both.pem"
        both.write_bytes(certificate.read_bytes() + key.read_bytes())
        shown = ["--client-certificate", both]
    run("mirror", "--once", "--ca-file", certificates.authority, *shown, "--no-state", "source/bucket",
        f"target/{pair.target_bucket}", environment=pair.environment | {"MC_HOST_source": server.mc_host})
    assert pair.target_keys() == ["app.apk"]


def test_plain_http_on_a_port_for_tls_is_told(mirror, pair, tls):
    server = tls("good")
    environment = {"MC_HOST_source": server.mc_host.replace("https://", "http://")}
    result = mirror("--no-state", "source/bucket", f"target/{pair.target_bucket}", expect=UNREACHABLE,
                    environment=environment)
    assert_one_sentence(result, "write https://")


@pytest.mark.parametrize("name", ["juicefs", "sandbox", "moto"])
def test_tls_on_a_port_for_plain_http_is_told(mirror, pair, fleet, name):
    environment = {"MC_HOST_source": fleet[name].mc_host.replace("http://", "https://")}
    result = mirror("--no-state", "source/bucket", f"target/{pair.target_bucket}", expect=UNREACHABLE,
                    environment=environment)
    assert_one_sentence(result, "write http://")


def test_insecure_is_possible_and_warned_of(run, pair, tls):
    server = tls("self_signed")
    result = run("mirror", "--once", "--no-state", "--insecure", "source/bucket", f"target/{pair.target_bucket}",
                 environment=pair.environment | {"MC_HOST_source": server.mc_host})
    assert "certificate" in result.stderr.lower()
    assert pair.target_keys() == ["app.apk"]


# The state file

@pytest.mark.parametrize("kind", ["folder", "not-a-database", "below-a-file", "other-program's"])
def test_a_state_file_that_cannot_be_read_is_named(mirror, pair, tmp_path, kind):
    state = tmp_path / "state.db"
    if kind == "folder":
        state.mkdir()
    elif kind == "not-a-database":
        state.write_bytes(b"This is a letter, not a database. " * 100)
    elif kind == "below-a-file":
        state.write_text("")
        state = state / "state.db"
    else:
        with sqlite3.connect(state) as other:
            other.execute("CREATE TABLE somebody_elses (x)")
        other.close()
    before = state.read_bytes() if state.is_file() else None
    result = mirror("--state", state, f"source/{pair.source_bucket}", f"target/{pair.target_bucket}", expect=USAGE)
    assert_one_sentence(result, str(state))
    assert before is None or state.read_bytes() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs as somebody else")
def test_a_state_file_of_somebody_else_is_named(pair, tmp_path):
    state = tmp_path / "state.db"
    state.write_text("")
    state.chmod(0)
    # SQLite as root may open anything, so the run gives up root's right to.
    result = minio_sync.run_minio_sync(
        ["mirror", "--once", "--state", state, f"source/{pair.source_bucket}", f"target/{pair.target_bucket}"],
        pair.environment, tmp_path / "home", USAGE, preexec_fn=_drop_override)
    assert_one_sentence(result, str(state))


def _drop_override():
    cap_dac_override, cap_dac_read_search, drop_bounding = 1, 2, 24
    libc = ctypes.CDLL(None)
    for capability in (cap_dac_override, cap_dac_read_search):
        libc.prctl(drop_bounding, capability, 0, 0, 0)


def _small_files_only():
    # A write past the limit then fails like one on a full disk, instead of killing the process.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16 * 1024, 16 * 1024))


def _full_folder(folder):
    """Mounts a file system of 64 KiB on `folder` and fills it; False where that is not allowed."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)],
                             stdin=subprocess.DEVNULL, capture_output=True)
    if mounted.returncode != 0:
        return False
    with open(folder / "filling", "wb", buffering=0) as filling:
        try:
            while filling.write(bytes(4096)):
                pass
        except OSError:
            pass
    return True


def test_no_space_for_the_state_is_reported(mirror, pair, tmp_path):
    full = tmp_path / "full"
    if not _full_folder(full):
        pytest.skip("mounting a small file system is not allowed here; the limit below stands in for it")
    try:
        result = mirror("--state", full / "state.db", f"source/{pair.source_bucket}", f"target/{pair.target_bucket}",
                        expect=USAGE)
        assert_one_sentence(result, str(full))
    finally:
        subprocess.run(["umount", str(full)], check=True, stdin=subprocess.DEVNULL)


def test_space_that_ends_during_the_run_is_reported(run, pair, tmp_path):
    """The state file cannot grow; whatever was copied is whole, and the run does not claim success in silence."""
    samples.put_many(pair.source, pair.source_bucket, ((f"{'k' * 200}{n}", b"x") for n in range(400)))
    state = tmp_path / "state.db"
    result = run("mirror", "--once", "--state", state, f"source/{pair.source_bucket}", f"target/{pair.target_bucket}",
                 environment=pair.environment, expect={1, USAGE}, preexec_fn=_small_files_only)
    assert str(state) in result.stderr
    source, target = pair.source_snapshot(contents=True), pair.target_snapshot(contents=True)
    assert all(source[key] == held for key, held in target.items())


def test_temporary_tables_go_where_the_environment_says(run, pair, tmp_path):
    """The target lists in another order, so that its listing is sorted in a temporary table."""
    with real.Sandbox(tmp_path / "standby", behaviour={"listOrder": "path"}) as standby:
        for name in ("a!", "a/b"):
            pair.put(name)
            samples.put(standby.shared_client, standby.bucket, name, b"x")
        places = ["mirror", "--once", "--no-state", pair.places()[0], f"standby/{standby.bucket}"]
        environment = pair.environment | {"MC_HOST_standby": standby.mc_host}
        missing = tmp_path / "missing"
        result = run(*places, environment=environment | {"TMPDIR": missing}, expect=1)
        assert f"Cannot keep listings in {missing}: No such file or directory" in result.stderr, result.report()
        run(*places, environment=environment | {"TMPDIR": tmp_path})
        assert not list(tmp_path.glob("minio-sync-*")), "a temporary file is left"


# Output

def test_a_reader_that_goes_away_is_no_crash(pair):
    samples.put_many(pair.source, pair.source_bucket, ((f"{n}", b"x") for n in range(50)))
    process = minio_sync.start_minio_sync(pair.arguments("--json"), pair.environment, pair.folder / "home")
    process.stdout.close()
    process.stdout = None
    _, stderr = process.communicate(timeout=60)
    assert process.returncode in (0, 1, -signal.SIGPIPE), stderr.decode()
    assert not minio_sync.CRASH.search(stderr.decode())


def test_a_full_output_is_not_success(pair):
    """Lines that could not be written were not reported."""
    samples.put_many(pair.source, pair.source_bucket, ((f"{n}", b"x") for n in range(50)))
    with open("/dev/full", "wb") as full:
        process = minio_sync.start_minio_sync(
            pair.arguments("--json"), pair.environment, pair.folder / "home", stdout=full)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode not in (0, None) and not minio_sync.CRASH.search(stderr.decode())
