"""What keeps the machine itself out of the times, as far as it may: on Linux, as root.

As tests of real-time systems do (cyclictest of rt-tests): cores that have nothing to do are kept
from halting, since waking them takes as long as a fast server is late, and under a hypervisor far
longer; and what is measured goes before whatever else runs. It holds for all tools alike.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

# Held open with 0 µs in it, no core sleeps deeper than polling (Linux, PM Quality Of Service).
_LATENCY = Path("/dev/cpu_dma_latency")
_AT_ONCE = (0).to_bytes(4, "little")
_TAKEN = 0.005
_TRIES = 4


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


def go_first(pid: int = 0) -> None:
    """This process or that one, and what it starts from now on, runs as soon as it has something to
    do: it is a real-time task (sched(7))."""
    with suppress(AttributeError, OSError):
        os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(1))


def go_last() -> None:
    """This process runs when no other wants to."""
    with suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


_T = TypeVar("_T")


def least_disturbed(measure: Callable[[], _T]) -> _T:
    """What comes out when the hypervisor leaves the machine alone.

    It may take a core away for milliseconds, from whoever is measured. Where it took more than
    `_TAKEN` of the time, it is measured again, a few times at most, and the least disturbed counts.
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
        return "cores kept from halting, servers and clients at real-time priority"
    return "cores that halt when they have nothing to do, all at the same priority"
