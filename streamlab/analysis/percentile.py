"""Percentiles that say how many values they stand on."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Distribution", "distribution", "percentile_ns"]

# The least n for which a distribution-free 95 % confidence interval of the percentile exists:
# ceil(log(0.05 / 2) / log(q)) for the upper side, with the lower side covered by more values.
_LEAST_N: Final = {50: 6, 90: 36, 95: 72, 99: 368}


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


def distribution(values_ns: Sequence[int]) -> Distribution:
    """The summary of `values_ns`; all None when there are none."""
    return Distribution(
        n=len(values_ns),
        min_ns=min(values_ns, default=None),
        mean_ns=round(statistics.fmean(values_ns)) if values_ns else None,
        p50_ns=percentile_ns(values_ns, 50),
        p90_ns=percentile_ns(values_ns, 90),
        p95_ns=percentile_ns(values_ns, 95),
        p99_ns=percentile_ns(values_ns, 99),
        max_ns=max(values_ns, default=None),
    )


def percentile_ns(values_ns: Sequence[int], percent: int) -> int | None:
    """The percentile with linear interpolation (Hyndman and Fan's type 7, numpy's default).

    `percent` is 50, 90, 95 or 99; None if there are too few values for it to mean anything.
    """
    if len(values_ns) < _LEAST_N[percent]:
        return None
    return round(statistics.quantiles(values_ns, n=100, method="inclusive")[percent - 1])
