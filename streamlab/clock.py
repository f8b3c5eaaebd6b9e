"""Time: the one place that reads a clock or waits.

`Clock` is what the rest asks for; `SystemClock` is the machine's, `ManualClock` a test's. A clock
opens `Pacer`s: one pacer runs the timers of all streams of a server, with absolute deadlines, so
that errors do not add up.

On Linux the pacer wakes by one timerfd (timerfd_create(2)), since the timers of asyncio's loop are
rounded to the millisecond of epoll_wait; elsewhere it falls back to the loop's own.
"""

import asyncio
import ctypes
import heapq
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Protocol

__all__ = ["Clock", "ManualClock", "Pacer", "SystemClock", "Timer"]

NS_PER_S = 1_000_000_000


@dataclass(order=True, slots=True)
class Timer:
    """A callback that is due at `at_ns`. Cancelling is cheap: the pacer skips it when it is due."""

    at_ns: int
    _order: int
    _callback: Callable[[], None] | None = field(compare=False)

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
    """Monotonic time, wall time for display, and timers."""

    def now_ns(self) -> int:
        """Monotonic nanoseconds; only differences mean anything."""

    def utc_now(self) -> str:
        """Wall time, ISO 8601 with milliseconds and a Z; for display only."""

    def open_pacer(self) -> Pacer:
        """A pacer for the running event loop."""


class _TimerHeap:
    """Timers in the order they are due; of two due at once, the older first."""

    def __init__(self) -> None:
        self._timers: list[Timer] = []
        self._order = count()

    def push(self, at_ns: int, callback: Callable[[], None]) -> tuple[Timer, bool]:
        """The new timer, and whether it is now the first."""
        timer = Timer(at_ns, next(self._order), callback)
        heapq.heappush(self._timers, timer)
        return timer, self._timers[0] is timer

    def next_at_ns(self) -> int | None:
        """When the first timer is due."""
        return self._timers[0].at_ns if self._timers else None

    def pop_due(self, now_ns: int) -> list[Timer]:
        """The timers that are due, out of the heap."""
        due = []
        while self._timers and self._timers[0].at_ns <= now_ns:
            due.append(heapq.heappop(self._timers))
        return due


class SystemClock:
    """The machine's clock: CLOCK_MONOTONIC, which timerfd counts in as well."""

    def now_ns(self) -> int:
        """See `Clock`."""
        return time.monotonic_ns()

    def utc_now(self) -> str:
        """See `Clock`."""
        return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def open_pacer(self) -> Pacer:
        """See `Clock`."""
        return _SystemPacer(self)


class _SystemPacer:
    """One heap of timers, and one alarm set to the first of them."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._heap = _TimerHeap()
        self._alarm = _open_alarm(self._run_due)
        self._armed_ns: int | None = None

    def call_at_ns(self, at_ns: int, callback: Callable[[], None]) -> Timer:
        """See `Pacer`."""
        timer, is_first = self._heap.push(at_ns, callback)
        if is_first:
            self._arm(at_ns)
        return timer

    def close(self) -> None:
        """See `Pacer`."""
        self._alarm.close()

    def _arm(self, at_ns: int) -> None:
        self._armed_ns = at_ns
        self._alarm.set_ns(at_ns, self._clock.now_ns())

    def _run_due(self) -> None:
        self._armed_ns = None
        for timer in self._heap.pop_due(self._clock.now_ns()):
            timer.run()
        next_ns = self._heap.next_at_ns()
        if next_ns is not None and next_ns != self._armed_ns:
            self._arm(next_ns)


class _Alarm(Protocol):
    """Calls back once at a time it is set to."""

    def set_ns(self, at_ns: int, now_ns: int) -> None: ...

    def close(self) -> None: ...


def _open_alarm(callback: Callable[[], None]) -> _Alarm:
    if sys.platform == "linux":
        try:
            return _TimerfdAlarm(callback)
        except (OSError, AttributeError):  # an unusual kernel or C library
            pass
    return _LoopAlarm(callback)


class _LoopAlarm:
    """The event loop's own timer: rounded to whole milliseconds by most loops."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._callback = callback
        self._handle: asyncio.TimerHandle | None = None

    def set_ns(self, at_ns: int, now_ns: int) -> None:
        self.close()
        delay_s = max(0, at_ns - now_ns) / NS_PER_S
        self._handle = self._loop.call_later(delay_s, self._callback)

    def close(self) -> None:
        if self._handle is not None:
            self._handle.cancel()


class _TimerfdAlarm:
    """One timerfd with an absolute deadline, read by the event loop."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._callback = callback
        self._timerfd = _open_timerfd()
        self._loop.add_reader(self._timerfd, self._wake)

    def set_ns(self, at_ns: int, now_ns: int) -> None:  # noqa: ARG002 - absolute needs no now
        # 0 would disarm; a deadline in the past fires at once.
        _set_timerfd_ns(self._timerfd, max(at_ns, 1))

    def close(self) -> None:
        if self._timerfd >= 0:
            self._loop.remove_reader(self._timerfd)
            os.close(self._timerfd)
            self._timerfd = -1

    def _wake(self) -> None:
        try:
            os.read(self._timerfd, 8)
        except BlockingIOError:  # set anew since the loop saw it readable
            return
        self._callback()


if sys.version_info >= (3, 13) and sys.platform == "linux":

    def _open_timerfd() -> int:
        flags = os.TFD_NONBLOCK | os.TFD_CLOEXEC
        return os.timerfd_create(time.CLOCK_MONOTONIC, flags=flags)

    def _set_timerfd_ns(timerfd: int, at_ns: int) -> None:
        os.timerfd_settime_ns(timerfd, flags=os.TFD_TIMER_ABSTIME, initial=at_ns)

else:

    class _Timespec(ctypes.Structure):
        _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))

    class _Itimerspec(ctypes.Structure):
        _fields_ = (("it_interval", _Timespec), ("it_value", _Timespec))

    _CLOCK_MONOTONIC = 1
    _TFD_TIMER_ABSTIME = 1

    def _open_timerfd() -> int:
        flags = os.O_NONBLOCK | os.O_CLOEXEC  # what TFD_NONBLOCK and TFD_CLOEXEC are defined as
        timerfd = _libc().timerfd_create(_CLOCK_MONOTONIC, flags)
        if timerfd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        return int(timerfd)

    def _set_timerfd_ns(timerfd: int, at_ns: int) -> None:
        value = _Timespec(*divmod(at_ns, NS_PER_S))
        spec = _Itimerspec(_Timespec(0, 0), value)
        if _libc().timerfd_settime(timerfd, _TFD_TIMER_ABSTIME, ctypes.byref(spec), None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def _libc() -> ctypes.CDLL:
        global _LIBC  # noqa: PLW0603 - opened when first needed, and only on Linux
        if _LIBC is None:
            _LIBC = ctypes.CDLL(None, use_errno=True)
        return _LIBC

    _LIBC: ctypes.CDLL | None = None


class ManualClock:
    """A clock that stands still until it is told to go on, for tests of anything timed."""

    def __init__(self, now_ns: int = 0, *, utc_now: str = "2026-01-01T00:00:00.000Z") -> None:
        self._now_ns = now_ns
        self._utc_now = utc_now
        self._heap = _TimerHeap()

    def now_ns(self) -> int:
        """See `Clock`."""
        return self._now_ns

    def utc_now(self) -> str:
        """See `Clock`."""
        return self._utc_now

    def open_pacer(self) -> Pacer:
        """See `Clock`; all pacers of a manual clock share its timers."""
        return self

    def call_at_ns(self, at_ns: int, callback: Callable[[], None]) -> Timer:
        """See `Pacer`."""
        return self._heap.push(at_ns, callback)[0]

    def close(self) -> None:
        """See `Pacer`."""

    def advance_ns(self, duration_ns: int) -> None:
        """Let time pass, running what falls due at its own time; new timers included."""
        stop_ns = self._now_ns + duration_ns
        while (next_ns := self._heap.next_at_ns()) is not None and next_ns <= stop_ns:
            self._now_ns = max(self._now_ns, next_ns)
            for timer in self._heap.pop_due(self._now_ns):
                timer.run()
        self._now_ns = stop_ns
