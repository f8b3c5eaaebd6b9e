"""Runs the recording proxy for as long as a terminal wants it, and narrates."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from streamlab.cli._console import narrate, print_text
from streamlab.cli._stop import on_stop
from streamlab.record import ProxyServer, Relayed, Upstream
from streamlab.report import format_ns, one_line
from streamlab.store import Library

__all__ = ["run_proxy"]


def run_proxy(
    upstreams: Sequence[Upstream],
    db: Path,
    *,
    host: str,
    port: int,
    keep_encoding: bool,
    tags: tuple[str, ...],
) -> None:
    """Relay and record until SIGINT or SIGTERM."""
    with Library(db, create=True) as library, library.open_writer() as writer:
        server = ProxyServer(
            upstreams, writer, keep_encoding=keep_encoding, tags=tags, on_relayed=_narrate_relayed
        )
        asyncio.run(_run(server, upstreams, db, host=host, port=port))


async def _run(
    server: ProxyServer, upstreams: Sequence[Upstream], db: Path, *, host: str, port: int
) -> None:
    stop = on_stop()
    await server.start(host=host, port=port)
    print_text(server.url + "\n")
    narrate(f"recording into {db}; Ctrl-C stops")
    for upstream in upstreams:
        at = f"{server.url}/{upstream.prefix}" if upstream.prefix else server.url
        narrate((f"  {at}", "bold"), f" → {upstream.scheme}://{upstream.authority}")
    await stop.wait()
    await server.close()


def _narrate_relayed(relayed: Relayed) -> None:
    recording = relayed.recording
    status = str(recording.response.status) if recording.response else "-"
    end = recording.end
    ended = f"{end.reason} after {format_ns(end.at_ns)}" if end else ""
    asked = one_line(f"{recording.request.method} {recording.request.url}", 100)
    narrate((recording.id, "cyan"), f" {asked} {status} {ended}")
