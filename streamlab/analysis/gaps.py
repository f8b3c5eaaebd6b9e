"""The silences of a stream: between its events with output, between its reads, and how even they
are. Times and durations are ns."""

import math
from collections.abc import Sequence
from itertools import pairwise
from operator import mul, sub
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
    "longest_between",
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
        [Gap(earlier[0], at_ns, event, read) for earlier, (at_ns, event, read) in pairwise(output)]
    )


def longest(gaps: Sequence[Gap], gaps_ns: Sequence[int]) -> Gap | None:
    """The longest one, of several the first; `gaps_ns` says how long each is."""
    return gaps[gaps_ns.index(max(gaps_ns))] if gaps_ns else None


def longest_between(reads: Sequence[Read]) -> Gap | None:
    """The longest silence between two reads, whatever they hold."""
    times_ns = [at_ns for at_ns, _ in reads]
    gaps_ns = list(map(sub, times_ns[1:], times_ns))
    if not gaps_ns:
        return None
    number = gaps_ns.index(max(gaps_ns)) + 1
    return Gap(times_ns[number - 1], times_ns[number], None, number)


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
    times_ns = list({read: at_ns for at_ns, _, read in output}.values())
    gaps_ns = sorted(map(sub, times_ns[1:], times_ns))
    median_ns, p99_ns = percentile_ns(gaps_ns, 50), percentile_ns(gaps_ns, 99)
    n, total_ns = len(gaps_ns), sum(gaps_ns)
    # n (n - 1) times the variance, without a rounding.
    squares = n * sum(map(mul, gaps_ns, gaps_ns)) - total_ns**2
    return Jitter(
        ratio=p99_ns / median_ns if median_ns and p99_ns is not None else None,
        cv=math.sqrt(squares / (n * (n - 1))) * n / total_ns if n > 1 and total_ns else None,
    )


def find_bursts(output: Sequence[Instant]) -> tuple[Burst, ...]:
    """The bursts of a stream; the wait for its first output counts from t0."""
    times_ns = [at_ns for at_ns, _, _ in output]
    gaps_ns = list(map(sub, times_ns, [-_BURST_WAIT_NS, *times_ns]))
    starts = [number for number, gap_ns in enumerate(gaps_ns) if gap_ns > _BURST_GAP_NS]
    return tuple(
        [
            _burst(output, start, stop)
            for start, stop in pairwise([*starts, len(output)])
            if stop - start >= _BURST_EVENTS and _wait_ns(output, start) >= _BURST_WAIT_NS
        ]
    )


def _wait_ns(output: Sequence[Instant], start: int) -> int:
    return output[start].at_ns - (output[start - 1].at_ns if start else 0)


def _burst(output: Sequence[Instant], start: int, stop: int) -> Burst:
    first = output[start]
    last_ns = output[stop - 1].at_ns
    wait_ns = _wait_ns(output, start)
    return Burst(first.at_ns, last_ns, wait_ns, stop - start, first.event, first.read)
