"""Notes when the events of a server arrive, without asking it anything meanwhile.

A program of its own: `listener.py PORT ACCESS SECRET [BUCKET]` writes "live" once the server sends events (of all
buckets if none is named), then `TIME EVENT BUCKET/KEY` for each, the time that of the monotonic clock.
"""

import json
import sys
import time

from raw_s3 import Connection, path_of

EVENTS = "events=s3%3AObjectCreated%3A%2A&events=s3%3AObjectRemoved%3A%2A&ping=1"


def main():
    port, access_key, secret_key, *bucket = sys.argv[1:]
    connection = Connection(int(port), access_key, secret_key)
    connection.send("GET", path_of(bucket[0]) if bucket else "/", EVENTS)
    status, head = connection.receive()
    if status != 200:
        sys.exit(f"listening is refused with {status}")
    print("live", flush=True)
    line = b""
    for piece in connection.pieces():
        now = time.monotonic()
        *whole, line = (line + piece).split(b"\n")
        lines = []
        for text in whole:
            # Between them are the sizes of chunks, and keep-alives.
            if text.startswith(b'{"Records":[') or text.startswith(b'{"EventName"'):
                for record in json.loads(text)["Records"]:
                    place = record["s3"]
                    name = f"{place['bucket']['name']}/{place['object']['key']}"
                    lines.append(f"{now:.6f} {record['eventName']} {name}\n")
        if lines:
            sys.stdout.write("".join(lines))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
