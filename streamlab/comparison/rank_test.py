"""What chance makes of two samples: rank tests, intervals by resampling, correction for many tests.

Here alone scipy and numpy are used, which the extra `stats` brings. What is drawn depends on the
seed only.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from streamlab.errors import InputError

__all__ = ["LEAST_N", "Change", "Interval", "change", "holm", "rank_p"]

LEAST_N: Final = 6
"""With fewer values no interval of 95 % says where their median lies (see `percentile`)."""

_RESAMPLES: Final = 2000
# So many numbers are drawn at once: 8 MB.
_DRAWN_AT_ONCE: Final = 1_000_000
_TAIL: Final = 0.025

Interval = tuple[float, float]
"""Between these two a value lies with a confidence of 95 %."""


class Change(NamedTuple):
    """From one sample to the other: `ratio` is None where a median is not above 0, intervals where
    there are fewer than `LEAST_N` values."""

    ratio: float | None
    ratio_interval: Interval | None
    difference: float
    difference_interval: Interval | None


def rank_p(a: Sequence[float], b: Sequence[float], *, paired: bool) -> float:
    """How likely two samples of one distribution differ in their ranks as much as these: two-sided
    Mann-Whitney U, corrected for ties and continuity; of pairs Wilcoxon's signed-rank test, without
    the pairs that do not differ. 1 where there is nothing to tell them apart by.

    Small samples without ties are counted out exactly (scipy's method "auto").
    """
    _, stats = _libraries()
    if not a or not b or min(a) == max(a) == min(b) == max(b):
        return 1.0
    if not paired:
        return float(stats.mannwhitneyu(a, b, alternative="two-sided").pvalue)
    differences = [after - before for before, after in zip(a, b, strict=True) if after != before]
    return float(stats.wilcoxon(differences).pvalue) if differences else 1.0


def change(a: Sequence[float], b: Sequence[float], *, paired: bool, seed: int) -> Change:
    """How the median changes from `a` to `b`, neither of which is empty; of pairs the median of
    their ratios and that of their differences.

    The intervals are percentiles of 2,000 resamples of whole streams, or of whole pairs. With `a`
    and `b` exchanged everything is inverted, and not drawn otherwise.
    """
    if paired:
        return _change(a, b, paired=True, seed=seed)
    # The same draws for the same sample, on whichever side it stands and in whichever order.
    a, b = sorted(a), sorted(b)
    if (len(b), b) < (len(a), a):
        return _inverted(_change(b, a, paired=False, seed=seed))
    return _change(a, b, paired=False, seed=seed)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected for there being several (Holm 1979): below alpha, at most a share of
    alpha of all such families has a single one that is so by chance."""
    count = len(p_values)
    corrected = [1.0] * count
    highest = 0.0
    for rank, index in enumerate(sorted(range(count), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, p_values[index] * (count - rank)))
        corrected[index] = highest
    return corrected


def _change(a: Sequence[float], b: Sequence[float], *, paired: bool, seed: int) -> Change:
    numpy, _ = _libraries()
    before, after = numpy.asarray(a, float), numpy.asarray(b, float)
    log_ratio, difference = _medians(before[None], after[None], paired=paired)
    drawn = _resampled(before, after, paired=paired, seed=seed)
    is_enough = min(len(a), len(b)) >= LEAST_N
    return Change(
        ratio=_exp(log_ratio[0]),
        ratio_interval=_exp_interval(_interval(drawn[0])) if is_enough else None,
        difference=float(difference[0]),
        difference_interval=_interval(drawn[1]) if is_enough else None,
    )


def _resampled(before: Any, after: Any, *, paired: bool, seed: int) -> tuple[Any, Any]:  # noqa: ANN401 - arrays
    """The log of the ratio and the difference in each resample."""
    numpy, _ = _libraries()
    draw = numpy.random.default_rng(seed)
    size = max(1, _DRAWN_AT_ONCE // (len(before) + len(after)))
    drawn = []
    for start in range(0, _RESAMPLES, size):
        count = min(size, _RESAMPLES - start)
        of_before = draw.integers(len(before), size=(count, len(before)))
        of_after = of_before if paired else draw.integers(len(after), size=(count, len(after)))
        drawn.append(_medians(before[of_before], after[of_after], paired=paired))
    log_ratios, differences = zip(*drawn, strict=True)
    return numpy.concatenate(log_ratios), numpy.concatenate(differences)


def _medians(before: Any, after: Any, *, paired: bool) -> tuple[Any, Any]:  # noqa: ANN401 - arrays
    """Row by row; a log of a ratio that is none is nan."""
    numpy, _ = _libraries()
    if paired:
        logs = _log(after) - _log(before)
        return numpy.median(logs, axis=1), numpy.median(after - before, axis=1)
    of_before, of_after = numpy.median(before, axis=1), numpy.median(after, axis=1)
    return _log(of_after) - _log(of_before), of_after - of_before


def _log(values: Any) -> Any:  # noqa: ANN401 - arrays
    """nan for what is not above 0."""
    numpy, _ = _libraries()
    return numpy.log(numpy.where(values > 0, values, numpy.nan))


def _interval(values: Any) -> Interval | None:  # noqa: ANN401 - an array
    numpy, _ = _libraries()
    low, high = map(float, numpy.quantile(values, (_TAIL, 1 - _TAIL)))
    return None if numpy.isnan(low) else (low, high)


def _exp(log: Any) -> float | None:  # noqa: ANN401 - a number of numpy's
    numpy, _ = _libraries()
    return None if numpy.isnan(log) else float(numpy.exp(log))


def _exp_interval(logs: Interval | None) -> Interval | None:
    numpy, _ = _libraries()
    return None if logs is None else (float(numpy.exp(logs[0])), float(numpy.exp(logs[1])))


def _inverted(change: Change) -> Change:
    ratio, ratios, differences = change.ratio, change.ratio_interval, change.difference_interval
    return Change(
        ratio=None if ratio is None else 1 / ratio,
        ratio_interval=None if ratios is None else (1 / ratios[1], 1 / ratios[0]),
        difference=-change.difference,
        difference_interval=None if differences is None else (-differences[1], -differences[0]),
    )


def _libraries() -> tuple[Any, Any]:
    """numpy and scipy.stats. InputError where they are not installed."""
    try:
        import numpy  # noqa: PLC0415 - an extra
        from scipy import stats  # type: ignore[import-untyped]  # noqa: PLC0415
    except ImportError as error:
        hint = "pip install 'streamlab-toolkit[stats]'"
        raise InputError("comparing two sets needs scipy, which is not installed", hint) from error
    return numpy, stats
