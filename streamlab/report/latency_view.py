"""`streamlab report`: the numbers of many recordings, drawn for a terminal. Pure.

Every row says of how many recordings it is; all text of recordings goes through `one_line`.
"""

from collections.abc import Sequence
from typing import Final

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from streamlab.latency import METRICS, Group, Metric, Overview, Spread
from streamlab.latency.summary import values
from streamlab.report.charts import Axis, axis_of, ecdf_lines, histogram_lines, tick_line
from streamlab.report.latency_text import (
    format_interval,
    format_value,
    key_text,
    outcomes_text,
    shown_metrics,
    verdict_text,
)
from streamlab.report.terminal import plain_table

__all__ = ["LatencyView"]

_ROWS: Final = tuple(
    METRICS[name]
    for name in (
        "ttfb", "ttft", "ttfat", "thinking", "latency", "total", "tail", "tpot", "tps_user",
        "tps_e2e", "gap_p50", "gap_p99", "gap_max", "output_tokens", "stalls",
    )
)  # fmt: skip
_COMPARED: Final = tuple(
    METRICS[name] for name in ("ttft", "ttfat", "latency", "tpot", "tps_user", "gap_p50")
)
_CHARTS: Final = (METRICS["ttft"], METRICS["gap_p50"])
_CHART_ROWS: Final = 4
_CHART_COLUMNS: Final = 50
_CHART_GAP: Final = 3
# With less, a chart shows nothing that the table does not.
_CHART_LEAST_N: Final = 3
_WIDE_COLUMNS: Final = 96
_SHARE_LABELS: Final = ("100%", "", "", "0%")
_SHARE_COLUMNS: Final = 5


class LatencyView:
    """Outcomes, a table of metrics, charts of two of them, groups side by side, and verdicts."""

    def __init__(self, overview: Overview) -> None:
        self._overview = overview

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        overview, width = self._overview, options.max_width
        yield _outcomes(overview.whole)
        if shown_metrics(overview.whole.summary, _ROWS):
            yield Text()
            yield _metrics(overview.whole, is_wide=width >= _WIDE_COLUMNS)
        for metric in _CHARTS:
            yield from _charts(overview.whole, metric, width)
        for metric in _COMPARED if overview.groups else ():
            yield from _compared(overview, metric, width)
        if overview.verdicts:
            yield Text()
            yield _verdicts(overview)


def _outcomes(group: Group) -> Text:
    summary = group.summary
    noun = "recording" if summary.recordings == 1 else "recordings"
    style = "green" if summary.complete == summary.recordings else "yellow"
    text = Text(f"{summary.recordings:,} {noun}", "bold")
    if summary.recordings:
        text.append(": ").append(outcomes_text(summary), style)
    return text


def _of(spread: Spread, group: Group) -> Text:
    """How many of how many; the rest is not in the row."""
    count = group.summary.recordings
    if spread.n == count:
        return Text(f"{count:,}")
    return Text(f"{spread.n:,}/{count:,}", "yellow")


def _table(first: Sequence[str], *, is_wide: bool) -> Table:
    table = plain_table()
    for name in first:
        table.add_column(name, no_wrap=True, overflow="ellipsis", min_width=8)
    for name in ("n", "p50"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("95 % sure", style="dim", no_wrap=True)
    for name in ("avg", "p90", "p95", "p99", "max") if is_wide else ("p90", "p95", "p99", "max"):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _cells(metric: Metric, spread: Spread, group: Group, *, is_wide: bool) -> list[RenderableType]:
    unit, percentiles = metric.unit, spread.percentiles
    cells: list[RenderableType] = [
        _of(spread, group),
        format_value(percentiles[50], unit),
        format_interval(spread.intervals[50], unit),
    ]
    shown = (percentiles[90], percentiles[95], percentiles[99], spread.max)
    return cells + [
        format_value(value, unit) for value in ((spread.avg, *shown) if is_wide else shown)
    ]


def _metrics(group: Group, *, is_wide: bool) -> Table:
    table = _table(("", "") if is_wide else ("",), is_wide=is_wide)
    for metric, spread in shown_metrics(group.summary, _ROWS):
        title = [Text(metric.name, "dim"), Text(metric.title)] if is_wide else [Text(metric.name)]
        table.add_row(*title, *_cells(metric, spread, group, is_wide=is_wide))
    return table


def _compared(overview: Overview, metric: Metric, width: int) -> RenderResult:
    """A metric of all groups, so that its numbers stand below each other."""
    if not shown_metrics(overview.whole.summary, (metric,)):
        return
    is_wide = width >= _WIDE_COLUMNS
    table = _table((metric.name,), is_wide=is_wide)
    for group in overview.groups:
        cells = _cells(metric, group.summary.spreads[metric.name], group, is_wide=is_wide)
        table.add_row(Text(key_text(group.key, 40 if is_wide else 24)), *cells)
    yield Text()
    yield table


def _charts(group: Group, metric: Metric, width: int) -> RenderResult:
    """How many recordings have which value, and beside it the share that has no more."""
    found = values(group.samples, metric.name)
    if len(found) < _CHART_LEAST_N:
        return
    room = (width - _CHART_GAP - _SHARE_COLUMNS - 2) // 2
    columns = max(8, min(_CHART_COLUMNS, room))
    axis = axis_of(found)
    counts = histogram_lines(found, axis, columns, _CHART_ROWS)
    shares = ecdf_lines(found, axis, columns, _CHART_ROWS)
    scale = ", in equal ratios" if axis.is_log else ""
    yield Text()
    title = f"{metric.name}: {metric.title} of {len(found):,} recordings{scale}"
    yield Text(title, "dim", no_wrap=True, overflow="ellipsis")
    for count, share, label in zip(counts, shares, _SHARE_LABELS, strict=True):
        row = Text.assemble((count, "cyan"), " " * _CHART_GAP, (label.rjust(_SHARE_COLUMNS), "dim"))
        yield row.append(" ").append(share, "cyan")
    ticks = _ticks(axis, metric, columns)
    yield Text(ticks + " " * (_CHART_GAP + _SHARE_COLUMNS + 1) + ticks, "dim")


def _ticks(axis: Axis, metric: Metric, columns: int) -> str:
    marks = (0, 1) if axis.low == axis.high else (0, 0.5, 1)
    return tick_line([format_value(axis.value(mark), metric.unit) for mark in marks], columns)


def _verdicts(overview: Overview) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for verdict in overview.verdicts:
        mark = Text("PASS", "green") if verdict.passed else Text("FAIL", "bold red")
        table.add_row(mark, Text(verdict_text(verdict, overview)))
    return table
