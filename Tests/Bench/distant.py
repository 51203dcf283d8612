"""Nothing to do between servers that are far away: how much sooner listings by ranges end than a single stream."""

import pathlib
import sys

from rounds import in_turn, show
from sandboxes import pair
from synthetic import over_listing, requests_text, run_counted
from tables import medians, servers_cell
from tools import BUCKET, Audit, MinioSync, Tool

DELAYS = ("20ms", "100ms")
SHAPES = ("flat", "deep")


class OneStream(Tool):
    """Both listings side by side, each page asked for when the one before is there, and no more: `one_stream.py`."""

    name = "one stream"

    def arguments(self, source, target):
        places = [f"{each.port}/{BUCKET}" for each in (source, target)]
        return [sys.executable, "-I", pathlib.Path(__file__).parent / "one_stream.py", *places]


class Distant:
    tools = [MinioSync(), Audit(), OneStream()]

    def __init__(self, keys):
        self._keys = keys

    def measure(self, tools, options, folder):
        """Prints one table: a row for each shape, delay and tool."""
        lines = ["| listing | | wall s | one stream ÷ it | CPU s | servers' CPU s | busy cores | peak MB | "
                 "keys asked for twice | requests |", "|---|---|---|---|---|---|---|---|---|---|"]
        for shape in SHAPES:
            for delay in DELAYS:
                lines += self._rows(shape, delay, tools, options, folder / f"{shape}-{delay}")
        show(f"\n### nothing to do, {self._keys:,} objects, distant servers (synthetic)\n", *lines)

    def _rows(self, shape, delay, tools, options, folder):
        flags = ("--synthetic", self._keys, "--shape", shape, "--delay", delay)
        with pair(folder, flags, flags) as (source, target):
            found = in_turn(f"{shape}, {delay}", tools, options.rounds,
                            lambda tool: run_counted(tool, source, target, folder / "tool", self._keys))
        stream = medians(found[OneStream.name][0])["wall"] if OneStream.name in found else None
        for name, (measures, counts) in found.items():
            row = medians(measures)
            sooner = f"{stream / row['wall']:.1f}" if stream else "–"
            yield (f"| {shape}, {delay} | {name} | {row['wall']:.2f} | {sooner} | {row['cpu']:.2f} | "
                   f"{servers_cell(row['servers'])} | {row['busy']:.2f} | {row['memory'] / 1e6:.0f} | "
                   f"{over_listing(self._keys, *counts):.2f} % | {requests_text(*counts)} |")
