"""The head of the page: how many streams, how they ended, and the percentiles of all."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Final

from streamlab.analysis import Analysis, distribution
from streamlab.finding import SEVERITIES
from streamlab.report.chart.markup import Markup, element, text
from streamlab.report.reported import Reported
from streamlab.report.show_text import format_ns, format_rate

__all__ = ["percentile_table", "tiles"]

_METRICS: Final = (
    ("TTFT", "first output - t0", "ttft_ns"),
    ("TTFAT", "first output that is no reasoning - t0", "ttfat_ns"),
    ("TPOT", "time per token after the first", "tpot_ns"),
    ("latency", "last output - t0", "latency_ns"),
    ("tail", "end - last output", "tail_ns"),
    ("total", "end - t0", "total_ns"),
)
_COLUMNS: Final = ("n", "min", "p50", "p90", "p95", "p99", "max")
# Percentiles are of integers: a rate is counted in thousandths a second.
_THOUSANDTHS: Final = 1000


def tiles(reported: Sequence[Reported]) -> Markup:
    """Counts: of recordings, of each end, and of recordings with a finding of each severity."""
    ends = Counter(end.reason if (end := each.analysis.end) else "recording…" for each in reported)
    parts = [_tile(len(reported), "recording" if len(reported) == 1 else "recordings", "")]
    parts += [
        _tile(count, reason, "good" if reason == "complete" else "error")
        for reason, count in ends.most_common()
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
    analyses = [each.analysis for each in reported if each.is_timed]
    rows = [_row(label, what, _of(analyses, field), format_ns) for label, what, field in _METRICS]
    gaps_ns = list(chain.from_iterable(each.gaps_ns for each in analyses))
    gaps = _row("gaps", "between events with output, of all streams", gaps_ns, format_ns)
    rates = [
        _row(label, what, _thousandths(analyses, field), _rate_text)
        for label, what, field in (
            ("tokens/s", "after the first token", "tps_user"),
            ("tokens/s overall", "from t0 on", "tps_e2e"),
        )
    ]
    head = element("tr", {}, *(element("th", {}, text(name)) for name in ("", *_COLUMNS)))
    body = [*rows[:2], gaps, *rows[2:], *rates]
    return element("table", {}, element("thead", {}, head), element("tbody", {}, *body))


def _of(analyses: Sequence[Analysis], field: str) -> list[int]:
    values = (getattr(analysis, field) for analysis in analyses)
    return [value for value in values if value is not None]


def _thousandths(analyses: Sequence[Analysis], field: str) -> list[int]:
    values = (getattr(analysis, field) for analysis in analyses)
    return [round(value * _THOUSANDTHS) for value in values if value is not None]


def _rate_text(thousandths: int | None) -> str:
    return format_rate(None if thousandths is None else thousandths / _THOUSANDTHS)


def _row(
    label: str, what: str, values: Sequence[int], shown: Callable[[int | None], str]
) -> Markup:
    told = distribution(values)
    numbers = (told.min_ns, told.p50_ns, told.p90_ns, told.p95_ns, told.p99_ns, told.max_ns)
    cells = [f"{told.n:,}", *map(shown, numbers)]
    name = element("td", {}, text(f"{label} "), element("span", {"class": "soft"}, text(what)))
    return element("tr", {}, name, *(element("td", {}, text(cell)) for cell in cells))
