"""Clocks and pacers: order, absolute deadlines, cancelling. Nothing here measures speed."""

import asyncio
import sys
from threading import Event, Thread

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamlab.clock import Clock, ManualClock, SystemClock, system


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


def test_timers_that_are_always_due_leave_the_event_loop_to_others(alarm: str) -> None:
    """A pacer that never catches up must not keep a server from reading requests."""
    ran = 0
    enough = 100_000

    async def run() -> None:
        pacer = SystemClock().open_pacer()
        others = asyncio.Event()

        def again() -> None:
            nonlocal ran
            ran += 1
            if ran == 1:
                asyncio.get_running_loop().call_soon(others.set)
            if not others.is_set() and ran < enough:
                pacer.call_at_ns(0, again)

        pacer.call_at_ns(0, again)
        await asyncio.wait_for(others.wait(), timeout=10)
        pacer.close()

    asyncio.run(run())
    assert ran < enough


def test_wall_time_is_utc_with_milliseconds() -> None:
    """2026-01-01T00:00:00.000Z is 24 characters."""
    now = SystemClock().utc_now()
    assert (24, "Z", "T") == (len(now), now[-1], now[10])


def test_waiting_advances_a_manual_clock() -> None:
    """To the time that is waited for, through the timers on the way; never back."""
    manual = ManualClock(now_ns=100)
    seen: list[int] = []
    manual.call_at_ns(150, lambda: seen.append(manual.now_ns()))
    for at_ns in (200, 50):
        manual.wait_until_ns(at_ns)
        assert 200 == manual.now_ns()
    assert [150] == seen


def test_whoever_need_not_wait_does_not() -> None:
    """`unless` is set: a manual clock stands still, the machine's returns at once."""
    stop = Event()
    stop.set()
    manual = ManualClock()
    manual.wait_until_ns(10, unless=stop)
    assert 0 == manual.now_ns()
    SystemClock().wait_until_ns(2**70, unless=stop)


def test_another_thread_ends_the_waiting() -> None:
    """Even where it would last longer than a lock can be waited for."""
    stop = Event()
    thread = Thread(target=lambda: SystemClock().wait_until_ns(2**70, unless=stop))
    thread.start()
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


def test_threads_advance_a_manual_clock_one_after_the_other() -> None:
    """Who waits while another is on the way finds that one's time, and never an earlier one."""
    manual = ManualClock()
    seen: list[int] = []

    def wait() -> None:
        manual.wait_until_ns(7)
        seen.append(manual.now_ns())

    def meet() -> None:
        other.start()
        other.join(0.05)  # it has to wait for the first, which is here

    other = Thread(target=wait)
    manual.call_at_ns(5, meet)
    manual.wait_until_ns(10)
    other.join(20)
    assert [10] == seen
    assert 10 == manual.now_ns()


def test_the_machines_clock_waits_no_less_than_asked() -> None:
    """In a thread and in a task."""
    machine = SystemClock()
    for wait in (
        machine.wait_until_ns,
        lambda at_ns: asyncio.run(machine.await_until_ns(at_ns)),
    ):
        at_ns = machine.now_ns() + 3_000_000
        wait(at_ns)
        assert machine.now_ns() >= at_ns


@settings(max_examples=50)
@given(st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=1, max_size=5), st.integers(0, 5))
@example([[0, 0, 0, 0, 1], [5]], 5)
def test_each_task_sees_the_times_it_waited_for(gaps: list[list[int]], turns: int) -> None:
    """However many wait at once, and whatever else they do between, for a few turns."""
    manual = ManualClock()

    async def wait(gaps_ns: list[int]) -> None:
        at_ns = manual.now_ns()
        for gap_ns in gaps_ns:
            at_ns += gap_ns
            await manual.await_until_ns(at_ns)
            assert at_ns == manual.now_ns()
            for _ in range(turns):
                await asyncio.sleep(0)

    async def run() -> None:
        await asyncio.gather(*map(wait, gaps))

    asyncio.run(run())
    assert max(map(sum, gaps)) == manual.now_ns()


def test_a_task_that_no_longer_waits_holds_nobody_up() -> None:
    """Nor does one that waits for something else than the clock."""
    manual = ManualClock()

    async def run() -> None:
        never = asyncio.create_task(asyncio.Event().wait())
        waiting = asyncio.create_task(manual.await_until_ns(5))
        await asyncio.sleep(0)
        waiting.cancel()
        await manual.await_until_ns(10)
        never.cancel()

    asyncio.run(run())
    assert 10 == manual.now_ns()


def test_waiting_lets_others_run() -> None:
    """Also where the time has come already."""

    async def run(clock: Clock) -> list[str]:
        seen: list[str] = []
        task = asyncio.create_task(note(seen))
        await clock.await_until_ns(0)
        seen.append("waited")
        await task
        return seen

    async def note(seen: list[str]) -> None:
        seen.append("ran")

    for clock in (ManualClock(), SystemClock()):
        assert ["ran", "waited"] == asyncio.run(run(clock))
