"""Comparisons as Markdown, for a pull request: https://github.github.com/gfm/#tables-extension-."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from streamlab.comparison import SetComparison, StreamComparison
from streamlab.report.comparison_view import added_text, said_of, side_name
from streamlab.report.set_comparison_view import COLUMNS, heads_of, judged_by, metric_cells
from streamlab.report.show_text import format_ns, one_line

__all__ = ["sets_markdown", "streams_markdown"]

_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]<>#|~@&]")
_HEADER_CHARS: Final = 60


def sets_markdown(comparison: SetComparison, names: tuple[str, str]) -> str:
    """Two sets, which go by `names`."""
    return "\n\n".join(
        [
            "  \n".join(map(_escaped, heads_of(comparison, names))),
            _table(COLUMNS, map(metric_cells, comparison.metrics)),
            _escaped(" ".join(judged_by(comparison))) + "\n",
        ]
    )


def streams_markdown(comparison: StreamComparison) -> str:
    """Two streams: their marks, what is to be said, and the headers that differ."""
    names = (f"a: {side_name(comparison.a)}", f"b: {side_name(comparison.b)}")
    marks = [
        (
            mark.name.replace("_", " "),
            format_ns(mark.a_ns),
            format_ns(mark.b_ns),
            added_text(mark.added_ns).plain,
        )
        for mark in comparison.marks
    ]
    parts = [_table(("from t0", *names, "added"), marks)]
    parts.append("  \n".join(_escaped(line.strip()) for line in said_of(comparison)))
    if comparison.headers:
        headers = [
            tuple("-" if each is None else one_line(each, _HEADER_CHARS) for each in header)
            for header in comparison.headers
        ]
        parts.append(_table(("header", *names), headers))
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row(head), "|" + "---|" * len(head), *map(_row, rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(_escaped, cells)) + " |"


def _escaped(text: str) -> str:
    """Nothing in it means anything to Markdown, nobody is mentioned."""
    return _SPECIAL.sub(lambda found: f"&#{ord(found.group())};", text)
