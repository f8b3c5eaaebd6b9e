"""How the numbers of many recordings are spread. A recording is one value, never its gaps."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from streamlab.analysis import interval, percentile
from streamlab.latency.metric import METRICS
from streamlab.latency.outcome import Outcome, count_outcomes
from streamlab.latency.sample import Sample

__all__ = ["PERCENTS", "Spread", "Summary", "spread", "summarize", "values"]

PERCENTS: Final = (1, 5, 10, 25, 50, 75, 90, 95, 99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A summary of `n` values; all else is None where n is 0.

    `std` is that of these values (divided by n, as numpy does). `percentiles` and `intervals` are
    by percent, each None where n is too small for it; an interval holds the percentile with a
    confidence of at least 95 %, whatever the distribution.
    """

    n: int
    avg: float | None
    min: float | None
    max: float | None
    std: float | None
    sum: float | None
    percentiles: Mapping[int, float | None]
    intervals: Mapping[int, tuple[float, float] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Of `recordings`, how many had which outcome, and the spread of each metric by its name in
    `METRICS`. A spread with an n below `recordings` leaves out those that have no such number."""

    recordings: int
    outcomes: Mapping[Outcome, int]
    spreads: Mapping[str, Spread]

    @property
    def complete(self) -> int:
        """How many are complete."""
        return self.outcomes.get("complete", 0)


def summarize(samples: Sequence[Sample]) -> Summary:
    """The summary of `samples`; every metric has a spread, if only of nothing."""
    return Summary(
        recordings=len(samples),
        outcomes=count_outcomes(sample.outcome for sample in samples),
        spreads={name: spread(values(samples, name)) for name in METRICS},
    )


def values(samples: Iterable[Sample], name: str) -> list[float]:
    """The values of the metric with this name, where there are any."""
    stored = METRICS[name].stored
    return [sample.metrics[stored] for sample in samples if stored in sample.metrics]


def spread(numbers: Iterable[float]) -> Spread:
    """The spread of finite numbers."""
    ordered = sorted(numbers)
    n = len(ordered)
    total = math.fsum(ordered)
    avg = total / n if n else None
    return Spread(
        n=n,
        avg=avg,
        min=ordered[0] if n else None,
        max=ordered[-1] if n else None,
        std=None if avg is None else math.hypot(*(x - avg for x in ordered)) / math.sqrt(n),
        sum=total if n else None,
        percentiles={percent: percentile(ordered, percent) for percent in PERCENTS},
        intervals={percent: interval(ordered, percent) for percent in PERCENTS},
    )
