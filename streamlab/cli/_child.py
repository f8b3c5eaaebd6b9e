"""Runs a command as if it had been typed: its output, its signals and its exit code are its own."""

import asyncio
import signal
import sys
from collections.abc import Mapping, Sequence

from streamlab.errors import InputError

__all__ = ["run_child"]


async def run_child(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """The command's exit code, as a shell reports it. InputError if it cannot be started."""
    signals = _catch_signals()
    try:
        child = await asyncio.create_subprocess_exec(*command, env=environment)
    except OSError as error:
        hint = "check its name and that it is on the PATH"
        raise InputError(f"cannot run {command[0]}: {error.strerror}", hint) from error
    passing = asyncio.create_task(_pass_on(signals, child))
    exit_code = await child.wait()
    passing.cancel()
    return exit_code if exit_code >= 0 else 128 - exit_code


def _catch_signals() -> "asyncio.Queue[signal.Signals]":
    """The signals that are meant for the command, one that comes before it has started included;
    Ctrl-C in a terminal reaches it by itself."""
    loop = asyncio.get_running_loop()
    caught: asyncio.Queue[signal.Signals] = asyncio.Queue()
    passed_on = [signal.SIGTERM, signal.SIGHUP]
    if sys.stdin is not None and sys.stdin.isatty():
        loop.add_signal_handler(signal.SIGINT, lambda: None)
    else:
        passed_on.append(signal.SIGINT)
    for number in passed_on:
        loop.add_signal_handler(number, caught.put_nowait, number)
    return caught


async def _pass_on(
    signals: "asyncio.Queue[signal.Signals]", child: asyncio.subprocess.Process
) -> None:
    while True:
        child.send_signal(await signals.get())
