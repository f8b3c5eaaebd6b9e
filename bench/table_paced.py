"""2: replay at the recorded pace. How punctual, by number of streams, beside other servers?

Run: python bench/table_paced.py [--quick] [--peers]
"""

import tempfile
from collections.abc import Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import upstream
from harness import MS, stream
from load import (
    Clients,
    Load,
    Stream,
    client_processes,
    least_disturbed_if_few,
    load,
    urgent_if_few,
)
from process import Server, free_port, running
from table import Column, Goal, Section, Table, percentile, print_section
from tools import Tool, contestants, record_with_reel, replay_servers

from streamlab.cassette import write_cassette

GAP_MS = 20
SPREAD_S = 0.5
_FLOOR = "bare sockets, the client's floor"
_P99 = "gap error p99, ms"
_HOW = """
Streams of {events} events, one each 20 ms, started at random within half a second. The *error of a
gap* is what a gap between two events differs from 20 ms; an event's *lateness* is counted from the
most punctual event of its stream. Both are taken from the sample, at most 50 streams, which a
client in a process of its own reads as they come; another reads all others in rounds of 50 ms.
*Pace* is how long a stream of the sample takes, on average, against the nominal: 1 is on time. Who
has not ended after twice the nominal is left. {rounds} rounds, in which the servers take
turns; in brackets the least and the most of them. Who counts from the start of a stream, as
streamlab does, shows a delay in two gaps, one too long and one too short; who counts from the last
event, in one, and drifts. The floor is a server of bare sockets that does nothing else: nobody can
be told to be better than it. *Client* is the share of a core that the busier client process took:
below 0.7 it is not what is measured.
"""


def measure(*, quick: bool = False, peers: bool = True) -> Section:
    """The tables, one per number of streams."""
    counts, events, rounds = ((1, 20), 20, 1) if quick else ((1, 50, 200, 1000, 2000), 200, 3)
    tables = {count: _table(count) for count in counts}
    with tempfile.TemporaryDirectory() as name, client_processes() as clients:
        folder = Path(name)
        recording = stream(range(GAP_MS * MS, (events + 1) * GAP_MS * MS, GAP_MS * MS))
        write_cassette(folder / "stream.jsonl", [recording])
        if peers:
            record_with_reel(recording, folder)
        port = free_port()
        tools = replay_servers(port, folder, events=events, gap_ms=GAP_MS)
        tools = contestants(tables.values(), tools if peers else tools[:1])
        for _ in range(rounds):
            for tool in tools:
                _measure(tool, port, tables, clients, events)
            with upstream.paced(events, GAP_MS * MS) as bare:
                for count, table in tables.items():
                    floor = partial(_load, clients, bare.port, count, events, [bare.pid])
                    _add(table, _FLOOR, least_disturbed_if_few(count, floor), events)
    how = _HOW.format(events=events, rounds=rounds)
    return Section("2. Paced replay", how, list(tables.values()))


def _table(count: int) -> Table:
    streams = f"{count:,} stream{'s' if count > 1 else ''}"
    columns = (
        Column("gap error p50, ms", "less", Goal(f"error of a gap, median, {streams}, ms")),
        Column(_P99, "less", Goal(f"error of a gap, p99, {streams}, ms", share=0.2)),
        Column("gap error max, ms", "less"),
        Column("lateness p99, ms", "less"),
        Column("pace", "less", Goal(f"pace, {streams}")),
        Column("streams not whole"),
        Column("server CPU, µs an event", "less"),
        Column("client"),
    )
    table = Table(streams, columns)
    table.row(_FLOOR, ground=True)
    return table


def _measure(
    tool: Tool, port: int, tables: dict[int, Table], clients: Clients, events: int
) -> None:
    """One round of one server."""
    with running(tool.command, port) as server:
        for count, table in tables.items():
            with table.attempt(tool.name):
                of_server = partial(_load_of, server, clients, port, count, events)
                seen, cpu_us = least_disturbed_if_few(count, of_server)
                _add(table, tool.name, seen, events)
                table.add(tool.name, "server CPU, µs an event", cpu_us)


def _load_of(
    server: Server, clients: Clients, port: int, count: int, events: int
) -> tuple[Load, float]:
    """The load, and the CPU time that the server took for an event of it, in µs."""
    cpu_s = server.cpu_s()
    seen = _load(clients, port, count, events, server.pids())
    return seen, (server.cpu_s() - cpu_s) / max(seen.events, 1) * 1e6


def _load(clients: Clients, port: int, count: int, events: int, servers: Iterable[int]) -> Load:
    within_s = 2 * (SPREAD_S + events * GAP_MS / 1000)
    # Each event of each of these servers has this once.
    mark = b'"content"'
    with urgent_if_few(count, servers, clients):
        return load(clients, port, count, spread_s=SPREAD_S, within_s=within_s, mark=mark)


def _add(table: Table, name: str, seen: Load, events: int) -> None:
    errors_ms = [error for each in seen.sample for error in gap_errors_ms(each)]
    lateness_ms = [late for each in seen.sample for late in _lateness_ms(each)]
    # llmock sends fewer events than it is asked for.
    sent = min(events, seen.events / max(seen.whole, 1)) if seen.whole else events
    table.add(name, "gap error p50, ms", percentile(errors_ms, 0.5))
    table.add(name, _P99, percentile(errors_ms, 0.99))
    table.add(name, "gap error max, ms", max(errors_ms, default=float("nan")))
    table.add(name, "lateness p99, ms", percentile(lateness_ms, 0.99))
    durations_s = [(each.end_ns - each.start_ns) / 1e9 for each in seen.sample if each.is_whole]
    table.add(name, "pace", fmean(durations_s or [float("nan")]) / (sent * GAP_MS / 1000))
    table.add(name, "streams not whole", seen.asked - seen.whole)
    table.add(name, "client", seen.client_cpu)


def gap_errors_ms(seen: Stream) -> list[float]:
    """What each gap differs from the nominal one."""
    return [abs(late - early - GAP_MS * MS) / MS for early, late in pairwise(seen.at_ns)]


def _lateness_ms(seen: Stream) -> list[float]:
    off_ns = [at_ns - number * GAP_MS * MS for number, at_ns in enumerate(seen.at_ns)]
    return [(each - min(off_ns)) / MS for each in off_ns]


if __name__ == "__main__":
    print_section(measure)
