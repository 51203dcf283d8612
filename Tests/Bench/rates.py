"""Servers that refuse what exceeds so many requests a second: how soon the knee is found, and what it costs."""

import json
import statistics
import sys
import threading
import time

from rounds import in_turn, progress, show
from sandboxes import pair
from tools import BUCKET, MinioSync

#: Requests a second, with how many seconds' worth of objects are copied.
RATES = {240: 30, 3000: 20}
DELAYS = ("0ms", "20ms")
#: Seconds between two looks at the server's counts.
STEP = 0.1


class Curve:
    """What a server answered and refused over time: `looks` are (seconds, requests, refused), sums since the start.

    Second 1 begins with the first look that shows a request.
    """

    def __init__(self, looks):
        begun = next((number for number, each in enumerate(looks) if each[1] > 0), len(looks) - 1)
        first = max(0, begun - 1)
        self._looks = [(moment - looks[first][0], requests - refused, refused)
                       for moment, requests, refused in looks[first:]]
        last = self._looks[-1][1:]
        self.end = next(moment for moment, *sums in self._looks if tuple(sums) == last)

    def _at(self, moment):
        """(answered, refused) until then; between two looks as if requests came evenly."""
        before = self._looks[0]
        for each in self._looks:
            if each[0] >= moment:
                share = (moment - before[0]) / (each[0] - before[0]) if each[0] > before[0] else 1
                return tuple(a + (b - a) * share for a, b in zip(before[1:], each[1:]))
            before = each
        return before[1:]

    def seconds(self):
        """(answered, refused) in each whole second."""
        found = []
        for number in range(int(self.end)):
            here, there = self._at(number), self._at(number + 1)
            found.append(tuple(round(b - a) for a, b in zip(here, there)))
        return found

    def knee(self, rate, share=0.9):
        """When the first second begins in which `share` of the rate is answered, or None where there is none."""
        for moment, *_ in self._looks:
            if moment + 1 > self.end:
                return None
            if self._at(moment + 1)[0] - self._at(moment)[0] >= share * rate:
                return moment
        return None

    def refused(self):
        """The share of all requests."""
        answered, refused = self._looks[-1][1:]
        return refused / max(1, answered + refused)


class Watcher:
    """Looks at a server's counts from a thread of its own."""

    def __init__(self, server):
        self.looks, self._server, self._is_ended = [], server, threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_ended.set()
        self._thread.join()

    def _look(self):
        begun = time.monotonic()
        is_last = False
        while not is_last:
            is_last = self._is_ended.wait(STEP)
            counts = self._server.counts()
            self.looks.append((time.monotonic() - begun, sum(counts["requests"].values()), counts["slowDown"]))


class Rates:
    tools = [MinioSync()]

    def __init__(self, scale):
        self._scale = scale

    def measure(self, tools, options, folder):
        """Prints one table, and the curve of each last run."""
        lines = ["| the target takes | | objects | wall s | 90 % of the rate from | rate from there on | refused |",
                 "|---|---|---|---|---|---|---|"]
        curves = []
        for rate, seconds in RATES.items():
            for delay in DELAYS:
                count = max(1, round(rate * seconds * self._scale))
                title = f"{rate}/s, answers after {delay}"
                found = self._curves(title, tools, options, folder / f"{rate}-{delay}", count, rate, delay)
                for name, (runs, _) in found.items():
                    lines.append(_row(title, name, count, rate, runs))
                    curves.append(_curve_text(title, name, runs[-1][1]))
        show("\n### servers that refuse what exceeds a rate (objects of 1 KiB)\n", *lines, "",
             "Answered in each second, and refused where any were:", "", *curves)

    def _curves(self, title, tools, options, folder, count, rate, delay):
        def run(tool):
            with pair(folder, target_flags=("--rate", rate, "--delay", delay)) as (source, target):
                source.fill(BUCKET, (f"data/{number:08}" for number in range(count)), size=1024)
                with Watcher(target) as watcher:
                    measured, _ = tool.run(source, target, folder / "tool")
            if (copied := json.loads(measured.output.splitlines()[-1])["copied"]) != count:
                sys.exit(f"{tool.name} copied {copied:,} of {count:,} objects")
            return (measured, Curve(watcher.looks)), None
        progress(f"{title}: {count:,} objects")
        return in_turn(title, tools, options.rounds, run)


def _row(title, name, count, rate, runs):
    knees = [curve.knee(rate) for _, curve in runs]
    # A run without a knee is the worst of all.
    worst = None if None in knees else max(knees)
    steady = [answered for _, curve in runs
              for number, (answered, _) in enumerate(curve.seconds()) if worst is not None and number >= worst]
    return (f"| {title} | {name} | {count:,} | {statistics.median(each.wall for each, _ in runs):.1f} "
            f"| {'never' if worst is None else f'{worst:.1f} s (longest of {len(runs)})'} "
            f"| {f'{100 * statistics.mean(steady) / rate:.0f} %' if steady else '–'} "
            f"| {100 * max(curve.refused() for _, curve in runs):.2f} % (most) |")


def _curve_text(title, name, curve):
    cells = [f"{answered} (−{refused})" if refused else str(answered) for answered, refused in curve.seconds()]
    return f"- {title}, {name}: {', '.join(cells)}"
