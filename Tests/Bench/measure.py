"""Runs a program and writes what it used as JSON on file descriptor 3.

A small process of its own: Linux counts the memory of the process that forks into the child's peak, so the child of a
large Python would seem as large.
"""

import json
import os
import sys
import time

begun = time.monotonic()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_CLOSE, 3)])
_, status, usage = os.wait4(child, 0)
os.write(3, json.dumps({
    "wall": time.monotonic() - begun, "cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss * 1024,
    "code": os.waitstatus_to_exitcode(status)}).encode())
