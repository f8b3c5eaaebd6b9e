"""Percentiles that say how many values they stand on, and how sure they are."""

import math
import statistics
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from typing import Final, TypeVar

__all__ = [
    "Distribution",
    "Interval",
    "distribution",
    "interval",
    "least_n",
    "percentile",
    "percentile_ns",
    "quantile",
]

# What may lie outside of an interval on each side.
_TAIL: Final = 0.025

Number = TypeVar("Number", int, float)

Interval = tuple[int, int]
"""Two values between which a percentile lies with a confidence of at least 95 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A summary of `n` durations in ns; a percentile is None where n is too small to tell it."""

    n: int
    min_ns: int | None
    mean_ns: int | None
    p50_ns: int | None
    p90_ns: int | None
    p95_ns: int | None
    p99_ns: int | None
    max_ns: int | None
    p50_interval_ns: Interval | None
    p90_interval_ns: Interval | None
    p95_interval_ns: Interval | None
    p99_interval_ns: Interval | None


def distribution(values_ns: Sequence[int]) -> Distribution:
    """The summary of `values_ns`; all None when there are none."""
    ordered_ns = sorted(values_ns)
    return Distribution(
        n=len(ordered_ns),
        min_ns=ordered_ns[0] if ordered_ns else None,
        mean_ns=round(statistics.fmean(ordered_ns)) if ordered_ns else None,
        p50_ns=percentile_ns(ordered_ns, 50),
        p90_ns=percentile_ns(ordered_ns, 90),
        p95_ns=percentile_ns(ordered_ns, 95),
        p99_ns=percentile_ns(ordered_ns, 99),
        max_ns=ordered_ns[-1] if ordered_ns else None,
        p50_interval_ns=interval(ordered_ns, 50),
        p90_interval_ns=interval(ordered_ns, 90),
        p95_interval_ns=interval(ordered_ns, 95),
        p99_interval_ns=interval(ordered_ns, 99),
    )


@cache
def least_n(percent: float) -> int:
    """The least n for which a distribution-free 95 % confidence interval of the percentile exists:
    6 for the median, 36, 72 and 368 for p90, p95 and p99, as for p10, p5 and p1; 1 for the
    extremes, which are values themselves."""
    farther = max(percent, 100 - percent) / 100
    return math.ceil(math.log(_TAIL) / math.log(farther)) if farther < 1 else 1


def quantile(ordered: Sequence[float], percent: float) -> float:
    """The percentile of sorted numbers, at least one, with linear interpolation (Hyndman and Fan's
    type 7, numpy's default), however few they are."""
    low, hundredths = divmod((len(ordered) - 1) * percent, 100)
    below, above = ordered[int(low)], ordered[min(int(low) + 1, len(ordered) - 1)]
    return below + (above - below) * hundredths / 100


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """The same, or None where there are too few numbers for it to mean anything."""
    return quantile(ordered, percent) if len(ordered) >= least_n(percent) else None


def percentile_ns(values_ns: Sequence[int], percent: int) -> int | None:
    """The same of durations in any order, to the ns."""
    value = percentile(sorted(values_ns), percent)
    return None if value is None else round(value)


def interval(ordered: Sequence[Number], percent: int) -> tuple[Number, Number] | None:
    """A confidence interval of the percentile of sorted numbers, whatever the distribution: two of
    them.

    `percent` is from 1 to 99, and None as in `percentile`. Gaps of one stream depend on each other,
    so for them it is a lower bound of the doubt.
    """
    ranks = _interval_ranks(len(ordered), percent)
    return None if ranks is None else (ordered[ranks[0] - 1], ordered[ranks[1] - 1])


@lru_cache(maxsize=1024)  # streams of one length are many
def _interval_ranks(n: int, percent: int) -> tuple[int, int] | None:
    """Which of `n` sorted values, counted from 1, are the ends of such an interval.

    How many of n independent values lie below the percentile is binomial. The interval leaves out
    no more than 2.5 % of that on either side.
    """
    if n < least_n(percent):
        return None
    start, shares = _binomial(n, percent / 100)
    below = list(accumulate(shares))
    low = start + bisect_right(below, _TAIL)
    high = start + next(i for i, share in enumerate(below) if share >= 1 - _TAIL) + 1
    return low, high


def _binomial(n: int, q: float) -> tuple[int, list[float]]:
    """Where the binomial distribution begins to matter, and its probabilities from there on.

    They are worked out as multiples of the middle one, six standard deviations to either side:
    nothing overflows or vanishes.
    """
    middle = round(n * q)
    reach = round(6 * (n * q * (1 - q)) ** 0.5) + 6
    start, stop = max(0, middle - reach), min(n, middle + reach)
    odds = q / (1 - q)
    down, up = [1.0], [1.0]
    for k in range(middle, start, -1):
        down.append(down[-1] * k / (n - k + 1) / odds)
    for k in range(middle, stop):
        up.append(up[-1] * (n - k) / (k + 1) * odds)
    shares = [*reversed(down), *up[1:]]
    whole = sum(shares)
    return start, [share / whole for share in shares]
