"""What does the recording proxy add? Latency per event, and whether it keeps up.

Run: python bench/proxy.py

An upstream in a process of its own writes 50 events a second on each stream, each event with the
time it was written; a client in another process reads them, once directly and once through the
proxy (a third process, which records everything), and takes the time that each was under way. All
share two cores with each other, so the direct figures are the ground to compare with.
"""

import asyncio
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness import Figure, Receiver, percentiles, print_figures

from streamlab._http1 import http_chunk
from streamlab.clock import SystemClock
from streamlab.record.proxy import ProxyServer
from streamlab.record.upstream import parse_upstreams
from streamlab.store import Library

GAP_NS = 20_000_000
EVENTS = 200
STREAMS = (50, 500, 1000)
SPREAD_S = 0.5
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_PADDING = "x" * 190
_REQUEST = b"GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
_MARK = b'data: {"at_ns": '


def measure() -> Iterator[Figure]:
    """The figures of this benchmark."""
    for streams in STREAMS:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            upstream = stack.enter_context(_process(_upstream))
            proxy = stack.enter_context(_process(_proxy, upstream, folder))
            for what, port in (("direct", upstream), ("through the proxy", proxy)):
                took_s, under_way_ns = _ask(port, streams)
                nominal_s = EVENTS * GAP_NS / 1e9 + SPREAD_S
                note = f"{len(under_way_ns):,} events, p50 / p99 / max under way"
                ratio = f"{took_s:.2f} s, {took_s / nominal_s:.3f} of nominal"
                yield Figure(f"{streams} streams, {what}", percentiles(under_way_ns), note)
                yield Figure(f"{streams} streams, {what}", ratio, "first request to last byte")


@contextmanager
def _process(target: Callable[..., None], *arguments: object) -> Iterator[int]:
    """A server in a process of its own; its port."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs, *arguments), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        process.join(60)
        process.kill()


def _ask(port: int, streams: int) -> tuple[float, list[int]]:
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_client, (port, streams))


# The upstream.


def _upstream(pipe: multiprocessing.connection.Connection) -> None:
    asyncio.run(_serve_upstream(pipe))


async def _serve_upstream(pipe: multiprocessing.connection.Connection) -> None:
    clock = SystemClock()
    pacer = clock.open_pacer()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Writer(clock, pacer), "127.0.0.1", 0, backlog=4096)
    pipe.send(server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, pipe.recv)


class _Writer(asyncio.Protocol):
    def __init__(self, clock: SystemClock, pacer: object) -> None:
        self._clock = clock
        self._pacer = pacer
        self._count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - a small request, in one piece
        self._transport.write(_HEAD)
        self._start_ns = self._clock.now_ns()
        self._wait()

    def _wait(self) -> None:
        self._count += 1
        self._pacer.call_at_ns(self._start_ns + self._count * GAP_NS, self._write)

    def _write(self) -> None:
        if self._count > EVENTS:
            self._transport.write(b"0\r\n\r\n")
            self._transport.close()
            return
        text = f'data: {{"at_ns": {self._clock.now_ns()}, "text": "{_PADDING}"}}\n\n'
        self._transport.write(http_chunk(text.encode()))
        self._wait()


# The proxy.


def _proxy(pipe: multiprocessing.connection.Connection, upstream: int, folder: str) -> None:
    asyncio.run(_serve_proxy(pipe, upstream, folder))


async def _serve_proxy(
    pipe: multiprocessing.connection.Connection, upstream: int, folder: str
) -> None:
    with Library(Path(folder) / "bench.db", create=True) as library:
        with library.open_writer() as writer:
            server = ProxyServer(parse_upstreams([f"http://127.0.0.1:{upstream}"]), writer)
            await server.start()
            pipe.send(int(server.url.rpartition(":")[2]))
            await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
            cpu_s = time.process_time()
            await server.close()
        summaries = library.summaries()
    complete = sum(summary.end_reason == "complete" for summary in summaries)
    reads = sum(summary.reads or 0 for summary in summaries)
    told = f"proxy: {cpu_s:.1f} s of CPU; {complete} complete, {reads:,} reads stored"
    print(told, file=sys.stderr)


# The client.


def _client(port: int, streams: int) -> tuple[float, list[int]]:
    return asyncio.run(_read_streams(port, streams))


async def _read_streams(port: int, streams: int) -> tuple[float, list[int]]:
    loop = asyncio.get_running_loop()
    starts = random.Random(streams)
    under_way_ns: list[int] = []
    start_s = loop.time()

    async def run(delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        _, reader = await loop.create_connection(lambda: _Reader(under_way_ns), "127.0.0.1", port)
        await reader.done

    await asyncio.gather(*[run(starts.uniform(0, SPREAD_S)) for _ in range(streams)])
    return loop.time() - start_s, under_way_ns


class _Reader(Receiver):
    def __init__(self, under_way_ns: list[int]) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self._under_way_ns = under_way_ns

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._transport.write(_REQUEST)

    def receive(self, data: memoryview) -> None:
        now_ns = time.monotonic_ns()
        received = bytes(data)
        at = received.find(_MARK)
        while at >= 0:
            stop = received.find(b",", at)
            if stop > 0:
                self._under_way_ns.append(now_ns - int(received[at + len(_MARK) : stop]))
            at = received.find(_MARK, at + 1)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if not self.done.done():
            self.done.set_result(None)


if __name__ == "__main__":
    print_figures(measure)
