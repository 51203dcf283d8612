"""Runs `minio-sync audit` and holds its JSON lines against their contract: field by field, the summary against the lines,
and both against the exit code."""

import dataclasses
import itertools
import re

import minio_sync
import oracle
import samples
from minio_sync import ContractBroken

_numbers = itertools.count(1)

#: What places are called, in their order.
ALIASES = ["main", "standby", "third"]

STATES = {"differs": {"size", "etag", "content", "metadata", "tags", "corrupt"}, "missing": {"missing", "bucket"},
          "extra": {"extra", "bucket"}, "unverifiable": {"layout", "opaque", "no-etag", "unread"},
          "error": {"request", "changing"}, "identical": {None}}
#: Operations of a sandbox that change nothing.
READS = {"ListObjectsV2", "ListObjects", "HeadObject", "GetObject", "GetObjectTagging", "GetObjectAttributes",
         "ListBuckets", "HeadBucket", "GetBucketLocation"}
#: Kinds of requests, as the summary names them, that change nothing.
READ_VERBS = {"LIST", "HEAD", "GET", "TAGS"}
EXIT_CODES = {"identical": {0, 1}, "different": {0, 1}, "unverifiable": {0, 1}, "incomplete": {1, 3, 130}}


@dataclasses.dataclass
class Audit:
    """What one audit with `--json` told."""

    run: minio_sync.Run
    findings: list
    apks: list
    packages: list
    repairs: list
    notices: list
    summary: dict

    def found(self):
        """State and reason of every key that is not identical."""
        return {each["key"]: (each["state"], each["reason"]) for each in self.findings
                if each["state"] != "identical"}

    def finding(self, key):
        found = [each for each in self.findings if each["key"] == key]
        if len(found) != 1:
            raise ContractBroken(f"{len(found)} findings for {key!r}, expected one\n{self.run.report()}")
        return found[0]

    def verbs(self):
        return {name for name, count in self.summary["requests"].items() if count}


class Places:
    """A new bucket on each of some servers, called as in `ALIASES`."""

    def __init__(self, servers, folder):
        self.servers, self.folder = servers, folder
        self.clients = [server.shared_client for server in servers]
        self.bucket = f"audit-{next(_numbers)}"
        for client in self.clients:
            client.create_bucket(Bucket=self.bucket)

    @property
    def names(self):
        return [f"{alias}/{self.bucket}" for alias, _ in zip(ALIASES, self.servers)]

    @property
    def environment(self):
        return {f"MC_HOST_{alias}": server.mc_host for alias, server in zip(ALIASES, self.servers)}

    def put(self, *bodies, key, **arguments):
        """A body for each place, None to leave it out; a single one is for all."""
        for client, body in zip(self.clients, bodies * len(self.clients) if len(bodies) == 1 else bodies):
            if body is not None:
                samples.put(client, self.bucket, key, body, **arguments)

    def run(self, *flags, places=None, expect=0, environment=None, **options):
        return minio_sync.run_minio_sync(
            ["audit", *flags, *(self.names if places is None else places)],
            self.environment if environment is None else environment, self.folder / "home", expect, **options)

    def audit(self, *flags, places=None, expect=0, **options):
        places = self.names if places is None else places
        return checked(self.run("--json", *flags, places=places, expect=expect, **options), places)

    def assert_identical(self):
        """As boto3 sees it."""
        first, *others = [oracle.snapshot(client, self.bucket, contents=True) for client in self.clients]
        for other in others:
            found = oracle.differences(first, other, etags=False)
            assert not found, "\n".join(found[:20])


# The contract of the JSON lines

def _count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def _text(value):
    return isinstance(value, str)


def _sentence(value):
    return _text(value) and (value == "" or value[-1] in ".!?" and len(value) > 5)


def _or_null(check):
    return lambda value: value is None or check(value)


def _list_of(check):
    return lambda value: isinstance(value, list) and all(map(check, value))


def _named(check):
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


def _digits(*lengths):
    return lambda value: _text(value) and len(value) in lengths and bool(re.fullmatch("[0-9a-f]*", value))


def _time(value):
    return _text(value) and bool(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value))


def _fields(**fields):
    """Exactly these, in any order; a name that ends in an underscore may be left out."""
    checks = {name.rstrip("_"): (check, not name.endswith("_")) for name, check in fields.items()}

    def check(value):
        return isinstance(value, dict) and all(
            name in checks and checks[name][0](each) for name, each in value.items()) and all(
            name in value for name, (_, always) in checks.items() if always)
    return check


_FACTS = _fields(size=_or_null(_count), etag=_or_null(_text), lastModified_=_time, md5_=_digits(32),
                 sha256_=_digits(64))
_VERSION = _or_null(lambda value: _text(value) and bool(re.fullmatch(r".*\+\d+", value)))
_LINES = {
    "finding": _fields(
        type=_text, key=_text, state=STATES.__contains__, reason=_or_null(_text),
        places=_named(_or_null(_FACTS)), on=_list_of(_text), detail=_sentence, keyHex_=_text),
    "apk": _fields(
        type=_text, place=_text, key=_text, package=_or_null(_text), versionName=_or_null(_text),
        versionCode=_or_null(_count), signers=_list_of(_digits(64)), schemes=_list_of({"v1", "v2", "v3", "v3.1"}.__contains__),
        intact=lambda value: isinstance(value, bool), problems=_list_of(_sentence), minSDK=_or_null(_count),
        targetSDK=_or_null(_count), lineage=_list_of(_digits(64)), versionNameReference=_or_null(_text),
        verified=lambda value: isinstance(value, bool), keyHex_=_text),
    "package": _fields(
        type=_text, package=_text, newest=_named(_VERSION), agree=lambda value: isinstance(value, bool),
        expected=_VERSION, problems=_list_of(_sentence)),
    "repair": _fields(type=_text, command=_text),
    "notice": _fields(type=_text, text=_sentence),
    "summary": _fields(
        type=_text, status=EXIT_CODES.__contains__, compared=_count, identical=_count, differs=_count, missing=_count,
        extra=_count, unverifiable=_count, errors=_count, bytesRead=_count, seconds=_number,
        places=_named(_fields(objects=_or_null(_count), bytes=_or_null(_count), error=_or_null(_sentence))),
        packages=_count, apks=_count,
        onAnyPlace=_fields(differs=_count, missing=_count, extra=_count, unverifiable=_count),
        packageProblems=_count, read=_count,
        requests=lambda value: isinstance(value, dict) and all(map(_count, value.values())),
        sample=_or_null(_fields(share=_number, seed=_count)), start=_time,
        interrupted=lambda value: isinstance(value, bool), version=_text, unmetExpectations=_count)}


def checked(run, places):
    """The `Audit` that a run printed; raises where the output breaks its contract."""
    try:
        audit = _parse(run)
        _check(audit, [str(each) for each in places])
        return audit
    except ContractBroken as error:
        raise ContractBroken(f"{error}\n{run.report()}") from None


def _parse(run):
    lines = {name: [] for name in _LINES}
    if not run.stdout.endswith("\n"):
        raise ContractBroken("the last line has no end")
    for number, text in enumerate(run.stdout.split("\n")[:-1], 1):
        line = minio_sync.json.loads(text, object_pairs_hook=minio_sync._unique)
        if line.get("type") not in lines or not _LINES[line["type"]](line):
            raise ContractBroken(f"line {number} is not in the contract: {text[:400]}")
        if lines["summary"]:
            raise ContractBroken(f"line {number} comes after the summary")
        if line["type"] == "finding" and line["reason"] not in STATES[line["state"]]:
            raise ContractBroken(f"line {number} has a reason that is none of its state: {text[:400]}")
        lines[line["type"]].append(line)
    if not lines["summary"]:
        raise ContractBroken("there is no summary")
    return Audit(run, lines["finding"], lines["apk"], lines["package"], lines["repair"], lines["notice"],
                 lines["summary"][0])


def _check(audit, places):
    summary, code = audit.summary, audit.run.code
    manifest = [audit.run.arguments[at + 1] for at, each in enumerate(audit.run.arguments) if each == "--manifest"]
    if list(summary["places"]) != manifest + places:
        raise ContractBroken(f"the summary has the places {list(summary['places'])}")
    if code not in EXIT_CODES[summary["status"]] or (code == 130) != summary["interrupted"]:
        raise ContractBroken(f"status {summary['status']} with exit code {code}")
    if not set(summary["requests"]) <= READ_VERBS:
        raise ContractBroken(f"an audit that writes: {summary['requests']}")
    names = [each.get("keyHex", each["key"]) for each in audit.findings]
    if len(set(names)) != len(names):
        raise ContractBroken("two findings for one key")
    if "--all" not in audit.run.arguments and any(each["state"] == "identical" for each in audit.findings):
        raise ContractBroken("an identical finding without --all")
    for each in audit.findings:
        if any(name not in manifest + places for name in each["places"]):
            raise ContractBroken(f"places that were not given: {each['places']}")
        if not set(each["on"]) <= set(each["places"]):
            raise ContractBroken(f"on other places: {each}")
        if (each["state"] in ("identical", "error")) == bool(each["on"]):
            raise ContractBroken(f"a finding about no place, or about one where nothing is wrong: {each}")
        if (each["state"] == "identical") == bool(each["detail"]):
            raise ContractBroken(f"a finding without a sentence: {each}")
        absent = [name for name, facts in each["places"].items() if facts is None]
        if each["state"] == "missing" and not set(each["on"]) <= set(absent):
            raise ContractBroken(f"missing where it is: {each}")
    counted = {"differs": "differs", "missing": "missing", "extra": "extra", "unverifiable": "unverifiable",
               "errors": "error"}
    for field, state in counted.items():
        told = sum(each["state"] == state for each in audit.findings)
        if summary[field] != told:
            raise ContractBroken(f"summary says {field} {summary[field]}, the lines {told}")
    if summary["compared"] != summary["identical"] + sum(summary[field] for field in counted):
        raise ContractBroken("the counts do not add up")
    if "--all" in audit.run.arguments and code != 130:
        if len(audit.findings) != summary["compared"]:
            raise ContractBroken(f"{len(audit.findings)} findings of {summary['compared']} keys with --all")
    if summary["apks"] != len(audit.apks):
        raise ContractBroken(f"summary says packages {summary['packages']}, the lines {len(audit.apks)}")
    broken = sum(not each["intact"] for each in audit.apks) + sum(len(each["problems"]) for each in audit.packages)
    if summary["packageProblems"] != broken:
        raise ContractBroken(f"summary says packageProblems {summary['packageProblems']}, the lines {broken}")
    unmet = [each for each in audit.packages
             if each["expected"] and set(each["newest"].values()) != {each["expected"]}]
    if summary["unmetExpectations"] != len(unmet):
        raise ContractBroken(f"summary says unmetExpectations {summary['unmetExpectations']}, the lines {len(unmet)}")
    clean = not any(summary[field] for field in counted) and not broken
    # Where filters leave no key, nothing is known.
    if summary["compared"] == 0 and summary["status"] == "unverifiable":
        clean = False
    if clean != (summary["status"] == "identical") and summary["status"] != "incomplete":
        raise ContractBroken(f"status {summary['status']} does not fit the counts")
