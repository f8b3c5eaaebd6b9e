"""What a clock is, and timers in the order they are due."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from threading import Event
from typing import Protocol

__all__ = ["Clock", "Pacer", "Timer", "TimerHeap"]


@dataclass(slots=True)
class Timer:
    """A callback that is due at `at_ns`. Cancelling is cheap: the pacer skips it when it is due."""

    at_ns: int
    _callback: Callable[[], None] | None

    def cancel(self) -> None:
        """Forget the callback; harmless when it has run."""
        self._callback = None

    def run(self) -> None:
        """Run the callback, unless it was cancelled."""
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class Pacer(Protocol):
    """Runs callbacks at absolute times of its clock."""

    def call_at_ns(self, at_ns: int, callback: Callable[[], None]) -> Timer:
        """Run `callback` as soon as the clock shows `at_ns`; never from within this call."""

    def close(self) -> None:
        """Release what the pacer holds. Timers that are not due yet never run."""


class Clock(Protocol):
    """Monotonic time, wall time for display, timers, and waiting."""

    def now_ns(self) -> int:
        """Monotonic nanoseconds; only differences mean anything."""

    def utc_now(self) -> str:
        """Wall time, ISO 8601 with milliseconds and a Z; for display only."""

    def open_pacer(self) -> Pacer:
        """A pacer for the running event loop."""

    def wait_until_ns(self, at_ns: int, *, unless: Event | None = None) -> None:
        """Return as soon as the clock shows `at_ns`, or `unless` is set."""

    async def await_until_ns(self, at_ns: int) -> None:
        """Return as soon as the clock shows `at_ns`; other tasks run at least once before.

        For tasks of asyncio and of trio.
        """


class TimerHeap:
    """Timers in the order they are due; of two due at once, the older first."""

    def __init__(self) -> None:
        # Tuples, which are compared without calling into Python.
        self._timers: list[tuple[int, int, Timer]] = []
        self._order = count()

    def push(self, at_ns: int, callback: Callable[[], None]) -> tuple[Timer, bool]:
        """The new timer, and whether it is now the first."""
        timer = Timer(at_ns, callback)
        heapq.heappush(self._timers, (at_ns, next(self._order), timer))
        return timer, self._timers[0][2] is timer

    def next_at_ns(self) -> int | None:
        """When the first timer is due."""
        return self._timers[0][0] if self._timers else None

    def pop_due(self, now_ns: int) -> list[Timer]:
        """The timers that are due, out of the heap."""
        due = []
        while self._timers and self._timers[0][0] <= now_ns:
            due.append(heapq.heappop(self._timers)[2])
        return due
