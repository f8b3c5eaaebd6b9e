"""Reads on the left, the events they completed on the right, and brackets between them: an event of
several reads, whose bracket is heavy, and a read of several events are seen at once."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from streamlab.report.body_lines import body_lines, line_text
from streamlab.report.layout import Entry, Laid, Layout, Selection
from streamlab.report.show_text import format_bytes, format_ns
from streamlab.report.time_line import entry_row

__all__ = ["SideBySide", "read_title"]

_LEFT_SHARE: Final = 0.55
_LEAST_COLUMNS: Final = 10
_BRACKET_COLUMNS: Final = 3
_UNMARKED: Final = range(0)
_LIGHT: Final = "─┐│┘"  # all in one line, the first, one between, the last
_HEAVY: Final = "━┓┃┛"

_Line = tuple[Text, Text, Text]


class _Bracket(NamedTuple):
    """Bytes that belong together, and whether they came in several reads."""

    start: int
    stop: int
    is_heavy: bool


def read_title(read: Laid) -> Text:
    """Which read it is, when it came, how long that took, how much it was."""
    gap = f"  +{format_ns(read.gap_ns)}" if read.gap_ns else ""
    decoded = f" ({format_bytes(len(read.data))} decoded)" * (read.size_bytes != len(read.data))
    said = f"{format_ns(read.at_ns)}{gap}  {format_bytes(read.size_bytes)}{decoded}"
    return Text.assemble((f"read {read.number}", "bold cyan"), (f"  {said}", "cyan"))


class SideBySide:
    """`streamlab show --as both`: all bytes of the reads that are selected, and of what ends in
    them the entries that are selected."""

    def __init__(self, layout: Layout, selection: Selection) -> None:
        self._layout = layout
        reads = selection.reads(layout)
        self._reads = reads[: selection.limit]
        self._left = len(reads) - len(self._reads)
        self._entries = sorted(selection.entries(layout), key=lambda entry: entry.stop)
        self._stops = [entry.stop for entry in self._entries]
        self._brackets = _brackets(layout, self._entries)
        self._starts = [bracket.start for bracket in self._brackets]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(_LEAST_COLUMNS, int((options.max_width - _BRACKET_COLUMNS) * _LEFT_SHARE))
        table = Table.grid(expand=True)
        table.add_column(width=width, no_wrap=True, overflow="ellipsis")
        table.add_column(width=_BRACKET_COLUMNS, no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for read in self._reads:
            for line in self._lines(read, width):
                table.add_row(*line)
        yield table
        if self._left:
            yield Text(f"… {self._left:,} more", "dim")

    def _lines(self, read: Laid, width: int) -> Iterator[_Line]:
        crossing = self._bracket(read.start)
        yield read_title(read), _drawn(crossing, read.start, read.start), Text()
        inside = self._brackets[self._index(read.start) : self._index(read.stop) + 1]
        cuts = {offset for bracket in inside for offset in (bracket.start, bracket.stop)}
        for line in body_lines(self._layout.body, read.start, read.stop, cuts):
            text, _ = line_text(line.characters, width, _UNMARKED)
            bracket = self._bracket(line.start)
            first, *others = self._ending(line.start, line.stop) or [Text()]
            yield text, _drawn(bracket, line.start, line.stop), first
            for other in others:
                yield Text(), Text(), other

    def _index(self, offset: int) -> int:
        return max(0, bisect_right(self._starts, offset) - 1)

    def _bracket(self, offset: int) -> _Bracket | None:
        """The one that holds the byte at `offset`."""
        bracket = self._brackets[self._index(offset)] if self._brackets else None
        return bracket if bracket and bracket.start <= offset < bracket.stop else None

    def _ending(self, start: int, stop: int) -> list[Text]:
        first, last = bisect_right(self._stops, start), bisect_right(self._stops, stop)
        return [_label(self._layout, entry) for entry in self._entries[first:last]]


def _brackets(layout: Layout, entries: Sequence[Entry]) -> list[_Bracket]:
    """One for each entry that lies in no other; what lies in an event ends before it."""
    spans: list[tuple[int, int]] = []
    for entry in entries:
        while spans and spans[-1][0] >= entry.start:
            spans.pop()
        spans.append((entry.start, entry.stop))
    return [
        _Bracket(start, _with_lf(layout, stop), _is_of_several(layout, start, stop))
        for start, stop in spans
        if start < stop
    ]


def _with_lf(layout: Layout, stop: int) -> int:
    """Where the line ends: the LF of a CRLF is no part of an event, but of its line, if it came in
    the same read."""
    is_crlf = layout.body[stop - 1 : stop + 1] == b"\r\n"
    return stop + 1 if is_crlf and not _is_of_several(layout, stop - 1, stop + 1) else stop


def _is_of_several(layout: Layout, start: int, stop: int) -> bool:
    return layout.read_at(start) != layout.read_at(stop - 1)


def _drawn(bracket: _Bracket | None, start: int, stop: int) -> Text:
    """The part of a bracket beside the bytes from `start` to `stop`, none of which lie outside; a
    title stands between bytes."""
    if bracket is None or start == stop == bracket.start:
        return Text()
    signs, style = (_HEAVY, "bold yellow") if bracket.is_heavy else (_LIGHT, "dim")
    is_first, is_last = start == bracket.start, stop == bracket.stop
    sign = signs[0 if is_first and is_last else 1 if is_first else 3 if is_last else 2]
    return Text(f" {sign} ", style)


def _label(layout: Layout, entry: Entry) -> Text:
    row = entry_row(entry)
    parts = [row.number, row.kind]
    first, last = layout.read_at(entry.start), layout.read_at(max(entry.start, entry.stop - 1))
    if first is not None and last is not None and first != last:
        parts.append(Text(f"reads {first.number}-{last.number}", "bold yellow"))
    parts.append(row.text)
    return Text("  ").join([part for part in parts if part])
