"""Servers of bare sockets, each in a process of its own: they must not be what is measured."""

import asyncio
import multiprocessing
import select
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from multiprocessing.connection import Connection
from typing import NamedTuple

from harness import LAST_CHUNK, Receiver
from load import DIGITS

from streamlab._http1 import http_chunk
from streamlab.recording import Recording

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
)
MARK = b'"at_ns='
_EVENT = (
    b'data: {"id":"chatcmpl-7f3a7f3a7f3a7f3a","object":"chat.completion.chunk",'
    b'"created":1767225600,"model":"synthetic-large-2026-01-01","choices":[{"index":0,"delta":{"content":'
    + MARK + b"0" * DIGITS + b' "},"finish_reason":null}]}\n\n'
)  # fmt: skip
_EVENT_START, _, _EVENT_STOP = http_chunk(_EVENT).partition(b"0" * DIGITS)


class Bare(NamedTuple):
    """Where a server listens, and its process."""

    port: int
    pid: int


@contextmanager
def paced(events: int, gap_ns: int) -> Iterator[Bare]:
    """A server that answers with so many events, one each `gap_ns`, the first after one. Each
    says when it was written, behind `MARK`."""
    with _process(_serve_paced, events, gap_ns) as served:
        yield served


@contextmanager
def canned(*answers: bytes) -> Iterator[Bare]:
    """A server that writes these in turn, each in one piece, to whatever it is sent."""
    with _process(_serve_canned, *answers) as served:
        yield served


def answer(recording: Recording) -> bytes:
    """A recording as an answer whose connection stays open; each read is an HTTP chunk."""
    head = HEAD.replace(b"Connection: close\r\n", b"")
    return head + b"".join(http_chunk(read.data) for read in recording.reads) + LAST_CHUNK


@contextmanager
def _process(serve: Callable[..., None], *of: object) -> Iterator[Bare]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs, serve, of), daemon=True)
    process.start()
    try:
        yield Bare(ours.recv(), process.pid or 0)
    finally:
        ours.send(None)
        process.join(20)
        process.kill()


def _run(pipe: Connection, serve: Callable[..., None], of: tuple[object, ...]) -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    pipe.send(listener.getsockname()[1])
    threading.Thread(target=serve, args=(listener, *of), daemon=True).start()
    pipe.recv()


def _serve_paced(listener: socket.socket, events: int, gap_ns: int) -> None:
    """Accept, and write an event to each connection when it is due.

    All have the same gap: who was written to last is due last, and the queue is never sorted.
    """
    listener.setblocking(False)
    asked = selectors.DefaultSelector()
    asked.register(listener, selectors.EVENT_READ)
    due: deque[tuple[int, int, socket.socket]] = deque()  # when, how many are left, to whom
    while True:
        wait_s = (due[0][0] - time.monotonic_ns()) / 1e9 if due else 1
        if wait_s > 0:
            # select, which waits to the microsecond, for a selector, which knows milliseconds.
            if select.select([asked.fileno()], [], [], wait_s)[0]:
                due.extend(_take_requests(asked, listener, events, gap_ns))
            continue
        due_ns, left, connection = due.popleft()
        # What is overdue goes out in one piece: else one that is behind falls ever more behind.
        count = min(1 + (time.monotonic_ns() - due_ns) // gap_ns, left)
        if _write(connection, count):
            due.append((due_ns + max(count, 1) * gap_ns, left - count, connection))
        else:
            connection.close()


def _take_requests(
    asked: selectors.BaseSelector, listener: socket.socket, events: int, gap_ns: int
) -> Iterator[tuple[int, int, socket.socket]]:
    for key, _ in asked.select(0):
        connection = key.fileobj
        if connection is listener:
            accepted, _ = listener.accept()
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            asked.register(accepted, selectors.EVENT_READ)
            continue
        asked.unregister(connection)
        if connection.recv(65536):  # a small request, in one piece
            connection.send(HEAD)
            yield time.monotonic_ns() + gap_ns, events, connection
        else:
            connection.close()


def _write(connection: socket.socket, count: int) -> bool:
    """Write so many events, of none the end; is there more to write?"""
    event = _EVENT_START + b"%0*d" % (DIGITS, time.monotonic_ns()) + _EVENT_STOP
    try:
        connection.send(event * count if count else LAST_CHUNK)
    except OSError:
        return False  # the proxy has hung up
    return count > 0


def _serve_canned(listener: socket.socket, *answers: bytes) -> None:
    async def serve() -> None:
        loop, turns = asyncio.get_running_loop(), cycle(answers)
        server = await loop.create_server(lambda: _Canned(turns), sock=listener)
        await server.serve_forever()

    asyncio.run(serve())


class _Canned(Receiver):
    def __init__(self, answers: Iterator[bytes]) -> None:
        self._answers = answers

    def receive(self, data: memoryview) -> None:  # noqa: ARG002 - each request fits in one read
        self._transport.write(next(self._answers))
