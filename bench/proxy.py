"""What does the recording proxy add? Latency per event, and whether it keeps up.

Run: python bench/proxy.py

An upstream in a process of its own writes 50 events a second on each stream, each event with the
time it was written; a client in another process reads them, once directly and once through the
proxy (a third process, which records everything), and takes the time that each was under way. All
share two cores with each other, so the direct figures are the ground to compare with.
"""

import asyncio
import heapq
import multiprocessing
import random
import select
import selectors
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness import Figure, percentiles, print_figures

from streamlab._http1 import http_chunk
from streamlab.record.proxy import ProxyServer
from streamlab.record.upstream import parse_upstreams
from streamlab.store import Library

GAP_NS = 20_000_000
EVENTS = 200
STREAMS = (50, 500, 1000)
SPREAD_NS = 500_000_000
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_DIGITS = 19
_REQUEST = b"GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
_MARK = b'data: {"at_ns": '
_EVENT = _MARK + b"%0*d" % (_DIGITS, 0) + b', "text": "' + b"x" * 190 + b'"}\n\n'
_EVENT_START, _, _EVENT_STOP = http_chunk(_EVENT).partition(b"%0*d" % (_DIGITS, 0))


def measure() -> Iterator[Figure]:
    """The figures of this benchmark."""
    for streams in STREAMS:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            upstream = stack.enter_context(_process(_upstream))
            proxy = stack.enter_context(_process(_proxy, upstream, folder))
            for what, port in (("direct", upstream), ("through the proxy", proxy)):
                took_s, under_way_ns = _ask(port, streams)
                nominal_s = (EVENTS * GAP_NS + SPREAD_NS) / 1e9
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


# The upstream: one loop over bare sockets, since it must not be what is measured.


def _upstream(pipe: multiprocessing.connection.Connection) -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    pipe.send(listener.getsockname()[1])
    writing = threading.Thread(target=_write_streams, args=(listener,), daemon=True)
    writing.start()
    pipe.recv()


def _write_streams(listener: socket.socket) -> None:
    """Accept, and write an event to each connection when it is due."""
    listener.setblocking(False)
    due: list[tuple[int, int, socket.socket]] = []  # when, how many are left, to whom
    while True:
        wait_s = (due[0][0] - time.monotonic_ns()) / 1e9 if due else 1
        if wait_s > 0:
            readable, _, _ = select.select([listener], [], [], wait_s)
            if readable:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.recv(65536)  # a small request, in one piece
                connection.send(_HEAD)
                heapq.heappush(due, (time.monotonic_ns() + GAP_NS, -EVENTS, connection))
            continue
        due_ns, left, connection = due[0]
        if not left:
            heapq.heappop(due)
            connection.send(b"0\r\n\r\n")
            connection.close()
            continue
        now = b"%0*d" % (_DIGITS, time.monotonic_ns())
        connection.send(_EVENT_START + now + _EVENT_STOP)
        heapq.heapreplace(due, (due_ns + GAP_NS, left + 1, connection))


# The proxy.


def _proxy(pipe: multiprocessing.connection.Connection, upstream: int, folder: str) -> None:
    asyncio.run(_serve_proxy(pipe, upstream, folder))


async def _serve_proxy(
    pipe: multiprocessing.connection.Connection, upstream: int, folder: str
) -> None:
    with Library(Path(folder) / "bench.db", create=True) as library:
        with library.open_writer(derives_apart=True) as writer:
            server = ProxyServer(parse_upstreams([f"http://127.0.0.1:{upstream}"]), writer)
            await server.start()
            pipe.send(int(server.url.rpartition(":")[2]))
            cpu_s = time.process_time()
            await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
            cpu_s = time.process_time() - cpu_s
            await server.close()
        summaries = library.summaries()
    complete = sum(summary.end_reason == "complete" for summary in summaries)
    reads = sum(summary.reads or 0 for summary in summaries)
    told = f"proxy: {cpu_s:.1f} s of CPU; {complete} complete, {reads:,} reads stored"
    print(told, file=sys.stderr)


# The client: likewise.


def _client(port: int, streams: int) -> tuple[float, list[int]]:
    chance = random.Random(streams)
    start_ns = time.monotonic_ns()
    starts_ns = sorted(start_ns + chance.randrange(SPREAD_NS) for _ in range(streams))
    under_way_ns: list[int] = []
    buffer = bytearray(256 * 1024)
    reading = selectors.DefaultSelector()
    while starts_ns or reading.get_map():
        while starts_ns and starts_ns[0] <= time.monotonic_ns():
            starts_ns.pop(0)
            connection = socket.create_connection(("127.0.0.1", port))
            connection.send(_REQUEST)
            reading.register(connection, selectors.EVENT_READ, connection.recv_into)
        wait_s = max(starts_ns[0] - time.monotonic_ns(), 0) / 1e9 if starts_ns else None
        for key, _ in reading.select(wait_s):
            size = key.data(buffer)
            if size:
                _take(buffer[:size], under_way_ns)
            else:
                reading.unregister(key.fileobj)
                key.fileobj.close()
    return (time.monotonic_ns() - start_ns) / 1e9, under_way_ns


def _take(received: bytearray, under_way_ns: list[int]) -> None:
    now_ns = time.monotonic_ns()
    at = received.find(_MARK)
    while at >= 0:
        written = received[at + len(_MARK) : at + len(_MARK) + _DIGITS]
        if len(written) == _DIGITS:
            under_way_ns.append(now_ns - int(written))
        at = received.find(_MARK, at + 1)


if __name__ == "__main__":
    print_figures(measure)
