"""What processes and the whole machine used of the processors so far, as Linux tells it under /proc."""

import os
import pathlib

_TICKS = os.sysconf("SC_CLK_TCK")


def times_of(stat):
    """(session, seconds of processor time with those of children it waited for) of the text of /proc/PID/stat."""
    # The program's name, in parentheses, may hold spaces and parentheses itself.
    fields = stat.rpartition(")")[2].split()
    return int(fields[3]), sum(map(int, fields[11:15])) / _TICKS


def busy_of(stat):
    """Seconds that all cores together were at work since the start, of the text of /proc/stat."""
    user, nice, system, _, _, irq, softirq = map(int, stat.split("\n", 1)[0].split()[1:8])
    return (user + nice + system + irq + softirq) / _TICKS


def session_cpu(leader):
    """Seconds of processor time of all processes in the session that the process `leader` began."""
    total = 0
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            session, seconds = times_of(path.read_text())
        except (FileNotFoundError, ProcessLookupError):
            continue
        if session == leader:
            total += seconds
    return total


def machine_busy():
    return busy_of(pathlib.Path("/proc/stat").read_text())
