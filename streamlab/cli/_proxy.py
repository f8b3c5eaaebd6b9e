"""Runs the recording proxy for as long as a terminal wants it, and narrates."""

import asyncio
import ssl
from collections.abc import Sequence
from pathlib import Path

from streamlab.cli._as_server import settle_as_server
from streamlab.cli._console import narrate, print_text
from streamlab.cli._relayed import narrate_relayed, narrate_stop
from streamlab.cli._stop import on_stop
from streamlab.record.proxy import ProxyServer
from streamlab.record.upstream import Upstream
from streamlab.redaction import Redaction
from streamlab.store import Library

__all__ = ["run_proxy"]


def run_proxy(
    upstreams: Sequence[Upstream],
    db: Path,
    *,
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    keep_encoding: bool,
    connect_s: float,
    tags: tuple[str, ...],
    redact: Redaction,
) -> None:
    """Relay and record until SIGINT or SIGTERM."""
    settle_as_server()
    with (
        Library(db, create=True) as library,
        library.open_writer(derives_apart=True, on_error=narrate_stop) as writer,
    ):
        server = ProxyServer(
            upstreams,
            writer,
            keep_encoding=keep_encoding,
            connect_s=connect_s,
            tags=tags,
            redact=redact,
            on_relayed=narrate_relayed,
        )
        asyncio.run(_run(server, upstreams, db, host=host, port=port, tls=tls))


async def _run(
    server: ProxyServer,
    upstreams: Sequence[Upstream],
    db: Path,
    *,
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
) -> None:
    stop = on_stop()
    await server.start(host=host, port=port, tls=tls)
    print_text(server.url + "\n")
    narrate(f"recording into {db}; Ctrl-C stops")
    for upstream in upstreams:
        at = f"{server.url}/{upstream.prefix}" if upstream.prefix else server.url
        narrate((f"  {at}", "bold"), f" → {upstream.origin}")
    await stop.wait()
    await server.close()
