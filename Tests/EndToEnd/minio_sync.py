"""Runs the product and holds what it prints against its contract."""

import collections
import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import urllib.parse

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]

ACTIONS = {"copy", "metadata", "delete", "skip"}
STATUSES = {"ok", "failed", "unproven", "planned"}
#: The exit codes that go with a summary's status.
EXIT_CODES = {"ok": {0}, "failed": {1, 3}, "guarded": {4}, "interrupted": {130}}

#: A signature, as a header or as a query item, whole or abridged to eight digits.
SIGNATURE = re.compile(r"Signature[\"']?\s*[=:]\s*[\"']?[0-9a-fA-F]{8,}")
CRASH = re.compile(r"Fatal error|Crash|Traceback|Backtrac|Stack dump|Segmentation|SUMMARY: \w+Sanitizer")


class ContractBroken(AssertionError):
    """The output is not what the contract promises."""


def program():
    """The executable under test: `$MINIO_SYNC`, or the release build."""
    return os.environ.get("MINIO_SYNC") or str(REPOSITORY / ".build/release/minio-sync")


@dataclasses.dataclass
class Run:
    """What one run did."""

    arguments: list
    code: int
    stdout: str
    stderr: str
    objects: list = dataclasses.field(default_factory=list)
    summary: dict = None

    def keys(self, action=None, status=None):
        """The keys of the object lines with that action and status, sorted by bytes."""
        return sorted((line["key"] for line in self.objects if action in (None, line["action"])
                       and status in (None, line["status"])), key=str.encode)

    def line(self, key):
        """The only object line of `key`."""
        found = [line for line in self.objects if line["key"] == key]
        if len(found) != 1:
            raise ContractBroken(f"{len(found)} lines for {key!r}, expected one\n{self.report()}")
        return found[0]

    def report(self):
        return (f"$ minio-sync {' '.join(self.arguments)}\nexit code {self.code}\n"
                f"--- stdout\n{self.stdout[-6000:]}\n--- stderr\n{self.stderr[-3000:]}")


def secrets_of(environment):
    """Every form in which the secrets of these variables could be printed."""
    found = set()
    for name, value in environment.items():
        if name.startswith("MC_HOST_"):
            user = urllib.parse.urlsplit(value).netloc.rpartition("@")[0]
            for raw in user.split(":")[1:]:
                found |= {raw, urllib.parse.unquote(raw)}
        elif name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            found |= {value, urllib.parse.quote(value, safe="")}
    return {each for each in found if len(each) >= 8}


def check_no_leak(text, environment, where):
    """Raises where a secret or a signature is in `text`."""
    for secret in secrets_of(environment):
        if secret in text:
            raise ContractBroken(f"a secret is printed on {where}")
    if SIGNATURE.search(text):
        raise ContractBroken(f"a signature is printed on {where}: {SIGNATURE.search(text).group(0)[:24]}…")


def child_environment(home, environment):
    """A clean environment: nothing of the machine's own credentials or state is seen."""
    base = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    for name in ("TSAN_OPTIONS", "ASAN_OPTIONS", "SWIFT_BACKTRACE"):
        if name in os.environ:
            base[name] = os.environ[name]
    return base | {name: str(value) for name, value in environment.items()}


def start_minio_sync(arguments, environment, home, **options):
    """Starts the product and returns its process, with pipes for both outputs unless told otherwise."""
    home.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        [program(), *map(str, arguments)], env=child_environment(home, environment), cwd=home,
        stdin=subprocess.DEVNULL, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options})


def run_minio_sync(arguments, environment, home, expect=0, timeout=90, **options):
    """Runs the product to its end and checks what holds for every run.

    `expect` is the exit code, or a set of those allowed. Never: a death by signal, a crash report, a secret or a
    signature in the output. With `--json` the lines are parsed and checked.
    """
    arguments = [str(each) for each in arguments]
    process = start_minio_sync(arguments, environment, home, **options)
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        stdout, stderr = process.communicate()
        run = Run(arguments, None, (stdout or b"").decode(errors="replace"), (stderr or b"").decode(errors="replace"))
        raise ContractBroken(f"not ended after {timeout} s\n{run.report()}") from None
    return finished(arguments, process.returncode, stdout or b"", stderr or b"", environment, expect)


def finished(arguments, code, stdout, stderr, environment, expect):
    """The checked `Run` of a process that has ended."""
    run = Run([str(each) for each in arguments], code, stdout.decode("utf-8", "replace"),
              stderr.decode("utf-8", "replace"))
    if code < 0:
        raise ContractBroken(f"died by {signal.Signals(-code).name}\n{run.report()}")
    for text, where in ((run.stdout, "stdout"), (run.stderr, "stderr")):
        check_no_leak(text, environment, where)
    if CRASH.search(run.stderr):
        raise ContractBroken(f"a crash report on stderr\n{run.report()}")
    if "--json" in run.arguments and run.arguments[0] == "mirror":
        try:
            stdout.decode("utf-8")
            run.objects, run.summary = parse(run.stdout)
            check(run)
        except (ContractBroken, UnicodeDecodeError) as error:
            raise ContractBroken(f"{error}\n{run.report()}") from None
    allowed = expect if isinstance(expect, (set, frozenset)) else {expect}
    if code not in allowed:
        raise ContractBroken(f"expected exit code {sorted(allowed)}\n{run.report()}")
    return run


# The JSON lines

def _number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def _count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _text(value):
    return isinstance(value, str)


def _is_no_text(value):
    """Whether these are hexadecimal digits of bytes that are not UTF-8."""
    if not _text(value) or not re.fullmatch("([0-9a-f]{2})+", value):
        return False
    try:
        bytes.fromhex(value).decode()
    except UnicodeDecodeError:
        return True
    return False


_OBJECT = {  # field: (check, always there)
    "type": (lambda value: value == "object", True), "action": (ACTIONS.__contains__, True), "bucket": (_text, False),
    "key": (lambda value: _text(value) and value, True), "keyHex": (lambda value: _is_no_text(value), False), "size": (_count, False), "etag": (_text, False),
    "status": (STATUSES.__contains__, True), "reason": (lambda value: _text(value) and value, True),
    "error": (_text, False), "seconds": (_number, False)}


def _totals(value):
    return isinstance(value, dict) and set(value) == {"objects", "bytes"} and all(map(_count, value.values()))


def _requests(value):
    return isinstance(value, dict) and all(re.fullmatch("[A-Z_]+", name) and _count(count)
                                           for name, count in value.items())


_SUMMARY = {
    "type": (lambda value: value == "summary", True), "status": (EXIT_CODES.__contains__, True),
    "source": (_totals, True), "target": (_totals, True), "same": (_count, True), "copied": (_count, True),
    "copiedBytes": (_count, True), "metadata": (_count, True), "deleted": (_count, True), "failed": (_count, True),
    "unproven": (_count, True), "requests": (_requests, True), "seconds": (_number, True),
    # Why the run as a whole could not be finished, and why nothing was deleted.
    "error": (lambda value: _text(value) and value, False), "guard": (lambda value: _text(value) and value, False)}


def _unique(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise ContractBroken("a JSON field is there twice")
    return dict(pairs)


def parse(stdout):
    """The object lines and the summary (or None) of `--json`'s output; raises where a line breaks the contract."""
    if stdout and not stdout.endswith("\n"):
        raise ContractBroken("the last line has no end")
    objects, summary = [], None
    for number, text in enumerate(stdout.split("\n")[:-1], 1):
        try:
            line = json.loads(text, object_pairs_hook=_unique)
        except json.JSONDecodeError as error:
            raise ContractBroken(f"line {number} is not JSON ({error}): {text[:200]!r}") from None
        if not isinstance(line, dict):
            raise ContractBroken(f"line {number} is not an object: {text[:200]!r}")
        if summary is not None:
            raise ContractBroken(f"line {number} comes after the summary")
        fields = _OBJECT if line.get("type") == "object" else _SUMMARY
        for name, value in line.items():
            if name not in fields or not fields[name][0](value):
                raise ContractBroken(f"line {number}: field {name!r} = {value!r} is not in the contract")
        missing = [name for name, (_, always) in fields.items() if always and name not in line]
        if missing:
            raise ContractBroken(f"line {number} lacks {missing}: {text[:300]}")
        if line["type"] == "summary":
            summary = line
        else:
            if "keyHex" in line and bytes.fromhex(line["keyHex"]).decode(errors="replace") != line["key"]:
                raise ContractBroken(f"line {number} has a keyHex of another key: {text[:300]}")
            if line["status"] == "failed" and not line.get("error"):
                raise ContractBroken(f"line {number} failed without saying why: {text[:300]}")
            if line["status"] in ("ok", "planned") and line.get("error"):
                raise ContractBroken(f"line {number} is {line['status']} with an error: {text[:300]}")
            objects.append(line)
    return objects, summary


def check(run):
    """The summary agrees with the lines, with itself and with the exit code."""
    summary = run.summary
    if summary is None:
        if run.objects or run.code in EXIT_CODES["ok"] | EXIT_CODES["guarded"] | EXIT_CODES["interrupted"]:
            raise ContractBroken("there is no summary")
        return
    if run.code not in EXIT_CODES[summary["status"]]:
        raise ContractBroken(f"status {summary['status']!r} with exit code {run.code}")
    if (summary["status"] == "guarded") != ("guard" in summary):
        raise ContractBroken("the summary is guarded without saying why, or the other way round")
    if "error" in summary and summary["status"] == "ok":
        raise ContractBroken("ok with an error")
    names = collections.Counter((line.get("bucket"), line["key"], line.get("keyHex")) for line in run.objects)
    twice = {name for name, times in names.items() if times > 1}
    if twice:
        raise ContractBroken(f"more than one line for {sorted(map(str, twice))[:5]}")

    def count(action, *statuses):
        return sum(line["status"] in statuses and line["action"] == action for line in run.objects)

    if count("copy", "planned") or count("metadata", "planned") or count("delete", "planned"):
        if any(line["status"] == "ok" and line["action"] != "skip" for line in run.objects):
            raise ContractBroken("a plan with work that is done")
        return
    for field, action in (("copied", "copy"), ("metadata", "metadata"), ("deleted", "delete")):
        sure, possible = count(action, "ok"), count(action, "ok", "unproven")
        if not sure <= summary[field] <= possible:
            raise ContractBroken(f"summary says {field} {summary[field]}, the lines {sure}")
    if summary["failed"] != sum(line["status"] == "failed" for line in run.objects):
        raise ContractBroken(f"summary says failed {summary['failed']}, the lines something else")
    if summary["unproven"] < sum(line["status"] == "unproven" for line in run.objects):
        raise ContractBroken(f"summary says unproven {summary['unproven']}, the lines more")
    if summary["copied"] == count("copy", "ok"):
        size = sum(line.get("size", 0) for line in run.objects
                   if line["action"] == "copy" and line["status"] == "ok")
        if size != summary["copiedBytes"]:
            raise ContractBroken(f"summary says {summary['copiedBytes']} bytes copied, the lines {size}")
    if summary["status"] == "ok" and (summary["failed"] or summary["unproven"]):
        raise ContractBroken("ok with failed or unproven objects")
