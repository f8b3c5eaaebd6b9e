"""Runs a command behind a recording proxy."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from streamlab.cli._child import run_child
from streamlab.cli._console import narrate
from streamlab.cli._relayed import narrate_relayed
from streamlab.record.command import proxied_environment, upstreams_of
from streamlab.record.proxy import ProxyServer
from streamlab.recording import Recording
from streamlab.redaction import Redaction
from streamlab.store import Library

__all__ = ["record_command"]


def record_command(
    command: Sequence[str], db: Path, *, tags: tuple[str, ...], redact: Redaction
) -> int:
    """Run `command` with the base URLs of the SDKs pointing at a proxy that records; its exit code.

    Its output and its signals are its own. InputError if it cannot be started.
    """
    recordings: list[Recording] = []

    with Library(db, create=True) as library, library.open_writer(derives_apart=True) as writer:
        upstreams = upstreams_of(os.environ)
        server = ProxyServer(
            upstreams, writer, tags=tags, redact=redact, on_relayed=recordings.append
        )
        exit_code = asyncio.run(_run(server, command))
    _narrate(recordings, db)
    return exit_code


async def _run(server: ProxyServer, command: Sequence[str]) -> int:
    await server.start()
    try:
        return await run_child(command, proxied_environment(os.environ, server.url))
    finally:
        await server.close()


def _narrate(recordings: Sequence[Recording], db: Path) -> None:
    for recording in recordings:
        narrate_relayed(recording)
    count = len(recordings)
    narrate(f"recorded {count} request{'s' if count != 1 else ''} in {db}")
