"""How fast is a replay without waiting? Streams and events per second at speed 0.

Run: python bench/instant.py

A recording of 200 events of 230 bytes over 20 keep-alive connections; the client (bare asyncio
sockets, in a second process) reads and discards. Its own limit is measured with a server that
writes the same bytes, all in one piece, to whatever it is sent.
"""

import asyncio
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from urllib.parse import urlsplit

from harness import (
    MS,
    Drained,
    Figure,
    Receiver,
    drain,
    print_figures,
    second_process,
    stream,
)

from streamlab.replay import ReplayServer
from streamlab.replay.script import script
from streamlab.schedule import schedule

EVENTS = 200
CONNECTIONS = 20
RUN_S = 1.5
REPEATS = 3
RECORDING = stream(range(0, EVENTS * MS, MS))
ANSWER = b"".join(
    step.data for step in script(schedule(RECORDING, speed=0), http_version="1.1").steps
)


@dataclass(frozen=True, slots=True)
class _Run:
    client: Drained
    cpu_s: float

    @property
    def streams_per_s(self) -> float:
        return self.client.answers / self.client.elapsed_s


def measure() -> Iterator[Figure]:
    """The figures of this benchmark."""
    replays, limits = [], []
    with second_process() as client:
        for _ in range(REPEATS):
            replays.append(asyncio.run(_measure_replay(client)))
            limits.append(asyncio.run(_measure_client(client)))
    rate, limit = (statistics.median(r.streams_per_s for r in runs) for runs in (replays, limits))
    cpu_us = min(run.cpu_s / run.client.answers for run in replays) * 1e6
    runs = f"{CONNECTIONS} connections, {REPEATS} runs of {RUN_S:g} s, median"
    yield Figure(
        "replay server",
        f"{rate:,.0f} streams/s, {rate * EVENTS / 1e6:.2f} M events/s",
        f"{runs}; {cpu_us:.0f} µs of server CPU a stream",
    )
    yield Figure(
        "the client's own limit",
        f"{limit:,.0f} streams/s",
        f"{runs}; the server is at {rate / limit:.0%} of it",
    )


async def _measure_replay(client: Executor) -> _Run:
    server = ReplayServer([RECORDING], speed=0)
    await server.start()
    run = await _drain(client, urlsplit(server.url).port)
    await server.close()
    return run


async def _measure_client(client: Executor) -> _Run:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Canned(ANSWER), "127.0.0.1", 0)
    run = await _drain(client, server.sockets[0].getsockname()[1])
    server.close()
    return run


async def _drain(client: Executor, port: int) -> _Run:
    starts_s = [0.0] * CONNECTIONS
    cpu_s = time.process_time()
    drained = await asyncio.get_running_loop().run_in_executor(client, drain, port, starts_s, RUN_S)
    assert drained.bytes == drained.answers * len(ANSWER)
    return _Run(drained, time.process_time() - cpu_s)


class _Canned(Receiver):
    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def receive(self, data: memoryview) -> None:  # noqa: ARG002 - each request fits in one read
        self._transport.write(self._answer)


if __name__ == "__main__":
    print_figures(measure)
