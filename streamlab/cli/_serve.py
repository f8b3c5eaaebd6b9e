"""Runs the replay server for as long as a terminal or a command wants it, and narrates."""

import asyncio
import os
import shlex
import ssl
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streamlab.cli._as_server import settle_as_server
from streamlab.cli._child import run_child
from streamlab.cli._console import narrate, print_text
from streamlab.cli._select import select
from streamlab.cli._stop import on_stop
from streamlab.errors import NotFoundError
from streamlab.recording import Recording
from streamlab.replay import Answered, Catalog, Outcome, ReplayServer
from streamlab.replay.live import Live
from streamlab.replay.miss import Miss
from streamlab.report import format_ns, one_line

__all__ = ["Serving", "select_served", "serve_command", "serve_until_stopped"]

# A piece of narration each: what was asked, what answered it, how that went.
_Line = tuple[str | tuple[str, str], ...]

# What is said of an answer that is no recording's.
_SAID: Final[dict[Outcome, tuple[str, str]]] = {
    "made": ("streamlab's own", "dim"),
    "refused": ("no such key", "yellow"),
    "missed": ("no recording", "yellow"),
}
_UNANSWERED: Final[frozenset[Outcome]] = frozenset({"missed", "refused"})
# For SDKs that do not start without a key.
_ANY_KEY: Final = "streamlab"


def select_served(which: Sequence[str], db: Path) -> list[Recording]:
    """The recordings to serve; all that have an end if none is named."""
    if which:
        return select(which, db)
    from streamlab.store import Library

    with Library(db) as library:
        ids = [summary.id for summary in library.summaries() if summary.end_reason is not None]
        if not ids:
            raise NotFoundError(f"{db} holds no recordings", "record one first: streamlab record")
        return library.load_all(ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What to serve, how, and where; port 0 is a free one."""

    catalog: Catalog
    live: Live | None
    speed: float
    faults: Sequence[str]
    has_control: bool
    api_key: str | None
    host: str
    port: int
    tls: ssl.SSLContext | None

    def server(self, on_answered: Callable[[Answered], None]) -> ReplayServer:
        """The server, which is yet to start. InputError for a bad fault."""
        settle_as_server()
        return ReplayServer(
            self.catalog,
            live=self.live,
            speed=self.speed,
            faults=self.faults,
            has_control=self.has_control,
            api_key=self.api_key,
            on_answered=on_answered,
        )

    async def start(self, server: ReplayServer) -> None:
        """Listen."""
        await server.start(host=self.host, port=self.port, tls=self.tls)


def serve_until_stopped(serving: Serving) -> None:
    """Serve until SIGINT or SIGTERM, then say how punctual it was."""
    server = serving.server(_narrate_answer)
    asyncio.run(_run(server, serving))
    _narrate_lateness(server)


async def _run(server: ReplayServer, serving: Serving) -> None:
    stop = on_stop()
    await serving.start(server)
    print_text(server.url + "\n")
    _narrate_start(server, serving.speed)
    await stop.wait()
    await server.close()


def serve_command(serving: Serving, command: Sequence[str]) -> int:
    """Serve while `command` runs, whose SDKs ask the replay; its exit code. Says at the end what
    was answered, and what was not.

    Its output and its signals are its own. InputError if it cannot be started.
    """
    answers: Counter[tuple[bool, _Line]] = Counter()

    def count(answered: Answered) -> None:
        answers[answered.outcome in _UNANSWERED, _line(answered)] += 1

    server = serving.server(count)
    exit_code = asyncio.run(_run_command(server, serving, command))
    _narrate_answers(answers)
    _narrate_lateness(server)
    return exit_code


async def _run_command(server: ReplayServer, serving: Serving, command: Sequence[str]) -> int:
    await serving.start(server)
    api_key = serving.api_key or _ANY_KEY
    try:
        from streamlab.record.command import replayed_environment

        return await run_child(command, replayed_environment(os.environ, server.url, api_key))
    finally:
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
    narrate(*_line(answered))
    if answered.miss is not None:
        _narrate_miss(answered.miss)


def _line(answered: Answered) -> _Line:
    """What was asked, and what answered it."""
    asked = answered.asked
    said = one_line(f"{asked.method} {asked.target}", 100)
    if not asked.recording_id:
        return f"{said} ", _SAID[answered.outcome]
    blows = "".join(f" {one_line(spec, 100)}" for spec in asked.faults)
    left = "" if answered.to_the_end else ", the client left"
    return f"{said} ", (asked.recording_id, "cyan"), (blows, "yellow"), left


def _narrate_answers(answers: Counter[tuple[bool, _Line]]) -> None:
    """A line for each kind of answer, the misses last, and how many requests were answered."""
    for (_, line), count in sorted(answers.items(), key=lambda each: each[0][0]):
        narrate(*line, f", {count} times" if count > 1 else "")
    total = answers.total()
    missed = sum(count for (is_missed, _), count in answers.items() if is_missed)
    narrate(f"answered {total - missed} of {total} request{'s' if total != 1 else ''}")


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
    from streamlab.analysis import distribution

    late = distribution(list(server.lateness_ns))
    if late.n:
        p50, p99, longest = map(format_ns, (late.p50_ns, late.p99_ns, late.max_ns))
        narrate(f"{late.n:,} writes; late by p50 {p50}, p99 {p99}, at most {longest}")
