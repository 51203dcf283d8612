"""Sends changes at a steady rate, whatever the answers take, and tells when each was confirmed.

A program of its own: `load.py` reads a JSON object from standard input (`port`, `access_key`, `secret_key`, `method`,
`paths`, `size`, `begin`: when to start, `rate`: changes a second, or null for as fast as it goes, `connections`) and
writes one to standard output: for each path its times of sending and confirmation (monotonic clock), and how many
failed.
"""

import json
import os
import sys
import threading
import time

from raw_s3 import Connection


def main():
    job = json.load(sys.stdin)
    paths, rate = job["paths"], job["rate"]
    body = os.urandom(job["size"]) if job["method"] == "PUT" else b""
    sent, confirmed = [0.0] * len(paths), [None] * len(paths)
    lock, position = threading.Lock(), 0

    def work():
        nonlocal position
        connection = Connection(job["port"], job["access_key"], job["secret_key"])
        while True:
            with lock:
                number, position = position, position + 1
            if number >= len(paths):
                return
            due = job["begin"] + (number / rate if rate else 0)
            if (delay := due - time.monotonic()) > 0:
                time.sleep(delay)
            sent[number] = time.monotonic()
            # No two objects have the same bytes.
            own = b"%08d" % number + body[8:] if body else b""
            try:
                status, arrived = connection.request(job["method"], paths[number], body=own)
            except OSError:
                continue
            if status in (200, 204):
                confirmed[number] = arrived

    threads = [threading.Thread(target=work) for _ in range(job["connections"])]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    json.dump({"sent": sent, "confirmed": confirmed, "failed": confirmed.count(None)}, sys.stdout)


if __name__ == "__main__":
    main()
