"""What goes wrong, and the plan of when.

A fault begins at some moment of a round and ends at another. Each has the `rooms` it occupies: two faults that share
one do not overlap, all others may.
"""

import dataclasses
import random

KILOBYTE = 1000


@dataclasses.dataclass
class Stage:
    """What faults act on."""

    servers: dict  # "source" and "target"
    proxies: object
    subject: object
    #: Whether events were lost without any sign of it, which only a reconcile makes up for.
    needs_reconcile: bool = False


class Fault:
    """One fault of a plan: its begin and end are seconds from the start of writing."""

    kind = ""
    #: Shortest and longest time that it lasts.
    lasts = (0.5, 3.0)
    #: Where it can be; one is chosen.
    places = ("source", "target")

    def __init__(self, chance):
        self.chance = random.Random(chance.randrange(1 << 30))
        self.place = self.chance.choice(self.places)
        self.begins = self.ends = 0.0
        #: When it really did, for the report.
        self.begun = self.ended = None
        self.detail = self.choose()

    def choose(self):
        """A random detail, as it shows in the report."""
        return ""

    @property
    def rooms(self):
        return {(self.kind, self.place)}

    def begin(self, stage):
        raise NotImplementedError

    def end(self, stage):
        """Undoes what `begin` did; waits for nothing."""

    def __str__(self):
        name = " ".join(filter(None, [self.kind, self.place, self.detail]))
        if self.begun is None:
            return f"{name} at {self.begins:.1f} s, not begun"
        return f"{name} {self.begun:.1f}–{'?' if self.ended is None else f'{self.ended:.1f}'} s"


class KillServer(Fault):
    """kill -9, and a start some time later. Meanwhile connections are refused, or accepted and ended."""

    kind = "kill"

    def choose(self):
        return self.chance.choice(["refusing", "hanging up"])

    @property
    def rooms(self):
        return {f"{self.place} server"}

    def begin(self, stage):
        stage.servers[self.place].kill()
        if self.detail == "refusing":
            stage.proxies.tell(self.place, "deafen")

    def end(self, stage):
        stage.servers[self.place].launch()
        stage.proxies.tell(self.place, "listen")


class KillSource(KillServer):
    kind, places = "kill", ("source",)


class KillTarget(KillServer):
    kind, places = "kill", ("target",)


class KillSubject(Fault):
    """kill -9 of the program itself, started again as systemd does it."""

    kind, places, lasts = "kill", ("program",), (0.1, 1.5)

    def begin(self, stage):
        stage.subject.kill()

    def end(self, stage):
        stage.subject.start()


class Cut(Fault):
    """All connections end at once."""

    kind, lasts = "cut", (0.0, 0.0)

    def choose(self):
        return self.chance.choice(["RST", "FIN"])

    def begin(self, stage):
        stage.proxies.tell(self.place, "cut", resets=self.detail == "RST")


class Stall(Fault):
    """Bytes stay on their way for a while: requests, answers or both."""

    kind = "stall"

    def choose(self):
        return self.chance.choice(["up", "down", "both"])

    @property
    def rooms(self):
        return {f"{self.place} flow"}

    def begin(self, stage):
        stage.proxies.tell(self.place, "stall", direction=self.detail)

    def end(self, stage):
        stage.proxies.tell(self.place, "resume")


class BlackHole(Stall):
    """Connections are accepted and nothing is ever said; afterwards they go on."""

    kind, lasts = "black hole", (1.0, 5.0)

    def choose(self):
        return ""

    def begin(self, stage):
        stage.proxies.tell(self.place, "stall")


class BlackHoleForEver(BlackHole):
    """As before, but what was connected stays silent for ever: a firewall that lost its table."""

    kind = "black hole for ever"

    def end(self, stage):
        stage.proxies.tell(self.place, "resume", forgets=True)


class Throttle(Fault):
    """Little bandwidth, which all connections share."""

    kind, lasts = "throttle", (2.0, 5.0)

    def choose(self):
        return f"{self.chance.choice([20, 100, 500, 2000])} kB/s"

    def begin(self, stage):
        stage.proxies.tell(self.place, "throttle", rate=int(self.detail.split()[0]) * KILOBYTE)

    def end(self, stage):
        stage.proxies.tell(self.place, "throttle")


class DropStream(Fault):
    """The event stream ends, and nothing else."""

    kind, places, lasts = "event stream cut", ("source",), (0.0, 0.0)

    def choose(self):
        return self.chance.choice(["RST", "FIN"])

    def begin(self, stage):
        stage.proxies.tell("source", "cut", resets=self.detail == "RST", events_only=True)


class EventTrouble(Fault):
    """Events go wrong on their way."""

    places, mode = ("source",), ""

    @property
    def rooms(self):
        return {"events"}

    def begin(self, stage):
        stage.proxies.tell("source", "events", mode=self.mode, seed=self.chance.randrange(1 << 30))

    def end(self, stage):
        stage.proxies.tell("source", "events")


class HalfEvent(EventTrouble):
    """The stream ends in the middle of an event."""

    kind, mode = "half event", "half"


class DuplicateEvents(EventTrouble):
    kind, mode = "events twice", "duplicate"


class ReorderedEvents(EventTrouble):
    kind, mode = "events reordered", "reorder"


class LostEvents(EventTrouble):
    """Every other event is lost without a sign. Nobody can notice: a reconcile is asked for at the end of the round."""

    kind, mode = "events lost", "lose"

    def end(self, stage):
        super().end(stage)
        stage.needs_reconcile = True


class ServerTrouble(Fault):
    """Something that servers do in ways of their own, see breakable.py."""

    trouble = ""

    @property
    def rooms(self):
        return {f"{self.place} server"}

    def begin(self, stage):
        stage.servers[self.place].begin(self.trouble, self.chance)

    def end(self, stage):
        stage.servers[self.place].end(self.trouble)


class TargetFull(ServerTrouble):
    kind, trouble, places, lasts = "full", "full", ("target",), (2.0, 4.0)


class TargetReadOnly(ServerTrouble):
    kind, trouble, places = "read-only", "read-only", ("target",)


class Revoked(ServerTrouble):
    """The server does not know our credentials."""

    kind, trouble = "credentials revoked", "revoked"


class ServerClock(ServerTrouble):
    """A server's clock is an hour off."""

    kind, trouble = "clock", "clock"


class BadAnswers(ServerTrouble):
    """Late, lost, broken and refused answers, now and then."""

    kind, trouble, lasts = "bad answers", "bad-answers", (2.0, 5.0)


class NotListening(ServerTrouble):
    """The source stops to serve events, so that there is only polling left."""

    kind, trouble, places, lasts = "listening refused", "not-listening", ("source",), (2.0, 5.0)

    def begin(self, stage):
        super().begin(stage)
        stage.proxies.tell("source", "cut", events_only=True)


class SubjectClock(Fault):
    """The program's clock of the wall steps by an hour, and back."""

    kind, places = "clock", ("program",)

    def choose(self):
        return self.chance.choice(["+3600", "-3600"])

    def begin(self, stage):
        stage.subject.set_clock(int(self.detail))

    def end(self, stage):
        stage.subject.set_clock(0)


ALWAYS = [KillSource, KillTarget, KillSubject, Cut, Stall, BlackHole, BlackHoleForEver, Throttle, SubjectClock]
OF_EVENTS = [DropStream, HalfEvent, DuplicateEvents, ReorderedEvents, LostEvents]
OF_SERVERS = [TargetFull, TargetReadOnly, Revoked, ServerClock, BadAnswers, NotListening]


class Deck:
    """Kinds of fault in random order, each once before any comes again."""

    def __init__(self, kinds, chance):
        self._kinds, self._chance, self._left = list(kinds), chance, []

    def __len__(self):
        return len(self._kinds)

    def keep(self, is_wanted):
        """Takes all other kinds out of the game."""
        self._kinds = [each for each in self._kinds if is_wanted(each)]

    def deal(self):
        if not self._left:
            self._left = self._chance.sample(self._kinds, len(self._kinds))
        return self._left.pop()

    def put_back(self, kind):
        """Under the others, for the next round."""
        self._left.insert(0, kind)


def plan(deck, count, seconds, chance):
    """`count` faults for a round of that many seconds, in the order of their beginnings."""
    planned = []
    for _ in range(count if len(deck) else 0):
        kind = deck.deal()
        fault = kind(chance)
        for _ in range(20):
            length = min(chance.uniform(*fault.lasts), 0.6 * seconds)
            fault.begins = chance.uniform(0.3, seconds - length - 0.3)
            fault.ends = fault.begins + length
            if not any(fault.rooms & other.rooms and fault.begins < other.ends + 0.2 and
                       other.begins < fault.ends + 0.2 for other in planned):
                planned.append(fault)
                break
        else:
            deck.put_back(kind)
    return sorted(planned, key=lambda fault: fault.begins)
