"""Percentiles that say how many values they stand on, and how sure they are."""

import statistics
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

__all__ = ["Distribution", "Interval", "distribution", "interval_ns", "percentile_ns"]

# The least n for which a distribution-free 95 % confidence interval of the percentile exists:
# ceil(log(0.05 / 2) / log(q)) for the upper side, with the lower side covered by more values.
_LEAST_N: Final = {50: 6, 90: 36, 95: 72, 99: 368}
# What may lie outside of an interval on each side.
_TAIL: Final = 0.025

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
        p50_interval_ns=interval_ns(ordered_ns, 50),
        p90_interval_ns=interval_ns(ordered_ns, 90),
        p95_interval_ns=interval_ns(ordered_ns, 95),
        p99_interval_ns=interval_ns(ordered_ns, 99),
    )


def percentile_ns(values_ns: Sequence[int], percent: int) -> int | None:
    """The percentile with linear interpolation (Hyndman and Fan's type 7, numpy's default).

    `percent` is 50, 90, 95 or 99; None if there are too few values for it to mean anything.
    """
    if len(values_ns) < _LEAST_N[percent]:
        return None
    return round(statistics.quantiles(values_ns, n=100, method="inclusive")[percent - 1])


def interval_ns(values_ns: Sequence[int], percent: int) -> Interval | None:
    """A confidence interval of the percentile, whatever the distribution: two of the values.

    How many of n independent values lie below the percentile is binomial. The interval leaves out
    no more than 2.5 % of that on either side. `percent` and None are as in `percentile_ns`. Gaps of
    one stream depend on each other, so for them it is a lower bound of the doubt.
    """
    n = len(values_ns)
    if n < _LEAST_N[percent]:
        return None
    start, shares = _binomial(n, percent / 100)
    below = list(accumulate(shares))
    low = start + bisect_right(below, _TAIL)
    high = start + next(i for i, share in enumerate(below) if share >= 1 - _TAIL) + 1
    ordered_ns = sorted(values_ns)
    return ordered_ns[low - 1], ordered_ns[high - 1]


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
