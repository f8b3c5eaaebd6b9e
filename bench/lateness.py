"""How late does the replay server write? `ReplayServer.lateness_ns` under load.

    python bench/lateness.py

1, 50 and 200 streams of 50 events a second, started at random within a second, and 200 that all
start at once. A client on bare sockets in a second process reads and discards; its own limit is
told from the CPU time it takes per read. A loop around `select` that wakes as often and does
nothing shows what the machine allows.
"""

import asyncio
import random
import select
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from urllib.parse import urlsplit

from harness import MS, Drained, Figure, drain, percentiles, print_figures, second_process, stream

from streamlab.replay import ReplayServer

GAP_MS = 20
STREAM_S = 3
REPEATS = 2


@dataclass(frozen=True, slots=True)
class _Run:
    lateness_ns: list[int]
    cpu_s: float
    client: Drained


def measure() -> Iterator[Figure]:
    """The figures of this benchmark."""
    with second_process() as client:
        for streams, spread_s in ((1, 1.0), (50, 1.0), (200, 1.0), (200, 0.0)):
            runs = [asyncio.run(_serve(client, streams, spread_s)) for _ in range(REPEATS)]
            start = "started within 1 s" if spread_s else "all started at once"
            yield from _figures(f"{streams} streams, {start}", runs)
    for streams in (1, 50, 200):
        late_ns = _select_lateness_ns(streams * 1000 // GAP_MS)
        rate = f"{streams * 1000 // GAP_MS:,} times a second"
        yield Figure(f"select, {rate}", percentiles(late_ns), "for comparison; p50 / p99 / max")


def _figures(what: str, runs: list[_Run]) -> Iterator[Figure]:
    late_ns = [lateness for run in runs for lateness in run.lateness_ns]
    cpu_us = min(run.cpu_s / len(run.lateness_ns) for run in runs) * 1e6
    client_us = min(run.client.cpu_s / run.client.reads for run in runs) * 1e6
    note = (
        f"{len(late_ns):,} writes, p50 / p99 / max; server CPU {cpu_us:.0f} µs a write; "
        f"client {client_us:.0f} µs a read, so its limit is {1e6 / client_us:,.0f} reads/s"
    )
    yield Figure(what, percentiles(late_ns), note)


async def _serve(client: Executor, streams: int, spread_s: float) -> _Run:
    at_ns = range(GAP_MS * MS, STREAM_S * 1000 * MS, GAP_MS * MS)
    server = ReplayServer([stream(at_ns)])
    await server.start()
    starts = random.Random(streams)
    starts_s = [starts.uniform(0, spread_s) for _ in range(streams)]
    cpu_s = time.process_time()
    drained = await asyncio.get_running_loop().run_in_executor(
        client, drain, urlsplit(server.url).port, starts_s, 0
    )
    cpu_s = time.process_time() - cpu_s
    await server.close()
    return _Run(list(server.lateness_ns), cpu_s, drained)


def _select_lateness_ns(per_second: int) -> list[int]:
    """How late `select` wakes for each of a second's deadlines."""
    late_ns = []
    start_ns = time.monotonic_ns() + 50 * MS
    for number in range(per_second):
        due_ns = start_ns + number * 1000 * MS // per_second
        if (wait_ns := due_ns - time.monotonic_ns()) > 0:
            select.select([], [], [], wait_ns / 1e9)
        late_ns.append(time.monotonic_ns() - due_ns)
    return late_ns


if __name__ == "__main__":
    print_figures(measure)
