"""No secret key, session token or signature is ever printed, nor seen in the list of processes.

Every run of every test is searched for the secrets in its environment (see `minio_sync.finished`); here are the runs
that try hardest to bring them out.
"""

import pathlib
import time

import pytest

import minio_sync
import samples
import servers as real

SECRET = "s3cr3t/With+Special=Characters&EXAMPLEKEY"
TOKEN = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8"


def quoted(text):
    return real.urllib.parse.quote(text, safe="")


@pytest.fixture
def guarded(tmp_path, fleet):
    """A server whose secret needs encoding in a URL, with a bucket and an object."""
    with real.JuiceFS(tmp_path / "guarded", secret_key=SECRET) as server:
        client = server.client()
        client.create_bucket(Bucket="bucket")
        client.create_bucket(Bucket="other")
        samples.put(client, "bucket", "app.apk", b"apk")
        samples.put_parts(client, "bucket", "large.apk", [5 * samples.MIB, 1])
        yield server


def test_a_debug_run_prints_no_secret(guarded, pair_of, run):
    pair = pair_of("juicefs", "seaweedfs")
    environment = pair.environment | {"MC_HOST_source": guarded.mc_host}
    result = run("mirror", "--once", "--debug", "--no-state", "source/bucket", f"target/{pair.target_bucket}",
                 environment=environment)
    assert "app.apk" in result.stderr, "--debug prints nothing, so this test proves nothing"
    assert pair.target_keys() == ["app.apk", "large.apk"]


FAILURES = ["unreachable", "wrong secret", "wrong token", "tls to a plain port", "missing bucket", "into itself",
            "malformed alias", "malformed port", "unencoded secret", "bad state"]


def failing(guarded, port):
    """Every way to fail that knows a secret, with the variables, the places and the exit code."""
    good, place = guarded.mc_host, f"127.0.0.1:{guarded.port}"
    user = f"{real.ACCESS_KEY}:{quoted(SECRET)}"
    places = ["source/bucket", "target/other"]
    return {
        "unreachable": ({"MC_HOST_source": f"http://{user}@127.0.0.1:{port}", "MC_HOST_target": good}, places, 3),
        "wrong secret": ({"MC_HOST_source": f"http://{real.ACCESS_KEY}:{quoted(SECRET[::-1])}@{place}",
                          "MC_HOST_target": good}, places, 3),
        "wrong token": ({"MC_HOST_source": f"http://{user}:{quoted(TOKEN)}@{place}", "MC_HOST_target": good},
                        places, 3),
        "tls to a plain port": ({"MC_HOST_source": f"https://{user}@{place}", "MC_HOST_target": good}, places, 3),
        "missing bucket": ({"MC_HOST_source": good, "MC_HOST_target": good}, ["source/missing", "target/other"], 3),
        "into itself": ({"MC_HOST_source": good, "MC_HOST_target": good}, ["source/bucket", "target/bucket/a"], 2),
        "malformed alias": ({"MC_HOST_source": f"http//{user}@{place}", "MC_HOST_target": good}, places, 2),
        "malformed port": ({"MC_HOST_source": f"http://{user}@127.0.0.1:x", "MC_HOST_target": good}, places, 2),
        "unencoded secret": ({"MC_HOST_source": f"http://{real.ACCESS_KEY}:{SECRET}@{place}", "MC_HOST_target": good},
                             places, {0, 2, 3}),
        "bad state": ({"MC_HOST_source": good, "MC_HOST_target": good},
                      ["--state", "/dev/null/state.db", *places], 2)}


@pytest.mark.parametrize("case", FAILURES)
@pytest.mark.parametrize("form", [["--debug"], ["--json", "--debug"]], ids=["text", "json"])
def test_a_failing_run_prints_no_secret(guarded, run, case, form):
    environment, arguments, code = failing(guarded, real.free_ports(1)[0])[case]
    result = run("mirror", "--once", *form, *arguments, environment=environment, expect=code)
    everything = result.stdout + result.stderr
    for secret in (SECRET, quoted(SECRET), SECRET[::-1], quoted(SECRET[::-1]), TOKEN, quoted(TOKEN)):
        assert secret not in everything


def test_keys_and_tokens_of_aws_variables_are_not_printed(guarded, run):
    environment = {"AWS_ACCESS_KEY_ID": real.ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}
    run("ls", "--debug", f"{guarded.endpoint}/bucket", environment=environment, expect={0, 3})


def test_config_check_prints_no_secret(run, tmp_path):
    secret_file = tmp_path / "secret"
    secret_file.write_text(SECRET)
    config = tmp_path / "minio-sync.yaml"
    config.write_text(f"servers:\n  main:\n    url: https://main.example.com:9000\n    access_key: {real.ACCESS_KEY}\n"
                      f"    secret_key_file: {secret_file}\n")
    for arguments in (["config", "check", "--config", config], ["config", "check", "--config", config, "--debug"]):
        result = run(*arguments, environment={"MC_HOST_other": f"http://{real.ACCESS_KEY}:{quoted(SECRET)}@192.0.2.1"},
                     expect={0, 2})
        assert SECRET not in result.stdout + result.stderr


def test_the_list_of_processes_shows_no_secret(guarded, pair_of, tmp_path):
    pair = pair_of("juicefs", "seaweedfs")
    environment = pair.environment | {"MC_HOST_source": guarded.mc_host}
    process = minio_sync.start_minio_sync(
        ["mirror", "--once", "--debug", "--no-state", "--limit-download", "2MiB", "source/bucket",
         f"target/{pair.target_bucket}"], environment, tmp_path / "home")
    seen = []
    while process.poll() is None and len(seen) < 200:
        for path in pathlib.Path(f"/proc/{process.pid}/task").glob("*/c*m*"):
            if path.name in ("cmdline", "comm"):
                try:
                    seen.append(path.read_text())
                except OSError:
                    pass
        time.sleep(0.02)
    stdout, stderr = process.communicate(timeout=60)
    minio_sync.finished(["mirror"], process.returncode, stdout, stderr, environment, 0)
    assert any("source/bucket" in text for text in seen)
    assert not any(SECRET in text or quoted(SECRET) in text for text in seen)
