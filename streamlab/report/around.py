"""One place of a stream in its surroundings: the events before and behind it, and its bytes."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from streamlab.report.body_lines import BodyLine, body_lines, caret_line, line_text
from streamlab.report.layout import Entry, Layout
from streamlab.report.place import Place
from streamlab.report.show_text import format_ns, one_line
from streamlab.report.side_by_side import read_title
from streamlab.report.time_line import Row, TimeLine, entry_row

__all__ = ["Around", "near", "region"]

_OFFSET_COLUMNS: Final = 10
_LEAST_COLUMNS: Final = 10
_MESSAGE_CHARS: Final = 300
_LINES: Final = 12
_LINES_BESIDE: Final = 3


def near(layout: Layout, place: Place, count: int) -> tuple[list[Entry], list[Entry], list[Entry]]:
    """Up to `count` entries before a place, those it lies in or else the next one, and up to
    `count` behind."""
    entries = layout.entries
    meant = [index for index, entry in enumerate(entries) if _meets(entry, place)]
    if not meant:
        meant = [index for index, entry in enumerate(entries) if entry.stop > place.start][:1]
    first, last = (meant[0], meant[-1] + 1) if meant else (len(entries), len(entries))
    before, behind = entries[max(0, first - count) : first], entries[last : last + count]
    return list(before), list(entries[first:last]), list(behind)


def _meets(entry: Entry, place: Place) -> bool:
    if entry.start == entry.stop or place.start == place.stop:
        return entry.start <= place.start < max(entry.stop, entry.start + 1)
    return entry.start < place.stop and place.start < entry.stop


def region(layout: Layout, place: Place, entries: Sequence[Entry]) -> tuple[int, int]:
    """The bytes that are drawn: those of the place and of the entries it lies in."""
    start = min([place.start, *(entry.start for entry in entries)])
    stop = max([place.stop, *(entry.stop for entry in entries)])
    return start, min(stop, len(layout.body))


class Around:
    """`streamlab show --around PLACE`: its surroundings on the time line, then its bytes, with the
    beginnings of reads between them and carets below what is meant."""

    def __init__(self, layout: Layout, place: Place, context: int) -> None:
        self._layout = layout
        self._place = place
        self._before, self._meant, self._behind = near(layout, place, context)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self._title()
        yield Text()
        rows = [
            *map(entry_row, self._before),
            *(_pointed_at(entry_row(entry)) for entry in self._meant),
            *map(entry_row, self._behind),
        ]
        if rows:
            yield TimeLine(rows, since_ns=self._since_ns())
            yield Text()
        yield from self._lines(max(_LEAST_COLUMNS, options.max_width - _OFFSET_COLUMNS))

    def _title(self) -> Iterator[Text]:
        place = self._place
        where = f"bytes {place.start}-{place.stop}, at {format_ns(place.at_ns)}"
        yield Text.assemble(
            (f"{place.name} {place.slug}".strip(), "bold red" if place.message else "bold"),
            (f"  {where}", "dim"),
        )
        if place.message:
            yield Text(f"  {one_line(place.message, _MESSAGE_CHARS)}")

    def _since_ns(self) -> int:
        """When something came last before the first row."""
        first = (self._before + self._meant + self._behind)[0]
        entries = self._layout.entries
        index = entries.index(first)
        return entries[index - 1].arrival.at_ns if index else 0

    def _lines(self, width: int) -> Iterator[Text]:
        layout, place = self._layout, self._place
        start, stop = region(layout, place, self._meant)
        marked = range(place.marked.start, max(place.marked.stop, place.marked.start + 1))
        # Carets below everything would point at nothing.
        is_pointed = not (marked.start <= start and stop <= marked.stop)
        begins = {read.start: read for read in layout.reads if read.data}
        lines = list(body_lines(layout.body, start, stop, begins, shown=marked.start))
        shown = _shown(lines, marked)
        first_read = layout.read_at(start)
        if lines and first_read is not None and first_read.start != start:
            yield _continued(read_title(first_read), start - first_read.start)
        for index, line in enumerate(lines):
            if line.start in begins:
                yield _uncut(read_title(begins[line.start]))
            if index in shown:
                yield from _drawn(line, width, marked if is_pointed else range(0))
            elif index - 1 in shown or not index:
                yield Text(f"{'…':>{_OFFSET_COLUMNS - 2}}", "dim")


def _shown(lines: Sequence[BodyLine], marked: range) -> range:
    """The lines that are drawn where there are too many: those where what is meant begins."""
    if len(lines) <= _LINES:
        return range(len(lines))
    first = next((i for i, line in enumerate(lines) if line.stop > marked.start), len(lines) - 1)
    begin = max(0, min(first - _LINES_BESIDE, len(lines) - _LINES))
    return range(begin, begin + _LINES)


def _drawn(line: BodyLine, width: int, marked: range) -> Iterator[Text]:
    text, shown = line_text(line.characters, width, marked)
    yield _uncut(Text.assemble((f"{line.start:>{_OFFSET_COLUMNS - 2}}  ", "dim"), text))
    if carets := caret_line(shown, marked):
        yield _uncut(Text.assemble(" " * _OFFSET_COLUMNS, carets))


def _pointed_at(row: Row) -> Row:
    number = Text.assemble(("> ", "bold red"), row.number)
    return row._replace(number=number)


def _continued(title: Text, after_bytes: int) -> Text:
    return _uncut(Text.assemble(title, (f", from its byte {after_bytes} on", "dim")))


def _uncut(line: Text) -> Text:
    line.no_wrap = True
    line.overflow = "ellipsis"
    return line
