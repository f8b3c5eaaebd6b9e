"""What keeps the machine itself out of the times, as far as it may: on Linux, as root.

As tests of real-time systems do (cyclictest of rt-tests): cores that have nothing to do are kept
from halting, since waking them takes as long as a fast server is late, and under a hypervisor far
longer; and servers and clients that leave the cores time go before whatever else runs. It holds for
all tools alike.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

# Held open with 0 µs in it, no core sleeps deeper than polling (Linux, PM Quality Of Service).
_LATENCY = Path("/dev/cpu_dma_latency")
_AT_ONCE = (0).to_bytes(4, "little")
_TAKEN = 0.01
_TRIES = 3


@contextmanager
def awake() -> Iterator[None]:
    """No core halts in this block."""
    try:
        held = _LATENCY.open("wb", buffering=0)
    except OSError:
        yield
        return
    with held:
        held.write(_AT_ONCE)
        yield


@contextmanager
def urgent(pids: Iterable[int], *, last: Iterable[int] = ()) -> Iterator[None]:
    """In this block these processes run as soon as they have something to do (they are real-time
    tasks, sched(7)), and the `last` when nobody else has.

    Not for those who take all of a core: they would keep it from the kernel's own threads.
    """
    pids, last = tuple(pids), tuple(last)
    for pid in pids:
        _schedule(pid, "SCHED_FIFO", 1)
    for pid in last:
        _schedule(pid, "SCHED_IDLE", 0)
    try:
        yield
    finally:
        for pid in pids + last:
            _schedule(pid, "SCHED_OTHER", 0)


def _schedule(pid: int, policy: str, priority: int) -> None:
    """For all threads of a process, if there are such policies here and we may set them."""
    with suppress(AttributeError, OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setscheduler(int(thread.name), getattr(os, policy), os.sched_param(priority))


_T = TypeVar("_T")


def least_disturbed(measure: Callable[[], _T]) -> _T:
    """What comes out when the hypervisor leaves the machine alone.

    It may take a core away for milliseconds, from whoever is measured. Where it took more than
    `_TAKEN` of a core, it is measured again, a few times at most, and the least disturbed counts.
    """
    least: tuple[float, _T] | None = None
    for _ in range(_TRIES):
        taken_s, start_s = _taken_s(), time.monotonic()
        measured = measure()
        share = (_taken_s() - taken_s) / (time.monotonic() - start_s)
        if least is None or share < least[0]:
            least = share, measured
        if share <= _TAKEN:
            break
    assert least is not None
    return least[1]


def _taken_s() -> float:
    """What the hypervisor has taken of all cores so far (proc_stat(5): "steal")."""
    with suppress(OSError, IndexError):
        ticks = int(Path("/proc/stat").read_text("utf-8").split(maxsplit=9)[8])
        return ticks / os.sysconf("SC_CLK_TCK")
    return 0.0


def said() -> str:
    """What of it is so here, for the page."""
    if os.access(_LATENCY, os.W_OK):
        return "cores kept from halting, real-time priorities"
    return "cores that halt when they have nothing to do, no real-time priorities"
