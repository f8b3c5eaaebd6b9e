"""Gates: limits that numbers over many recordings must keep, written as k6 writes thresholds.

`ttft p(95)>800ms` is what must not be: a metric, what of it, an operator, a limit.
"""

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import fsum
from statistics import fmean
from typing import Final

from streamlab.analysis import least_n, quantile
from streamlab.errors import InputError
from streamlab.latency.metric import METRIC_ALIASES, METRICS, Metric
from streamlab.latency.sample import Sample
from streamlab.latency.summary import values

__all__ = ["Gate", "Verdict", "judge", "parse_gate"]

_SHAPE: Final = re.compile(
    r"\s*([a-z][a-z0-9_]*)\s+(med|avg|min|max|sum|count|rate|p\(\s*([0-9]+(?:\.[0-9]+)?)\s*\))"
    r"\s*(<=|>=|<|>)\s*([0-9]+(?:\.[0-9]+)?)\s*(\S*)\s*",
    re.ASCII,
)
_OPERATORS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_UNITS: Final[dict[str, dict[str, float]]] = {
    "ns": {"ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9},
    "1/s": {"": 1, "/s": 1},
    "count": {"": 1},
    "rate": {"": 1, "%": 0.01},
}
_AGGREGATES: Final[dict[str, Callable[[Sequence[float]], float]]] = {
    "avg": fmean,
    "min": min,
    "max": max,
    "sum": fsum,
}
_HINT: Final = (
    'for example "ttft p(95)>800ms", "tps med<20", "errors rate>1%", "stalls count>0"; '
    "docs/reports.md has all"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What fails a report: `aggregate` of `metric` being so to `limit`, which is in the metric's
    unit; of a `rate`, a share of 1, of a `count`, recordings. `percent` is that of a percentile."""

    text: str
    metric: Metric
    aggregate: str
    percent: float | None
    operator: str
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a gate says of recordings: `n` of `recordings` have the metric. `value` is None if
    nothing was measured, which passes no gate; `least_n` is how many values a percentile needs
    before there is a confidence interval for it, 0 for all else."""

    gate: Gate
    group: tuple[str, ...]
    value: float | None
    n: int
    recordings: int
    least_n: int
    passed: bool


def parse_gate(text: str) -> Gate:
    """The gate that a text says. InputError where it says none."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise InputError(f"{text!r} is no gate", _HINT)
    name, aggregate, percent, sign, number, unit = found.groups()
    metric = METRICS.get(METRIC_ALIASES.get(name, name))
    if metric is None:
        raise InputError(f"{text!r}: there is no metric {name!r}", f"one of {', '.join(METRICS)}")
    if percent is not None and float(percent) > 100:
        raise InputError(f"{text!r}: a percentile is from 0 to 100", _HINT)
    units = _UNITS[_kind(metric, aggregate)]
    if unit not in units:
        said = f"{unit!r} is no unit of it" if unit else "the limit has no unit"
        wanted = ", ".join(each or "none" for each in units)
        raise InputError(f"{text!r}: {said}", f"units of {name} {aggregate}: {wanted}")
    return Gate(
        text=" ".join(text.split()),
        metric=metric,
        aggregate="p" if percent is not None else aggregate,
        percent=50 if aggregate == "med" else None if percent is None else float(percent),
        operator=sign,
        limit=float(number) * units[unit],
    )


def _kind(metric: Metric, aggregate: str) -> str:
    """What the unit of an aggregate depends on."""
    return aggregate if aggregate in {"rate", "count"} else metric.unit


def judge(gate: Gate, samples: Sequence[Sample], group: tuple[str, ...] = ()) -> Verdict:
    """What a gate says of `samples`, which are those of `group`.

    A percentile is worked out from however few values there are: a gate that asks for more than a
    run has would never strike.
    """
    found = sorted(values(samples, gate.metric.name))
    value = _aggregate(gate, found, len(samples)) if found else None
    return Verdict(
        gate=gate,
        group=group,
        value=value,
        n=len(found),
        recordings=len(samples),
        least_n=least_n(gate.percent) if gate.percent is not None else 0,
        passed=value is not None and not _OPERATORS[gate.operator](value, gate.limit),
    )


def _aggregate(gate: Gate, ordered: Sequence[float], recordings: int) -> float:
    """Of at least one value. `count` is the number of recordings that have the metric, or, of a
    metric that is a count, have it above 0; `rate` their share."""
    if gate.percent is not None:
        return quantile(ordered, gate.percent)
    if gate.aggregate in {"count", "rate"}:
        is_counted = gate.metric.unit == "count"
        having = sum(value > 0 for value in ordered) if is_counted else len(ordered)
        among = len(ordered) if is_counted else recordings
        return having if gate.aggregate == "count" else having / among
    return _AGGREGATES[gate.aggregate](ordered)
