"""A test's clock."""

from collections.abc import Callable
from threading import Event, RLock
from typing import Final

from anyio.lowlevel import checkpoint

from streamlab.clock.timers import Pacer, Timer, TimerHeap

__all__ = ["ManualClock"]

# What a task was told may pass through some others (a queue, an event) before one waits again.
_QUIET_TURNS: Final = 10


class ManualClock:
    """A clock that stands still until it is told to go on, for tests of anything timed.

    Where something waits for a time, the clock goes on by itself, so that a test takes none:

    - In a thread, waiting advances it at once. Other threads that wait for an earlier time find it
      passed.
    - Of tasks the one that waits for the earliest time comes first: the clock goes on to that when
      for ten turns of the event loop nobody has asked it for anything. Each task so sees exactly
      the time it waited for. Waiting for anything else (a thread, a socket) does not hold it up.

    It never goes back, and its methods may be called from any thread.
    """

    def __init__(self, now_ns: int = 0, *, utc_now: str = "2026-01-01T00:00:00.000Z") -> None:
        self._now_ns = now_ns
        self._utc_now = utc_now
        self._heap = TimerHeap()
        self._changes = 0
        self._lock = RLock()

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
        with self._lock:
            self._changes += 1
            return self._heap.push(at_ns, callback)[0]

    def close(self) -> None:
        """See `Pacer`."""

    def advance_ns(self, duration_ns: int) -> None:
        """Let time pass, running what falls due at its own time; new timers included."""
        with self._lock:
            self._changes += 1
            stop_ns = self._now_ns + duration_ns
            while (next_ns := self._heap.next_at_ns()) is not None and next_ns <= stop_ns:
                self._now_ns = max(self._now_ns, next_ns)
                for timer in self._heap.pop_due(self._now_ns):
                    timer.run()
            self._now_ns = stop_ns

    def wait_until_ns(self, at_ns: int, *, unless: Event | None = None) -> None:
        """See `Clock`: advances to `at_ns`."""
        with self._lock:
            if at_ns > self._now_ns and not (unless and unless.is_set()):
                self.advance_ns(at_ns - self._now_ns)

    async def await_until_ns(self, at_ns: int) -> None:
        """See `Clock`: advances to `at_ns` when all tasks wait for that or for later."""
        self._changes += 1
        if at_ns > self._now_ns:
            # It does nothing but to make whoever advances the clock stop there.
            self.call_at_ns(at_ns, lambda: None)
        await checkpoint()
        quiet_turns = 0
        while self._now_ns < at_ns:
            before = self._changes
            await checkpoint()
            quiet_turns = quiet_turns + 1 if self._changes == before else 0
            if quiet_turns == _QUIET_TURNS:
                self._go_on()
                quiet_turns = 0

    def _go_on(self) -> None:
        """Advance to the earliest time that anything is due at."""
        with self._lock:
            next_ns = self._heap.next_at_ns()
            if next_ns is not None:
                self.advance_ns(max(0, next_ns - self._now_ns))
