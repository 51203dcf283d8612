"""The command line of the suite, its order of stages, and what it prints."""

import argparse
import collections
import os
import pathlib
import random
import shutil
import signal
import statistics
import tempfile
import time

import faults
import minio_sync
import pairs
import replica
import rounds
import servers
import subject
import writers

#: What `--short` runs: always the same, so that a failure is one of the program.
SHORT_SEED, SHORT_SECONDS = 2034, 7.0
SHORT_ROUNDS = {"listen": 4, "poll": 3, "sandbox": 4}


def parse(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, help="of the first stage, the next has the next (default: any)")
    parser.add_argument("--minutes", type=float, help="go on with stages so long (default: one stage of each pair)")
    parser.add_argument("--short", action="store_true",
                        help="every kind of fault on every pair in about two minutes, with a fixed seed")
    parser.add_argument("--pair", default="all", choices=[*pairs.KINDS, "all"])
    parser.add_argument("--only", action="append", metavar="FAULT", help="only this kind of fault; may be repeated")
    parser.add_argument("--without", action="append", default=[], metavar="FAULT",
                        help="all but this kind of fault; may be repeated")
    parser.add_argument("--rounds", type=int, default=5, help="of a stage (default 5)")
    parser.add_argument("--command", help="a shell command to run in minio-sync's place")
    parser.add_argument("--go-on", action="store_true", help="go on with the next stage after one that failed")
    parser.add_argument("--keep", action="store_true", help="keep the folders of a run that passed, too")
    parser.add_argument("--folder", help="where servers keep their data; default: a temporary folder")
    options = parser.parse_args()
    known = {each.kind for each in [*faults.ALWAYS, *faults.OF_EVENTS, *faults.OF_SERVERS]}
    if unknown := {*(options.only or []), *options.without} - known:
        parser.error(f"there is no fault {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    return options


class Totals:
    """What the whole run came to."""

    def __init__(self):
        self.stages, self.settled = [], []
        self.rounds = self.failed = self.memory = self.restarts = 0
        self.changes, self.faults = collections.Counter(), collections.Counter()

    def add(self, result):
        self.rounds += 1
        self.failed += bool(result.problems)
        self.changes.update(result.changes)
        self.faults.update(f"{each.kind} ({each.place})" for each in result.faults if each.begun is not None)
        self.memory = max(self.memory, result.memory or 0)
        if result.settled_after is not None:
            self.settled.append(result.settled_after)

    def print(self, seconds):
        print(f"\n{self.rounds} rounds, {self.failed} failed, in {seconds:.0f} s; seeds {', '.join(self.stages)}")
        print(f"{sum(self.changes.values()):,} changes: " + _listed(self.changes))
        print(f"{sum(self.faults.values()):,} faults: " + _listed(self.faults))
        if self.settled:
            print(f"identical after {statistics.median(self.settled):.2f} s (median), "
                  f"{max(self.settled):.2f} s (longest); {self.memory / 1e6:.0f} MB at the peak")


def _listed(counter):
    return ", ".join(f"{count:,} {name}" for name, count in counter.most_common())


class Suite:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        names = list(pairs.KINDS) if options.pair == "all" else [options.pair]
        clock = subject.SteppedClock(folder)
        self.pairs = [pairs.Pair(pairs.KINDS[name], folder / name, clock) for name in names]
        self.totals = Totals()

    def run(self):
        """True if every round passed."""
        begun = time.monotonic()
        try:
            for pair in self.pairs:
                pair.launch()
            for pair in self.pairs:
                pair.wait_ready()
            seed, passed = self._first_seed(), True
            while True:
                for pair in self.pairs:
                    passed &= self._stage(pair, seed)
                    if self._is_over(begun) or not (passed or self.options.go_on):
                        return passed
                if not self.options.minutes:
                    return passed
                seed += 1
        finally:
            for pair in self.pairs:
                pair.stop()
            self.totals.print(time.monotonic() - begun)

    def _first_seed(self):
        if self.options.seed is not None:
            return self.options.seed
        return SHORT_SEED if self.options.short else random.SystemRandom().randrange(1_000_000)

    def _is_over(self, begun):
        return bool(self.options.minutes) and time.monotonic() - begun > 60 * self.options.minutes

    def _stage(self, pair, seed):
        """Some rounds with new buckets; true if they passed."""
        name = pair.kind.name
        self.totals.stages.append(f"{name} {seed}")
        stage = pair.stage(seed, self.options.command)
        stage.deck.keep(lambda kind: kind.kind not in self.options.without and
                        (not self.options.only or kind.kind in self.options.only))
        writers.plant(stage.client("source"), stage.bucket, stage.prefix)
        comparison = replica.Comparison(*(
            replica.Place(stage.client(end, attempts=2, timeout=5), stage.bucket, stage.prefix)
            for end in ("source", "target")))
        print(f"{name}: seed {seed}, {stage.bucket}/{stage.prefix}{', --check-metadata' if stage.is_retagging else ''}",
              flush=True)
        count = SHORT_ROUNDS[name] if self.options.short else self.options.rounds
        chance = random.Random(f"{seed}/{name}/rounds")
        passed = True
        try:
            stage.subject.start()
            for number in range(1, count + 1):
                if self.options.short:
                    seconds, many = SHORT_SECONDS, -(-len(stage.deck) // count)
                else:
                    seconds, many = chance.uniform(8, 15), chance.choice([1, 2, 3, 4, 5, 6])
                current = rounds.Round(stage, seed, number, seconds, many, comparison)
                result = current.run()
                self.totals.add(result)
                self._tell(name, result)
                if result.problems:
                    self._explain(stage, seed, current, result, comparison)
                    passed = False
                    break
            problems = stage.subject.stop()
            if passed and problems:
                print(f"{name}: FAILED at the end of seed {seed}: {'; '.join(problems)}\n{stage.subject.log_tail()}")
                self.totals.failed += 1
                passed = False
        finally:
            stage.subject.kill()
            comparison.close()
        return passed

    @staticmethod
    def _tell(name, result):
        settled = "NOT IDENTICAL" if result.settled_after is None else f"identical after {result.settled_after:.2f} s"
        memory = f"{result.memory / 1e6:.0f} MB, {result.descriptors} descriptors" if result.memory else "gone"
        print(f"{name} {result.number}: {settled}, {sum(result.changes.values())} changes, {memory}; "
              f"{', '.join(map(str, result.faults)) or 'no faults'}", flush=True)

    def _explain(self, stage, seed, current, result, comparison):
        """Everything that is known about a failure."""
        print(f"\nFAILED: seed {seed}, pair {stage.pair.kind.name}, round {result.number}: "
              f"{'; '.join(result.problems)}")
        print("Faults, in seconds from the start of the round:")
        for each in result.faults:
            print(f"  {each}")
        for key, what in result.differences[:6]:
            print(f"{key!r} {what}")
            if key:
                print(f"  source: {comparison.source.describe(key)}\n  target: {comparison.target.describe(key)}")
                for line in current.ledger.history(key, current.begun):
                    print(f"  {line}")
        if len(result.differences) > 6:
            print(f"and {len(result.differences) - 6} more")
        for end in ("source", "target"):
            print(f"proxy of the {end}: {stage.proxies.tell(end, 'count')}")
        print(f"--- end of {stage.subject.log}\n{stage.subject.log_tail()}")
        for end, server in stage.servers.items():
            print(f"--- end of {server.log} ({end})\n{server.log_tail(1500)}")


def _interrupt(number, frame):
    raise KeyboardInterrupt


def main(description):
    options = parse(description)
    signal.signal(signal.SIGTERM, _interrupt)
    if not options.command and not os.access(minio_sync.program(), os.X_OK):
        print(f"{minio_sync.program()} is not built; run Tests/run, or set MINIO_SYNC")
        return 2
    if options.pair in ("sandbox", "all") and not servers.Sandbox.program():
        print("s3-sandbox is not built; run swift build")
        return 2
    folder = pathlib.Path(tempfile.mkdtemp(prefix="faults-", dir=options.folder))
    is_of_use = True
    try:
        passed = Suite(options, folder).run()
        is_of_use = not passed
        return 0 if passed else 1
    except KeyboardInterrupt:
        print("interrupted")
        is_of_use = False
        return 130
    finally:
        if is_of_use or options.keep:
            print(f"the folders are kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
