"""One round: some seconds of writing with faults, then the question whether both sides become identical in time."""

import dataclasses
import heapq
import random
import time

import faults
import replica
import writers

#: Seconds after writers have stopped and faults have ended within which the target must be a replica.
PATIENCE = 10.0


@dataclasses.dataclass
class Result:
    """What a round came to. `problems` are sentences; empty means that it passed."""

    number: int
    faults: list
    changes: dict
    settled_after: float = None
    problems: list = dataclasses.field(default_factory=list)
    differences: list = dataclasses.field(default_factory=list)
    memory: int = None
    descriptors: int = None


class Round:
    """Runs once. The main thread does what the plan says; only the writers have threads."""

    def __init__(self, stage, seed, number, seconds, count, comparison):
        self.stage, self.number, self.seconds, self.comparison = stage, number, seconds, comparison
        seed = f"{seed}/{stage.pair.kind.name}/{number}"
        self.plan = faults.plan(stage.deck, count, seconds, random.Random(f"{seed}/plan"))
        self.ledger = writers.Ledger()
        self.begun = None
        self._writers = [
            each(stage.client("source", attempts=1, timeout=3), stage.bucket, stage.prefix, seed, self.ledger,
                 stage.is_retagging) for each in writers.ALL]

    def run(self):
        self.comparison.forget()
        self.stage.needs_reconcile = False
        problems = []
        try:
            self.begun = time.monotonic()
            for each in self._writers:
                each.start()
            self._follow_plan()
            for each in self._writers:
                each.is_ending.set()
        finally:
            self._end_all()
        problems += [f"the writer {type(each).__name__} failed: {each.problem!r}"
                     for each in self._writers if each.problem]
        for server in self.stage.servers.values():
            server.settle()
        if self.stage.needs_reconcile:
            self.stage.subject.reconcile()
        result = Result(self.number, self.plan, self.ledger.by_kind())
        result.settled_after, result.differences = self._wait_for_replica()
        if result.settled_after is None:
            problems.append(f"{len(result.differences)} differences {PATIENCE:.0f} s after everything was well again")
        problems += self.stage.subject.problems()
        result.memory, result.descriptors = self.stage.subject.memory(), self.stage.subject.descriptors()
        result.problems = problems
        return result

    def _elapsed(self):
        return time.monotonic() - self.begun

    def _follow_plan(self):
        """Begins and ends faults in time; the program may not end but by a fault."""
        due = [(each.begins, number, each, True) for number, each in enumerate(self.plan)]
        heapq.heapify(due)
        while due or self._elapsed() < self.seconds:
            now = self._elapsed()
            if due and due[0][0] <= now:
                _, number, fault, is_begin = heapq.heappop(due)
                if is_begin:
                    fault.begin(self.stage)
                    fault.begun = now
                    heapq.heappush(due, (fault.ends, number, fault, False))
                else:
                    fault.end(self.stage)
                    fault.ended = now
                continue
            if self.stage.subject.has_ended() and not self._is_subject_killed():
                if self.stage.subject.is_judged:
                    return
                self.stage.subject.start()
            time.sleep(max(0.0, min(0.05, due[0][0] - now if due else 0.05)))

    def _is_subject_killed(self):
        return any(isinstance(each, faults.KillSubject) and each.begun is not None and each.ended is None
                   for each in self.plan)

    def _end_all(self):
        """Whatever was interrupted: no writer and no fault outlives the round."""
        for each in self._writers:
            each.is_ending.set()
        for fault in self.plan:
            if fault.begun is not None and fault.ended is None:
                fault.end(self.stage)
                fault.ended = self._elapsed()
        for each in self._writers:
            if each.ident:
                each.join()

    def _wait_for_replica(self):
        """(seconds until both sides were identical, []) or (None, what differs)."""
        begun = time.monotonic()
        while True:
            looked = time.monotonic()
            try:
                found = self.comparison.differences()
                if not found and self.stage.subject.is_judged:
                    found = [(key, "has an unfinished upload") for key in self.comparison.target.uploads()]
            except replica.ERRORS as error:
                found = [("", f"cannot be read: {error}")]
            if not found:
                return looked - begun, []
            if looked - begun > PATIENCE:
                return None, found
            if not self.stage.subject.is_judged:
                self.stage.subject.problems()
            time.sleep(0.05)
