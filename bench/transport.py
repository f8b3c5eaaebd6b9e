"""What does a recording transport cost the program, read by read?

Run: python bench/transport.py

The same stream is read with and without `RecordingTransport`, once from a list in memory (as fast
as it can be read) and once through real sockets at 200 events a second. `added` is time on the
caller's own thread; what the writer does meanwhile shows in the paced delays only. The server of
these runs in the same process, whose threads take turns: that is where the 5 ms come from.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path

import httpx
from harness import BODY, MS, PATH, Figure, percentiles, print_figures, stream

from streamlab import AsyncRecordingTransport, RecordingTransport, serve

REPEATS = 5
READS = 5_000
PACED_READS = 400
PACED_GAP_NS = 5 * MS
URL = f"http://127.0.0.1{PATH}"


class _InMemory(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers with a stream that is there already."""

    def __init__(self) -> None:
        self._reads = [read.data for read in stream(range(READS - 1)).reads]

    def handle_request(self, _: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=_Reads(self._reads), headers=_HEADERS)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)


_HEADERS = {"Content-Type": "text/event-stream"}


class _Reads(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, reads: list[bytes]) -> None:
        self._reads = reads

    def __iter__(self) -> Iterator[bytes]:
        yield from self._reads

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for data in self._reads:
            yield data


def measure() -> Iterator[Figure]:
    """The figures of this benchmark."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _flood(_InMemory())
        note = f"in memory, best of {REPEATS} x {READS:,}; CPU time of the caller's thread"
        yield Figure("added per read, sync", _added(folder, "sync"), note)
        yield Figure("added per read, async", _added(folder, "async"), note)
        yield from _paced(folder)


def _added(folder: Path, colour: str) -> str:
    plain, recorded = [], []
    for number in range(REPEATS):
        store = folder / f"{colour}{number}.db"
        if colour == "sync":
            plain.append(_flood(_InMemory()))
            recorded.append(_flood(RecordingTransport(store, inner=_InMemory())))
        else:
            plain.append(asyncio.run(_aflood(_InMemory())))
            transport = AsyncRecordingTransport(store, inner=_InMemory())
            recorded.append(asyncio.run(_aflood(transport)))
    added_ns = (min(recorded) - min(plain)) / READS
    return f"{added_ns / 1000:.2f} µs ({min(plain) / READS / 1000:.2f} without)"


def _flood(transport: httpx.BaseTransport) -> int:
    """CPU nanoseconds of this thread for reading all."""
    with (
        httpx.Client(transport=transport) as client,
        client.stream("POST", URL, content=BODY) as response,
    ):
        start_ns = time.thread_time_ns()
        for _ in response.iter_raw():
            pass
        return time.thread_time_ns() - start_ns


async def _aflood(transport: httpx.AsyncBaseTransport) -> int:
    async with (
        httpx.AsyncClient(transport=transport) as client,
        client.stream("POST", URL, content=BODY) as response,
    ):
        start_ns = time.thread_time_ns()
        async for _ in response.aiter_raw():
            pass
        return time.thread_time_ns() - start_ns


def _paced(folder: Path) -> Iterator[Figure]:
    served = stream(range(50 * MS, 50 * MS + PACED_READS * PACED_GAP_NS, PACED_GAP_NS))
    note = f"{PACED_READS} events, every 5 ms; error of the gaps the caller sees; p50 / p99 / max"
    with serve([served]) as server:
        for what, transport in (
            ("without recording", httpx.HTTPTransport()),
            ("recorded", RecordingTransport(folder / "paced.db")),
        ):
            at_ns, cpu_ns = _read_paced(transport, f"{server.url}{PATH}")
            gaps = [late - early for early, late in pairwise(at_ns)]
            off_ns = [abs(gap - PACED_GAP_NS) for gap in gaps[:-1]]
            yield Figure(f"paced, {what}", percentiles(off_ns), note)
            yield Figure(
                f"paced, {what}: CPU per read",
                f"{cpu_ns / len(at_ns) / 1000:.0f} µs",
                "of the caller's thread: socket, HTTP and recording",
            )


def _read_paced(transport: httpx.BaseTransport, url: str) -> tuple[list[int], int]:
    with (
        httpx.Client(transport=transport, timeout=30) as client,
        client.stream("POST", url, content=BODY) as response,
    ):
        start_ns = time.thread_time_ns()
        at_ns = [time.monotonic_ns() for _ in response.iter_raw()]
        return at_ns, time.thread_time_ns() - start_ns


if __name__ == "__main__":
    print_figures(measure)
