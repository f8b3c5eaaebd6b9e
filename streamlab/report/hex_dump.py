"""Bytes in hexadecimal and as text, with the odd ones marked and told apart."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from streamlab.report.characters import Character, Oddity, characters, in_cells, styled
from streamlab.report.layout import Layout, Selection
from streamlab.report.side_by_side import read_title
from streamlab.report.time_line import entry_row

__all__ = ["HexDump", "odd_characters", "sections"]

_ROW_BYTES: Final = 16
_NARROW_ROW_BYTES: Final = 8
_NARROW: Final = 80
_LEGEND_PLACES: Final = 5

Section = tuple[Text, int, int]  # a title, and the span of its bytes


def sections(layout: Layout, selection: Selection) -> list[Section]:
    """What is dumped: reads, or entries where some types or kinds are asked for."""
    if selection.is_filtered:
        return [
            (_entry_title(row.number, row.kind), entry.start, entry.stop)
            for entry in selection.entries(layout)
            for row in [entry_row(entry)]
        ]
    stop = len(layout.body) if selection.stop is None else selection.stop
    return [
        (read_title(read), max(read.start, selection.start), min(read.stop, stop))
        for read in selection.reads(layout)
    ]


def _entry_title(number: Text, kind: Text) -> Text:
    return Text.assemble("event " if number else "", number, "  " if number else "", kind)


def odd_characters(layout: Layout, spans: Iterable[tuple[int, int]]) -> list[Character]:
    """The characters of these spans that are pointed out."""
    return [
        each for start, stop in spans for each in _characters(layout, start, stop) if each.oddity
    ]


class HexDump:
    """`streamlab show --as bytes`: sections of rows, and a legend of what is odd in them."""

    def __init__(self, layout: Layout, selection: Selection) -> None:
        found = sections(layout, selection)
        self._layout = layout
        self._sections = found[: selection.limit]
        self._left = len(found) - len(self._sections)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        row_bytes = _NARROW_ROW_BYTES if options.max_width < _NARROW else _ROW_BYTES
        odd: list[Character] = []
        for title, start, stop in self._sections:
            yield _uncut(title)
            found = _characters(self._layout, start, stop)
            odd += [each for each in found if each.oddity]
            yield from _rows(self._layout.body, found, row_bytes)
        if self._left:
            yield Text(f"… {self._left:,} more", "dim")
        yield from _legend(odd)


def _characters(layout: Layout, start: int, stop: int) -> list[Character]:
    inside = layout.reads[_read_number(layout, start) : _read_number(layout, stop) + 1]
    cuts = {read.start for read in inside}
    first = max(0, start - 3)
    found = characters(layout.body[first : stop + 3], first, cuts | {start, stop})
    return [each for each in found if start <= each.start < stop]


def _read_number(layout: Layout, offset: int) -> int:
    read = layout.read_at(offset)
    return 0 if read is None else read.number


def _rows(body: bytes, found: Sequence[Character], row_bytes: int) -> Iterator[Text]:
    for row in _cut_into_rows(found, row_bytes):
        start, stop = row[0].start, row[-1].stop
        codes = styled(row, lambda each: body[each.start : each.stop].hex(" ") + " ")
        missing = "   " * (row_bytes - (stop - start)) + " "
        drawn = styled(row, in_cells)
        yield _uncut(Text.assemble((f"{start:>8}  ", "dim"), codes, missing, drawn))


def _cut_into_rows(found: Sequence[Character], row_bytes: int) -> Iterator[list[Character]]:
    """Rows of at most so many bytes; a character stays whole."""
    row: list[Character] = []
    for each in found:
        if row and each.stop - row[0].start > row_bytes:
            yield row
            row = []
        row.append(each)
    if row:
        yield row


def _legend(odd: Sequence[Character]) -> Iterator[Text]:
    """What each mark means, how often it is there, and where first."""
    places: dict[tuple[str, Oddity], list[int]] = {}
    for each in odd:
        if each.oddity is not None:
            places.setdefault((in_cells(each).rstrip("·"), each.oddity), []).append(each.start)
    if places:
        yield Text()
    for (mark, oddity), starts in places.items():
        listed = ", ".join(map(str, starts[:_LEGEND_PLACES]))
        listed += ", …" * (len(starts) > _LEGEND_PLACES)
        times = "once" if len(starts) == 1 else f"{len(starts):,} times"
        at = f"  {times}, at byte {listed}"
        yield Text.assemble((f"{mark:>2}  ", oddity.style), oddity.name, (at, "dim"))


def _uncut(line: Text) -> Text:
    line.no_wrap = True
    line.overflow = "ellipsis"
    return line
