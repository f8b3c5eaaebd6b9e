"""Runs a command behind a recording proxy."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from streamlab.cli._console import narrate
from streamlab.cli._relayed import narrate_relayed
from streamlab.errors import InputError
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
        child = await asyncio.create_subprocess_exec(
            *command, env=proxied_environment(os.environ, server.url)
        )
    except OSError as error:
        hint = "check its name and that it is on the PATH"
        raise InputError(f"cannot run {command[0]}: {error.strerror}", hint) from error
    _pass_signals_to(child)
    exit_code = await child.wait()
    await server.close()
    return exit_code if exit_code >= 0 else 128 - exit_code


def _pass_signals_to(child: asyncio.subprocess.Process) -> None:
    """What is meant for the command reaches it; Ctrl-C in a terminal does so by itself."""
    loop = asyncio.get_running_loop()
    passed_on = [signal.SIGTERM, signal.SIGHUP]
    if sys.stdin is not None and sys.stdin.isatty():
        loop.add_signal_handler(signal.SIGINT, lambda: None)
    else:
        passed_on.append(signal.SIGINT)
    for number in passed_on:
        loop.add_signal_handler(number, child.send_signal, number)


def _narrate(recordings: Sequence[Recording], db: Path) -> None:
    for recording in recordings:
        narrate_relayed(recording)
    count = len(recordings)
    narrate(f"recorded {count} request{'s' if count != 1 else ''} in {db}")
