"""Runs programs in turn."""

import os
import sys


def in_turn(title, tools, rounds, run):
    """`{name: (measures, note)}` of each tool; `run(tool)` gives the measure and the note of one run."""
    found = {tool.name: ([], None) for tool in tools}
    for number in range(rounds):
        # Each tool has each place in the order, should there be something to gain from it.
        first = number % max(1, len(tools))
        for tool in tools[first:] + tools[:first]:
            os.sync()  # so that nobody pays for what the one before left to be written
            progress(f"{title}: round {number + 1} of {rounds}, {tool.name}")
            measured, note = run(tool)
            found[tool.name] = (found[tool.name][0] + [measured], note)
    return found


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)


def show(*lines):
    """Prints results, over what `progress` left."""
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    print("\n".join(lines), flush=True)
