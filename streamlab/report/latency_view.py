"""`streamlab report`: the numbers of many recordings, drawn for a terminal. Pure.

Every row says of how many recordings it is; all text of recordings goes through `one_line`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderableType, RenderResult
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
            yield _metrics(overview.whole, width)
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


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its title, its cells, and when it goes if there is no room (0: never)."""

    title: str
    cell: Callable[[Metric, Spread], str]
    goes: int = 0
    justify: JustifyMethod = "right"


def _percentile(percent: int, goes: int = 0) -> _Column:
    return _Column(
        f"p{percent}", lambda m, spread: format_value(spread.percentiles[percent], m.unit), goes
    )


_COLUMNS: Final = (
    _percentile(50),
    _Column("95 % sure", lambda m, s: format_interval(s.intervals[50], m.unit), 4, "left"),
    _Column("avg", lambda m, s: format_value(s.avg, m.unit), 2),
    _percentile(90, goes=5),
    _percentile(95, goes=3),
    _percentile(99),
    _Column("max", lambda m, s: format_value(s.max, m.unit)),
)
_COLUMN_GAP: Final = 2


class _Row(NamedTuple):
    name: Text
    title: str
    metric: Metric
    spread: Spread
    group: Group


def _table(head: str, rows: Sequence[_Row], width: int) -> Table:
    """A line for each row. Columns that do not fit go, the least telling first; no number
    is cut."""
    titles = _Column("", lambda metric, _: metric.title, 1, "left")
    columns = (*([titles] if any(row.title for row in rows) else []), *_COLUMNS)
    cells = {column: [column.cell(row.metric, row.spread) for row in rows] for column in columns}
    counts = [_of(row.spread, row.group) for row in rows]
    table = plain_table()
    table.add_column(head, no_wrap=True)
    first = max([len(head), *(row.name.cell_len for row in rows)])
    room = width - first - _COLUMN_GAP - max(text.cell_len for text in counts)
    shown = _fitting(cells, room)
    after_n = next(n for n, column in enumerate(shown) if column is not titles)
    for number, column in enumerate(shown):
        if number == after_n:
            table.add_column("n", justify="right", no_wrap=True)
        style = "dim" if column.title == "95 % sure" else ""
        table.add_column(column.title, justify=column.justify, no_wrap=True, style=style)
    for number, row in enumerate(rows):
        texts: list[RenderableType] = [cells[column][number] for column in shown]
        table.add_row(row.name, *texts[:after_n], counts[number], *texts[after_n:])
    return table


def _fitting(cells: dict[_Column, list[str]], room: int) -> list[_Column]:
    widths = {
        column: max(map(cell_len, [column.title, *texts])) + _COLUMN_GAP
        for column, texts in cells.items()
    }
    shown = list(cells)
    for column in sorted((c for c in shown if c.goes), key=lambda c: c.goes):
        if sum(widths[each] for each in shown) <= room:
            break
        shown.remove(column)
    return shown


def _metrics(group: Group, width: int) -> Table:
    rows = [
        _Row(Text(metric.name), metric.title, metric, spread, group)
        for metric, spread in shown_metrics(group.summary, _ROWS)
    ]
    return _table("", rows, width)


def _compared(overview: Overview, metric: Metric, width: int) -> RenderResult:
    """A metric of all groups, so that its numbers stand below each other."""
    if not shown_metrics(overview.whole.summary, (metric,)):
        return
    key_chars = width // 4
    rows = [
        _Row(Text(key_text(g.key, key_chars)), "", metric, g.summary.spreads[metric.name], g)
        for g in overview.groups
    ]
    yield Text()
    yield _table(metric.name, rows, width)


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
