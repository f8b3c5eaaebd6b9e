"""Two sets of streams, metric by metric, with a verdict. The unit is the stream, never the event:
events of one stream depend on each other, so many of them prove little."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from streamlab.analysis import Analysis
from streamlab.comparison.metric import Metric, is_whole, metrics_of
from streamlab.comparison.rank_test import Change, Interval, change, holm, rank_p

__all__ = ["Criteria", "MetricComparison", "SetComparison", "Verdict", "compare_sets", "judge"]

Verdict = Literal["better", "worse", "same", "inconclusive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What it takes to call a change one: a relative change above `min_change` (0.1: a ratio above
    1.1 or below 1 / 1.1), of times one above `min_ns` as well, and a corrected p-value below
    `alpha`."""

    min_change: float = 0.1
    min_ns: float = 5_000_000
    alpha: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricComparison:
    """One metric of two sets, in the unit of its name (`_ns`; `tps_user` is per second).

    `n_a` and `n_b` count the streams that have it, of pairs those in which both do. Ratio and
    difference are of `b` to `a`: of the medians; of pairs the median of theirs. `p` is that of the
    rank test, `p_holm` corrected for the number of metrics. None: not to be had.
    """

    name: str
    n_a: int
    n_b: int
    median_a: float | None
    median_b: float | None
    ratio: float | None
    ratio_interval: Interval | None
    difference: float | None
    difference_interval: Interval | None
    p: float
    p_holm: float
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SetComparison:
    """What changes from the streams of `a` to those of `b`. `cut_*` counts those that did not
    come to their end: they have no latency and no total."""

    streams_a: int
    streams_b: int
    cut_a: int
    cut_b: int
    is_paired: bool
    seed: int
    criteria: Criteria
    metrics: tuple[MetricComparison, ...]

    def has(self, verdict: Verdict) -> bool:
        """Whether a metric is judged so."""
        return any(metric.verdict == verdict for metric in self.metrics)


def compare_sets(
    a: Sequence[Analysis],
    b: Sequence[Analysis],
    *,
    paired: bool = False,
    criteria: Criteria | None = None,
    seed: int = 0,
) -> SetComparison:
    """What changes from `a` to `b`. `paired`: the n-th of `a` and of `b` are of the same request.

    InputError where scipy is not installed; ValueError where pairs are of different lengths.
    """
    criteria = criteria or Criteria()
    if paired and len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} streams make no pairs")
    metrics = metrics_of([*a, *b])
    samples = [_samples(metric, a, b, paired=paired) for metric in metrics]
    p_values = [rank_p(*sample, paired=paired) for sample in samples]
    return SetComparison(
        streams_a=len(a),
        streams_b=len(b),
        cut_a=sum(not is_whole(stream) for stream in a),
        cut_b=sum(not is_whole(stream) for stream in b),
        is_paired=paired,
        seed=seed,
        criteria=criteria,
        metrics=tuple(
            _compared(metric, sample, p, p_holm, criteria, paired=paired, seed=seed)
            for metric, sample, p, p_holm in zip(
                metrics, samples, p_values, holm(p_values), strict=True
            )
        ),
    )


_Samples = tuple[list[float], list[float]]


def _samples(
    metric: Metric, a: Sequence[Analysis], b: Sequence[Analysis], *, paired: bool
) -> _Samples:
    """The values that were measured."""
    of_a, of_b = [metric.value(stream) for stream in a], [metric.value(stream) for stream in b]
    if paired:
        pairs = [(x, y) for x, y in zip(of_a, of_b, strict=True) if x is not None and y is not None]
        return [x for x, _ in pairs], [y for _, y in pairs]
    return [x for x in of_a if x is not None], [y for y in of_b if y is not None]


def _compared(
    metric: Metric,
    sample: _Samples,
    p: float,
    p_holm: float,
    criteria: Criteria,
    *,
    paired: bool,
    seed: int,
) -> MetricComparison:
    a, b = sample
    found = change(a, b, paired=paired, seed=seed) if a and b else None
    return MetricComparison(
        name=metric.name,
        n_a=len(a),
        n_b=len(b),
        median_a=statistics.median(a) if a else None,
        median_b=statistics.median(b) if b else None,
        ratio=found.ratio if found else None,
        ratio_interval=found.ratio_interval if found else None,
        difference=found.difference if found else None,
        difference_interval=found.difference_interval if found else None,
        p=p,
        p_holm=p_holm,
        verdict=judge(metric, found, p_holm, criteria) if found else "inconclusive",
    )


def judge(metric: Metric, change: Change, p_holm: float, criteria: Criteria) -> Verdict:
    """A change is called one that neither chance nor the floors explain; `same` is what with all
    likelihood lies within one of the floors. Where values are few it is neither; where there is no
    ratio, the difference decides."""
    if change.ratio_interval is None and change.difference_interval is None:
        return "inconclusive"
    floor_log = math.log1p(criteria.min_change)
    floor = criteria.min_ns * metric.floor_share
    is_far = change.ratio is None or abs(math.log(change.ratio)) > floor_log
    if p_holm < criteria.alpha and is_far and abs(change.difference) > floor:
        is_better = (change.difference > 0) == metric.is_higher_better
        return "better" if is_better else "worse"
    ratios, differences = change.ratio_interval, change.difference_interval
    is_near = ratios is not None and all(abs(math.log(end)) <= floor_log for end in ratios)
    is_small = differences is not None and all(abs(end) <= floor for end in differences)
    return "same" if is_near or is_small else "inconclusive"
