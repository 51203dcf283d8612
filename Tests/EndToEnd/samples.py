"""Objects to mirror: reproducible bytes, sizes at the edges, the key list and multipart layouts."""

import concurrent.futures
import functools
import os
import random
import subprocess
import urllib.parse
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials

import servers

MIB = 1024 * 1024

SIZES = [0, 1, 5 * MIB - 1, 5 * MIB, 64 * MIB + 1]

#: Sizes of the parts of multipart objects. What cannot be told from (size, number of parts) is odd.
UNIFORM_LAYOUTS = {"uniform-5MiB": [5 * MIB, 5 * MIB, 12345], "uniform-8MiB": [8 * MIB, 8 * MIB, 8 * MIB],
                   "single-small": [1000], "single-large": [6 * MIB]}
ODD_LAYOUTS = {"odd-shrinking": [7 * MIB, 5 * MIB, 1], "odd-growing": [5 * MIB, 6 * MIB, 6 * MIB + 1]}

#: Keys that parsers, signers and mergers get wrong. No key here is a folder of another one.
KEYS = [
    "order/b", "order!", "order-b", "order.b", "or\u00e9", "ore\u0301", "sp ace", " leading space", "trailing space ",
    "pl+us", "100%", "%41", "%2F", "quo\"t'e", "<&>", "&amp;", "tilde~", "a=b?c#d", "star*", "[glob]?", "semi;colon",
    "co:lon", "com,ma", "pi|pe", "@at$dollar", "(paren)", "emoji/\U0001f600", "private/\uffee", "euro\u20ac",
    "replacement\ufffd", "zero\u200bwidth", "line\u2028separator", "control\x01", "tab\t", "new\nline", "return\r",
    "delete\x7f", "back\\slash", ".hidden", "folder/.hidden", "..two-dots", "...", "-", "--flag", "CON", "segment" * 36,
    "k" * 900, "deep/" * 60 + "leaf", "x" * 200 + "/" + "y" * 200 + "/" + "z" * 200, "directory-with-body/", "./dot",
    "a/./dot", "a/../dots", "..", "double//slash", "//leading", "/leading"]


@functools.lru_cache(40)
def bytes_of(size, seed):
    """`size` bytes that depend on `seed` only; any two stretches of them differ."""
    return random.Random(seed).randbytes(size)


def put(client, bucket, key, body=b"x", **arguments):
    client.put_object(Bucket=bucket, Key=key, Body=body, **arguments)


def put_bytes_key(server, bucket, key, body=b"x"):
    """Stores an object whose key is any bytes, which boto3 takes no notice of: it wants text."""
    url = f"{server.endpoint}/{bucket}/{urllib.parse.quote(key, safe='')}"
    request = botocore.awsrequest.AWSRequest("PUT", url, data=body)
    keys = botocore.credentials.Credentials(server.access_key, server.secret_key)
    botocore.auth.S3SigV4Auth(keys, "s3", servers.REGION).add_auth(request)
    sent = urllib.request.Request(url, data=body, method="PUT", headers=dict(request.headers.items()))
    urllib.request.urlopen(sent, timeout=10).close()


def put_many(client, bucket, objects, threads=16):
    """Stores `(key, body)` pairs side by side."""
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda each: put(client, bucket, *each), objects):
            pass


def delete_many(client, bucket, keys, threads=16):
    """Deletes the keys side by side, one request each."""
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda key: client.delete_object(Bucket=bucket, Key=key), keys):
            pass


def put_folder(server, bucket, folder, *flags):
    """Stores every file below `folder` through rclone, which is several times as fast as boto3."""
    finished = subprocess.run(
        [servers.tool("rclone"), "copy", "--transfers", "32", "--s3-no-head", "--no-traverse", "--no-check-dest",
         *flags, str(folder), f"remote:{bucket}"],
        env={"PATH": os.environ["PATH"], "HOME": str(server.folder), "RCLONE_CONFIG": "/dev/null",
             **server.rclone_environment("remote")}, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if finished.returncode != 0:
        raise servers.ServerFailed(f"rclone copy failed: {finished.stderr[-2000:]}")


def put_parts(client, bucket, key, sizes, numbers=None, **arguments):
    """Stores a multipart object with parts of exactly these sizes, numbered from 1 unless told otherwise."""
    upload = client.create_multipart_upload(Bucket=bucket, Key=key, **arguments)["UploadId"]
    place = {"Bucket": bucket, "Key": key, "UploadId": upload}
    parts = [{"PartNumber": number, "ETag": client.upload_part(
        PartNumber=number, Body=bytes_of(size, f"{key}/{number}"), **place)["ETag"]}
        for number, size in zip(numbers or range(1, len(sizes) + 1), sizes)]
    client.complete_multipart_upload(MultipartUpload={"Parts": parts}, **place)
