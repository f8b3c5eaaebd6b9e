"""Replay servers beside each other: how punctual, and how fast without waiting?

Run: python bench/replay.py [paced|instant] [STREAMS ...]

Paced: streams of 150 events, one each 20 ms, 1 to 2,000 at once, started at random within half a
second. A client in a second process takes the time of each event as it is read; the error of a gap
is what it differs from 20 ms. Instant: the same stream without waiting over 20 keep-alive
connections, for two seconds. streamlab and, where `python bench/peers.py` has installed them,
aimock, reel, llmock and a Starlette application on uvicorn, one after the other, all on the
machine's cores together with the client. The stream differs in its chunks: each server sends what
it makes of it (llmock a shorter one).
"""

import random
import selectors
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import peers
from harness import BODY, LAST_CHUNK, MS, PATH, Figure, percentiles, print_figures, stream

from streamlab import serve
from streamlab.cassette import write_cassette

EVENTS = 150
GAP_MS = 20
STREAMS = (1, 50, 200, 1000, 2000)
SPREAD_S = 0.5
CONNECTIONS = 20
INSTANT_S = 2.0
_REQUEST = (
    f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    f"Authorization: Bearer x\r\nContent-Length: {len(BODY)}\r\n\r\n"
).encode() + BODY


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the client saw: gaps of all streams, events and answers, how long it all took."""

    gaps_ns: list[int]
    events: int
    answers: int
    took_s: float
    cpu_s: float


def paced(streams: tuple[int, ...] = STREAMS) -> Iterator[Figure]:
    """The figures of replays at the recorded pace."""
    for count in streams:
        for name, command, port in _servers(GAP_MS):
            with peers.running(command, port) as server:
                asked = _in_second_process(port, count, SPREAD_S, 0)
                server_us = server.cpu_s() / max(asked.events, 1) * 1e6
            errors_ns = [abs(gap_ns - GAP_MS * MS) for gap_ns in asked.gaps_ns]
            nominal_s = SPREAD_S + asked.events / max(asked.answers, 1) * GAP_MS / 1000
            note = (
                f"error of a gap, p50 / p99 / max; {asked.answers} of {count} whole, "
                f"{asked.took_s / nominal_s:.3f} of nominal; server CPU {server_us:.0f} µs an event"
            )
            yield Figure(f"{count:,} streams, {name}", percentiles(errors_ns or [0]), note)


def instant() -> Iterator[Figure]:
    """The figures of replays without waiting."""
    for name, command, port in _servers(0):
        with peers.running(command, port) as server:
            _in_second_process(port, CONNECTIONS, 0, 0.5)
            asked = _in_second_process(port, CONNECTIONS, 0, INSTANT_S)
            server_us = server.cpu_s() / max(asked.answers, 1) * 1e6
        rate = asked.answers / asked.took_s
        value = f"{rate:,.0f} streams/s, {asked.events / asked.took_s:,.0f} events/s"
        note = f"{CONNECTIONS} connections; server CPU {server_us:,.0f} µs a stream, or less"
        yield Figure(f"instant, {name}", value, note)


def _servers(gap_ms: int) -> Iterator[tuple[str, peers.Command, int]]:
    """Name, command and port of each server; ours first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recording = stream(range(GAP_MS * MS, (EVENTS + 1) * GAP_MS * MS, GAP_MS * MS))
        write_cassette(folder / "stream.jsonl", [recording])
        port = peers.free_port()
        speed = "realtime" if gap_ms else "instant"
        replay: peers.Command = [
            sys.executable, "-m", "streamlab", "replay", folder / "stream.jsonl",
            "--port", str(port), "--speed", speed, "--match", "latest",
        ]  # fmt: skip
        yield "streamlab", replay, port
        _record_with_reel(folder)
        for peer in peers.servers(0, folder, events=EVENTS, gap_ms=gap_ms):
            port = peers.free_port()
            commands = peers.servers(port, folder, events=EVENTS, gap_ms=gap_ms)
            yield peer, commands[peer], port


def _record_with_reel(folder: Path) -> None:
    recording = stream(range(GAP_MS * MS, (EVENTS + 1) * GAP_MS * MS, GAP_MS * MS))
    port = peers.free_port()
    with serve([recording]) as server:
        command = peers.reel_recorder(server.url, port, folder)
        if command is not None:
            with peers.running(command, port):
                ask(port, 1, 0, 0)


def _in_second_process(port: int, streams: int, spread_s: float, until_s: float) -> _Asked:
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(ask, (port, streams, spread_s, until_s))


class _Stream:
    """One connection: when its last event came, and whether the answer is over."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.last_ns = 0
        self.tail = b""


def ask(port: int, streams: int, spread_s: float, until_s: float) -> _Asked:
    """Ask on so many connections, again on each until `until_s`; take the time of each event."""
    chance = random.Random(streams)
    start_s, cpu_s = time.monotonic(), time.process_time()
    starts_s = sorted(start_s + chance.uniform(0, spread_s) for _ in range(streams))
    gaps_ns: list[int] = []
    events = answers = 0
    buffer = bytearray(256 * 1024)
    reading = selectors.DefaultSelector()
    while starts_s or reading.get_map():
        while starts_s and starts_s[0] <= time.monotonic():
            starts_s.pop(0)
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.send(_REQUEST)
            reading.register(connection, selectors.EVENT_READ, _Stream(connection))
        wait_s = max(starts_s[0] - time.monotonic(), 0) if starts_s else 10
        ready = reading.select(wait_s)
        # That they are there is known now; what it takes to read them all is the client's affair.
        now_ns = time.monotonic_ns()
        if not ready and not starts_s:
            break  # a server that has lost its streams
        for key, _ in ready:
            of: _Stream = key.data
            try:
                size = of.connection.recv_into(buffer)
            except ConnectionError:
                size = 0
            data = buffer[:size]
            found = data.count(b'"content"')
            if found:
                if of.last_ns:
                    gaps_ns.append(now_ns - of.last_ns)
                gaps_ns += [0] * (found - 1)
                of.last_ns = now_ns
                events += found
            of.tail = (of.tail + data[-5:])[-5:]
            if size and of.tail != LAST_CHUNK:
                continue
            answers += size > 0
            of.tail, of.last_ns = b"", 0
            if size and time.monotonic() - start_s < until_s:
                of.connection.send(_REQUEST)
            else:
                reading.unregister(of.connection)
                of.connection.close()
    took_s = time.monotonic() - start_s
    return _Asked(gaps_ns, events, answers, took_s, time.process_time() - cpu_s)


if __name__ == "__main__":
    asked = sys.argv[1:]
    if "instant" not in asked:
        counts = tuple(int(each) for each in asked if each.isdigit()) or STREAMS
        print_figures(lambda: paced(counts))
    if "paced" not in asked:
        print_figures(instant)
