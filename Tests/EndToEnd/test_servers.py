"""The harness itself: each server starts, stores and survives a kill, and the oracle sees what differs."""

import pytest

import minio_sync
import oracle
import samples
from conftest import SERVERS, Pair


@pytest.mark.parametrize("name", ["juicefs", "juicefs-plain", "seaweedfs", "moto", "rclone", "sandbox"])
def test_a_server_stores_what_is_put(fleet, name):
    server = fleet[name]
    client = server.client()
    client.create_bucket(Bucket="smoke")
    samples.put(client, "smoke", "folder/caf\u00e9", b"bytes")
    samples.put_parts(client, "smoke", "parts", [5 * samples.MIB, 1])

    found = oracle.snapshot(client, "smoke", contents=True)

    assert list(found) == ["folder/caf\u00e9".encode(), b"parts"]
    assert found[b"parts"].size == 5 * samples.MIB + 1
    etag = found["folder/caf\u00e9".encode()].etag
    assert etag == ("4b3a6218bb3e3a7303e8a171a60fcf92" if server.keeps_etags else "")


@pytest.mark.parametrize("name", ["juicefs", "rclone", "sandbox"])
def test_a_killed_server_comes_back_with_its_data(tmp_path, name):
    if name == "sandbox" and not SERVERS[name].program():
        pytest.fail("s3-sandbox is not built; run swift build")
    with SERVERS[name](tmp_path / name) as server:
        client = server.client()
        client.create_bucket(Bucket="smoke")
        samples.put(client, "smoke", "key", b"bytes")
        server.kill()
        server.start()
        assert oracle.keys(client, "smoke") == ["key"]


def test_the_oracle_sees_every_difference(fleet, tmp_path):
    pair = Pair(fleet["juicefs"], fleet["juicefs-2"], tmp_path)
    for key in ("same", "missing", "bytes", "type", "tags"):
        pair.put(key, b"one", Metadata={"release": "1"}, Tagging="a=1")
    for key in ("same", "extra"):
        pair.put_target(key, b"one", Metadata={"release": "1"}, Tagging="a=1")
    pair.put_target("bytes", b"two", Metadata={"release": "1"}, Tagging="a=1")
    pair.put_target("type", b"one", ContentType="text/plain", Metadata={"release": "1"}, Tagging="a=1")
    pair.put_target("tags", b"one", Metadata={"release": "1"}, Tagging="a=2")

    found = oracle.differences(pair.source_snapshot(details=True, contents=True),
                               pair.target_snapshot(details=True, contents=True))

    assert [each.split()[0] for each in found] == ["b'bytes'", "b'bytes'", "b'extra'", "b'missing'", "b'tags'",
                                                   "b'type'"]


_GOOD = ('{"type":"object","action":"copy","key":"a","size":1,"etag":"x","status":"ok","reason":"missing",'
         '"seconds":0.1}\n'
         '{"type":"summary","status":"ok","source":{"objects":1,"bytes":1},"target":{"objects":1,"bytes":1},"same":0,'
         '"copied":1,"copiedBytes":1,"metadata":0,"deleted":0,"failed":0,"unproven":0,"requests":{"LIST":2},'
         '"seconds":1.2}\n')


def _check(stdout, code=0):
    run = minio_sync.Run(["--json"], code, stdout, "")
    run.objects, run.summary = minio_sync.parse(stdout)
    minio_sync.check(run)


def test_the_contract_takes_the_documented_lines():
    _check(_GOOD)


@pytest.mark.parametrize("change, code", [
    (('"copied":1', '"copied":2'), 0), (('"copiedBytes":1', '"copiedBytes":2'), 0), (('"failed":0', '"failed":1'), 0),
    (('"unproven":0,', ""), 0), (('"status":"ok","reason"', '"status":"fine","reason"'), 0),
    (('"status":"ok","reason"', '"status":"failed","reason"'), 0), (('"key":"a"', '"key":"a","note":"b"'), 0),
    (('"key":"a"', '"key":"a","keyHex":"61"'), 0), (('"key":"a"', '"key":"a","keyHex":"ff"'), 0),
    (("\n", "\n\n"), 0), (("{", "Copying\n{"), 0), (('"seconds":1.2}\n', '"seconds":1.2}'), 0),
    (('"seconds":0.1', '"seconds":"0.1"'), 0), (('"key":"a"', '"key":"a","key":"a"'), 0), (("", ""), 1),
    (('{"type":"summary"', '{"type":"total"'), 0), (('"status":"ok","source"', '"status":"guarded","source"'), 4),
    (('"seconds":1.2', '"seconds":1.2,"error":"gone"'), 0)])
def test_the_contract_refuses_other_lines(change, code):
    with pytest.raises(minio_sync.ContractBroken):
        _check(_GOOD.replace(*change) if change[0] else _GOOD, code)


@pytest.mark.parametrize("text", [
    "key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "http://a:wJalrXUtnFEMI%2FK7MDENG%2FbPxRfiCYEXAMPLEKEY@127.0.0.1",
    "Authorization: AWS4-HMAC-SHA256 Credential=a, Signature=fe5f80f77d5fa3beca038a248ff027d0",
    "GET /b/k?X-Amz-Signature=fe5f80f77d5fa3be"])
def test_a_leak_is_seen(text):
    variables = {"MC_HOST_main": "http://AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI%2FK7MDENG%2FbPxRfiCYEXAMPLEKEY@127.0.0.1:1"}
    minio_sync.check_no_leak("GET /bucket/key 200", variables, "stdout")
    with pytest.raises(minio_sync.ContractBroken):
        minio_sync.check_no_leak(text, variables, "stdout")
