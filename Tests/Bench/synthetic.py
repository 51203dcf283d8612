"""Nothing to do, with more objects than one would like to store: both servers make them up by the same formula."""

import json
import sys

from rounds import in_turn, show
from sandboxes import pair
from tables import comparison
from tools import MIRRORS, Audit, MinioSync


def requests_text(*counts):
    """What several servers were asked, together: "2,002 ListObjectsV2, 2 HeadBucket"."""
    sums = {}
    for each in counts:
        for operation, count in each["requests"].items():
            sums[operation] = sums.get(operation, 0) + count
    return ", ".join(f"{count:,} {operation}" for operation, count in sorted(sums.items(), key=lambda each: -each[1]))


def over_listing(keys, *counts):
    """How many more keys the servers gave, in per cent, than the `keys` that each of them has."""
    return 100 * (sum(each["keys"] for each in counts) / (keys * len(counts)) - 1)


def run_counted(tool, source, target, folder, keys):
    """The measure and the servers' counts of one run, which must have read all keys and changed nothing."""
    for server in (source, target):
        server.forget_requests()
    measured, _ = tool.run(source, target, folder)
    counts = [server.counts() for server in (source, target)]
    reads = {operation for each in counts for operation in each["requests"]}
    if any(each["keys"] < keys for each in counts) or reads & {"GetObject", "PutObject", "DeleteObjects"}:
        sys.exit(f"{tool.name} did something else than to compare listings: {requests_text(*counts)}")
    if isinstance(tool, MinioSync):
        summary = json.loads(measured.output.splitlines()[-1])
        if (same := summary["identical" if isinstance(tool, Audit) else "same"]) != keys:
            sys.exit(f"{tool.name} found {same:,} of {keys:,} objects the same")
    return measured, counts


class Synthetic:
    tools = MIRRORS

    def __init__(self, keys):
        self._keys = keys

    def measure(self, tools, options, folder):
        """Prints the table of these tools."""
        title = f"nothing to do, {self._keys:,} objects (synthetic listing server)"
        flags = ("--synthetic", self._keys)
        with pair(folder, flags, flags) as (source, target):
            def run(tool):
                measured, counts = run_counted(tool, source, target, folder / "tool", self._keys)
                return measured, f"{requests_text(*counts)}; {over_listing(self._keys, *counts):.2f} % of keys twice"
            found = in_turn(title, tools, options.rounds, run)
        show(f"\n### {title}\n", *comparison(found))
