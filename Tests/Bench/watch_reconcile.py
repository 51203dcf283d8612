"""How quick changes arrive while both listings of their own bucket are being compared.

A watch keeps a bucket of a million objects between two s3-sandboxes, which hold that many in a gigabyte each; JuiceFS would
need an hour to be filled and a minute for each listing. As soon as one reconcile ends the next one is asked for (SIGUSR1).
"""

import contextlib
import re
import signal
import threading
import time

from changes import Listener, wait_until
from sandboxes import pair


class Reconciles:
    """Keeps reconciles going one after the other. `share` is the part of the time in which one was under way."""

    def __init__(self, watch):
        self._watch, self._is_ended = watch, threading.Event()
        self._thread = threading.Thread(target=self._go_on)
        self.took, self.share = [], 0.0

    def __enter__(self):
        self._before = reconcile_counts(self._watch.log())
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_ended.set()
        self._thread.join()
        self.took = seconds_of_reconciles(self._watch.log())[self._before[1]:]

    def _go_on(self):
        begun, busy, last, asked = time.monotonic(), 0.0, time.monotonic(), -1
        started, ended = 0, 0
        with open(self._watch.log_path) as log:
            line = ""
            while not self._is_ended.wait(0.02):
                # Only what is new: reading all of it each time would take more of the machine than the watch does.
                *whole, line = (line + log.read()).split("\n")
                more = reconcile_counts("\n".join(whole))
                started, ended = started + more[0], ended + more[1]
                now = time.monotonic()
                if started > ended:
                    busy += now - last
                elif started != asked:
                    asked = started
                    self._watch.process.send_signal(signal.SIGUSR1)
                last = now
        self.share = busy / (last - begun) if last > begun else 0.0


def reconcile_counts(log):
    """(begun, ended) by the lines of a watch's log."""
    return len(re.findall(r"event=reconcile-begin\b", log)), len(re.findall(r"event=reconcile-end\b", log))


def seconds_of_reconciles(log):
    """How long each took that has ended."""
    return [float(each) for each in re.findall(r"event=reconcile-end\b.* seconds=([0-9.]+)", log)]


def measure(bench, keys, rates, header):
    """Prints rows with and without reconciles at each of these rates (changes a second)."""
    bucket = bench.new_bucket("million")
    begun = time.monotonic()
    # One after the other: where the source's object is the newer one, its headers are compared, too.
    for server in (bench.source, bench.target):
        server.fill(bucket, [f"data/{number:08}" for number in range(keys)])
    print(f"\n{keys:,} objects on each of two s3-sandboxes, filled in {time.monotonic() - begun:.0f} s", flush=True)
    with contextlib.ExitStack() as stack:
        listener = Listener(bench.target, bench.folder, bucket)
        stack.callback(listener.stop)
        watch = bench.watch(bucket, is_quiet=False)
        stack.callback(watch.stop)
        # The one at the start found nothing to do; its time shows what those below take without changes beside.
        wait_until(lambda: watch.check() or seconds_of_reconciles(watch.log()), "the end of the first reconcile", 600)
        first = seconds_of_reconciles(watch.log())[0]
        marked = int(re.search(r"event=reconcile-end\b.* marked=(\d+)", watch.log())[1])
        print(header)
        remarks = []
        for rate in rates:
            bench.rows(watch, listener, bucket, rate, prefix=f"alone-{rate}")
            with Reconciles(watch) as reconciles:
                bench.rows(watch, listener, bucket, rate, prefix=f"beside-{rate}", remark=", reconciling")
            took = ", ".join(f"{each:.1f}" for each in reconciles.took) or "none has ended"
            remarks.append(f"at {rate}/s a reconcile was under way {100 * reconciles.share:.0f} % of the time; those that "
                           f"ended took (s) {took}")
        print(f"\nThe first reconcile took {first:.1f} s and marked {marked:,} keys; {'; '.join(remarks)}; "
              f"{watch.memory()[1] / 1e6:.0f} MB at the peak")
        wait_until(lambda: watch.check() or reconcile_counts(watch.log())[0] == reconcile_counts(watch.log())[1],
                   "the end of the last reconcile", 600)
