"""Mirrors and audits between two JuiceFS gateways (MinIO's server code)."""

import dataclasses
import os
import random
import shutil
import subprocess
import sys

import oracle
import samples
import servers
from rounds import in_turn, progress, show
from tables import comparison
from tools import BUCKET, MIRRORS, Audit, DeepAudit, Hashing, MinioSync, Plain, RcloneCheck

MIB = samples.MIB


@dataclasses.dataclass
class Work:
    """One table: what is put on the source, and whether the target begins as its replica.

    `size` and `part` are bytes; without `part` objects are no multipart ones.
    """

    title: str
    count: int
    size: int
    part: int = None
    is_replicated: bool = False
    tools: list = dataclasses.field(default_factory=lambda: MIRRORS)

    def fill(self, source, folder):
        """Puts the objects on the server `source`, by way of files in `folder`."""
        source.client().create_bucket(Bucket=BUCKET)
        for number in range(self.count):
            path = folder / f"{number % 100:02}" / f"object-{number:07}"
            path.parent.mkdir(parents=True, exist_ok=True)
            generator = random.Random(number)
            with open(path, "wb") as file:
                for start in range(0, self.size, 16 * MIB):
                    file.write(generator.randbytes(min(16 * MIB, self.size - start)))
        parts = ["--s3-upload-cutoff", f"{self.part}B", "--s3-chunk-size", f"{self.part}B"] if self.part else []
        samples.put_folder(source, BUCKET, folder, *parts)
        shutil.rmtree(folder)

    def measure(self, tools, options, folder):
        """Prints the table of these tools."""
        found = _compare(self, tools, options.rounds, folder)
        show(f"\n### {self.title}\n", *comparison(found))


def works(scale):
    def scaled(count):
        return max(1, round(count * scale))

    small, large, nothing = scaled(10_000), scaled(8), scaled(100_000)
    one = scaled(5 * 1024 // 16) * 16 * MIB
    return {
        "small": Work(f"{small:,} × 4 KiB into an empty bucket", small, 4096, tools=[*MIRRORS, Plain()]),
        "large": Work(f"{large} × 256 MiB into an empty bucket", large, 256 * MIB, part=16 * MIB),
        "one": Work(f"one object of {one // MIB:,} MiB, in parts of 16 MiB, into an empty bucket", 1, one,
                    part=16 * MIB),
        "nothing": Work(f"nothing to do, {nothing:,} objects", nothing, 16, is_replicated=True),
        "audit": Work(f"audit of {nothing:,} objects on each side", nothing, 16, is_replicated=True,
                      tools=[Audit(), RcloneCheck()]),
        # Whole-object digests, and one more MD5 for the parts.
        "deep": Work(f"deep audit of {large} × 256 MiB on each side", large, 256 * MIB, part=16 * MIB,
                     is_replicated=True,
                     tools=[DeepAudit(), Hashing(large, 256 * MIB, ["sha256", "md5", "md5"])])}


def _server(folder):
    """One of the two servers. With SQLite it would take twice as long, and the client wait."""
    return servers.JuiceFS(folder, database="badger")


def _replica_server(source, folder):
    """A second server whose data are a copy of the first one's, which must not run meanwhile."""
    target = _server(folder)
    shutil.copytree(source.folder, target.folder, dirs_exist_ok=True)
    subprocess.run([servers.tool("juicefs"), "config", "--yes", "--force", "--bucket", f"{target.folder}/data",
                    target.metadata], check=True, stdin=subprocess.DEVNULL, capture_output=True,
                   env={"PATH": os.environ["PATH"], "HOME": str(target.folder)})
    target._prepared = True
    return target


def _check(work, source, target, tool):
    """The program did its work (an audit changes nothing, and its exit code tells): every object is there with its size, and for minio-sync with its ETag."""
    here, there = (oracle.snapshot(each.client(), BUCKET) for each in (source, target))
    found = oracle.differences(here, there, etags=isinstance(tool, MinioSync))
    if found or len(here) != work.count:
        sys.exit(f"{tool.name} did not do its work ({len(here)} of {work.count} objects): {found[:5]}")


def _compare(work, tools, rounds, folder):
    """The measures and requests of each tool, by its name."""
    source = _server(folder / "source").start()
    replica = None

    def run(tool):
        target = replica
        if not work.is_replicated:
            target = _server(folder / "target").start()
            target.client().create_bucket(Bucket=BUCKET)
        try:
            found = tool.run(source, target, folder / "tool")
            _check(work, source, target, tool)
        finally:
            if not work.is_replicated:
                target.remove()
        return found

    try:
        progress(f"{work.title}: filling the source")
        work.fill(source, folder / "filling")
        if work.is_replicated:
            source.stop()
            replica = _replica_server(source, folder / "replica")
            source.start()
            replica.start()
        for each in filter(None, (source, replica)):
            oracle.snapshot(each.client(), BUCKET)  # so that the first tool doesn't find the caches empty alone
        return in_turn(work.title, tools, rounds, run)
    finally:
        for each in filter(None, (source, replica)):
            each.remove()
