"""Output over time: a line for each stream."""

from collections.abc import Sequence
from typing import Final

from streamlab.report.chart.frame import PANE, Chart, Drawing, Key, draw
from streamlab.report.chart.markup import Markup, element, joined, number
from streamlab.report.chart.points import Point
from streamlab.report.chart.scale import Linear, count_ticks, time_unit
from streamlab.report.chart.time_lines import end_ns
from streamlab.report.reported import Reported

__all__ = ["progress"]

NAME: Final = "output"
_HEIGHT: Final = 260


def progress(
    rows: Sequence[Reported], points: Sequence[Sequence[Point]], *, left_out: int = 0
) -> Chart:
    """How many events with output had come by when. The rows and the points are those of
    `time_lines`; `left_out` points are not among them, and the note says so."""
    top_ns = max((end_ns(row.analysis) for row in rows), default=0)
    axis = Linear(max(top_ns / 1e6, 0.001))
    top = max((each[-1].place for each in points if each), default=0) or 1
    drawing = Drawing(
        name=NAME,
        title="Output over time",
        height=_HEIGHT,
        x=axis,
        x_label=f"time since the request was sent ({time_unit(axis.top_ms)})",
        y_ticks=count_ticks(top),
        y_label="events with output",
        keys=[Key("line many", is_line=True, meaning="a stream each")],
        marks=joined(_line(each, top, top_ns) for each in points),
    )
    note = "Flat: nothing came. Straight up: much came at once. An event need not be one token."
    if left_out:
        note += (
            f" To keep the page small, {left_out:,} events of long streams are not told here and "
            "in the time lines, none of those at the longest gaps."
        )
    hover = {"kind": "lines", "top": top, "height": _HEIGHT}
    return Chart(NAME, drawing.title, note, draw(drawing), hover)


def _line(points: Sequence[Point], top: int, top_ns: int) -> Markup:
    """Steps, since an event comes at once."""
    if not points or not top_ns:
        return element("path", {"class": "line many", "d": ""})
    path = [f"M{number(PANE * points[0].at_ns / top_ns)} {_HEIGHT}"]
    for point in points:
        x, y = PANE * point.at_ns / top_ns, _HEIGHT * (1 - point.place / top)
        path.append(f"H{number(x)}V{number(y)}")
    return element("path", {"class": "line many", "d": "".join(path)})
