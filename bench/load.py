"""The load client: many streams at once, of which only some are looked at closely.

A client in Python that wakes for each event of 2,000 streams is what such a benchmark would
measure. So two processes share the work. One has the *sample*, at most 50 streams, and takes the
time whenever bytes are there. The other has the rest, which it reads in rounds: it sleeps until the
next tick, and then reads what has gathered on each connection. What it cannot tell, exact times,
the sample tells; whether the server keeps pace, all streams together do.
"""

import gc
import os
import random
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TypeVar

from harness import LAST_CHUNK, REQUEST, numbered, request, second_process
from process import wait_s
from quiet import least_disturbed, urgent

SAMPLED = 50
_FEW = 200
_T = TypeVar("_T")
TICK_S = 0.05
_BEGINS_AFTER_NS = 50_000_000
_CONNECTS_WITHIN_S = 30
DIGITS = 19  # of a time in an event


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Streams that are asked for at random times within `spread_ns` from `start_ns`, on connections
    that are there already; with `numbered` no two requests are alike. What begins with `mark` is an
    event. Who is not done at `give_up_ns` is left."""

    first: int
    start_ns: int
    spread_ns: int
    give_up_ns: int
    mark: bytes
    numbered: bool


@dataclass(slots=True)
class Stream:
    """One answer: its events; of the sample, when they came, and how long each was under way, if it
    says when it was written."""

    events: int = 0
    at_ns: list[int] = field(default_factory=list)
    under_way_ns: list[tuple[int, int]] = field(default_factory=list)
    is_whole: bool = False
    start_ns: int = 0
    end_ns: int = 0
    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one client process saw, and the share of a core that it took."""

    streams: list[Stream]
    cpu_share: float


@dataclass(frozen=True, slots=True)
class Load:
    """What both saw. `took_s` is from the first request to the last byte."""

    sample: list[Stream]
    asked: int
    events: int
    whole: int
    took_s: float
    gave_up_ns: int
    client_cpu: float


@dataclass(frozen=True, slots=True)
class Clients:
    """The two processes: the one that has the sample, and the one that has the rest."""

    sample: ProcessPoolExecutor
    rest: ProcessPoolExecutor
    sample_pid: int
    rest_pid: int


@contextmanager
def client_processes() -> Iterator[Clients]:
    """Both, started and warm."""
    with second_process() as sample, second_process() as rest:
        pids = [each.submit(os.getpid).result() for each in (sample, rest)]
        yield Clients(sample, rest, *pids)


def load(
    clients: Clients, port: int, streams: int, *, spread_s: float, within_s: float, mark: bytes,
    numbered: bool = False,
) -> Load:  # fmt: skip
    """So many streams of the server at that port, asked for when all are connected."""
    sampled = min(SAMPLED, streams)
    connected = clients.sample.submit(connect, port, sampled)
    clients.rest.submit(connect, port, streams - sampled).result()
    connected.result()
    start_ns = time.monotonic_ns() + _BEGINS_AFTER_NS
    shared = {"start_ns": start_ns, "spread_ns": int(spread_s * 1e9), "mark": mark}
    shared |= {"numbered": numbered, "give_up_ns": start_ns + int(within_s * 1e9)}
    sample = clients.sample.submit(ask, Plan(first=0, **shared), 0)
    rest = clients.rest.submit(ask, Plan(first=sampled, **shared), TICK_S)
    seen, unseen = sample.result(), rest.result()
    both = [*seen.streams, *unseen.streams]
    return Load(
        sample=seen.streams,
        asked=streams,
        events=sum(stream.events for stream in both),
        whole=sum(stream.is_whole for stream in both),
        took_s=(max(stream.end_ns for stream in both) - start_ns) / 1e9,
        gave_up_ns=shared["give_up_ns"],
        client_cpu=max(seen.cpu_share, unseen.cpu_share),
    )


@contextmanager
def urgent_if_few(streams: int, servers: Iterable[int], clients: Clients) -> Iterator[None]:
    """Few streams leave the cores time: then these processes, and the sample, are urgent."""
    first = (*servers, clients.sample_pid)
    with urgent(first, last=[clients.rest_pid]) if streams <= _FEW else nullcontext():
        yield


def least_disturbed_if_few(streams: int, measure: Callable[[], _T]) -> _T:
    """Few streams are measured for how late single events are: the hypervisor must not be it."""
    return least_disturbed(measure) if streams <= _FEW else measure()


_connections: list[socket.socket] = []  # of this process, between connecting and asking


def connect(port: int, count: int) -> None:
    """Have so many connections. Who has a short backlog takes its time, which nobody measures."""
    _connections.extend(_connect(port) for _ in range(count))


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=_CONNECTS_WITHIN_S)
    connection.settimeout(None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def ask(plan: Plan, tick_s: float) -> Seen:
    """Ask for streams and read them: whenever bytes are there, or with `tick_s` in rounds."""
    gc.disable()
    chance = random.Random(plan.first)
    connections = _connections.copy()
    _connections.clear()
    starts_ns = sorted(plan.start_ns + chance.randrange(plan.spread_ns) for _ in connections)
    waiting = deque(zip(starts_ns, connections, strict=True))
    wait_s((plan.start_ns - time.monotonic_ns()) / 1e9)
    start_s, cpu_s = time.monotonic(), time.process_time()
    streams = _read_all(plan, waiting, tick_s)
    took_s, cpu_s = time.monotonic() - start_s, time.process_time() - cpu_s
    for connection in connections:
        connection.close()
    return Seen(streams, cpu_s / took_s if streams else 0)


def _read_all(plan: Plan, waiting: deque[tuple[int, socket.socket]], tick_s: float) -> list[Stream]:
    buffer = memoryview(bytearray(256 * 1024))
    streams: list[Stream] = []
    reading = selectors.DefaultSelector()
    while (waiting or reading.get_map()) and time.monotonic_ns() < plan.give_up_ns:
        while waiting and waiting[0][0] <= time.monotonic_ns():
            _, connection = waiting.popleft()
            streams.append(Stream(start_ns=(now_ns := time.monotonic_ns()), end_ns=now_ns))
            number = plan.first + len(streams)
            connection.send(request(numbered(number)) if plan.numbered else REQUEST)
            reading.register(connection, selectors.EVENT_READ, streams[-1])
        next_ns = waiting[0][0] if waiting else time.monotonic_ns() + 100_000_000
        ready = reading.select(max(next_ns - time.monotonic_ns(), 0) / 1e9)
        # That they are there is known now; what it takes to read them all is the client's affair.
        now_ns = time.monotonic_ns()
        for key, _ in ready:
            if _receive(key.fileobj, key.data, plan.mark, buffer, now_ns if not tick_s else 0):
                reading.unregister(key.fileobj)
        wait_s(tick_s and tick_s - time.monotonic() % tick_s)
    now_ns = time.monotonic_ns()
    for key in reading.get_map().values():
        key.data.end_ns = now_ns
    return streams + [Stream(start_ns=at_ns, end_ns=now_ns) for at_ns, _ in waiting]


def _receive(
    connection: socket.socket, stream: Stream, mark: bytes, buffer: memoryview, now_ns: int
) -> bool:
    """Read once; is the stream over?"""
    try:
        size = connection.recv_into(buffer)
    except ConnectionError:
        size = 0
    data = stream.tail + buffer[:size]
    events = data.count(mark)
    stream.events += events
    stream.end_ns = now_ns or time.monotonic_ns()
    if now_ns and events:
        stream.at_ns += [now_ns] * events
        stream.under_way_ns += _under_way_ns(data, mark, now_ns)
    stream.is_whole = data.endswith(LAST_CHUNK)
    # A mark that is not complete yet is counted with the next read; none is counted twice.
    stream.tail = data[1 - len(mark) :]
    return stream.is_whole or not size


def _under_way_ns(data: bytes, mark: bytes, now_ns: int) -> list[tuple[int, int]]:
    """Now, and how long ago each event was written, by the time behind its mark."""
    found, at = [], data.find(mark)
    while at >= 0:
        written = data[at + len(mark) :][:DIGITS]
        if len(written) == DIGITS and written.isdigit():
            found.append((now_ns, now_ns - int(written)))
        at = data.find(mark, at + 1)
    return found
