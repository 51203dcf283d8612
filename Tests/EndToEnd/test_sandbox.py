"""s3-sandbox as a foreign client sees it: boto3 has to get S3's answers from it."""

import hashlib
import json
import os
import pathlib
import signal
import subprocess
import threading
import time
import urllib.request

import boto3
import botocore.exceptions
import pytest
from botocore.config import Config

PROGRAM = os.environ.get("S3_SANDBOX") or str(pathlib.Path(__file__).parents[2] / ".build/debug/s3-sandbox")
KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "secret/example+key"}
ODD_KEYS = [
    "a//b", "//x", "a/./b", "a/../b", "..", "dir/", "a b", "a+b", "a%20b", "ä/ö", "e\u0301", "\u00e9", "a\nb", "a\\b",
    "?&=#", "*'()!~", "x" * 900, "😀",
]


class Server:
    """A running s3-sandbox and a client of it."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [PROGRAM, "--secret-key", KEYS["aws_secret_access_key"], *arguments], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().removeprefix("listening on ").strip()
        assert self.url.startswith("http"), "s3-sandbox did not start"
        self.s3 = self.client()

    def client(self, **changes):
        return boto3.client(
            "s3", endpoint_url=self.url,
            **{**KEYS, "region_name": "us-east-1", "config": Config(retries={"max_attempts": 0}), **changes})

    def control(self, method, path, value=None):
        data = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(f"{self.url}/.sandbox/{path}", data=data, method=method)
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    def requests(self):
        return [json.loads(line) for line in self.control("GET", "requests").splitlines()]

    def stop(self):
        self.process.terminate()
        assert self.process.wait(10) == 0


@pytest.fixture(params=["memory", "folder"])
def server(request, tmp_path):
    arguments = ["--bucket", "photos"]
    if request.param == "folder":
        arguments += ["--folder", str(tmp_path / "data")]
    server = Server(*arguments)
    yield server
    server.stop()


def code_of(call, *arguments, **options):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(*arguments, **options)
    return caught.value.response["Error"]["Code"]


def test_an_object_comes_back_as_it_was_put(server):
    body = os.urandom(300_000)
    put = server.s3.put_object(
        Bucket="photos", Key="a/b.bin", Body=body, ContentType="image/png", CacheControl="no-cache",
        ContentDisposition="attachment", ContentEncoding="gzip", ContentLanguage="de", Metadata={"Owner": "me"},
        Tagging="team=a%20b&x=")
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    got = server.s3.get_object(Bucket="photos", Key="a/b.bin")
    assert got["Body"].read() == body
    assert got["ContentType"] == "image/png" and got["CacheControl"] == "no-cache"
    assert got["ContentDisposition"] == "attachment" and got["ContentEncoding"] == "gzip"
    assert got["ContentLanguage"] == "de" and got["Metadata"] == {"owner": "me"} and got["TagCount"] == 2
    tags = server.s3.get_object_tagging(Bucket="photos", Key="a/b.bin")["TagSet"]
    assert tags == [{"Key": "team", "Value": "a b"}, {"Key": "x", "Value": ""}]
    part = server.s3.get_object(Bucket="photos", Key="a/b.bin", Range="bytes=100-199")
    assert part["Body"].read() == body[100:200] and part["ContentRange"] == "bytes 100-199/300000"
    assert server.s3.get_object(Bucket="photos", Key="a/b.bin", Range="bytes=-7")["Body"].read() == body[-7:]
    assert code_of(server.s3.get_object, Bucket="photos", Key="a/b.bin", Range="bytes=300000-") == "InvalidRange"


@pytest.mark.parametrize("version", ["list_objects_v2", "list_objects"])
def test_keys_are_bytes_and_list_in_their_order(server, version):
    for key in ODD_KEYS:
        server.s3.put_object(Bucket="photos", Key=key, Body=key.encode())
    pages = server.s3.get_paginator(version).paginate(Bucket="photos", PaginationConfig={"PageSize": 3})
    listed = [item["Key"] for page in pages for item in page["Contents"]]
    assert listed == sorted(ODD_KEYS, key=lambda key: key.encode())
    for key in ODD_KEYS:
        assert server.s3.get_object(Bucket="photos", Key=key)["Body"].read() == key.encode()
        server.s3.delete_object(Bucket="photos", Key=key)
    assert "Contents" not in server.s3.list_objects_v2(Bucket="photos")


@pytest.mark.parametrize("version", ["list_objects_v2", "list_objects"])
def test_delimiters_roll_up_over_pages(server, version):
    for key in ["a", "b/1", "b/2", "b/3/4", "c/", "d", "e/f/g"]:
        server.s3.put_object(Bucket="photos", Key=key, Body=b"")
    for size in (1, 2, 1000):
        pages = list(server.s3.get_paginator(version).paginate(
            Bucket="photos", Delimiter="/", PaginationConfig={"PageSize": size}))
        assert [item["Key"] for page in pages for item in page.get("Contents", [])] == ["a", "d"]
        prefixes = [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])]
        assert prefixes == ["b/", "c/", "e/"]
    inner = server.s3.list_objects_v2(Bucket="photos", Prefix="b/", Delimiter="/", StartAfter="b/1")
    assert [item["Key"] for item in inner["Contents"]] == ["b/2"]
    assert [item["Prefix"] for item in inner["CommonPrefixes"]] == ["b/3/"]


def test_multipart_uploads_have_composite_etags(server):
    s3, parts = server.s3, [os.urandom(5 << 20), os.urandom(5 << 20), b"end"]
    upload = s3.create_multipart_upload(Bucket="photos", Key="big", Metadata={"k": "v"}, ContentType="a/b")["UploadId"]
    etags = [
        s3.upload_part(Bucket="photos", Key="big", UploadId=upload, PartNumber=number, Body=part)["ETag"]
        for number, part in enumerate(parts, 1)
    ]
    assert [part["Size"] for part in s3.list_parts(Bucket="photos", Key="big", UploadId=upload)["Parts"]] == [
        5 << 20, 5 << 20, 3]
    assert s3.list_multipart_uploads(Bucket="photos")["Uploads"][0]["Key"] == "big"
    chosen = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    done = s3.complete_multipart_upload(
        Bucket="photos", Key="big", UploadId=upload, MultipartUpload={"Parts": chosen})
    whole = hashlib.md5(b"".join(hashlib.md5(part).digest() for part in parts)).hexdigest()
    assert done["ETag"] == f'"{whole}-3"'
    head = s3.head_object(Bucket="photos", Key="big", PartNumber=1)
    assert head["PartsCount"] == 3 and head["ContentLength"] == 5 << 20
    assert head["ResponseMetadata"]["HTTPStatusCode"] == 206 and head["Metadata"] == {"k": "v"}
    assert s3.get_object(Bucket="photos", Key="big")["Body"].read() == b"".join(parts)
    assert s3.get_object(Bucket="photos", Key="big", PartNumber=3)["Body"].read() == b"end"
    sizes = s3.get_object_attributes(Bucket="photos", Key="big", ObjectAttributes=["ObjectParts", "ObjectSize"])
    assert sizes["ObjectSize"] == (10 << 20) + 3
    assert [part["Size"] for part in sizes["ObjectParts"]["Parts"]] == [5 << 20, 5 << 20, 3]
    assert code_of(s3.abort_multipart_upload, Bucket="photos", Key="big", UploadId=upload) == "NoSuchUpload"
    copy = s3.copy_object(Bucket="photos", Key="copy", CopySource={"Bucket": "photos", "Key": "big"})
    assert copy["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(b"".join(parts)).hexdigest()}"'


def test_parts_are_checked_on_completion(server):
    s3 = server.s3
    upload = s3.create_multipart_upload(Bucket="photos", Key="k")["UploadId"]
    etags = [
        s3.upload_part(Bucket="photos", Key="k", UploadId=upload, PartNumber=number, Body=b"small")["ETag"]
        for number in (1, 2)
    ]

    def complete(*parts):
        return code_of(
            s3.complete_multipart_upload, Bucket="photos", Key="k", UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in parts]})

    assert complete((1, etags[0]), (2, etags[1])) == "EntityTooSmall"
    assert complete((2, etags[1]), (1, etags[0])) == "InvalidPartOrder"
    assert complete((1, '"0123"')) == "InvalidPart"
    server.control("POST", "behaviour", {"minimumPartSize": 1})
    ranged = s3.upload_part_copy(
        Bucket="photos", Key="k", UploadId=upload, PartNumber=2,
        CopySource={"Bucket": "photos", "Key": put(s3, "source ü", b"0123456789")}, CopySourceRange="bytes=2-4")
    s3.complete_multipart_upload(
        Bucket="photos", Key="k", UploadId=upload, MultipartUpload={"Parts": [
            {"PartNumber": 1, "ETag": etags[0]}, {"PartNumber": 2, "ETag": ranged["CopyPartResult"]["ETag"]}]})
    assert s3.get_object(Bucket="photos", Key="k")["Body"].read() == b"small234"


def put(s3, key, body, **options):
    s3.put_object(Bucket="photos", Key=key, Body=body, **options)
    return key


def test_conditions(server):
    s3 = server.s3
    etag = s3.put_object(Bucket="photos", Key="k", Body=b"one")["ETag"]
    assert s3.get_object(Bucket="photos", Key="k", IfMatch=etag)["Body"].read() == b"one"
    assert code_of(s3.get_object, Bucket="photos", Key="k", IfMatch='"other"') == "PreconditionFailed"
    assert code_of(s3.get_object, Bucket="photos", Key="k", IfNoneMatch=etag) == "304"
    assert code_of(s3.put_object, Bucket="photos", Key="k", Body=b"", IfNoneMatch="*") == "PreconditionFailed"
    s3.put_object(Bucket="photos", Key="new", Body=b"", IfNoneMatch="*")
    copy = dict(Bucket="photos", Key="c", CopySource={"Bucket": "photos", "Key": "k"})
    assert code_of(s3.copy_object, **copy, CopySourceIfMatch='"other"') == "PreconditionFailed"
    s3.copy_object(**copy, CopySourceIfMatch=etag)


def test_copies_keep_or_replace_metadata_and_tags(server):
    s3 = server.s3
    put(s3, "k", b"x", Metadata={"a": "1"}, Tagging="t=1", ContentType="text/plain")
    source = {"Bucket": "photos", "Key": "k"}
    s3.copy_object(Bucket="photos", Key="kept", CopySource=source)
    kept = s3.head_object(Bucket="photos", Key="kept")
    assert kept["Metadata"] == {"a": "1"} and kept["ContentType"] == "text/plain"
    s3.copy_object(
        Bucket="photos", Key="k", CopySource=source, MetadataDirective="REPLACE", Metadata={"b": "2"},
        TaggingDirective="REPLACE", Tagging="u=2")
    assert s3.head_object(Bucket="photos", Key="k")["Metadata"] == {"b": "2"}
    assert s3.get_object_tagging(Bucket="photos", Key="k")["TagSet"] == [{"Key": "u", "Value": "2"}]
    assert s3.get_object_tagging(Bucket="photos", Key="kept")["TagSet"] == [{"Key": "t", "Value": "1"}]
    assert code_of(s3.copy_object, Bucket="photos", Key="k", CopySource=source) == "InvalidRequest"
    s3.put_object_tagging(Bucket="photos", Key="k", Tagging={"TagSet": [{"Key": "ü", "Value": "<&>"}]})
    assert s3.get_object_tagging(Bucket="photos", Key="k")["TagSet"] == [{"Key": "ü", "Value": "<&>"}]
    s3.delete_object_tagging(Bucket="photos", Key="k")
    assert s3.get_object_tagging(Bucket="photos", Key="k")["TagSet"] == []


def test_many_keys_are_deleted_at_once(server):
    for number in range(5):
        put(server.s3, f"k <{number}>", b"")
    gone = server.s3.delete_objects(
        Bucket="photos", Delete={"Objects": [{"Key": f"k <{number}>"} for number in range(4)] + [{"Key": "never"}]})
    assert len(gone["Deleted"]) == 5
    assert [item["Key"] for item in server.s3.list_objects_v2(Bucket="photos")["Contents"]] == ["k <4>"]


def test_buckets(server):
    s3 = server.s3
    s3.create_bucket(Bucket="second")
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["photos", "second"]
    assert code_of(s3.create_bucket, Bucket="second") == "BucketAlreadyOwnedByYou"
    s3.head_bucket(Bucket="second")
    assert not s3.get_bucket_location(Bucket="second").get("LocationConstraint")
    s3.put_object(Bucket="second", Key="k", Body=b"")
    assert code_of(s3.delete_bucket, Bucket="second") == "BucketNotEmpty"
    s3.delete_object(Bucket="second", Key="k")
    s3.delete_bucket(Bucket="second")
    assert code_of(s3.head_bucket, Bucket="second") == "404"
    assert code_of(s3.list_objects_v2, Bucket="second") == "NoSuchBucket"
    assert code_of(s3.get_object, Bucket="photos", Key="none") == "NoSuchKey"


def test_wrong_signatures_are_refused(server):
    def listing(**changes):
        return code_of(server.client(**changes).list_objects_v2, Bucket="photos")

    assert listing(aws_secret_access_key="wrong") == "SignatureDoesNotMatch"
    assert listing(aws_access_key_id="nobody") == "InvalidAccessKeyId"
    # boto3 reads the right region from the refusal and signs again.
    server.client(region_name="eu-west-1").list_objects_v2(Bucket="photos")
    assert [record["status"] for record in server.requests()][-2:] == [400, 200]
    assert listing(aws_session_token="unexpected") == "InvalidTokenId"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.url}/photos")
    assert refused.value.code == 403
    server.control("POST", "behaviour", {"clockOffset": 1000})
    assert listing() == "RequestTimeTooSkewed"


def test_presigned_urls(server):
    key = put(server.s3, "a b//ü", b"content")
    parameters = {"Bucket": "photos", "Key": key}
    for version in ("s3v4",):
        client = server.client(config=Config(signature_version=version))
        url = client.generate_presigned_url("get_object", parameters, ExpiresIn=60)
        assert urllib.request.urlopen(url).read() == b"content"
        upload = client.generate_presigned_url("put_object", parameters, ExpiresIn=60)
        urllib.request.urlopen(urllib.request.Request(upload, data=b"new", method="PUT"))
        assert urllib.request.urlopen(url).read() == b"new"
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"))
    assert all("Signature=***" in record["query"] for record in server.requests() if "Signature" in record["query"])


def test_a_body_that_is_not_what_was_said_is_refused(server):
    wrong = "AAAAAAAAAAAAAAAAAAAAAA=="
    assert code_of(server.s3.put_object, Bucket="photos", Key="k", Body=b"x", ContentMD5=wrong) == "BadDigest"
    assert code_of(server.s3.put_object, Bucket="photos", Key="k", Body=b"x", ChecksumCRC32="AAAAAA==") == "BadDigest"
    assert code_of(server.s3.head_object, Bucket="photos", Key="k") == "404"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA256"])
def test_checksums_are_kept(server, algorithm):
    server.s3.put_object(Bucket="photos", Key="k", Body=b"123456789", ChecksumAlgorithm=algorithm)
    got = server.s3.get_object(Bucket="photos", Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"123456789"
    if algorithm == "CRC32":
        assert got["ChecksumCRC32"] == "y/Q5Jg=="  # the check value of CRC-32


def test_faults_by_script(server):
    put(server.s3, "k", b"0123456789")
    server.control("POST", "faults", [
        {"name": "busy", "operation": "GetObject", "nth": 1, "action": "status", "status": 503, "code": "SlowDown",
         "retryAfter": "1"},
        {"name": "cut", "operation": "GetObject", "nth": 2, "action": "cut", "bytes": 4},
        {"name": "flip", "operation": "GetObject", "nth": 3, "action": "corrupt", "offset": 3},
    ])
    assert code_of(server.s3.get_object, Bucket="photos", Key="k") == "SlowDown"
    with pytest.raises(Exception, match="(?i)incomplete|broken"):
        server.s3.get_object(Bucket="photos", Key="k")["Body"].read()
    trusting = server.client(config=Config(response_checksum_validation="when_required"))
    assert trusting.get_object(Bucket="photos", Key="k")["Body"].read() == b"012\xcc456789"
    assert server.s3.get_object(Bucket="photos", Key="k")["Body"].read() == b"0123456789"
    faults = [record["faults"] for record in server.requests() if record["operation"] == "GetObject"]
    assert faults == [["busy"], ["cut"], ["flip"], []]
    with pytest.raises(urllib.error.HTTPError):
        server.control("POST", "faults", [{"action": "cut", "byte": 4}])


def test_listeners_learn_what_happens():
    server = Server("--bucket", "photos", "--anonymous")
    lines, live = [], threading.Event()

    def listen():
        url = f"{server.url}/photos?events=s3:ObjectCreated:*&events=s3:ObjectRemoved:*&prefix=a/&ping=1"
        with urllib.request.urlopen(url) as answer:
            for line in answer:
                live.set()
                lines.append(json.loads(line))
                if len(lines) == 3:
                    return

    thread = threading.Thread(target=listen)
    thread.start()
    assert live.wait(5)
    for key in ["other", "a/ü b"]:
        put(server.s3, key, b"123")
    server.s3.delete_object(Bucket="photos", Key="a/ü b")
    thread.join(5)
    assert lines[0] == {"Records": None}
    created, removed = (line["Records"][0] for line in lines[1:])
    assert created["eventName"] == "s3:ObjectCreated:Put" and removed["eventName"] == "s3:ObjectRemoved:Delete"
    assert created["s3"]["bucket"]["name"] == "photos"
    assert created["s3"]["object"]["key"] == "a/ü b" and created["s3"]["object"]["size"] == 3
    assert created["s3"]["object"]["eTag"] == hashlib.md5(b"123").hexdigest()
    server.stop()


def test_a_folder_outlives_its_server(tmp_path):
    server = Server("--folder", str(tmp_path), "--bucket", "photos")
    put(server.s3, "a/../ü", b"kept", Metadata={"k": "v"})
    put(server.s3, "x" * 900, b"old")
    put(server.s3, "x" * 900, b"new")
    server.stop()
    server = Server("--folder", str(tmp_path))
    got = server.s3.get_object(Bucket="photos", Key="a/../ü")
    assert got["Body"].read() == b"kept" and got["Metadata"] == {"k": "v"}
    assert server.s3.get_object(Bucket="photos", Key="x" * 900)["Body"].read() == b"new"
    assert len(server.s3.list_objects_v2(Bucket="photos")["Contents"]) == 2
    server.stop()


def test_versions():
    server = Server("--bucket", "photos", "--versioning")
    s3 = server.s3
    first = s3.put_object(Bucket="photos", Key="k", Body=b"1")["VersionId"]
    s3.put_object(Bucket="photos", Key="k", Body=b"2")
    marker = s3.delete_object(Bucket="photos", Key="k")
    assert marker["DeleteMarker"] and code_of(s3.get_object, Bucket="photos", Key="k") == "NoSuchKey"
    assert "Contents" not in s3.list_objects_v2(Bucket="photos")
    assert s3.get_object(Bucket="photos", Key="k", VersionId=first)["Body"].read() == b"1"
    versions = s3.list_object_versions(Bucket="photos")
    assert len(versions["Versions"]) == 2 and len(versions["DeleteMarkers"]) == 1
    s3.delete_object(Bucket="photos", Key="k", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket="photos", Key="k")["Body"].read() == b"2"
    server.stop()


@pytest.mark.parametrize("shape", ["flat", "deep"])
def test_synthetic_objects_are_listed_and_counted(shape):
    server = Server("--synthetic", "3300", "--shape", shape, "--bucket", "bench")
    s3 = server.client(aws_secret_access_key="any other")
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="bench"))
    objects = [each for page in pages for each in page["Contents"]]
    keys = [each["Key"] for each in objects]
    assert len(pages) == 4 and len(set(keys)) == 3300 and keys == sorted(keys, key=str.encode)

    def below(prefix):
        """All keys by way of the folders."""
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket="bench", Prefix=prefix, Delimiter="/"):
            yield from (each["Key"] for each in page.get("Contents", []))
            for each in page.get("CommonPrefixes", []):
                yield from below(each["Prefix"])

    assert sorted(below("")) == sorted(keys)
    head = s3.head_object(Bucket="bench", Key=keys[7])
    assert (head["ETag"], head["ContentLength"]) == (objects[7]["ETag"], objects[7]["Size"])
    assert head["LastModified"] == objects[7]["LastModified"].replace(microsecond=0)
    assert code_of(s3.put_object, Bucket="bench", Key="k", Body=b"x") == "NotImplemented"
    server.process.send_signal(signal.SIGUSR1)
    counts = json.loads(server.process.stdout.readline())
    assert counts["requests"]["HeadObject"] == 1 and counts["keys"] == 6600 and counts["slowDown"] == 0
    assert json.loads(server.control("GET", "counts")) == counts
    server.stop()
    assert json.loads(server.process.stdout.read()) == counts


def test_a_slow_and_limiting_server(tmp_path):
    server = Server("--folder", str(tmp_path), "--bucket", "photos", "--delay", "100ms", "--rate", "1", "--burst", "2")
    begin = time.monotonic()
    put(server.s3, "k", b"1")
    assert time.monotonic() - begin >= 0.1
    put(server.s3, "k", b"2")
    refused = 0
    for _ in range(20):
        try:
            server.s3.head_bucket(Bucket="photos")
        except botocore.exceptions.ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 503
            refused += 1
    # They took two seconds or a little more, and one a second is due.
    assert 0 < refused < 20
    server.stop()
    assert json.loads(server.process.stdout.read())["slowDown"] == refused
