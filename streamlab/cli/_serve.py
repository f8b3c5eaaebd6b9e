"""Runs the replay server for as long as a terminal wants it, and narrates."""

import asyncio
import math
import shlex
from collections.abc import Sequence
from pathlib import Path

from streamlab.analysis import distribution
from streamlab.cli._as_server import settle_as_server
from streamlab.cli._console import narrate, print_text
from streamlab.cli._select import select
from streamlab.cli._stop import on_stop
from streamlab.errors import InputError, NotFoundError
from streamlab.recording import Recording
from streamlab.replay import Answered, Catalog, ReplayServer
from streamlab.replay.live import Live
from streamlab.replay.miss import Miss
from streamlab.report import format_ns, one_line
from streamlab.store import Library

__all__ = ["parse_speed", "select_served", "serve_until_stopped"]

_NAMED_SPEEDS = {"realtime": 1.0, "instant": 0.0}


def parse_speed(speed: str) -> float:
    """`realtime`, `instant`, `10x`, `0.5x` or a plain number as a factor; 0 means no waiting."""
    if speed in _NAMED_SPEEDS:
        return _NAMED_SPEEDS[speed]
    try:
        factor = float(speed.removesuffix("x"))
    except ValueError:
        factor = -1.0
    if not math.isfinite(factor) or factor < 0:
        hint = "use realtime, instant, or a factor such as 10x or 0.5x"
        raise InputError(f"--speed {speed!r} is no speed", hint)
    return factor


def select_served(which: Sequence[str], db: Path) -> list[Recording]:
    """The recordings to serve; all that have an end if none is named."""
    if which:
        return select(which, db)
    with Library(db) as library:
        ids = [summary.id for summary in library.summaries() if summary.end_reason is not None]
        if not ids:
            raise NotFoundError(f"{db} holds no recordings", "record one first: streamlab record")
        return library.load_all(ids)


def serve_until_stopped(
    catalog: Catalog,
    *,
    speed: float,
    faults: Sequence[str],
    host: str,
    port: int,
    live: Live | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then say how punctual it was. InputError for a bad fault."""
    settle_as_server()
    server = ReplayServer(
        catalog, speed=speed, faults=faults, live=live, on_answered=_narrate_answer
    )
    asyncio.run(_run(server, speed=speed, host=host, port=port))
    _narrate_lateness(server)


async def _run(server: ReplayServer, *, speed: float, host: str, port: int) -> None:
    stop = on_stop()
    await server.start(host=host, port=port)
    print_text(server.url + "\n")
    _narrate_start(server, speed)
    await stop.wait()
    await server.close()


def _narrate_start(server: ReplayServer, speed: float) -> None:
    pace = f"at {speed:g}x speed" if speed else "without waiting"
    count = len(server.catalog.recordings)
    narrate(f"serving {count} recording{'s' if count != 1 else ''} {pace}; Ctrl-C stops")
    for route in server.catalog.routes():
        narrate((f"  {one_line(str(route), 100)}", "dim"))
    for planned in server.fault_plan.planned():
        narrate((f"  fault {one_line(str(planned.fault), 100)}", "yellow"))
    narrate("for OpenAI clients: ", (f"export OPENAI_BASE_URL={server.url}/v1", "bold"))


def _narrate_answer(answered: Answered) -> None:
    asked = answered.asked
    said = one_line(f"{asked.method} {asked.target}", 100)
    if not asked.recording_id:
        narrate(f"{said} ", ("no recording", "yellow"))
        if answered.miss is not None:
            _narrate_miss(answered.miss)
        return
    outcome = "" if answered.to_the_end else ", the client left"
    blows = "".join(f" {one_line(spec, 100)}" for spec in asked.faults)
    narrate(f"{said} ", (asked.recording_id, "cyan"), (blows, "yellow"), outcome)


def _narrate_miss(miss: Miss) -> None:
    """The closest recording, the first difference (asked != recorded), and a way out."""
    if miss.closest is not None:
        first = one_line(miss.lines[0], 160) if miss.lines else ""
        narrate("  closest: ", (miss.closest.id, "cyan"), f" {first}")
    narrate(("hint: ", "bold"), one_line(_way_out(miss), 200))


def _way_out(miss: Miss) -> str:
    if miss.lacks == "route":
        return "--upstream URL records what is missing"
    if miss.lacks == "model":
        return "--match path takes any of its route"
    left_out = shlex.quote(miss.json_path)
    first = f"--ignore-json-path {left_out} leaves that out, " if miss.json_path else ""
    return f"{first}--match auto takes any of its route"


def _narrate_lateness(server: ReplayServer) -> None:
    late = distribution(list(server.lateness_ns))
    if late.n:
        p50, p99, longest = map(format_ns, (late.p50_ns, late.p99_ns, late.max_ns))
        narrate(f"{late.n:,} writes; late by p50 {p50}, p99 {p99}, at most {longest}")
