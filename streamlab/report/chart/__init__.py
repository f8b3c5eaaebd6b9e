"""Charts of recordings as SVG: text, made without a library, that any browser draws. Pure."""

from collections.abc import Sequence
from typing import Final

from streamlab.report.chart.frame import Chart, standalone
from streamlab.report.chart.palette import style_for_both
from streamlab.report.chart.points import points, thinned
from streamlab.report.chart.progress import progress
from streamlab.report.chart.shares import gap_shares, ttft_shares
from streamlab.report.chart.time_lines import time_lines
from streamlab.report.reported import Reported

__all__ = ["ROWS", "Chart", "charts", "rows_of", "standalone", "style_for_both"]

ROWS: Final = 100
"""How many streams have a row of their own."""

# About 12 bytes each in a page, and as much again in its lines.
_POINTS: Final = 20_000


def rows_of(reported: Sequence[Reported]) -> list[Reported]:
    """Those that have a row: the first ones with times."""
    return [each for each in reported if each.is_timed][:ROWS]


def charts(reported: Sequence[Reported]) -> list[Chart]:
    """All charts of a set of recordings; those without times are in none. Distributions are of all
    streams, what has a row or a line for each of the first `ROWS`."""
    timed = [each for each in reported if each.is_timed]
    rows = rows_of(reported)
    limit = max(8, _POINTS // max(1, len(rows)))
    whole = [points(row.analysis) for row in rows]
    shown = [thinned(each, limit) for each in whole]
    left_out = sum(map(len, whole)) - sum(map(len, shown))
    return [
        time_lines(rows, shown),
        ttft_shares(timed),
        gap_shares(timed),
        progress(rows, shown, left_out=left_out),
    ]
