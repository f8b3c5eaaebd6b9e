"""Ctrl-C as an event to wait for."""

import asyncio
import signal

__all__ = ["on_stop"]


def on_stop() -> asyncio.Event:
    """An event that the first SIGINT or SIGTERM sets. Ask for it before saying that one is ready:
    who reads that may stop us at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop
