"""The check of instructions: what callgrind writes is read as it is meant, and budgets are kept or not."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import callgrind  # noqa: E402
from budget import KEPT, OVER, UNDER, UNKNOWN, Cost, is_failure, table, verdict  # noqa: E402

# A program whose `main` calls its own `work` twice, and `work` memcpy and the loader.
FILE = """\
# callgrind format
version: 1
positions: line
events: Ir
summary: 1630

ob=(1) /bin/program
fl=(1) main.swift
fn=(1) main
10 100
+2 5
cfn=(2) work
calls=2 20
+1 1525
fe=(3) inlined.swift
* 7

fn=(2)
20 30
cob=(2) /lib/libc.so.6
cfi=(4) memcpy.S
cfn=(3) memcpy
calls=8 1
-1 800
cob=(3) /lib/ld.so
cfn=(4) resolve
calls=1
+3 693
+1 2

ob=(2)
fl=(4)
fn=(3)
1 800

ob=(3)
fn=(4)
5 693
totals: 1630
"""


def test_instructions_are_counted_where_they_were_spent():
    read = callgrind.read(FILE.splitlines(keepends=True))
    assert read.instructions == {
        ("/bin/program", "main"): 112, ("/bin/program", "work"): 32, ("/lib/libc.so.6", "memcpy"): 800,
        ("/lib/ld.so", "resolve"): 693}


def test_only_calls_from_one_object_to_another_are_calls():
    read = callgrind.read(FILE.splitlines())
    assert read.calls == {("/bin/program", "/lib/libc.so.6", "memcpy"): 8, ("/bin/program", "/lib/ld.so", "resolve"): 1}
    assert read.of("/bin/program") == (144, 1493, 9)


def test_what_both_runs_did_cancels_out():
    less = callgrind.read(FILE.splitlines())
    more = callgrind.read(FILE.replace("20 30", "20 90").replace("calls=8 1", "calls=24 1").splitlines())
    surplus = more.minus(less)
    assert surplus.instructions == {("/bin/program", "work"): 60}
    assert surplus.calls == {("/bin/program", "/lib/libc.so.6", "memcpy"): 16}


BUDGET = Cost(instructions=1000.0, calls=4.0)


@pytest.mark.parametrize("instructions, calls, found", [
    (1000, 4, KEPT),
    (1050, 4, KEPT),
    (1051, 4, OVER),
    (950, 4, KEPT),
    (949, 4, UNDER),
    (1000, 4.25, KEPT),
    (1000, 4.26, OVER),
    (1000, 3.74, UNDER),
    # Cheaper in one way is no leave to be dearer in the other.
    (500, 5, OVER),
    (1100, 1, OVER),
])
def test_a_budget_is_kept_within_five_per_cent(instructions, calls, found):
    assert verdict(Cost(instructions, calls), BUDGET) == found


@pytest.mark.parametrize("found, fails", [(KEPT, False), (UNDER, False), (OVER, True), (UNKNOWN, True)])
def test_only_what_is_dearer_or_unknown_fails(found, fails):
    assert is_failure(found) is fails


def test_a_few_calls_a_round_are_no_growth():
    none = Cost(1000, 0)
    assert verdict(Cost(1000, 0.04), none) == KEPT
    assert verdict(Cost(1000, 1), none) == OVER


def test_a_workload_without_a_budget_is_told():
    assert verdict(Cost(1, 1), None) == UNKNOWN
    _, merge, new = table({"merge": Cost(1100, 4), "new": Cost(5, 1)}, {"merge": BUDGET})
    assert merge.split()[:4] == ["merge", "1,100.0", "1,000.0", "1.100"] and merge.endswith(OVER)
    assert new.endswith(UNKNOWN)
