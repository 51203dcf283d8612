"""Whether the target is a replica now, as boto3 sees it: every key with size, ETag, content headers, metadata, tags."""

import concurrent.futures
import dataclasses

import botocore.exceptions
import urllib3.exceptions

import oracle

#: What a server that just came back, or is still busy, may answer with.
ERRORS = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, urllib3.exceptions.HTTPError, OSError)


@dataclasses.dataclass(frozen=True)
class Place:
    """A bucket or a prefix of one, and a client for it."""

    client: object
    bucket: str
    prefix: str

    def listing(self):
        """(size, ETag) by key without the prefix.

        No writer makes a key that ends in a slash: those are folders that JuiceFS lists when deletions and creations
        in them crossed; a HEAD of them answers 404.
        """
        found = {}
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix):
            for each in page.get("Contents", []):
                key = each["Key"][len(self.prefix):]
                if each["Key"].endswith("/"):
                    continue
                if key in found:
                    raise AssertionError(f"{key!r} is listed twice")
                found[key] = (each["Size"], each.get("ETag", "").strip('"'))
        return found

    def details(self, key):
        """Content headers, user metadata and tags; None if there is no such object."""
        place = {"Bucket": self.bucket, "Key": self.prefix + key}
        try:
            head = self.client.head_object(**place)
            tags = self.client.get_object_tagging(**place)["TagSet"]
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
                return None
            raise
        return (tuple((name, head[name]) for name in oracle.HEADERS if name in head),
                tuple(sorted((name.lower(), value) for name, value in head["Metadata"].items())),
                tuple(sorted((each["Key"], each["Value"]) for each in tags)))

    def describe(self, key):
        """One object as a line, for people."""
        try:
            head = self.client.head_object(Bucket=self.bucket, Key=self.prefix + key)
            headers, metadata, tags = self.details(key) or ((), (), ())
        except ERRORS as error:
            return str(error)
        return (f"{head['ContentLength']} bytes, {head.get('ETag')}, modified {head['LastModified']:%H:%M:%S}, "
                f"{dict(headers)}, metadata {dict(metadata)}, tags {dict(tags)}")

    def uploads(self):
        """The keys of multipart uploads that were begun and not ended."""
        answer = self.client.list_multipart_uploads(Bucket=self.bucket)
        return sorted(each["Key"] for each in answer.get("Uploads") or [])


class Comparison:
    """Compares two places again and again, reading only what may still differ.

    Nobody writes to the source meanwhile, so what was equal once stays so as long as its listings say so.
    """

    def __init__(self, source, target):
        self.source, self.target = source, target
        self._settled = {}
        self._pool = concurrent.futures.ThreadPoolExecutor(8)

    def differences(self):
        """What differs now, as (key, sentence); empty if the target is a replica."""
        ours, theirs = self._pool.map(Place.listing, (self.source, self.target))
        found = [(key, "is missing") for key in ours.keys() - theirs.keys()]
        found += [(key, "is extra") for key in theirs.keys() - ours.keys()]
        for key in ours.keys() & theirs.keys():
            if ours[key] != theirs[key]:
                found.append((key, "has other bytes"))
        if found:
            return sorted(found)
        doubtful = [key for key in ours if self._settled.get(key) != ours[key]]
        for key, same in zip(doubtful, self._pool.map(self._has_same_details, doubtful)):
            if same:
                self._settled[key] = ours[key]
            else:
                found.append((key, "has other headers, metadata or tags"))
        return sorted(found)

    def _has_same_details(self, key):
        return self.source.details(key) == self.target.details(key)

    def forget(self):
        """Reads everything again next time."""
        self._settled.clear()

    def close(self):
        self._pool.shutdown()
