"""Notes when objects are gone from a server, by asking for one at a time.

A program of its own, for what raises no event: `prober.py` reads a JSON object from standard input (`port`,
`access_key`, `secret_key`, `paths`, `due`: for each path the monotonic time from which on to ask) and writes a list to
standard output: when each was found gone, or null where its turn came too late to tell.
"""

import json
import sys
import time

from raw_s3 import Connection


def main():
    job = json.load(sys.stdin)
    connection = Connection(job["port"], job["access_key"], job["secret_key"])
    found = []
    for path, due in zip(job["paths"], job["due"]):
        delay = due - time.monotonic()
        if delay < 0:
            found.append(None)
            continue
        time.sleep(delay)
        found.append(_gone(connection, path, due + 30))
    json.dump(found, sys.stdout)


def _gone(connection, path, deadline):
    while time.monotonic() < deadline:
        status, arrived = connection.request("HEAD", path)
        if status == 404:
            return arrived
    return None


if __name__ == "__main__":
    main()
