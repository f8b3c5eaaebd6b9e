"""How long does a program wait for an embedded server: until it is ready, and until it is gone?

Run: python bench/embed.py

`streamlab.serve` from entering the block to the first line in it, one request without waiting, and
from the last line to the end of the block.
"""

import http.client
import time
from collections.abc import Iterator

from harness import BODY, MS, PATH, Figure, percentiles, print_figures, stream

from streamlab import serve

CYCLES = 200


def measure() -> Iterator[Figure]:
    """The figures of this benchmark."""
    served = stream(range(10 * MS, 1000 * MS, 10 * MS))
    starts_ns, stops_ns = [], []
    for _ in range(CYCLES):
        entering_ns = time.monotonic_ns()
        with serve([served], speed=0) as server:
            starts_ns.append(time.monotonic_ns() - entering_ns)
            _ask(server.url)
            leaving_ns = time.monotonic_ns()
        stops_ns.append(time.monotonic_ns() - leaving_ns)
    note = f"{CYCLES} times in a row, one request each; p50 / p99 / max"
    yield Figure("ready after", percentiles(starts_ns), note)
    yield Figure("gone after", percentiles(stops_ns), note)


def _ask(url: str) -> None:
    client = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    client.request("POST", PATH, BODY)
    client.getresponse().read()
    client.close()


if __name__ == "__main__":
    print_figures(measure)
