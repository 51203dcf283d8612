"""Reads what callgrind writes: who executed how many instructions, and who called whom."""

import collections
import dataclasses
import re


@dataclasses.dataclass
class Profile:
    """Instructions of each function itself, without those that it calls, and calls from one object to another.

    An object is a program or a library, by its path.
    """

    # By (object, function).
    instructions: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    # By (object of the caller, object of the called, function that is called).
    calls: collections.Counter = dataclasses.field(default_factory=collections.Counter)

    def minus(self, other):
        """What this run did more than `other`."""
        more = Profile()
        for counted, here, there in ((more.instructions, self.instructions, other.instructions),
                                     (more.calls, self.calls, other.calls)):
            for key in here.keys() | there.keys():
                if here[key] != there[key]:
                    counted[key] = here[key] - there[key]
        return more

    def of(self, program):
        """Instructions of the object `program`, those of all others, and its calls into others."""
        own = sum(count for (name, _), count in self.instructions.items() if name == program)
        calls = sum(count for (caller, called, _), count in self.calls.items() if caller == program != called)
        return own, self.instructions.total() - own, calls


_NAME = re.compile(r"(c?)(ob|fn)=\((\d+)\)(?: (.*))?")


def read(lines):
    """The profile in the lines of a file, as the Callgrind format specification has it.

    A name is spelt out where it occurs first; afterwards its number stands for it. The line behind `calls=` has the cost
    of what was called, which is counted where it was spent.
    """
    profile = Profile()
    names = {"ob": {}, "fn": {}}
    present = {"ob": "???", "fn": "???"}
    called = {}
    is_cost_of_call = False
    for line in lines:
        line = line.rstrip("\n")
        if line[:1] in "+-*0123456789" and line:
            fields = line.split()
            if is_cost_of_call:
                is_cost_of_call = False
            elif len(fields) > 1:
                profile.instructions[present["ob"], present["fn"]] += int(fields[1])
        elif match := _NAME.fullmatch(line):
            is_called, kind, number, name = match.groups()
            if name is not None:
                names[kind][number] = name
            (called if is_called else present)[kind] = names[kind][number]
        elif line.startswith("calls="):
            count = int(line.removeprefix("calls=").split()[0])
            # Without an object of its own, what is called lies in that of the caller.
            other = called.get("ob", present["ob"])
            if other != present["ob"]:
                profile.calls[present["ob"], other, called["fn"]] += count
            called = {}
            is_cost_of_call = True
    return profile
