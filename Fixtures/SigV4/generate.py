#!/usr/bin/env python3
"""Writes the golden folders beside this script with botocore, an implementation independent of ours.

    python3 -m venv venv && venv/bin/pip install botocore==1.44.5 && venv/bin/python generate.py

One folder a case, one file a stage, so that a failure names the stage:

    request.json        what is signed; keys, queries and bodies in clear, before any encoding
    canonical-request   stage 1
    string-to-sign      stage 2
    signing-key         stage 3, hexadecimal
    signature           stage 4
    authorization       the header, or
    presigned-query     the query of the URL, sorted as we send it

`aws-documentation/` is not written by this script: its signatures are the ones that AWS publishes.
"""

import datetime
import hashlib
import json
import pathlib
import sys
import types
import unicodedata
from unittest import mock
from urllib.parse import quote, urlsplit

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

HERE = pathlib.Path(__file__).resolve().parent
NOW = datetime.datetime(2026, 11, 21, 1, 2, 3, tzinfo=datetime.timezone.utc)
ACCESS, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
BODY = b"Welcome to Amazon S3."
EMPTY = hashlib.sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"
HOST = "main.example.com:9000"


def get(key, **more):
    return dict(method="GET", host=HOST, bucket="apks", key=key, query=[], headers=[], payload=EMPTY) | more


CASES = {
    "key-plain": get("2.0/app-release.apk"),
    "key-space": get("a folder/an object"),
    "key-plus": get("1+1=2"),
    "key-tilde": get("~user/file~"),
    "key-reserved": get("!$&'()*,:;=?@[]#\"<>\\^`{|}%25"),
    "key-unicode-nfc": get(unicodedata.normalize("NFC", "café/日本語/🚀")),
    "key-unicode-nfd": get(unicodedata.normalize("NFD", "café/日本語/🚀")),
    "key-double-slash": get("a//b"),
    "key-leading-slash": get("/x"),
    "key-trailing-slash": get("dir/"),
    "key-dot-segments": get("a/./b/../c"),
    "key-newline": get("line\nbreak\ttab\x7f"),
    "bucket-only": get(None),
    "service": get(None, bucket=""),
    "query-empty-value": get(None, query=[["lifecycle", ""], ["acl", ""]]),
    "query-repeated": get("", query=[["events", "s3:ObjectRemoved:*"], ["events", "s3:ObjectCreated:*"], ["ping", "10"]]),
    "query-sorted-by-encoded": get(None, query=[["b", "1"], ["a-b", "2"], ["a", "~"], ["a", "%"], ["A", "3"], ["a.b", "4"], ["é", "5"]]),
    "list-continuation": get(
        None,
        query=[["list-type", "2"], ["prefix", "a folder/é+"], ["delimiter", "/"], ["max-keys", "1000"],
               ["encoding-type", "url"], ["continuation-token", "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=+"]],
    ),
    "headers-repeated": get("x", headers=[["X-Amz-Meta-B", "two"], ["X-Amz-Meta-A", "1"], ["x-amz-meta-b", "three"], ["X-AMZ-META-A", "0"]]),
    "headers-folded": get("x", headers=[["X-Amz-Meta-Text", "  much   space \t here  "], ["X-Amz-Meta-Empty", ""], ["Range", "bytes=0-9"]]),
    "session-token": get("x", token="AQoDYXdzEJr/example+session=token=="),
    "put-unsigned-content-md5": get(
        "2.0/app-release.apk", method="PUT", payload=UNSIGNED,
        headers=[["Content-MD5", "CY9rzUYh03PK3k6DJie09g=="], ["Content-Type", "application/vnd.android.package-archive"],
                 ["x-amz-meta-build", "2026-11-21"]],
    ),
    "put-signed-payload": get("small", method="PUT", payload=hashlib.sha256(BODY).hexdigest()),
    "upload-part": get("big file", method="PUT", payload=UNSIGNED,
                       query=[["uploadId", "VXBsb2FkSUQ/+="], ["partNumber", "10"]]),
    "copy-object": get("copy", method="PUT", headers=[["x-amz-copy-source", "/apks/a%20b"], ["x-amz-metadata-directive", "REPLACE"]]),
    "virtual-host": get("a/b c", host="apks.s3.eu-central-1.amazonaws.com", bucket="", region="eu-central-1"),
    "default-port": get("x", host="main.example.com"),
    "presigned-get": get("2.0/app release.apk", expires=3600),
    "presigned-session-token": get("x", expires=604800, token="AQoDYXdzEJr/example+session=token=="),
    "presigned-query": get("x", expires=60, query=[["response-content-type", "text/plain; charset=utf-8"], ["partNumber", "1"]]),
}


def encode(text, safe):
    return quote(text.encode("utf-8"), safe=safe + "-._~")


def path_of(case):
    path = "/" + encode(case["bucket"], "")
    if case["key"] is not None:
        path = path.rstrip("/") + "/" + encode(case["key"], "/")
    return path


class Capture:
    """The stages, taken from the signer while it works."""

    def canonical_request(self, request):
        self.canonical = super().canonical_request(request)
        return self.canonical

    def signature(self, string_to_sign, request):
        self.to_sign = string_to_sign
        return super().signature(string_to_sign, request)


# The signers for S3: unlike botocore's others they neither normalise the path nor encode it a second time.
class Header(Capture, botocore.auth.S3SigV4Auth):
    pass


class Query(Capture, botocore.auth.S3SigV4QueryAuth):
    pass


def write(name, case):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    region = case.setdefault("region", "us-east-1")
    token = case.get("token")
    described = dict(
        date=NOW.strftime("%Y-%m-%dT%H:%M:%SZ"), accessKey=ACCESS, secretKey=SECRET, **{k: v for k, v in case.items()}
    )
    (folder / "request.json").write_text(json.dumps(described, indent=2, ensure_ascii=True) + "\n")

    url = f"https://{case['host']}{path_of(case)}"
    if case["query"]:
        url += "?" + "&".join(f"{encode(n, '')}={encode(v, '')}" for n, v in case["query"])
    request = AWSRequest(method=case["method"], url=url, headers={})
    for header, value in case["headers"]:
        request.headers.add_header(header, value)
    request.headers["Host"] = case["host"]
    credentials = Credentials(ACCESS, SECRET, token)
    if "expires" in case:
        signer = Query(credentials, "s3", region, expires=case["expires"])
    else:
        signer = Header(credentials, "s3", region)
        is_signed = case["payload"] != UNSIGNED
        request.context["client_config"] = types.SimpleNamespace(s3={"payload_signing_enabled": is_signed})
        if is_signed and case["payload"] != EMPTY:
            request.data = BODY

    with mock.patch.object(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: NOW.replace(tzinfo=None)):
        signer.add_auth(request)

    key = ("AWS4" + SECRET).encode()
    for part in (NOW.strftime("%Y%m%d"), region, "s3", "aws4_request"):
        key = signer._sign(key, part)
    stages = {"canonical-request": signer.canonical, "string-to-sign": signer.to_sign, "signing-key": key.hex()}
    if "expires" in case:
        query = urlsplit(request.url).query
        stages["signature"] = dict(p.split("=", 1) for p in query.split("&"))["X-Amz-Signature"]
        # botocore puts the request's own items first; the canonical order is the one that is signed.
        stages["presigned-query"] = signer.canonical.split("\n")[2] + "&X-Amz-Signature=" + stages["signature"]
        assert sorted(query.split("&")) == sorted(stages["presigned-query"].split("&")), name
    else:
        stages["authorization"] = request.headers["Authorization"]
        stages["signature"] = stages["authorization"].rsplit("=", 1)[1]
        assert signer.canonical.rsplit("\n", 1)[1] == case["payload"], name
    for stage, text in stages.items():
        (folder / stage).write_bytes(text.encode("utf-8"))


for name, case in CASES.items():
    write(name, case)
print(f"{len(CASES)} cases written with botocore {botocore.__version__}", file=sys.stderr)
