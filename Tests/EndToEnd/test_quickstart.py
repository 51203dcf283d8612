"""`deploy/quickstart` does what it says on the machine where the tests run, and leaves nothing running."""

import os
import pathlib
import subprocess

import minio_sync


def processes(temporary):
    """Programs that run with `temporary` for their temporary files, which the quickstart hands down: others are nobody's
    business."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"TMPDIR={temporary}".encode() in path.read_bytes().split(b"\0"):
                found.append(os.readlink(path.parent / "exe"))
        except OSError:
            continue
    return found


def test_the_quickstart_mirrors_catches_a_broken_byte_and_leaves_nothing(tmp_path):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "MINIO_SYNC") if name in os.environ}
    finished = subprocess.run(
        [str(minio_sync.REPOSITORY / "deploy/quickstart")], env=environment | {"TMPDIR": str(temporary)},
        cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    output = finished.stdout + finished.stderr

    assert finished.returncode == 0, output[-5000:]
    assert "minio-sync mirror" in output and "MC_HOST_" in output, "the commands for real servers are missing"
    assert "The places are identical" in output and "com.example.app" in output, "the audit is missing"
    assert not minio_sync.CRASH.search(output)
    assert processes(temporary) == []
    assert list(temporary.iterdir()) == []
