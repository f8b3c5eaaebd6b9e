"""The head of the page: how many streams, what became of them, and the percentiles of all."""

from collections.abc import Sequence
from itertools import chain
from typing import Final

from streamlab.finding import SEVERITIES
from streamlab.latency import METRICS, Metric, count_outcomes, spread
from streamlab.report.chart.markup import Markup, element, text
from streamlab.report.latency_text import format_value, outcome_text
from streamlab.report.reported import Reported

__all__ = ["percentile_table", "tiles"]

_GAPS: Final = Metric("gaps", "gaps_ns", "ns", "between events with output, of all streams")
_ROWS: Final = (
    ("TTFT", "first output - t0", METRICS["ttft"]),
    ("TTFAT", "first output that is no reasoning - t0", METRICS["ttfat"]),
    (_GAPS.name, _GAPS.title, _GAPS),
    ("TPOT", "time per token after the first", METRICS["tpot"]),
    ("latency", "last output - t0", METRICS["latency"]),
    ("tail", "end - last output", METRICS["tail"]),
    ("total", "end - t0", METRICS["total"]),
    ("tokens/s", "after the first token", METRICS["tps_user"]),
    ("tokens/s overall", "from t0 on", METRICS["tps_e2e"]),
)
_PERCENTS: Final = (50, 90, 95, 99)
_COLUMNS: Final = ("n", "min", *(f"p{percent}" for percent in _PERCENTS), "max")


def tiles(reported: Sequence[Reported]) -> Markup:
    """Counts: of recordings, of each outcome, and of recordings with a finding of each severity."""
    parts = [_tile(len(reported), "recording" if len(reported) == 1 else "recordings", "")]
    parts += [
        _tile(count, outcome_text(outcome), "good" if outcome == "complete" else "error")
        for outcome, count in count_outcomes(each.outcome for each in reported).items()
    ]
    for severity in SEVERITIES[:2]:
        count = sum(any(f.severity == severity for f in each.findings) for each in reported)
        parts.append(_tile(count, f"with {severity}s", severity if count else "good"))
    return element("ul", {"class": "tiles"}, *parts)


def _tile(count: int, meaning: str, classes: str) -> Markup:
    shown = element("b", {"class": classes}, text(f"{count:,}"))
    return element("li", {}, shown, text(meaning))


def percentile_table(reported: Sequence[Reported]) -> Markup:
    """A row for each metric, over the streams that have times."""
    timed = [each for each in reported if each.is_timed]
    head = element("tr", {}, *(element("th", {}, text(name)) for name in ("", *_COLUMNS)))
    body = [_row(label, what, metric, _values(timed, metric)) for label, what, metric in _ROWS]
    return element("table", {}, element("thead", {}, head), element("tbody", {}, *body))


def _values(timed: Sequence[Reported], metric: Metric) -> list[float]:
    if metric is _GAPS:
        return list(chain.from_iterable(each.analysis.gaps_ns for each in timed))
    values = (getattr(each.analysis, metric.stored) for each in timed)
    return [value for value in values if value is not None]


def _row(label: str, what: str, metric: Metric, values: Sequence[float]) -> Markup:
    told = spread(values)
    numbers = (told.min, *(told.percentiles[percent] for percent in _PERCENTS), told.max)
    cells = [f"{told.n:,}", *(format_value(value, metric.unit) for value in numbers)]
    name = element("td", {}, text(f"{label} "), element("span", {"class": "soft"}, text(what)))
    return element("tr", {}, name, *(element("td", {}, text(cell)) for cell in cells))
