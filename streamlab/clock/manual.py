"""A test's clock."""

from collections.abc import Callable

from streamlab.clock.timers import Pacer, Timer, TimerHeap

__all__ = ["ManualClock"]


class ManualClock:
    """A clock that stands still until it is told to go on, for tests of anything timed."""

    def __init__(self, now_ns: int = 0, *, utc_now: str = "2026-01-01T00:00:00.000Z") -> None:
        self._now_ns = now_ns
        self._utc_now = utc_now
        self._heap = TimerHeap()

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
