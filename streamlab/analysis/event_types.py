"""Event types: how many events of each there were, and when."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from streamlab.analysis.percentile import percentile_ns
from streamlab.analysis.read_event import ReadEvent

__all__ = ["EventCount", "count_types", "without_gaps"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCount:
    """How many events of one type there were, the bytes they took up, when the first and the last
    arrived, and the gaps between each and the next of its type: the median and the longest."""

    type: str
    count: int
    bytes: int
    first_at_ns: int
    last_at_ns: int
    gap_p50_ns: int | None
    gap_max_ns: int | None


def count_types(events: Sequence[ReadEvent]) -> tuple[EventCount, ...]:
    """The types in the order in which they first came."""
    by_type: dict[str, list[ReadEvent]] = {}
    for event in events:
        by_type.setdefault(event.event.type, []).append(event)
    return tuple(_count_type(type_, alike) for type_, alike in by_type.items())


def _count_type(type_: str, events: list[ReadEvent]) -> EventCount:
    times_ns = [event.arrival.at_ns for event in events]
    gaps_ns = [later - earlier for earlier, later in pairwise(times_ns)]
    return EventCount(
        type=type_,
        count=len(events),
        bytes=sum(event.event.stop - event.event.start for event in events),
        first_at_ns=times_ns[0],
        last_at_ns=times_ns[-1],
        gap_p50_ns=percentile_ns(gaps_ns, 50),
        gap_max_ns=max(gaps_ns, default=None),
    )


def without_gaps(counts: Sequence[EventCount]) -> tuple[EventCount, ...]:
    """The same of a recording without times: not measured is None."""
    return tuple(replace(counted, gap_p50_ns=None, gap_max_ns=None) for counted in counts)
