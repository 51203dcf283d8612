"""The pairs of servers that the suite runs between, and what can go wrong with each."""

import dataclasses
import random

import breakable
import faults
import proxy
import servers
import subject


@dataclasses.dataclass(frozen=True)
class Kind:
    """A pair of servers of one make."""

    name: str
    server: type
    flags: tuple
    faults: tuple


def _kinds_of(server, listens):
    """The faults that this server can have."""
    kinds = list(faults.ALWAYS) + (faults.OF_EVENTS if listens else [])
    kinds += [each for each in faults.OF_SERVERS if each.trouble in server.troubles]
    return tuple(kinds)


# Polling adapts up to ten times the interval, which has to fit into the ten seconds.
KINDS = {each.name: each for each in [
    Kind("listen", breakable.JuiceFS, (), _kinds_of(breakable.JuiceFS, True)),
    Kind("poll", breakable.SeaweedFS, ("--poll-interval", "500ms"), _kinds_of(breakable.SeaweedFS, False)),
    Kind("sandbox", breakable.Sandbox, ("--poll-interval", "500ms"), _kinds_of(breakable.Sandbox, True)),
]}


class Pair:
    """Two running servers of a kind and the proxies before them; `stage()` makes new buckets and a program to watch."""

    def __init__(self, kind, folder, clock):
        self.kind, self.folder, self.clock = kind, folder, clock
        self.servers = {each: kind.server(folder / each) for each in ("source", "target")}
        self.proxies = None
        self._stages = 0

    def launch(self):
        for each in self.servers.values():
            each.launch()

    def wait_ready(self):
        for each in self.servers.values():
            each.wait_ready()
        self.proxies = proxy.Proxies({name: each.port for name, each in self.servers.items()},
                                     self.folder / "proxy.log", servers.die_with_parent)

    def stage(self, seed, template=None):
        """A `Stage` with everything that is needed for some rounds."""
        return Stage(self, seed, template)

    def next_name(self):
        self._stages += 1
        return f"faults-{self._stages}"

    def stop(self):
        """Ends the servers and the proxies; their folders stay."""
        if self.proxies:
            self.proxies.stop()
        for each in self.servers.values():
            each.kill()


class Stage(faults.Stage):
    """New buckets on both servers of a pair, and the program between them. All random choices come from `seed`."""

    def __init__(self, pair, seed, template):
        chance = random.Random(f"{seed}/{pair.kind.name}/stage")
        self.pair = pair
        self.bucket = pair.next_name()
        self.prefix = "" if template else chance.choice(["", "", "some/folder/"])
        # A change of tags alone raises an event, but no listing shows it: what is lost in a gap is found only so.
        self.is_retagging = not template and chance.random() < 0.5
        flags = (*pair.kind.flags, *(["--check-metadata"] if self.is_retagging else []))
        folder = pair.folder / self.bucket
        ends = [(pair.servers[name], pair.proxies.ports[name]) for name in ("source", "target")]
        for server, _ in ends:
            server.client().create_bucket(Bucket=self.bucket)
        if template:
            program = subject.Command(folder, pair.clock, *ends, template, self.bucket)
        else:
            place = f"{self.bucket}/{self.prefix}".rstrip("/")
            program = subject.Watch(folder, pair.clock, *ends, place, flags)
        super().__init__(pair.servers, pair.proxies, program)
        self.deck = faults.Deck(pair.kind.faults, random.Random(f"{seed}/{pair.kind.name}/deck"))

    def client(self, end, **options):
        """A boto3 client for the source or the target that is not led through the proxy."""
        return self.servers[end].client(**options)
