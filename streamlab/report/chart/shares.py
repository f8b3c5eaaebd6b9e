"""Empirical distributions: which share of the values is at most so long."""

from collections.abc import Sequence
from itertools import chain
from typing import Final

from streamlab.report.chart.frame import PANE, Chart, Drawing, Key, draw
from streamlab.report.chart.markup import Markup, element, joined, number
from streamlab.report.chart.scale import Linear, Log, Tick, time_unit
from streamlab.report.reported import Reported

__all__ = ["gap_shares", "ttft_shares"]

_HEIGHT: Final = 220
_STEPS: Final = 200
_LEAST_MS: Final = 0.1
_Y_TICKS: Final = tuple(Tick(i / 4, f"{25 * i} %") for i in range(5))

Share = tuple[float, float]
"""A time in ms, and the share of the values that are no longer."""


def ttft_shares(rows: Sequence[Reported]) -> Chart:
    """Of TTFT, and of TTFAT where reasoning makes it another."""
    first = [row.analysis.ttft_ns for row in rows if row.analysis.ttft_ns is not None]
    answer = [row.analysis.ttfat_ns for row in rows if row.analysis.ttfat_ns is not None]
    series = [(f"TTFT, n = {len(first):,}", _shares(first))]
    if any(row.analysis.thinking_ns for row in rows):
        series.append((f"TTFAT, n = {len(answer):,}", _shares(answer)))
    axis = Linear(max([0.001, *(times[-1][0] for _, times in series if times)]) * 1.02)
    label = f"time to first token ({time_unit(axis.top_ms)})"
    note = "The curve is at the share of the streams that had their first output by then."
    return _chart("ttft", "Time to first token", note, axis, label, series)


def gap_shares(rows: Sequence[Reported]) -> Chart:
    """Of the gaps of all streams together."""
    gaps_ns = list(chain.from_iterable(row.analysis.gaps_ns for row in rows))
    shares = _shares(gaps_ns)
    axis = Log(_LEAST_MS, max(1000.0, shares[-1][0] * 1.1 if shares else 0.0))
    label = "gap between two events with output (logarithmic)"
    note = (
        f"Gaps of all streams together; what is shorter than {_LEAST_MS} ms, "
        "as between events of one read, stands at the left end."
    )
    series = [(f"gaps, n = {len(gaps_ns):,}", shares)]
    return _chart("gaps", "Gaps", note, axis, label, series)


def _shares(values_ns: Sequence[int]) -> list[Share]:
    """About `_STEPS` steps at most, the last one at the longest value."""
    ordered_ns, n = sorted(values_ns), len(values_ns)
    step = -(-n // _STEPS) or 1
    ranks = [*range(step, n, step), n] if n else []
    return [(ordered_ns[rank - 1] / 1e6, rank / n) for rank in ranks]


def _chart(
    name: str,
    title: str,
    note: str,
    axis: Linear | Log,
    x_label: str,
    series: Sequence[tuple[str, Sequence[Share]]],
) -> Chart:
    classes = ("line first", "line second")
    lines = [_line(shares, axis, each) for (_, shares), each in zip(series, classes, strict=False)]
    keys = [Key(each, True, said) for (said, _), each in zip(series, classes, strict=False)]
    drawing = Drawing(
        name=name,
        title=title,
        height=_HEIGHT,
        x=axis,
        x_label=x_label,
        y_ticks=_Y_TICKS,
        y_label="share at or below",
        keys=keys,
        marks=joined(lines),
    )
    told = [
        {"name": said, "points": [[round(ms, 3), round(share, 4)] for ms, share in shares]}
        for said, shares in series
    ]
    return Chart(name, title, note, draw(drawing), {"kind": "shares", "series": told})


def _line(shares: Sequence[Share], axis: Linear | Log, classes: str) -> Markup:
    """Steps from the left end, at 0, to the right end, at 1."""
    path = [f"M0 {_HEIGHT}"]
    for at_ms, share in shares:
        path.append(f"H{number(PANE * axis.place(at_ms))}V{number(_HEIGHT * (1 - share))}")
    if shares:
        path.append(f"H{PANE}")
    return element("path", {"class": classes, "d": "".join(path)})
