"""How late does the replay server write? `ReplayServer.lateness_ns` under load.

Run: python bench/lateness.py

1, 50 and 200 streams of 50 events a second, started at random within half a second. A client on
bare sockets in a second process reads and discards; its own limit is told from the CPU time it
takes per read. For comparison the same server runs on the event loop's own timers
(`loop.call_at`) in place of streamlab's pacer.
"""

import asyncio
import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from urllib.parse import urlsplit

from harness import MS, Drained, Figure, drain, percentiles, print_figures, second_process, stream
from quiet import urgent

from streamlab.clock import SystemClock
from streamlab.replay import ReplayServer

GAP_MS = 20
STREAM_S = 3
SPREAD_S = 0.5


@dataclass(frozen=True, slots=True)
class _Run:
    lateness_ns: list[int]
    cpu_s: float
    client: Drained


class _LoopPacer:
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def call_at_ns(self, at_ns: int, callback: Callable[[], None]) -> asyncio.TimerHandle:
        return self._loop.call_at(at_ns / 1e9, callback)

    def close(self) -> None:
        pass


class _LoopClock(SystemClock):
    def open_pacer(self) -> _LoopPacer:
        return _LoopPacer()


def measure() -> Iterator[Figure]:
    """The figures of this benchmark."""
    with second_process() as client, urgent([os.getpid(), client.submit(os.getpid).result()]):
        for streams in (1, 50, 200):
            first = asyncio.run(_serve(client, streams, SystemClock()))
            loop = asyncio.run(_serve(client, streams, _LoopClock()))
            second = asyncio.run(_serve(client, streams, SystemClock()))
            what = f"{streams} stream{'s' if streams > 1 else ''}"
            yield _figure(what, [first, second])
            yield _figure(f"{what}, on loop.call_at", [loop])


def _figure(what: str, runs: list[_Run]) -> Figure:
    late_ns = [lateness for run in runs for lateness in run.lateness_ns]
    cpu_us = min(run.cpu_s / len(run.lateness_ns) for run in runs) * 1e6
    client_us = min(run.client.cpu_s / run.client.reads for run in runs) * 1e6
    note = (
        f"{len(late_ns):,} writes, p50 / p99 / max; server CPU {cpu_us:.0f} µs a write; "
        f"client {client_us:.0f} µs a read: at most {1e6 / client_us:,.0f} reads/s"
    )
    return Figure(what, percentiles(late_ns), note)


async def _serve(client: Executor, streams: int, clock: SystemClock) -> _Run:
    at_ns = range(GAP_MS * MS, STREAM_S * 1000 * MS, GAP_MS * MS)
    server = ReplayServer([stream(at_ns)], clock=clock)
    await server.start()
    starts = random.Random(streams)
    starts_s = [starts.uniform(0, SPREAD_S) for _ in range(streams)]
    cpu_s = time.process_time()
    drained = await asyncio.get_running_loop().run_in_executor(
        client, drain, urlsplit(server.url).port, starts_s, 0
    )
    cpu_s = time.process_time() - cpu_s
    await server.close()
    return _Run(list(server.lateness_ns), cpu_s, drained)


if __name__ == "__main__":
    print_figures(measure)
