"""Clocks and pacers: order, absolute deadlines, cancelling. Nothing here measures speed."""

import asyncio
import sys

import pytest

from streamlab.clock import ManualClock, SystemClock, system


def test_manual_clock_runs_timers_in_the_order_they_are_due() -> None:
    """Of two due at once the older runs first; each sees its own time."""
    manual = ManualClock(now_ns=100)
    seen: list[tuple[str, int]] = []
    for name, at_ns in [("b", 300), ("a", 200), ("c", 300), ("never", 900)]:
        manual.call_at_ns(at_ns, lambda name=name: seen.append((name, manual.now_ns())))  # type: ignore[misc]
    manual.advance_ns(400)
    assert [("a", 200), ("b", 300), ("c", 300)] == seen
    assert 500 == manual.now_ns()


def test_manual_clock_runs_timers_that_timers_set() -> None:
    """A chain of timers goes on within one advance."""
    manual = ManualClock()
    seen: list[int] = []

    def again() -> None:
        seen.append(manual.now_ns())
        if len(seen) < 3:
            manual.call_at_ns(manual.now_ns() + 10, again)

    manual.call_at_ns(10, again)
    manual.advance_ns(100)
    assert [10, 20, 30] == seen


def test_a_cancelled_timer_does_not_run() -> None:
    """Nor does one that has run run again."""
    manual = ManualClock()
    seen: list[str] = []
    manual.call_at_ns(10, lambda: seen.append("cancelled")).cancel()
    timer = manual.call_at_ns(10, lambda: seen.append("kept"))
    manual.advance_ns(10)
    timer.run()
    assert ["kept"] == seen


@pytest.fixture(params=["timerfd", "loop"])
def alarm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each way a system pacer is woken."""
    if request.param == "timerfd" and sys.platform != "linux":
        pytest.skip("timerfd is Linux's")
    if request.param == "loop":
        monkeypatch.setattr(system, "_open_alarm", system._LoopAlarm)
    return str(request.param)


def test_system_pacer_runs_timers_in_order_and_never_early(alarm: str) -> None:
    """Past deadlines run too, and a timer set from a timer is not lost."""
    machine = SystemClock()
    seen: list[tuple[str, bool]] = []

    async def run() -> None:
        pacer = machine.open_pacer()
        done = asyncio.Event()
        start_ns = machine.now_ns()

        def note(name: str, at_ns: int) -> None:
            seen.append((name, machine.now_ns() >= at_ns))

        def last() -> None:
            note("c", start_ns)
            pacer.call_at_ns(0, done.set)

        pacer.call_at_ns(start_ns + 9_000_000, last)
        pacer.call_at_ns(start_ns + 4_000_000, lambda: note("b", start_ns + 4_000_000))
        pacer.call_at_ns(start_ns - 1, lambda: note("a", start_ns))
        pacer.call_at_ns(start_ns + 5_000_000, lambda: note("cancelled", 0)).cancel()
        assert [] == seen, "a timer ran from within call_at_ns"
        await asyncio.wait_for(done.wait(), timeout=10)
        pacer.close()

    asyncio.run(run())
    assert [("a", True), ("b", True), ("c", True)] == seen


def test_wall_time_is_utc_with_milliseconds() -> None:
    """2026-01-01T00:00:00.000Z is 24 characters."""
    now = SystemClock().utc_now()
    assert (24, "Z", "T") == (len(now), now[-1], now[10])
