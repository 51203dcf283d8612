"""Runs `mirror --watch` and the commands that speak to it, and holds what they print against the contract.

Every log line is parsed and checked as it comes. A line that is not in the contract fails the test that waits for
something next, and at the latest the one that ends the watch.
"""

import collections
import dataclasses
import json
import os
import re
import signal
import threading
import time

import minio_sync
import oracle
import servers
from minio_sync import ContractBroken

#: systemd's priorities, as `<N>` before a line.
PRIORITIES = {"error": 3, "warning": 4, "notice": 5, "info": 6, "debug": 7}

#: What a line may say: its levels, the fields that are always there in this order, and those that may be.
EVENTS = {
    "start": ("notice", "mirror source target remove version", ""),
    "stop": ("notice", "mirror", ""),
    "ending": ("notice", "mirrors", ""),
    "ended": ("notice", "", ""),
    "reloaded": ("notice", "mirrors", ""),
    "reload-failed": ("error", "error text", ""),
    "mirror-unusable": ("error", "error", ""),
    "notice": ("notice warning", "text", "mirror bucket"),
    "listening": ("info", "mirror", "bucket"),
    "polling": ("notice", "mirror interval reason", "bucket"),
    "stream-lost": ("warning", "mirror error", ""),
    "reconcile-begin": ("info debug", "mirror reason", "bucket"),
    "reconcile-end": ("info debug", "mirror reason source_objects target_objects marked extra seconds", "bucket"),
    "reconcile-failed": ("warning", "mirror error", ""),
    "retry": ("warning", "mirror key attempt error", "bucket"),
    "server-gone": ("error", "mirror error", ""),
    "server-back": ("notice", "mirror", "bucket"),
    "guarded": ("error", "mirror reason", "bucket"),
    "deletes-paused": ("error", "mirror reason advice", "bucket"),
    "deletes-resumed": ("notice", "mirror", "bucket"),
    "repeated": ("warning", "of mirror count seconds last", "bucket"),
    "lag": ("warning", "mirror state lag pending retrying poisoned held_deletes", "bucket last_identical"),
    "copied": ("info", "mirror key size reason seconds lag", "bucket"),
    "headers-updated": ("info", "mirror key size reason seconds lag", "bucket"),
    "deleted": ("info", "mirror key size reason seconds lag", "bucket"),
    "unproven": ("warning", "mirror key reason seconds lag", "bucket size error"),
    "failed": ("warning", "mirror key reason seconds lag error", "bucket size"),
    "request": ("debug", "text", ""),
    "same": ("debug", "mirror key reason seconds lag", "bucket size"),
}

_COUNTS = {"mirrors", "source_objects", "target_objects", "marked", "extra", "attempt", "count", "pending", "retrying",
           "poisoned", "held_deletes", "size"}
_NUMBERS = {"interval", "seconds", "lag"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_PAIR = re.compile(r'([a-z_]+)=("(?:[^"\\\x00-\x1f]|\\.)*"|[^\s"=\\\x00-\x1f\x7f]+)(?: |$)')


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of the log."""

    number: int
    level: str
    event: str
    fields: dict
    #: When it was read, by the monotonic clock.
    at: float
    text: str

    def __getitem__(self, name):
        return self.fields[name]

    def fits(self, event, fields):
        return self.event == event and all(
            wanted(self.fields.get(name)) if callable(wanted) else self.fields.get(name) == wanted
            for name, wanted in fields.items())


def _pairs(text):
    """The fields of a line of `key=value`, as (name, value) in their order. Numbers and booleans stay text."""
    found, position = [], 0
    while position < len(text):
        match = _PAIR.match(text, position)
        if not match:
            raise ContractBroken(f"no key=value at column {position + 1}")
        value = match[2]
        found.append((match[1], json.loads(value) if value.startswith('"') else value))
        position = match.end()
    if text.endswith(" "):
        raise ContractBroken("a blank at the end")
    return found


def parse(text, log_format, number, as_service):
    """The checked line. Raises `ContractBroken` where it is not as documented."""
    body, priority = text, None
    if match := re.match(r"<(\d)>", text):
        body, priority = text[3:], int(match[1])
    if (priority is not None) != as_service:
        raise ContractBroken("a priority prefix " + ("is missing" if as_service else "without systemd"))
    if log_format == "json":
        pairs = json.loads(body, object_pairs_hook=list)
        if not isinstance(pairs, list):
            raise ContractBroken("no JSON object")
    else:
        pairs = _pairs(body)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ContractBroken("a field is there twice")
    if [name for name, _ in pairs][:2 if as_service else 3] != ["time", "level", "event"][as_service:]:
        raise ContractBroken("it does not begin with time, level and event")
    moment, level, event = fields.pop("time", None), fields.pop("level"), fields.pop("event")
    if moment is not None and not _TIME.fullmatch(moment):
        raise ContractBroken(f"{moment!r} is no time")
    if priority is not None and PRIORITIES[level] != priority:
        raise ContractBroken(f"priority {priority} for level {level}")
    if event not in EVENTS:
        raise ContractBroken(f"event {event!r} is not documented")
    levels, always, sometimes = (each.split() for each in EVENTS[event])
    if level not in levels:
        raise ContractBroken(f"{event} with level {level}")
    if [name for name in fields if name in always] != always or set(fields) - set(always) - set(sometimes):
        raise ContractBroken(f"{event} with fields {list(fields)}")
    for name, value in fields.items():
        fields[name] = _value(name, value, log_format)
    return Line(number, level, event, fields, time.monotonic(), text)


def _value(name, value, log_format):
    if name in _COUNTS or name in _NUMBERS:
        if log_format == "text":
            value = (int if name in _COUNTS else float)(value)
        if isinstance(value, bool) or not isinstance(value, int if name in _COUNTS else (int, float)) or value < 0:
            raise ContractBroken(f"{name}={value!r} is no number from 0")
    elif name == "remove":
        value = {"true": True, "false": False}[value] if log_format == "text" else value
        if not isinstance(value, bool):
            raise ContractBroken(f"{name}={value!r} is neither true nor false")
    elif not isinstance(value, str) or not value:
        raise ContractBroken(f"{name}={value!r} is no text")
    return value


class Watch:
    """A running `mirror --watch`."""

    def __init__(self, arguments, environment, home, state=None, log_format="text", as_journal=False):
        """With `as_journal` its log is what systemd's journal would give it: `JOURNAL_STREAM` names it."""
        self.arguments = ["mirror", "--watch", *map(str, arguments)]
        if state:
            self.arguments += ["--state", str(state)]
        if log_format != "text":
            self.arguments += ["--log-format", log_format]
        self.environment, self.home, self.state, self._format = environment, home, state, log_format
        # Also where they come from a file.
        self._secrets = environment | {"AWS_SECRET_ACCESS_KEY": servers.SECRET_KEY}
        self._as_service = as_journal or "NOTIFY_SOCKET" in environment
        self.lines, self.objects, self._problem = [], [], None
        self._news = threading.Condition()
        self.started = time.monotonic()
        reading, writing = os.pipe()
        if as_journal:
            status = os.fstat(writing)
            environment = environment | {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        self.process = minio_sync.start_minio_sync(self.arguments, environment, home, stderr=writing)
        os.close(writing)
        self._readers = [threading.Thread(target=self._read, args=each, daemon=True) for each in (
            (open(reading, "rb"), self._take_log), (self.process.stdout, self._take_object))]
        for reader in self._readers:
            reader.start()

    # Reading

    def _read(self, stream, take):
        with stream:
            for raw in stream:
                with self._news:
                    self._take(raw, take)
                    self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def _take(self, raw, take):
        try:
            if not raw.endswith(b"\n"):
                raise ContractBroken("the last line has no end")
            text = raw[:-1].decode("utf-8")
            minio_sync.check_no_leak(text, self._secrets, "its output")
            take(text)
        except (ContractBroken, ValueError, KeyError) as error:
            self._problem = self._problem or f"{error!r} in the line {raw!r}"

    def _take_log(self, text):
        self.lines.append(parse(text, self._format, len(self.lines), self._as_service))

    def _take_object(self, text):
        objects, summary = minio_sync.parse(text + "\n")
        if summary or "--json" not in self.arguments:
            raise ContractBroken("a line on stdout that is no object of --json")
        self.objects += objects

    def check(self):
        if self._problem:
            raise ContractBroken(f"{self._problem}\n{self.report()}")

    def report(self):
        return (f"$ minio-sync {' '.join(self.arguments)}\nexit code {self.process.poll()}\n" +
                "\n".join(f"{each.at - self.started:7.3f} {each.text[:400]}" for each in self.lines[-60:]))

    # Waiting

    @property
    def mark(self):
        """The number that the next line will have."""
        return len(self.lines)

    def seen(self, event, since=0, **fields):
        """The lines of `event` so far, from the number `since` on, whose fields are these or satisfy these functions."""
        self.check()
        return [line for line in self.lines[since:] if line.fits(event, fields)]

    def wait(self, event, seconds=10, since=0, **fields):
        """The first such line, waited for."""
        deadline, looked = time.monotonic() + seconds, since
        with self._news:
            while True:
                self.check()
                while looked < len(self.lines):
                    if self.lines[looked].fits(event, fields):
                        return self.lines[looked]
                    looked += 1
                left = deadline - time.monotonic()
                if left <= 0 or self.process.poll() is not None and not self._reads():
                    raise AssertionError(f"no {event} {fields} within {seconds} s\n{self.report()}")
                self._news.wait(min(left, 0.5))

    def _reads(self):
        return any(reader.is_alive() for reader in self._readers)

    def wait_live(self, seconds=10, since=0):
        """Until changes are heard of and the first comparison is over."""
        self.wait("reconcile-end", seconds, since)
        return self

    def until(self, condition, seconds=10, what="the condition"):
        """Until `condition()` holds, which it then gives back."""
        try:
            return until(condition, seconds, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.report()}") from None
        finally:
            self.check()

    # Signals and other commands

    def send(self, number):
        self.process.send_signal(number)

    def command(self, *arguments, expect=0):
        return minio_sync.run_minio_sync([*arguments, "--state", self.state], self.environment, self.home, expect,
                                         timeout=15)

    def status(self, *names):
        """The objects of `status --json` by mirror, or by (mirror, bucket)."""
        run = minio_sync.start_minio_sync(["status", "--json", *names, "--state", self.state], self.environment,
                                          self.home)
        stdout, stderr = run.communicate(timeout=15)
        assert run.returncode == 0 and stderr == b"", f"{stderr.decode()}\n{self.report()}"
        return standings(stdout.decode())

    def standing(self, name=None):
        """The only status, or that of one mirror."""
        found = self.status(*([name] if name else []))
        assert len(found) == 1, found
        return next(iter(found.values()))

    # Ending

    def stop(self, number=signal.SIGTERM, within=20, expect=130):
        """Ends the watch in good order and checks that it does. Seconds that it took."""
        begun = time.monotonic()
        self.send(number)
        return self.ended(begun, within, expect)

    def ended(self, begun, within, expect=130):
        try:
            code = self.process.wait(within)
        except Exception:
            self.kill()
            raise AssertionError(f"not ended after {within} s\n{self.report()}") from None
        taken = time.monotonic() - begun
        self._join()
        self.check()
        assert code == expect, f"exit code {code}, not {expect}\n{self.report()}"
        return taken

    def kill(self):
        """SIGKILL, as a crash or a power failure."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._join()

    def _join(self):
        for reader in self._readers:
            reader.join(5)

    # The process

    def descriptors(self):
        """What its open descriptors are, counted by kind."""
        kinds = collections.Counter()
        for each in os.listdir(f"/proc/{self.process.pid}/fd"):
            try:
                kinds[os.readlink(f"/proc/{self.process.pid}/fd/{each}").split(":")[0]] += 1
            except OSError:
                pass
        return kinds

    def peak_memory(self):
        """The most physical memory that it had, in bytes."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) * 1024


def until(condition, seconds=10, what="the condition"):
    deadline, pause = time.monotonic() + seconds, 0.01
    while True:
        if found := condition():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} does not hold within {seconds} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)


STATES = {"connecting", "listening", "polling", "stream-lost", "reconciling", "server-gone", "deletes-paused"}
_TEXTS = {"type", "mirror", "source", "target", "state"}
_NULLABLE = {"lastReconcile", "lastIdentical", "deletesPaused", "guard", "serverGone"}
_TALLIES = {"pending", "retrying", "poisoned", "heldDeletes", "sourceObjects", "sourceBytes", "targetObjects",
            "targetBytes", "copied", "copiedBytes", "metadata", "deleted", "failures"}


def standings(text):
    """The checked lines of `status --json`."""
    found = {}
    for each in text.splitlines():
        line = json.loads(each)
        expected = _TEXTS | _NULLABLE | _TALLIES | {"reconciling", "lagSeconds"}
        if set(line) - {"bucket"} != expected:
            raise ContractBroken(f"status with {set(line) ^ expected}")
        good = (all(isinstance(line[name], str) and line[name] for name in _TEXTS)
                and all(line[name] is None or isinstance(line[name], str) for name in _NULLABLE)
                and all(type(line[name]) is int and line[name] >= 0 for name in _TALLIES)
                and isinstance(line["reconciling"], bool) and line["lagSeconds"] >= 0
                and line["type"] == "mirror" and line["state"] in STATES
                and all(line[name] is None or _TIME.fullmatch(line[name]) for name in ("lastReconcile", "lastIdentical"))
                and line["retrying"] <= line["pending"] and line["poisoned"] <= line["retrying"])
        if not good:
            raise ContractBroken(f"status is not as documented: {each}")
        found[(line["mirror"], line["bucket"]) if "bucket" in line else line["mirror"]] = line
    return found


def wait_replica(pair, seconds=10, watch=None, details=False, contents=False, source="", target="", **comparison):
    """Until boto3 finds the same in both places."""
    deadline = time.monotonic() + seconds
    while True:
        folders = {target + key for key in pair.target_keys(target) if key.endswith("/")} \
            if pair.target_server.lists_empty_folders else set()
        what = {"details": details, "contents": contents}
        try:
            found = oracle.differences(
                pair.source_snapshot(source, **what), pair.target_snapshot(target, **what, without=folders),
                etags=pair.keeps_etags, **comparison)
        except oracle.Vanished as error:  # deleted between the listing and the look at it
            found = [str(error)]
        if not found:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"not a replica within {seconds} s:\n" + "\n".join(found[:20]) +
                                 ("\n" + watch.report() if watch else ""))
        time.sleep(0.05)


def uploads(pair):
    """Multipart uploads that were left behind on the target."""
    return [each["Key"] for each in
            pair.target.list_multipart_uploads(Bucket=pair.target_bucket).get("Uploads") or []]
