"""The histograms of OpenTelemetry's GenAI conventions for clients, of any number of operations."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final, NamedTuple

from streamlab.interop.genai import Attribute, Attributes, Operation

__all__ = ["BOUNDS_S", "Histogram", "Point", "histograms"]

BOUNDS_S: Final = tuple(0.01 * 2**power for power in range(14))
"""The upper bounds of the histograms' buckets but the last, as the conventions give them."""


class Point(NamedTuple):
    """Values in s with the same attributes, counted by bucket; wall times in ns."""

    attributes: Attributes
    start_ns: int
    stop_ns: int
    values: tuple[float, ...]

    @property
    def buckets(self) -> list[int]:
        """How many values each bucket has: those up to its bound, and above the one before."""
        counts = [0] * (len(BOUNDS_S) + 1)
        for value in self.values:
            counts[bisect_left(BOUNDS_S, value)] += 1
        return counts


class Histogram(NamedTuple):
    """A metric in s, with a point for each set of attributes."""

    name: str
    description: str
    points: tuple[Point, ...]


_HISTOGRAMS: Final = (
    ("gen_ai.client.operation.duration", "GenAI operation duration."),
    (
        "gen_ai.client.operation.time_to_first_chunk",
        "Time from the request until the first chunk of a streamed response.",
    ),
    (
        "gen_ai.client.operation.time_per_output_chunk",
        "Time per output chunk of a streamed response, after the first.",
    ),
)


def histograms(operations: Iterable[Operation]) -> tuple[Histogram, ...]:
    """The histograms of operations that have values, with a point for each set of attributes."""
    by_attributes: dict[tuple[Attribute, ...], list[Operation]] = {}
    for each in operations:
        by_attributes.setdefault(tuple(each.metric_attributes.items()), []).append(each)
    drawn: list[Histogram] = []
    for number, (name, description) in enumerate(_HISTOGRAMS):
        points = [_point(dict(key), group, number) for key, group in by_attributes.items()]
        if filled := tuple(point for point in points if point.values):
            drawn.append(Histogram(name, description, filled))
    return tuple(drawn)


def _point(attributes: Attributes, group: list[Operation], number: int) -> Point:
    return Point(
        attributes=attributes,
        start_ns=min(each.start_ns for each in group),
        stop_ns=max(each.stop_ns for each in group),
        values=tuple(value for each in group for value in _values(each)[number]),
    )


def _values(each: Operation) -> tuple[tuple[float, ...], ...]:
    """The values for each of `_HISTOGRAMS`."""
    duration = () if each.duration_s is None else (each.duration_s,)
    first = () if each.first_chunk_s is None else (each.first_chunk_s,)
    return duration, first, each.chunk_gaps_s
