"""The decoded body as lines that fit a width: cut where lines end, and where else is asked for."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len
from rich.text import Text

from streamlab.report.characters import Character, characters, in_line, styled

__all__ = ["BodyLine", "body_lines", "caret_line", "line_text"]

_LINE_END: Final = re.compile(rb"(?:\r\n|\r|\n)+")
# Of a line that is longer, its ends are looked at: no terminal shows more.
_LOOKED_AT_BYTES: Final = 2_000
_ELLIPSIS: Final = Character("…", -1, -1, None)


class BodyLine(NamedTuple):
    """A line of the body with its end, or a part of one. Of a very long one there are the
    characters at its ends, and around a place; "…" stands for the others."""

    start: int
    stop: int
    characters: list[Character]


def body_lines(
    body: bytes, start: int, stop: int, cuts: Iterable[int], shown: int = 0
) -> Iterator[BodyLine]:
    """The lines of `body` from `start` to `stop`, empty ones with the line before them; cut at
    `cuts` too, where a character that is cut comes as its bytes. What is around the offset `shown`
    is never left out."""
    ends = {match.end() for match in _LINE_END.finditer(body, start, stop)}
    for line_stop in sorted({*ends, *(cut for cut in cuts if start < cut < stop), stop}):
        if line_stop > start:
            yield BodyLine(start, line_stop, _of_line(body, start, line_stop, shown))
        start = line_stop


def _of_line(body: bytes, start: int, stop: int, shown: int) -> list[Character]:
    if stop - start <= 3 * _LOOKED_AT_BYTES:
        return _whole(body, start, stop)
    around = min(max(start, shown - _LOOKED_AT_BYTES // 2), stop)
    found: list[Character] = []
    at = start
    for first in sorted((start, around, stop - _LOOKED_AT_BYTES)):
        begin = max(at, _boundary(body, first, stop))
        end = _boundary(body, first + _LOOKED_AT_BYTES, stop)
        if begin > at:
            found.append(_ELLIPSIS)
        if end > begin:
            found += _whole(body, begin, end)
            at = end
    return found


def _boundary(body: bytes, offset: int, stop: int) -> int:
    """The beginning of a character, at `offset` or up to three bytes behind it."""
    for at in range(offset, min(offset + 3, stop)):
        if body[at] & 0xC0 != 0x80:
            return at
    return min(offset, stop)


def _whole(body: bytes, start: int, stop: int) -> list[Character]:
    first = max(0, start - 3)
    found = characters(body[first : stop + 3], first, {start, stop})
    return [each for each in found if start <= each.start < stop]


def line_text(line: Sequence[Character], width: int, marked: range) -> tuple[Text, list[Character]]:
    """As much of a line as fits `width`, and the characters of it: around the first one that is
    marked, else both ends."""
    shown = _fitting(line, width, marked)
    return styled(shown, in_line), shown


def _fitting(line: Sequence[Character], width: int, marked: range) -> list[Character]:
    cells = [cell_len(in_line(each)) for each in line]
    if sum(cells) <= width:
        return list(line)
    first = next((index for index, each in enumerate(line) if _is_in(each, marked)), None)
    if first is None:
        head = _count(cells, (width - 1) * 2 // 3)
        used = sum(cells[:head])
        tail = _count(cells[:head:-1], width - 1 - used)
        return [*line[:head], _ELLIPSIS, *line[len(line) - tail :]]
    before = _count(cells[:first][::-1], max(0, width - 2) // 3)
    begin = first - before
    count = _count(cells[begin:], max(0, width - 2))
    head_cut = [_ELLIPSIS] if begin else []
    tail_cut = [_ELLIPSIS] if begin + count < len(line) else []
    return [*head_cut, *line[begin : begin + count], *tail_cut]


def _count(cells: Sequence[int], width: int) -> int:
    """How many of the first ones fit."""
    used = 0
    for index, size in enumerate(cells):
        used += size
        if used > width:
            return index
    return len(cells)


def caret_line(shown: Sequence[Character], marked: range) -> Text:
    """Carets below the characters that are marked; empty if none is."""
    drawn = "".join(
        ("^" if _is_in(each, marked) else " ") * cell_len(in_line(each)) for each in shown
    )
    return Text(drawn.rstrip(), "bold red", no_wrap=True)


def _is_in(character: Character, marked: range) -> bool:
    return character.start < marked.stop and marked.start < character.stop
