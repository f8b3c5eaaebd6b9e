"""The events with output of a stream as points, and fewer of them where there are too many."""

from collections.abc import Sequence
from typing import NamedTuple

from streamlab.analysis import Analysis

__all__ = ["Point", "points", "thinned"]


class Point(NamedTuple):
    """The `place`-th event with output (from 1), its number in the stream and its time in ns."""

    place: int
    event: int
    at_ns: int


def points(analysis: Analysis) -> list[Point]:
    """All of them, in order; none of a stream without times."""
    first = analysis.marks.first_token
    if first is None:
        return []
    later = (
        Point(place, gap.event or 0, gap.stop_ns) for place, gap in enumerate(analysis.gap_list, 2)
    )
    return [Point(1, first.event or 0, first.at_ns), *later]


def thinned(all_points: Sequence[Point], limit: int) -> list[Point]:
    """About `limit` points at most: the first and the last, both ends of the longest gaps, and
    others at even distances. `limit` is at least 8."""
    if len(all_points) <= limit:
        return list(all_points)
    step = -(-len(all_points) * 2 // limit)
    kept = {*range(0, len(all_points), step), len(all_points) - 1}
    by_gap = sorted(
        range(1, len(all_points)),
        key=lambda i: all_points[i - 1].at_ns - all_points[i].at_ns,
    )
    for i in by_gap[: limit // 4]:
        kept |= {i - 1, i}
    return [all_points[i] for i in sorted(kept)]
