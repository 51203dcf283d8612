"""Clients that change the source all the time, each in its own way and with its own seeded generator.

What a change came to does not matter here (a server that is killed leaves it open): both sides are compared with one
another, not with what was asked for. The ledger says, when a key differs, who did what to it.
"""

import collections
import dataclasses
import random
import threading
import time

import botocore.exceptions
import urllib3.exceptions

MIB = 1 << 20

#: Names that signers, parsers and mergers get wrong, and that every server here can hold.
ODD_NAMES = ["sp ace", "pl+us", "100%", "or\u00e9", "ore\u0301", "emoji/\U0001f600", "a=b&c", "tilde~", "order!",
             "order-b", "order/b", "order.b", "(paren)", "co:lon", "quo't", "%2F"]
SIZES = [0, 1, 100, 5000, 64 << 10, (64 << 10) + 1, 300_000]
TYPES = ["text/plain", "image/png", "application/vnd.android.package-archive", "application/octet-stream"]

#: Bytes that bodies are cut from.
_NOISE = random.Random(7).randbytes(6 * MIB)


@dataclasses.dataclass(frozen=True)
class Change:
    """One request of a writer. `outcome` is "ok" or the name of the error."""

    begun: float
    ended: float
    kind: str
    key: str
    outcome: str


class Ledger:
    """Every change of a round, with times of the monotonic clock."""

    def __init__(self):
        self.changes = collections.deque()

    def by_kind(self):
        """How many changes of each kind were confirmed."""
        return collections.Counter(each.kind for each in list(self.changes) if each.outcome == "ok")

    def history(self, key, since):
        """The last changes of a key as lines, with seconds since `since`."""
        return [f"{each.begun - since:7.3f}–{each.ended - since:.3f} {each.kind}: {each.outcome}"
                for each in list(self.changes) if each.key == key][-8:]


def body(chance, size):
    """A body that no other change has: sizes are equal often, bytes never."""
    head = b"%016x" % chance.getrandbits(64)
    start = chance.randrange(len(_NOISE) - size) if size < len(_NOISE) else 0
    return (head + _NOISE[start:start + size])[:size] if size else b""


class Writer(threading.Thread):
    """Changes objects of a bucket until it is told to stop. Subclasses give `step()`, one or several changes.

    `is_retagging` is whether tags change without anything else.
    """

    pause = 0.05

    def __init__(self, client, bucket, prefix, seed, ledger, is_retagging):
        super().__init__(daemon=True)
        self.client, self.bucket, self.prefix = client, bucket, prefix
        self.chance = random.Random(f"{seed}/{type(self).__name__}")
        self.ledger = ledger
        self.is_retagging = is_retagging
        self.is_ending = threading.Event()
        self.problem = None

    def run(self):
        try:
            while not self.is_ending.is_set():
                self.step()
                self.is_ending.wait(self.chance.uniform(0, 2 * self.pause))
        except Exception as error:  # a bug of the harness must not look like a quiet writer
            self.problem = error

    def step(self):
        raise NotImplementedError

    def attempt(self, kind, key, call, **arguments):
        """Sends one request for a key (without the prefix) and notes what came of it; the answer, or None."""
        begun = time.monotonic()
        answer, outcome = None, "ok"
        try:
            answer = call(Bucket=self.bucket, Key=self.prefix + key, **arguments)
        except botocore.exceptions.ClientError as error:
            outcome = error.response["Error"]["Code"]
        except (botocore.exceptions.BotoCoreError, urllib3.exceptions.HTTPError, OSError) as error:
            outcome = type(error).__name__
        self.ledger.changes.append(Change(begun, time.monotonic(), kind, key, outcome))
        return answer

    def headers(self):
        """Some content headers and metadata."""
        chosen = {"ContentType": self.chance.choice(TYPES)}
        if self.chance.random() < 0.5:
            chosen["Metadata"] = {"number": str(self.chance.randrange(1000)), "note": "two  spaces"}
        if self.chance.random() < 0.3:
            chosen["CacheControl"] = f"max-age={self.chance.randrange(1000)}"
        if self.chance.random() < 0.2:
            chosen["Tagging"] = f"release={self.chance.randrange(100)}&note=%20a%2Bb"
        return chosen

    def put(self, kind, key, size):
        return self.attempt(kind, key, self.client.put_object, Body=body(self.chance, size), **self.headers())


class Ordinary(Writer):
    """Creates, overwrites, deletes and creates again."""

    keys = [f"objects/{number:02}" for number in range(60)] + [f"objects/{name}" for name in ODD_NAMES]

    def step(self):
        key = self.chance.choice(self.keys)
        if self.chance.random() < 0.3:
            self.attempt("delete", key, self.client.delete_object)
            if self.chance.random() < 0.4:
                self.put("recreate", key, self.chance.choice(SIZES))
        else:
            self.put("put", key, self.chance.choice(SIZES))


class EqualSize(Writer):
    """Overwrites with other bytes of the same size, which only the ETag tells."""

    def step(self):
        self.put("equal size", f"equal/{self.chance.randrange(30):02}", 4096)


class Hot(Writer):
    """Ten keys that are written all the time."""

    pause = 0.01

    def step(self):
        key = f"hot/{self.chance.randrange(10)}"
        if self.chance.random() < 0.15:
            self.attempt("delete", key, self.client.delete_object)
        else:
            self.put("hot", key, self.chance.choice([10, 10, 10, 2000]))


class Metadata(Writer):
    """Changes metadata only: copies of objects onto themselves, and tags."""

    pause = 0.08

    def step(self):
        key = f"metadata/{self.chance.randrange(20):02}"
        number = self.chance.random()
        if number < 0.3:
            self.put("put", key, 500)
        elif number < 0.75 or not self.is_retagging:
            source = {"Bucket": self.bucket, "Key": self.prefix + key}
            self.attempt("metadata", key, self.client.copy_object, CopySource=source, MetadataDirective="REPLACE",
                         ContentType=self.chance.choice(TYPES),
                         Metadata={"revision": str(self.chance.randrange(1 << 30))})
        elif number < 0.95:
            tags = {"TagSet": [{"Key": "state", "Value": str(self.chance.randrange(1000))}]}
            self.attempt("tags", key, self.client.put_object_tagging, Tagging=tags)
        else:
            self.attempt("tags", key, self.client.delete_object_tagging)


class Multipart(Writer):
    """Objects of two or three parts; some uploads are given up."""

    pause = 0.6

    def step(self):
        key = f"large/{self.chance.randrange(4)}"
        sizes = [5 * MIB] * self.chance.choice([1, 1, 2]) + [self.chance.randrange(1, MIB)]
        upload = self.attempt("multipart begun", key, self.client.create_multipart_upload, **self.headers())
        if not upload:
            return
        parts = []
        for number, size in enumerate(sizes, 1):
            sent = not self.is_ending.is_set() and self.attempt(
                "part", key, self.client.upload_part, UploadId=upload["UploadId"], PartNumber=number,
                Body=body(self.chance, size))
            if not sent:
                break
            parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        if len(parts) < len(sizes) or self.chance.random() < 0.1:
            self.attempt("multipart given up", key, self.client.abort_multipart_upload, UploadId=upload["UploadId"])
        else:
            self.attempt("multipart", key, self.client.complete_multipart_upload, UploadId=upload["UploadId"],
                         MultipartUpload={"Parts": parts})


class Rename(Writer):
    """Renames whole folders, as clients do it: a copy and a delete for each object."""

    pause = 0.8

    def step(self):
        number = self.chance.randrange(3)
        here, there = f"folder-{number}/a/", f"folder-{number}/b/"
        if self.chance.random() < 0.5:
            here, there = there, here
        names = [f"{each:02}" for each in range(12)]
        if self.chance.random() < 0.4:
            for name in names:
                self.put("put", here + name, self.chance.choice(SIZES[:4]))
        for name in names:
            if self.is_ending.is_set():
                return
            source = {"Bucket": self.bucket, "Key": self.prefix + here + name}
            if self.attempt("rename", there + name, self.client.copy_object, CopySource=source):
                self.attempt("delete", here + name, self.client.delete_object)


ALL = [Ordinary, EqualSize, Hot, Metadata, Multipart, Rename]


def plant(client, bucket, prefix):
    """Objects that nobody deletes: a source that becomes empty is another matter."""
    for number in range(5):
        client.put_object(Bucket=bucket, Key=f"{prefix}anchor/{number}", Body=b"anchor")
