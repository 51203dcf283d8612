"""Lists buckets of servers that look at no signatures, side by side, each page after the one before.

A program of its own: `one_stream.py PORT/BUCKET …`. It reads nothing of a page but the token of the next one.
"""

import pathlib
import re
import sys
import threading
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from raw_s3 import Connection, path_of  # noqa: E402

_TOKEN = re.compile(rb"<NextContinuationToken>([^<]+)</NextContinuationToken>")
_failures = []


def list_all(place):
    port, _, bucket = place.partition("/")
    connection = Connection(int(port), "any", "any")
    query = "list-type=2&max-keys=1000"
    try:
        while query:
            status, page = connection.fetch("GET", path_of(bucket), query)
            if status != 200:
                raise ConnectionError(f"{place} answers {status}")
            token = _TOKEN.search(page)
            query = token and (f"continuation-token={urllib.parse.quote(token[1].decode(), safe='-_.~')}"
                               "&list-type=2&max-keys=1000")
    except OSError as error:
        _failures.append(error)


def main():
    threads = [threading.Thread(target=list_all, args=(place,)) for place in sys.argv[1:]]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if _failures:
        sys.exit(str(_failures[0]))


if __name__ == "__main__":
    main()
