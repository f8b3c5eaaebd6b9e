"""The silences of a stream: between its events with output, between its reads, and how even they
are. Times and durations are ns."""

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from streamlab.analysis.marks import Instant
from streamlab.analysis.percentile import percentile_ns
from streamlab.recording import End, Read

__all__ = [
    "DEFAULT_STALL_NS",
    "Burst",
    "Gap",
    "Jitter",
    "find_bursts",
    "find_gaps",
    "find_stalls",
    "jitter",
    "longest",
    "read_gaps",
]

DEFAULT_STALL_NS: Final = 500_000_000

# A burst: so many events with output, each this soon after the one before (no model writes 5,000
# chunks a second), when nothing had come for this long. That is what a proxy or a compressor does
# that holds a stream back: a known one released 11 events in 35 µs after 515 ms.
_BURST_EVENTS: Final = 5
_BURST_GAP_NS: Final = 200_000
_BURST_WAIT_NS: Final = 100_000_000


class Gap(NamedTuple):
    """A silence from `start_ns` to `stop_ns`, and the event and the read that ended it, counted
    from 0; the event is None where it was a read or the end, the read where it was the end."""

    start_ns: int
    stop_ns: int
    event: int | None
    read: int | None

    @property
    def duration_ns(self) -> int:
        """How long it lasted."""
        return self.stop_ns - self.start_ns


class Burst(NamedTuple):
    """`events` events with output that came together from `start_ns` to `stop_ns`, after `wait_ns`
    without any; `event` and `read` are those of the first, counted from 0."""

    start_ns: int
    stop_ns: int
    wait_ns: int
    events: int
    event: int | None
    read: int | None


class Jitter(NamedTuple):
    """How uneven gaps are: their p99 as a multiple of their median, and their standard deviation as
    a multiple of their mean; None where there are too few."""

    ratio: float | None
    cv: float | None


def find_gaps(output: Sequence[Instant]) -> tuple[Gap, ...]:
    """The gaps between consecutive events with output; 0 long between two of one read."""
    return tuple(
        Gap(earlier.at_ns, later.at_ns, later.event, later.read)
        for earlier, later in pairwise(output)
    )


def read_gaps(reads: Sequence[Read]) -> tuple[Gap, ...]:
    """The gaps between consecutive reads, whatever they hold."""
    return tuple(
        Gap(earlier.at_ns, later.at_ns, None, number)
        for number, (earlier, later) in enumerate(pairwise(reads), start=1)
    )


def longest(gaps: Sequence[Gap]) -> Gap | None:
    """The longest one, of several the first."""
    return max(gaps, key=lambda gap: gap[1] - gap[0], default=None)


def find_stalls(
    gaps: Sequence[Gap], last: Instant | None, end: End | None, stall_ns: int
) -> tuple[Gap, ...]:
    """Gaps above `stall_ns`; the silence between the last output and an end that is not complete
    too."""
    stalls = [gap for gap in gaps if gap[1] - gap[0] > stall_ns]
    if last is not None and end is not None and end.reason != "complete":
        silence = Gap(last.at_ns, end.at_ns, None, None)
        stalls += [silence] if silence.duration_ns > stall_ns else []
    return tuple(stalls)


def jitter(output: Sequence[Instant]) -> Jitter:
    """The jitter of the gaps between reads with output: the zeros between events of one read say
    how reads were cut, not how even the stream is."""
    times_ns = {each.read: each.at_ns for each in output}.values()
    gaps_ns = [later - earlier for earlier, later in pairwise(times_ns)]
    median_ns, p99_ns = percentile_ns(gaps_ns, 50), percentile_ns(gaps_ns, 99)
    mean_ns = statistics.fmean(gaps_ns) if len(gaps_ns) > 1 else 0
    squares = math.fsum((gap_ns - mean_ns) ** 2 for gap_ns in gaps_ns)
    return Jitter(
        ratio=p99_ns / median_ns if median_ns and p99_ns is not None else None,
        cv=math.sqrt(squares / (len(gaps_ns) - 1)) / mean_ns if mean_ns else None,
    )


def find_bursts(output: Sequence[Instant]) -> tuple[Burst, ...]:
    """The bursts of a stream; the wait for its first output counts from t0."""
    bursts = []
    before_ns = 0
    for run in _runs(output):
        first, stop_ns = run[0], run[-1].at_ns
        wait_ns = first.at_ns - before_ns
        if len(run) >= _BURST_EVENTS and wait_ns >= _BURST_WAIT_NS:
            bursts.append(Burst(first.at_ns, stop_ns, wait_ns, len(run), first.event, first.read))
        before_ns = stop_ns
    return tuple(bursts)


def _runs(output: Sequence[Instant]) -> list[list[Instant]]:
    """The output in pieces, cut at every gap that is too long for a burst."""
    runs: list[list[Instant]] = []
    last_ns = -_BURST_WAIT_NS
    for each in output:
        if each.at_ns - last_ns > _BURST_GAP_NS:
            runs.append([])
        runs[-1].append(each)
        last_ns = each.at_ns
    return runs
