"""How quick `minio-sync mirror --watch` is, and what it costs to keep it running.

Latency is the time from the moment that the source confirmed a change to the moment that the target has it.

For a PUT that is told by the target's own event: nobody asks the target anything meanwhile, so the measure does not
disturb what it measures. The target sends its event when the object is there for all to see, a fraction of a
millisecond before or after it answers the one who put it. The line "checked" compares that with the other way to know,
a HEAD of the key over and over on a kept connection, for some single changes.

For a DELETE it is told by HEADs, of at most ten keys a second and each only from the moment that its deletion is due:
JuiceFS raises no events for the objects of a DeleteObjects request, with which minio-sync deletes.

Changes are sent at the set rate whatever the answers take (`load.py`); requests are signed by hand on kept connections,
because boto3 would take more of the machine than all that is measured. All processes share one machine: the servers'
own work is in the figures, and at high rates most of them.

`reconcile` measures the same beside the reconciles of a bucket with a million objects, between two s3-sandboxes.
"""

import argparse
import json
import os
import pathlib
import random
import statistics
import sys
import tempfile
import threading
import time

import minio_sync
import oracle
import servers
import watch_reconcile
from changes import SIZE, Listener, Load, Watch, has, percentile, put, start, wait_until
from raw_s3 import Connection, path_of


class Bench:
    def __init__(self, source, target, folder, seconds):
        self.source, self.target, self.folder, self.seconds = source, target, folder, seconds
        self._numbers = iter(range(1, 1000))

    def new_bucket(self, name):
        bucket = f"{name}-{next(self._numbers)}"
        for server in (self.source, self.target):
            server.client().create_bucket(Bucket=bucket)
        return bucket

    def watch(self, bucket, is_quiet=True):
        """A watch of one bucket that is known to replicate."""
        watch = Watch(self.source, self.target, self.folder, f"source/{bucket}", f"target/{bucket}", is_quiet=is_quiet)
        self.wait_live(watch, bucket)
        return watch

    def wait_live(self, watch, bucket):
        # One change before the listener is live would be found by the first comparison, too: two tell more.
        for number in range(2):
            put(self.source, bucket, f"first-{number}")
            wait_until(lambda: watch.check() or has(self.target, bucket, f"first-{number}"), "the first copy")
            time.sleep(1.5)

    def rate(self, rate):
        """Rows of latency for PUTs and for DELETEs at so many changes a second."""
        bucket = self.new_bucket("rate")
        listener, watch = Listener(self.target, self.folder, bucket), self.watch(bucket)
        try:
            self.rows(watch, listener, bucket, rate)
        finally:
            watch.stop()
            listener.stop()

    def rows(self, watch, listener, bucket, rate, prefix="key", remark=""):
        """The same beside a watch and a listener that run already; `remark` stands behind the rows' titles."""
        keys = [f"{prefix}-{number:06}" for number in range(max(20, round(rate * self.seconds)))]
        cpu = watch.cpu()
        found = Load.begin(self.source, "PUT", bucket, keys, rate).result()
        arrivals = self._await(listener, watch, bucket, keys)
        self._print_row(f"PUT at {rate}/s{remark}", found, [arrivals[False, f"{bucket}/{key}"] for key in keys],
                        watch.cpu() - cpu)
        cpu = watch.cpu()
        begin, step = time.monotonic() + 1, max(1, rate // 10)
        paths = [path_of(bucket, key) for key in keys[::step]]
        prober = start("prober.py", self.target, paths=paths,
                       due=[begin + number * step / rate for number in range(len(paths))])
        found = Load.begin(self.source, "DELETE", bucket, keys, rate, begin).result()
        gone = [None] * len(keys)
        gone[::step] = json.loads(prober.communicate()[0])
        wait_until(lambda: not has(self.target, bucket, keys[-1]), "the last deletion")
        self._print_row(f"DELETE at {rate}/s{remark}", found, gone, watch.cpu() - cpu)

    @staticmethod
    def _print_row(title, found, arrivals, cpu):
        """One row; `arrivals` has None where nobody looked."""
        latencies = sorted(1000 * (arrived - confirmed)
                           for arrived, confirmed in zip(arrivals, found["confirmed"]) if arrived is not None)
        answers = [1000 * (end - begin) for begin, end in zip(found["sent"], found["confirmed"])]
        count = len(arrivals)
        took = max(found["confirmed"]) - min(found["sent"])
        print(f"| {title} | {statistics.median(latencies):.1f} | {percentile(latencies, 0.99):.1f} "
              f"| {latencies[-1]:.1f} | {len(latencies)} of {count} | {count / took:.0f}/s "
              f"| {statistics.median(answers):.1f} | {1000 * cpu / count:.2f} |", flush=True)

    @staticmethod
    def _await(listener, watch, bucket, keys):
        """The times at which the target had each of these keys."""
        wanted = {(False, f"{bucket}/{key}") for key in keys}
        arrivals = {}

        def has_all():
            nonlocal arrivals
            watch.check()
            arrivals = listener.arrivals()
            return wanted <= arrivals.keys()
        wait_until(has_all, f"the last of {len(keys)} changes", 120)
        return arrivals

    def check_method(self, count=30):
        """Single changes, seen by event and by HEADs side by side."""
        bucket = self.new_bucket("check")
        listener, watch = Listener(self.target, self.folder, bucket), self.watch(bucket)
        asking = Connection(self.target.port, self.target.access_key, self.target.secret_key)
        sending = Connection(self.source.port, self.source.access_key, self.source.secret_key)
        begun, heads = {}, {}
        try:
            for number in range(count):
                key = f"key-{number}"
                found = threading.Thread(target=self._ask, args=(asking, bucket, key, heads))
                found.start()
                time.sleep(0.05)
                begun[key] = sending.request("PUT", path_of(bucket, key), body=os.urandom(SIZE))[1]
                found.join()
                time.sleep(0.05)
            arrivals = self._await(listener, watch, bucket, begun)
        finally:
            watch.stop()
            listener.stop()
        by_event = [1000 * (arrivals[False, f"{bucket}/{key}"] - begun[key]) for key in begun]
        by_head = [1000 * (heads[key] - begun[key]) for key in begun]
        apart = sorted(head - event for head, event in zip(by_head, by_event))
        print(f"checked: {count} single PUTs, median {statistics.median(by_event):.2f} ms by event, "
              f"{statistics.median(by_head):.2f} ms by HEADs without pause (which slow the target); "
              f"HEAD later by {statistics.median(apart):.2f} ms (from {apart[0]:.2f} to {apart[-1]:.2f})")

    @staticmethod
    def _ask(connection, bucket, key, found):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            status, arrived = connection.request("HEAD", path_of(bucket, key))
            if status == 200:
                found[key] = arrived
                return

    def burst(self, count):
        """So many PUTs at once, and the same objects by `mirror --once`. Leaves the watch's bucket for `idle`."""
        bucket = self.new_bucket("burst")
        once = self.new_bucket("once")
        listener, watch = Listener(self.target, self.folder, bucket), self.watch(bucket)
        keys = [f"key-{number:06}" for number in range(count)]
        try:
            cpu = watch.cpu()
            found = Load.begin(self.source, "PUT", bucket, keys, None).result()
            arrivals = self._await(listener, watch, bucket, keys)
            first, last = min(found["sent"]), max(found["confirmed"])
            done = max(arrivals[False, f"{bucket}/{key}"] for key in keys)
            print(f"burst: {count:,} PUTs of {SIZE} bytes in {last - first:.2f} s ({count / (last - first):.0f}/s); all "
                  f"on the target {done - first:.2f} s after the first was sent ({count / (done - first):.0f}/s), "
                  f"{done - last:.2f} s after the last; {watch.cpu() - cpu:.2f} s of processor time, "
                  f"{watch.memory()[1] / 1e6:.0f} MB at the peak")
            self._check_same(bucket, bucket)
        finally:
            watch.stop()
            listener.stop()
        begun = time.monotonic()
        minio_sync.run_minio_sync(["mirror", "--once", "--quiet", "--no-state", f"source/{bucket}", f"target/{once}"],
                                  watch.environment, self.folder / "home")
        took = time.monotonic() - begun
        print(f"mirror --once of the same {count:,}: {took:.2f} s ({count / took:.0f}/s)")
        self._check_same(bucket, once)
        return bucket

    def _check_same(self, bucket, replica):
        found = oracle.differences(oracle.snapshot(self.source.client(), bucket),
                                   oracle.snapshot(self.target.client(), replica))
        if found:
            sys.exit(f"the target is no replica: {found[:5]}")

    def idle(self, bucket, seconds):
        """A watch with nothing to do."""
        watch = self.watch(bucket)
        try:
            time.sleep(5)
            cpu, begun = watch.cpu(), time.monotonic()
            time.sleep(seconds)
            share = (watch.cpu() - cpu) / (time.monotonic() - begun)
            resident, peak, threads = watch.memory()
            print(f"idle for {seconds:.0f} s beside {len(oracle.snapshot(self.source.client(), bucket)):,} objects: "
                  f"{100 * share:.2f} % of a core, {resident / 1e6:.1f} MB resident, {peak / 1e6:.1f} MB at the peak, "
                  f"{threads} threads")
        finally:
            watch.stop()

    def buckets(self, count, seconds):
        """One watch of all buckets."""
        names = [f"many-{number:03}" for number in range(count)]
        for server in (self.source, self.target):
            client = server.client()
            for name in names:
                client.create_bucket(Bucket=name)
        listener = Listener(self.target, self.folder)
        watch = Watch(self.source, self.target, self.folder, "source", "target")
        chance = random.Random(7)
        sending = Connection(self.source.port, self.source.access_key, self.source.secret_key)
        try:
            self.wait_live(watch, names[0])
            self.wait_live(watch, names[-1])
            time.sleep(5)
            cpu, begun = watch.cpu(), time.monotonic()
            time.sleep(seconds)
            share = (watch.cpu() - cpu) / (time.monotonic() - begun)
            sent = {}
            for number in range(40):
                place = f"{chance.choice(names)}/change-{number}"
                _, sent[place] = sending.request("PUT", path_of(*place.split("/")), body=os.urandom(SIZE))
                time.sleep(0.1)
            wait_until(lambda: watch.check() or {(False, each) for each in sent} <= listener.arrivals().keys(),
                       "the last change", 60)
            arrivals = listener.arrivals()
            latencies = sorted(1000 * (arrivals[False, place] - confirmed) for place, confirmed in sent.items())
            resident, peak, threads = watch.memory()
            print(f"{count} buckets: {100 * share:.2f} % of a core idle, {resident / 1e6:.1f} MB resident, "
                  f"{peak / 1e6:.1f} MB at the peak, {threads} threads; a change in one of them after "
                  f"{statistics.median(latencies):.1f} ms (median), {latencies[-1]:.1f} ms (longest of {len(sent)})")
        finally:
            watch.stop()
            listener.stop()


SERVERS = {"juicefs": lambda folder: servers.JuiceFS(folder, database="badger"), "sandbox": servers.Sandbox}
PARTS = ("check", "rates", "burst", "idle", "buckets", "reconcile")

HEADER = ("\n| | median ms | 99th ms | longest ms | measured | reached | source's answer ms | CPU ms a change |\n"
          "|---|---|---|---|---|---|---|---|")


def main(arguments):
    parser = argparse.ArgumentParser(prog="Tests/Bench/run watch", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="juicefs", choices=SERVERS, help="between which servers")
    parser.add_argument("--only", default=",".join(PARTS), help=f"which parts, of {', '.join(PARTS)}")
    parser.add_argument("--rates", default="1,50,500", help="changes a second (default 1,50,500)")
    parser.add_argument("--seconds", type=float, default=30, help="of each rate (default 30)")
    parser.add_argument("--burst", type=int, default=5000, help="PUTs of the burst")
    parser.add_argument("--buckets", type=int, default=200, help="buckets watched at once")
    parser.add_argument("--keys", type=int, default=1_000_000, help="objects beside the changes, for reconcile")
    parser.add_argument("--idle", type=float, default=60, help="seconds of idleness to measure")
    parser.add_argument("--folder", help="where servers keep their data; default: a temporary folder")
    options = parser.parse_args(arguments)
    parts = options.only.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    if not os.access(minio_sync.program(), os.X_OK):
        parser.error(f"{minio_sync.program()} is not built; run Tests/run, or set MINIO_SYNC")

    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start, {options.servers} servers, "
          f"objects of {SIZE} bytes")
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as name:
        folder = pathlib.Path(name)
        if set(parts) - {"reconcile"}:
            _measure(parts, options, folder)
        if "reconcile" in parts:
            with watch_reconcile.pair(folder / "million") as (source, target):
                bench = Bench(source, target, folder / "million", options.seconds)
                watch_reconcile.measure(bench, options.keys, [int(rate) for rate in options.rates.split(",")], HEADER)


def _measure(parts, options, folder):
    """The parts between servers of the chosen kind."""
    make = SERVERS[options.servers]
    with make(folder / "source") as source, make(folder / "target") as target:
        bench = Bench(source, target, folder, options.seconds)
        if "check" in parts:
            bench.check_method()
        if "rates" in parts:
            print(HEADER)
            for rate in options.rates.split(","):
                bench.rate(int(rate))
            print()
        bucket = bench.burst(options.burst) if "burst" in parts else bench.new_bucket("idle")
        if "idle" in parts:
            bench.idle(bucket, options.idle)
        if "buckets" in parts:
            bench.buckets(options.buckets, options.idle / 2)
