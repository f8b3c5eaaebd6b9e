"""What does the recording proxy add? Latency per event, and whether it keeps up; beside others'.

Run: python bench/proxy.py [STREAMS ...]

An upstream in a process of its own writes 50 events a second on each stream, each event with the
time it was written; a client in another process reads them, once directly, once through a relay
that only copies bytes, and once through each proxy (a third process, which records everything), and
takes the time that each was under way. All share the machine's cores with each other, so the first
two are the ground to compare with.
The proxies of others are measured if `python bench/peers.py` has installed them.
"""

import heapq
import json
import multiprocessing
import random
import select
import selectors
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import peers
from harness import PATH, Figure, percentiles, print_figures

from streamlab._http1 import http_chunk
from streamlab.store import Library

GAP_NS = 20_000_000
EVENTS = 200
STREAMS = (50, 500, 1000)
SPREAD_NS = 500_000_000
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_DIGITS = 19
_MARK = b'"at_ns='
_EVENT = (
    b'data: {"id":"chatcmpl-7f3a7f3a7f3a7f3a","object":"chat.completion.chunk",'
    b'"created":1767225600,"model":"synthetic-large-2026-01-01","choices":[{"index":0,"delta":{"content":'
    + _MARK + b"0" * _DIGITS + b' "},"finish_reason":null}]}\n\n'
)  # fmt: skip
_EVENT_START, _, _EVENT_STOP = http_chunk(_EVENT).partition(b"0" * _DIGITS)


def measure(streams: tuple[int, ...] = STREAMS) -> Iterator[Figure]:
    """The figures of this benchmark."""
    for count in streams:
        with _upstream_process() as upstream:
            yield from _figures(f"{count} streams, direct", upstream, count)
            with _bare_relay(upstream) as port:
                yield from _figures(f"{count} streams, bytes copied", port, count)
            with _streamlab(upstream) as port:
                yield from _figures(f"{count} streams, streamlab", port, count)
        yield from _of_peers(count)


def _of_peers(count: int) -> Iterator[Figure]:
    for name in peers.proxies("", 0, Path(tempfile.gettempdir())):
        with (
            _upstream_process() as upstream,
            tempfile.TemporaryDirectory() as folder,
            ExitStack() as stack,
        ):
            port = peers.free_port()
            commands = peers.proxies(f"http://127.0.0.1:{upstream}", port, Path(folder))
            stack.enter_context(_running(commands[name], port))
            yield from _figures(f"{count} streams, {name}", port, count)


def _figures(what: str, port: int, streams: int) -> Iterator[Figure]:
    took_s, under_way_ns = _ask(port, streams)
    nominal_s = (EVENTS * GAP_NS + SPREAD_NS) / 1e9
    note = f"{len(under_way_ns):,} events, p50 / p99 / max under way"
    yield Figure(what, percentiles(under_way_ns), note)
    ratio = f"{took_s:.2f} s, {took_s / nominal_s:.3f} of nominal"
    yield Figure(what, ratio, "first request to last byte")


@contextmanager
def _bare_relay(upstream: int) -> Iterator[int]:
    """`bare_relay.py`: no proxy in asyncio can be faster."""
    port = peers.free_port()
    script = Path(__file__).parent / "bare_relay.py"
    with _running([sys.executable, script, str(port), str(upstream)], port):
        yield port


@contextmanager
def _streamlab(upstream: int) -> Iterator[int]:
    """`streamlab proxy`; says at the end what it stored."""
    with tempfile.TemporaryDirectory() as folder:
        port, db = peers.free_port(), Path(folder) / "bench.db"
        command = [sys.executable, "-m", "streamlab", "proxy", "--port", str(port), "--db", db]
        with _running([*command, "--upstream", f"http://127.0.0.1:{upstream}"], port):
            yield port
        with Library(db) as library:
            summaries = library.summaries()
    complete = sum(summary.end_reason == "complete" for summary in summaries)
    reads = sum(summary.reads or 0 for summary in summaries)
    print(f"streamlab: {complete} complete, {reads:,} reads stored", file=sys.stderr)


@contextmanager
def _running(command: peers.Command, port: int) -> Iterator[None]:
    """A server, from when it listens; says at the end how much CPU time it took meanwhile."""
    with peers.running(command, port) as server:
        try:
            yield
        finally:
            print(f"{Path(command[0]).name}: {server.cpu_s():.1f} s of CPU", file=sys.stderr)


@contextmanager
def _upstream_process() -> Iterator[int]:
    """The upstream in a process of its own; its port."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_upstream, args=(theirs,), daemon=True)
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
        now = b"%0*d" % (_DIGITS, time.monotonic_ns())
        data = _EVENT_START + now + _EVENT_STOP if left else b"0\r\n\r\n"
        try:
            connection.send(data)
        except OSError:
            left = 0  # the proxy has hung up
        if left:
            heapq.heapreplace(due, (due_ns + GAP_NS, left + 1, connection))
        else:
            heapq.heappop(due)
            connection.close()


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
            connection.send(_request(len(starts_ns)))
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


def _request(number: int) -> bytes:
    """No two are alike: aimock would answer the second from what it has recorded."""
    asked = {"model": "m", "stream": True, "messages": [{"role": "user", "content": str(number)}]}
    body = json.dumps(asked).encode()
    head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    rest = f"Authorization: Bearer x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return (head + rest).encode() + body


def _take(received: bytearray, under_way_ns: list[int]) -> None:
    now_ns = time.monotonic_ns()
    at = received.find(_MARK)
    while at >= 0:
        written = received[at + len(_MARK) : at + len(_MARK) + _DIGITS]
        if len(written) == _DIGITS:
            under_way_ns.append(now_ns - int(written))
        at = received.find(_MARK, at + 1)


if __name__ == "__main__":
    asked = tuple(map(int, sys.argv[1:])) or STREAMS
    print_figures(lambda: measure(asked))
