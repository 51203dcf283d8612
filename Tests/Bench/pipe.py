"""Large objects over links with a bandwidth and a round trip: is as much under way as fits in?

A link carries B bytes a second each way, so B × the round trip must be under way for it to be full. Where there is no
limit, the machine itself is the limit, and what must be under way is what it moves in a round trip: those rows tell
how far the byte budget and the connections' windows reach, not whether a real link would be full.
"""

import contextlib
import copy
import dataclasses
import pathlib
import subprocess
import sys

import oracle
import samples
import servers
from rounds import in_turn, progress, show
from sandboxes import BenchSandbox
from tables import medians, servers_cell
from tools import BUCKET, MIRRORS, MinioSync
from works import Work

#: Milliseconds of a round trip.
ROUND_TRIP = 50


@dataclasses.dataclass(frozen=True)
class Way:
    """How both servers are reached: through links of `rate` bytes a second (0: no limit) or, where that is None, directly.

    `round_trip` is the links' in milliseconds; without links the servers hold each answer back by as much.
    """

    rate: int | None
    round_trip: int

    def __str__(self):
        if self.rate is None:
            return f"no link, answers held back by {self.round_trip} ms" if self.round_trip else "no link"
        rate = f"{self.rate // 1_000_000} MB/s" if self.rate else "no limit"
        return f"link, {rate}, {self.round_trip} ms" if self.round_trip else f"link, {rate}"

    def with_round_trip(self):
        return dataclasses.replace(self, round_trip=ROUND_TRIP)


WAYS = [Way(100_000_000, 0), Way(200_000_000, 0), Way(0, 0), Way(None, 0)]


def under_way(bytes_per_second, milliseconds):
    """Bytes that are on their way at any moment, by Little's law."""
    return bytes_per_second * milliseconds / 1000


@contextlib.contextmanager
def link(server, program, way):
    """The server as it is reached that way."""
    if way.rate is None:
        yield server
        return
    far = copy.copy(server)
    far.port = servers.free_ports(1)[0]
    process = subprocess.Popen([program, *map(str, (far.port, server.port, way.round_trip, way.rate))],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, preexec_fn=servers.die_with_parent)
    try:
        if process.stdout.readline() != b"ready\n":
            raise servers.ServerFailed("the link does not start")
        yield far
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class Pipe:
    tools = MIRRORS

    def __init__(self, scale):
        self._work = Work("", max(1, round(8 * scale)), 256 * samples.MIB, part=16 * samples.MIB)

    def measure(self, tools, options, folder):
        """Prints one table: a row for each way and tool."""
        program = folder / "link"
        subprocess.run(["cc", "-O2", "-o", program, pathlib.Path(__file__).parent / "link.c"], check=True)
        lines = ["| between both servers | | MB/s | with delay ÷ without | MB under way to each server | CPU s | "
                 "servers' CPU s | busy cores | peak MB |", "|---|---|---|---|---|---|---|---|---|"]
        size = self._work.count * self._work.size
        title = f"{self._work.count} × 256 MiB through links"
        with BenchSandbox(folder / "source") as source:
            progress(f"{title}: filling the source")
            self._fill(source, folder / "filling")
            for near in WAYS:
                without = None
                for way in (near, near.with_round_trip()):
                    found = in_turn(f"{title}: {way}", tools, options.rounds,
                                    lambda tool: self._run(tool, source, program, way, folder))
                    rates = {name: size / medians(measures)["wall"] for name, (measures, _) in found.items()}
                    lines += [_row(way, name, rate, without and without[name], medians(found[name][0]))
                              for name, rate in rates.items()]
                    without = rates
        show(f"\n### {title}\n", *lines)

    def _fill(self, source, folder):
        source.client().delete_bucket(Bucket=BUCKET)  # which the sandbox began with
        self._work.fill(source, folder)

    def _run(self, tool, source, program, way, folder):
        source.behave(delay=way.round_trip if way.rate is None else 0)
        with BenchSandbox(folder / "target") as target:
            target.behave(delay=way.round_trip if way.rate is None else 0)
            with link(source, program, way) as near, link(target, program, way) as far:
                measured, _ = tool.run(near, far, folder / "tool")
            source.behave()
            target.behave()
            here, there = (oracle.snapshot(each.client(), BUCKET) for each in (source, target))
            found = oracle.differences(here, there, etags=isinstance(tool, MinioSync))
            if found or len(here) != self._work.count:
                sys.exit(f"{tool.name} did not do its work: {found[:5]}")
        return measured, None


def _row(way, name, rate, without, row):
    needed = f"{under_way(rate, way.round_trip) / 1e6:.1f}" if way.round_trip else "–"
    return (f"| {way} | {name} | {rate / 1e6:.0f} | {f'{rate / without:.2f}' if without else '–'} | {needed} "
            f"| {row['cpu']:.2f} | {servers_cell(row['servers'])} | {row['busy']:.2f} | {row['memory'] / 1e6:.0f} |")
