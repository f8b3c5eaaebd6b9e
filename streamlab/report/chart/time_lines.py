"""The time lines of streams: a row for each, with its waiting, its output and its tail."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, Literal

from streamlab.analysis import Analysis
from streamlab.finding import Finding
from streamlab.report.chart.frame import LEFT, PANE, TOP, Chart, Drawing, Key, draw, label
from streamlab.report.chart.markup import NOTHING, Markup, element, joined, number
from streamlab.report.chart.points import Point
from streamlab.report.chart.scale import Linear, time_text, time_unit
from streamlab.report.latency_text import outcome_text
from streamlab.report.reported import Reported
from streamlab.report.show_text import format_ns, one_line

__all__ = ["end_ns", "time_lines"]

NAME: Final = "time-lines"

_ROW: Final = 22
_BAR: Final = 12
_THIN: Final = 3
_COLUMN: Final = 2
_TICK_COLUMN: Final = 4
_SLOW_NS: Final = 50_000_000
_LONG_NS: Final = 200_000_000
_TOLD_FINDINGS: Final = 5
_NAME_CHARS: Final = 24

Shade = Literal["flow", "slow", "long", "stall"]
_SHADES: Final[tuple[Shade, ...]] = ("flow", "slow", "long", "stall")


def time_lines(rows: Sequence[Reported], points: Sequence[Sequence[Point]]) -> Chart:
    """`rows` are streams with times, `points` what of each the page can tell when asked."""
    top_ns = max((end_ns(row.analysis) for row in rows), default=0)
    axis = Linear(max(top_ns / 1e6, 0.001))
    drawing = Drawing(
        name=NAME,
        title="Time lines",
        height=max(1, len(rows)) * _ROW,
        x=axis,
        x_label=f"time since the request was sent ({time_unit(axis.top_ms)})",
        y_ticks=(),
        y_label="",
        keys=_keys(rows),
        marks=joined(_bar(row, i * _ROW, top_ns) for i, row in enumerate(rows)),
        sides=joined(_sides(row, i) for i, row in enumerate(rows)),
    )
    note = (
        f"A row is a stream. Where several gaps share {_COLUMN} of the {PANE} pixels of a row, "
        "they have the colour of the longest. The line above a bar is reasoning."
    )
    hover = {
        "kind": "rows",
        "row": _ROW,
        "rows": [_told(row, each) for row, each in zip(rows, points, strict=True)],
    }
    return Chart(NAME, drawing.title, note, draw(drawing), hover)


def end_ns(analysis: Analysis) -> int:
    """The last time that is known of a stream."""
    known = (analysis.total_ns, analysis.latency_ns, analysis.ttfe_ns, analysis.ttfb_ns)
    return max((each for each in known if each is not None), default=0)


def _keys(rows: Sequence[Reported]) -> list[Key]:
    limit_ns = max((row.analysis.stall_threshold_ns for row in rows), default=0)
    return [
        Key("wait", is_line=False, meaning="waiting"),
        Key("flow", is_line=False, meaning=f"gaps to {time_text(_SLOW_NS / 1e6)}"),
        Key("slow", is_line=False, meaning=f"to {time_text(_LONG_NS / 1e6)}"),
        Key("long", is_line=False, meaning="longer"),
        Key("stall", is_line=False, meaning=f"stall, over {time_text(limit_ns / 1e6)}"),
        Key("tail", is_line=False, meaning="tail"),
        Key("thinking", is_line=False, meaning="reasoning"),
        Key("error", is_line=True, meaning="error"),
        Key("warning", is_line=True, meaning="warning"),
    ]


def _bar(row: Reported, y: float, top_ns: int) -> Markup:
    """The bar of a stream, in pixels of the pane."""
    analysis = row.analysis
    scale = PANE / top_ns if top_ns else 0.0
    top = y + (_ROW - _BAR) / 2
    stop_ns = end_ns(analysis)
    first_ns, last_ns = analysis.ttft_ns, analysis.latency_ns
    # What is exact is drawn over the columns.
    parts = [*_columns(analysis, top, scale)]
    waited_ns = stop_ns if first_ns is None else first_ns
    parts.append(_box("wait", 0, waited_ns * scale, top, _BAR))
    if last_ns is not None:
        is_hanging = any(stall.start_ns >= last_ns for stall in analysis.stalls)
        shade = "stall" if is_hanging else "tail"
        parts.append(_box(shade, last_ns * scale, stop_ns * scale, top, _BAR))
    if analysis.thinking_ns and first_ns is not None:
        thought = (first_ns + analysis.thinking_ns) * scale
        parts.append(_box("thinking", first_ns * scale, thought, top - _THIN, _THIN))
    parts += _ticks(row.findings, y, scale)
    return joined(parts)


def _box(classes: str, start: float, stop: float, y: float, height: float) -> Markup:
    if stop <= start:
        return NOTHING
    # A path of a few characters, since there are many.
    shape = f"M{number(start)} {number(y)}H{stop:.1f}v{height}H{number(start)}z"
    return element("path", {"class": classes, "d": shape})


def _columns(analysis: Analysis, y: float, scale: float) -> Iterator[Markup]:
    """The output of a stream, in columns of pixels: each shade is one path."""
    runs: dict[Shade, list[str]] = {}
    for start, stop, shade in _runs(analysis, scale):
        width = (stop - start) * _COLUMN
        shape = f"M{start * _COLUMN} {number(y)}h{width}v{_BAR}h-{width}z"
        runs.setdefault(shade, []).append(shape)
    for shade, shapes in runs.items():
        yield element("path", {"class": shade, "d": "".join(shapes)})


def _runs(analysis: Analysis, scale: float) -> Iterator[tuple[int, int, Shade]]:
    """From which column to which a shade goes: that of the longest gap that touches a column."""
    first_ns, last_ns = analysis.ttft_ns, analysis.latency_ns
    if first_ns is None or last_ns is None:
        return
    begin, end = int(first_ns * scale) // _COLUMN, int(last_ns * scale) // _COLUMN
    worst = [0] * (end - begin + 1)
    for gap in analysis.gap_list:
        rank = _rank(gap.duration_ns, analysis.stall_threshold_ns)
        start, stop = int(gap.start_ns * scale) // _COLUMN, int(gap.stop_ns * scale) // _COLUMN
        # A cassette may hold times that run backwards.
        for column in range(max(0, start - begin), min(len(worst), stop - begin + 1)):
            worst[column] = max(worst[column], rank)
    for rank, columns in groupby(range(len(worst)), worst.__getitem__):
        numbers = list(columns)
        yield begin + numbers[0], begin + numbers[-1] + 1, _SHADES[rank]


def _rank(gap_ns: int, stall_ns: int) -> int:
    """The place of a gap's shade in `_SHADES`; what `analyze` calls a stall is one here."""
    return 3 if gap_ns > stall_ns else (gap_ns > _SLOW_NS) + (gap_ns > _LONG_NS)


def _ticks(findings: Sequence[Finding], y: float, scale: float) -> Iterator[Markup]:
    """A line for each place, as far as lines do not touch; errors are drawn over warnings."""
    for severity, inset in (("warning", 4), ("error", 1)):
        columns = {
            round(finding.at_ns * scale / _TICK_COLUMN)
            for finding in findings
            if finding.severity == severity
        }
        height = _ROW - 2 * inset
        places = (min(max(column * _TICK_COLUMN, 1), PANE - 1) for column in sorted(columns))
        shapes = [f"M{x} {number(y + inset)}v{height}" for x in places]
        if shapes:
            yield element("path", {"class": severity, "d": "".join(shapes)})


def _sides(row: Reported, index: int) -> Markup:
    """The name on the left, the end on the right."""
    y = TOP + index * _ROW + _ROW / 2 + 4
    why = _failure_text(row)
    said = f"{format_ns(end_ns(row.analysis))} {why}".rstrip()
    return joined(
        [
            label(LEFT - 8, y, one_line(row.label, _NAME_CHARS), "", "end"),
            label(LEFT + PANE + 8, y, said, "bad" if why else "soft"),
        ]
    )


def _failure_text(row: Reported) -> str:
    if row.outcome == "complete":
        return ""
    return (
        f"HTTP {row.analysis.status}" if row.outcome == "http_error" else outcome_text(row.outcome)
    )


def _told(row: Reported, points: Sequence[Point]) -> dict[str, object]:
    """What the page tells of a stream: times in units of 10 µs, and differences, to be short."""
    analysis = row.analysis
    return {
        "name": one_line(row.label, 80),
        "first": _units(analysis.ttft_ns),
        "last": _units(analysis.latency_ns),
        "end": _units(end_ns(analysis)),
        "places": _steps([point.place for point in points]),
        "events": _steps([point.event for point in points]),
        "times": _steps([round(point.at_ns / 10_000) for point in points]),
        "findings": [
            [_units(each.at_ns), f"{each.code} {each.slug}"]
            for each in row.findings
            if each.severity != "info"
        ][:_TOLD_FINDINGS],
    }


def _units(at_ns: int | None) -> int | None:
    return None if at_ns is None else round(at_ns / 10_000)


def _steps(values: Sequence[int]) -> list[int]:
    return [value - before for value, before in zip(values, [0, *values], strict=False)]
