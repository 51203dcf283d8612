"""What a bucket holds, read through boto3: an implementation that shares nothing with ours."""

import concurrent.futures
import dataclasses
import datetime
import hashlib

HEADERS = ("ContentType", "ContentEncoding", "ContentDisposition", "ContentLanguage", "CacheControl", "ExpiresString")


@dataclasses.dataclass(frozen=True)
class Object:
    """One object. `details` and `digest` are None where they were not asked for."""

    key: bytes
    size: int
    etag: str
    details: tuple = None
    digest: str = None


def keys(client, bucket, prefix=""):
    """The keys as text, in the order of their bytes."""
    return [each.key.decode() for each in snapshot(client, bucket, prefix).values()]


def snapshot(client, bucket, prefix="", details=False, contents=False, without=frozenset()):
    """Every object under `prefix` by the bytes of its key relative to it, sorted.

    `details` reads content headers, user metadata and tags of each; `contents` its bytes, as a SHA-256. The keys (text)
    in `without` are left out.
    """
    listed = {}
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for each in page.get("Contents", []):
            if each["Key"] in listed:
                raise AssertionError(f"{bucket}: {each['Key']!r} is listed twice")
            if each["Key"] not in without:
                listed[each["Key"]] = (each["Size"], each.get("ETag", "").strip('"'))

    def read(key):
        size, etag = listed[key]
        return Object(key=key[len(prefix):].encode(), size=size, etag=etag,
                      details=_details(client, bucket, key) if details else None,
                      digest=digest(client, bucket, key) if contents else None)

    if details or contents:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            objects = list(pool.map(read, listed))
    else:
        objects = [read(key) for key in listed]
    return {each.key: each for each in sorted(objects, key=lambda each: each.key)}


def digest(client, bucket, key):
    """The SHA-256 of an object's bytes."""
    hashed = hashlib.sha256()
    for chunk in client.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(1 << 20):
        hashed.update(chunk)
    return hashed.hexdigest()


class Vanished(Exception):
    """What was listed is not there."""


def _details(client, bucket, key):
    try:
        head = client.head_object(Bucket=bucket, Key=key)
        tags = client.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
    except client.exceptions.ClientError as error:
        raise Vanished(f"{bucket}: {key!r} is listed, but {error}") from None
    return (tuple((name, head.get(name)) for name in HEADERS),
            tuple(sorted((name.lower(), value) for name, value in head["Metadata"].items())),
            tuple(sorted((each["Key"], each["Value"]) for each in tags)))


def is_md5(etag):
    return len(etag) == 32


def differences(source, target, *, etags=True, other_etags=frozenset()):
    """How the snapshot `target` is not a replica of `source`, as sentences; empty if it is.

    `etags` is whether both servers keep ETags; then they must be equal, but for the keys in `other_etags`.
    """
    found = [f"{key!r} is missing" for key in source if key not in target]
    found += [f"{key!r} is extra" for key in target if key not in source]
    for key in source.keys() & target.keys():
        ours, theirs = source[key], target[key]
        if ours.size != theirs.size:
            found.append(f"{key!r} has {theirs.size} bytes, not {ours.size}")
        if ours.digest != theirs.digest:
            found.append(f"{key!r} has other bytes")
        if etags and key not in other_etags and ours.etag != theirs.etag:
            found.append(f"{key!r} has ETag {theirs.etag}, not {ours.etag}")
        if ours.details != theirs.details:
            found.append(f"{key!r} has {theirs.details}, not {ours.details}")
    return sorted(found)


# What a server can hold, found out by trying

def held_keys(server, bodies):
    """What becomes of each key of `bodies` (a body by key) on that server, and which other keys are there afterwards.

    A key is `"exact"` (listed by that name with that size and ETag), `"refused"`, or `"other"`: taken, but under
    another name or without its bytes.
    """
    known = server.__dict__.setdefault("_held_keys", {})
    asked = tuple(sorted(bodies.items()))
    if asked not in known:
        client = server.client(attempts=1)
        bucket = f"held-keys-{len(known)}"
        client.create_bucket(Bucket=bucket)
        fate = {}
        for key, body in bodies.items():
            try:
                client.put_object(Bucket=bucket, Key=key, Body=body)
            except client.exceptions.ClientError:
                fate[key] = "refused"
        there = snapshot(client, bucket)
        for key, body in bodies.items():
            held = there.get(key.encode())
            etag = hashlib.md5(body).hexdigest() if server.keeps_etags else ""
            same = held and (held.size, held.etag) == (len(body), etag)
            fate.setdefault(key, "exact" if same else "other")
        known[asked] = fate, sorted(key.decode() for key in there if key.decode() not in bodies)
    return known[asked]


#: Arguments of a PUT that set everything a mirror preserves.
ALL_DETAILS = {
    "ContentType": "application/vnd.android.package-archive", "ContentEncoding": "gzip",
    "ContentDisposition": 'attachment; filename="app.apk"', "ContentLanguage": "de", "CacheControl": "max-age=60",
    "Expires": datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
    "Metadata": {"mixed-case": "Two  spaces", "long": "x" * 500}, "Tagging": "release=2.0&note=%20a%2Bb"}


def held_details(server):
    """The part of `ALL_DETAILS` that the server gives back as it was put."""
    if not hasattr(server, "_held_details"):
        client = server.client()
        client.create_bucket(Bucket="held-details")
        client.put_object(Bucket="held-details", Key="x", Body=b"x", **ALL_DETAILS)
        head = client.head_object(Bucket="held-details", Key="x")
        tags = client.get_object_tagging(Bucket="held-details", Key="x")["TagSet"]
        held = {name: value for name, value in ALL_DETAILS.items() if head.get(name) == value}
        if {each["Key"]: each["Value"] for each in tags} == {"release": "2.0", "note": " a+b"}:
            held["Tagging"] = ALL_DETAILS["Tagging"]
        server._held_details = held
    return server._held_details
