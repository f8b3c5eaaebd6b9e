"""The machine's clock.

On Linux its pacer wakes by one timerfd (timerfd_create(2)), since the timers of asyncio's loop are
rounded to the millisecond of epoll_wait; elsewhere it falls back to the loop's own.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import TIMEOUT_MAX, Event
from typing import Final, Protocol

import anyio
from anyio.lowlevel import checkpoint

from streamlab.clock.timerfd import Timerfd
from streamlab.clock.timers import Pacer, Timer, TimerHeap

__all__ = ["SystemClock"]

_NS_PER_S: Final = 1_000_000_000


class SystemClock:
    """The machine's clock: CLOCK_MONOTONIC, which timerfd counts in as well."""

    now_ns = staticmethod(time.monotonic_ns)
    """See `Clock`. Asked for each event, so there is no function of ours in between."""

    def utc_now(self) -> str:
        """See `Clock`."""
        return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def open_pacer(self) -> Pacer:
        """See `Clock`."""
        return _SystemPacer(self)

    def wait_until_ns(self, at_ns: int, *, unless: Event | None = None) -> None:
        """See `Clock`."""
        stop = unless or Event()
        while (remaining_ns := at_ns - self.now_ns()) > 0:
            if stop.wait(min(remaining_ns / _NS_PER_S, TIMEOUT_MAX)):
                return

    async def await_until_ns(self, at_ns: int) -> None:
        """See `Clock`; it may be late by the millisecond that event loops round to."""
        await checkpoint()
        while (remaining_ns := at_ns - self.now_ns()) > 0:  # noqa: ASYNC110 - it is time that counts
            await anyio.sleep(remaining_ns / _NS_PER_S)


class _SystemPacer:
    """One heap of timers, and one alarm set to the first of them."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._heap = TimerHeap()
        self._alarm = _open_alarm(self._run_due)
        self._is_running = False

    def call_at_ns(self, at_ns: int, callback: Callable[[], None]) -> Timer:
        """See `Pacer`."""
        timer, is_first = self._heap.push(at_ns, callback)
        if is_first and not self._is_running:
            self._alarm.set_ns(at_ns, self._clock.now_ns())
        return timer

    def close(self) -> None:
        """See `Pacer`."""
        self._alarm.close()

    def _run_due(self) -> None:
        self._is_running = True
        try:
            for timer in self._heap.pop_due(self._clock.now_ns()):
                timer.run()
        finally:  # once for all that were run: most of them come again
            self._is_running = False
            self._alarm.set_ns(self._heap.next_at_ns(), self._clock.now_ns())


class _Alarm(Protocol):
    """Calls back at the time it was last set to, and may do so again until it is set anew; None is
    never."""

    def set_ns(self, at_ns: int | None, now_ns: int) -> None: ...

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
        self._is_closed = False

    def set_ns(self, at_ns: int | None, now_ns: int) -> None:
        if self._handle is not None:
            self._handle.cancel()
        if at_ns is None or self._is_closed:
            return
        delay_s = max(0, at_ns - now_ns) / _NS_PER_S
        self._handle = self._loop.call_later(delay_s, self._callback)

    def close(self) -> None:
        self.set_ns(None, 0)
        self._is_closed = True


class _TimerfdAlarm:
    """One timerfd with an absolute deadline, read by the event loop."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._callback = callback
        self._timerfd = Timerfd()
        self._loop.add_reader(self._timerfd.fd, callback)

    def set_ns(self, at_ns: int | None, now_ns: int) -> None:  # noqa: ARG002 - absolute needs no now
        if self._timerfd.fd >= 0:
            # 0 disarms; a deadline in the past fires at once.
            self._timerfd.set_ns(0 if at_ns is None else max(at_ns, 1))

    def close(self) -> None:
        if self._timerfd.fd >= 0:
            self._loop.remove_reader(self._timerfd.fd)
            os.close(self._timerfd.fd)
            self._timerfd.fd = -1
