"""Measures as Markdown tables."""

import os
import statistics

from tools import MinioSync, Plain


def medians(measures):
    """What a program used, as the medians of its runs."""
    row = {name: statistics.median(getattr(each, name) for each in measures)
           for name in ("cpu", "wall", "memory", "busy")}
    row["servers"] = [statistics.median(each) for each in zip(*(each.servers for each in measures))]
    return row


def servers_cell(seconds):
    """The processor time of the source's server and of the target's, of each by itself."""
    return " + ".join(f"{each:.2f}" for each in seconds) or "–"


def comparison(found):
    """Lines of a table of `{name: (measures, note)}`; a ratio is to the best peer in that column."""
    rows = {name: medians(measures) for name, (measures, _) in found.items()}
    peers = [row for name, row in rows.items() if not name.startswith(MinioSync.name) and name != Plain.name]
    yield (f"| | CPU s | servers' CPU s | wall s | busy of {os.cpu_count()} cores | peak MB | "
           "CPU, wall, memory ÷ best peer | requests |")
    yield "|---|---|---|---|---|---|---|---|"
    for name, row in rows.items():
        ratios = "–"
        if peers:
            ratios = ", ".join(f"{row[each] / min(peer[each] for peer in peers):.2f}"
                               for each in ("cpu", "wall", "memory"))
        yield (f"| {name} | {row['cpu']:.2f} | {servers_cell(row['servers'])} | {row['wall']:.2f} | {row['busy']:.2f} "
               f"| {row['memory'] / 1e6:.0f} | {ratios} | {found[name][1] or 'not told'} |")
    if MinioSync.name in rows and Plain.name in rows:
        ours, plain = rows[MinioSync.name], rows[Plain.name]
        yield ""
        yield (f"{MinioSync.name} ÷ {Plain.name}: {ours['cpu'] / plain['cpu']:.2f} of its CPU, "
               f"{ours['wall'] / plain['wall']:.2f} of its wall time")
