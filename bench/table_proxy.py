"""4: the recording proxy. What does it add to each event, and does it keep up, beside others'?

Run: python bench/table_proxy.py [--quick] [--peers]
"""

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import upstream
from harness import MS
from load import (
    Clients,
    Load,
    Stream,
    client_processes,
    least_disturbed_if_few,
    load,
    urgent_if_few,
)
from process import free_port, running
from table import OURS, Column, Goal, Section, Table, percentile, print_section
from tools import (
    COPIED,
    Tool,
    aimock_recorder,
    bare_relay,
    contestants,
    mitmproxy_relay,
    reel_recorder,
    streamlab_proxy,
)
from upstream import Bare

from streamlab.store import Library

SPREAD_S = 0.5
_DIRECT = "no proxy at all"
PROXIES = (streamlab_proxy, mitmproxy_relay, aimock_recorder, reel_recorder)
_HOW = """
An upstream of bare sockets writes into each event when it wrote it; the client of table 2 tells
from the sample how long events were *under way*. What a proxy adds is what its row has more than
that of no proxy at all; *bytes copied* is a relay in asyncio that knows no HTTP and records
nothing, the least that a proxy in Python can take. Upstream, proxy and both clients share the
machine's cores. *Events/s* are those that had come after twice the nominal time at the
latest (of the long streams, one and a half); one that had not come counts as under way for as long
as was waited for it. CPU and memory (the peak of what is resident) are those of the proxy's
processes, with what they store, told on Linux. mitmproxy passes a stream on as it comes only where
it records no body of it. The long streams show the steady state: their first two seconds, in which
all connect, are left out of the times under way. {rounds} rounds ({long_rounds} of the long
streams), in which all take turns, each with an empty store; in brackets the least and the most of
them.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    streams: int
    events: int
    gap_ms: int
    rounds: int
    setup_s: float = 0.0
    patience: float = 2.0

    @property
    def nominal_s(self) -> float:
        return SPREAD_S + (self.events + 1) * self.gap_ms / 1000

    @property
    def title(self) -> str:
        rate, lasts_s = 1000 / self.gap_ms, self.events * self.gap_ms / 1000
        return f"{self.streams:,} streams of {lasts_s:g} s, {rate:g} events/s each"


_FULL = (
    _Case(streams=50, events=200, gap_ms=20, rounds=3),
    _Case(streams=1000, events=200, gap_ms=20, rounds=2),
    _Case(streams=1000, events=1000, gap_ms=20, rounds=1, setup_s=2, patience=1.5),
)
_QUICK = (
    _Case(streams=5, events=20, gap_ms=20, rounds=1),
    _Case(streams=10, events=10, gap_ms=50, rounds=1, setup_s=0.2),
)


def measure(*, quick: bool = False, peers: bool = True) -> Section:
    """The tables, one per load."""
    cases = _QUICK if quick else _FULL
    with client_processes() as clients:
        tables = [_measure(case, clients, peers=peers) for case in cases]
    rounds, long_rounds = cases[0].rounds, cases[-1].rounds
    how = _HOW.format(rounds=rounds, long_rounds=long_rounds)
    return Section("4. Recording proxy", how, tables)


def _measure(case: _Case, clients: Clients, *, peers: bool) -> Table:
    table = _table(case)
    makers = PROXIES if peers else PROXIES[:1]
    installed = contestants([table], [make("", 0, Path()) for make in makers])
    names = {COPIED, *(tool.name for tool in installed)}
    with upstream.paced(case.events, case.gap_ms * MS) as bare:
        for _ in range(case.rounds):
            direct = partial(_load, clients, bare.port, case, [bare.pid])
            _add(table, _DIRECT, least_disturbed_if_few(case.streams, direct), case)
            for make in (bare_relay, *PROXIES):
                name = make("", 0, Path()).name
                if name in names:
                    with table.attempt(name):
                        relayed = partial(_relay, make, bare, clients, case)
                        seen, figures = least_disturbed_if_few(case.streams, relayed)
                        _add(table, name, seen, case)
                        for column, figure in figures.items():
                            table.add(name, column, figure)
    return table


def _table(case: _Case) -> Table:
    load = f"{case.streams:,} streams, {case.events * case.gap_ms / 1000:g} s"
    latency = Goal(f"proxy, an event under way at the median, {load}, ms", share=1)
    rate = Goal(f"proxy, events a second, {load}", share=1)
    columns = (
        Column("under way p50, ms", "less", latency),
        Column("p99, ms", "less"),
        Column("max, ms", "less"),
        Column("events/s", "more", rate),
        Column("pace", "less", Goal(f"proxy, pace, {load}")),
        Column("events that came, %", "more"),
        Column("CPU, µs an event", "less"),
        Column("memory, MB", "less"),
        Column("streams recorded"),
        Column("client"),
    )
    table = Table(case.title, columns)
    table.row(_DIRECT, ground=True)
    table.row(COPIED, ground=True)
    return table


def _relay(
    make: Callable[[str, int, Path], Tool], bare: Bare, clients: Clients, case: _Case
) -> tuple[Load, dict[str, float]]:
    """The load through a tool with an empty store, and by column what that took."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        tool = make(f"http://127.0.0.1:{bare.port}", port, Path(folder))
        with running(tool.command, port) as server:
            seen = _load(clients, port, case, [bare.pid, *server.pids()])
            figures = {
                "CPU, µs an event": server.cpu_s() / max(seen.events, 1) * 1e6,
                "memory, MB": server.memory_mb("VmHWM"),
            }
        return seen, figures | {"streams recorded": _recorded(tool.name, Path(folder))}


def _load(clients: Clients, port: int, case: _Case, servers: Iterable[int]) -> Load:
    within_s = case.patience * case.nominal_s
    with urgent_if_few(case.streams, servers, clients):
        return load(
            clients, port, case.streams, spread_s=SPREAD_S, within_s=within_s, mark=upstream.MARK,
            numbered=True,
        )  # fmt: skip


def _add(table: Table, name: str, seen: Load, case: _Case) -> None:
    setup_until_ns = min(each.start_ns for each in seen.sample) + int(case.setup_s * 1e9)
    under_way_ms = [
        ns / MS
        for each in seen.sample
        for at_ns, ns in [*each.under_way_ns, *_missing(each, seen.gave_up_ns, case)]
        if at_ns >= setup_until_ns
    ]
    table.add(name, "under way p50, ms", percentile(under_way_ms, 0.5))
    table.add(name, "p99, ms", percentile(under_way_ms, 0.99))
    table.add(name, "max, ms", max(under_way_ms, default=float("nan")))
    table.add(name, "events/s", seen.events / seen.took_s)
    table.add(name, "pace", seen.took_s / case.nominal_s)
    table.add(name, "events that came, %", 100 * seen.events / (case.streams * case.events))
    table.add(name, "client", seen.client_cpu)


def _missing(stream: Stream, gave_up_ns: int, case: _Case) -> list[tuple[int, int]]:
    """The events that did not come, each at least as long under way as was waited for it."""
    first_ns = stream.start_ns + case.gap_ms * MS
    due_ns = [first_ns + number * case.gap_ms * MS for number in range(case.events)]
    return [(gave_up_ns, gave_up_ns - at_ns) for at_ns in due_ns[len(stream.under_way_ns) :]]


def _recorded(name: str, folder: Path) -> float:
    """How many whole streams the tool has stored; not a number of those that record none."""
    if name == OURS:
        with Library(folder / "bench.db") as library:
            return sum(each.end_reason == "complete" for each in library.summaries())
    if name == "aimock":
        return sum(1 for _ in folder.glob("recorded/**/*.json"))
    if name == "reel":
        return sum(file.read_bytes().count(b"\n") for file in folder.glob("reel.jsonl"))
    return float("nan")


if __name__ == "__main__":
    print_section(measure)
