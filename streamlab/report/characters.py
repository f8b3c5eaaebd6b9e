"""Bytes as characters with their offsets, the odd ones named: what a reader cannot see, or what
some clients take for something else."""

from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from rich.cells import cell_len
from rich.text import Text

from streamlab.report.show_text import visible

__all__ = ["Character", "Oddity", "characters", "in_cells", "in_line", "styled"]


class Oddity(NamedTuple):
    """Why a character is pointed out: the mark that stands for it in a dump ("": it is drawn as a
    control picture), what it is, its style."""

    mark: str
    name: str
    style: str


_INVALID: Final = Oddity("×", "no UTF-8", "bold red")  # noqa: RUF001 - one cell, and no letter
_CUT: Final = Oddity("┊", "a character cut by the end of a read", "bold magenta")
_CONTROL: Final = Oddity("", "a control character", "bold red")
_CR: Final = Oddity("", "CR, which ends a line", "yellow")
_BOM: Final = Oddity("¤", "U+FEFF, a byte order mark", "bold red")
_LINE: Final = Oddity("¶", "the end of a line to some clients", "bold red")
_ZERO_WIDTH: Final = Oddity("∅", "an invisible character", "bold yellow")
_BIDI: Final = Oddity("⇄", "turns the direction of text", "bold red")
_REPLACEMENT: Final = Oddity("�", "U+FFFD, lost before it was sent", "bold yellow")

_LOST: Final = range(0xDC80, 0xDD00)  # what "surrogateescape" makes of bytes that are no UTF-8


def _oddities() -> dict[int, Oddity]:
    named = dict.fromkeys((*range(32), *range(127, 160)), _CONTROL)
    del named[0x09], named[0x0A]
    named |= dict.fromkeys((0x85, 0x2028, 0x2029), _LINE)
    named |= dict.fromkeys(
        (0xAD, *range(0x200B, 0x200E), *range(0x2060, 0x2066), *range(0xFFF9, 0xFFFC)), _ZERO_WIDTH
    )
    named |= dict.fromkeys(
        (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x2070)), _BIDI
    )
    named |= dict.fromkeys(_LOST, _INVALID)
    return named | {0x0D: _CR, 0xFEFF: _BOM, 0xFFFD: _REPLACEMENT}


_ODDITIES: Final = _oddities()


class Character(NamedTuple):
    """A character and its span in the body; a byte that is no part of one is one by itself, and
    `text` is then its code in hexadecimal."""

    text: str
    start: int
    stop: int
    oddity: Oddity | None


def characters(data: bytes, offset: int, cuts: Collection[int] = ()) -> list[Character]:
    """The characters of `data`, which stands at `offset`; one that has one of `cuts` inside comes
    as its bytes."""
    found = []
    start = offset
    for text in data.decode("utf-8", "surrogateescape"):
        code = ord(text)
        stop = start + (1 if code in _LOST else len(text.encode()))
        if code in _LOST:
            found.append(Character(_hex(code - 0xDC00), start, stop, _INVALID))
        elif any(at in cuts for at in range(start + 1, stop)):
            found += [
                Character(_hex(byte), start + index, start + index + 1, _CUT)
                for index, byte in enumerate(text.encode())
            ]
        else:
            found.append(Character(text, start, stop, _ODDITIES.get(code)))
        start = stop
    return found


def _hex(byte: int) -> str:
    return f"\\x{byte:02x}"


def in_line(character: Character) -> str:
    """The character as it stands in a line of text: what cannot be seen is escaped."""
    return _in_line(character.text)


@lru_cache(maxsize=1024)
def _in_line(text: str) -> str:
    if text in _PICTURES:
        return _PICTURES[text]
    return visible(text) if text != "\u00ad" else "\\u00ad"


def styled(characters: Iterable[Character], draw: Callable[[Character], str]) -> Text:
    """Characters as `draw` has them, odd ones in their style, those that lay out text dimmed."""
    text = Text(no_wrap=True, overflow="ellipsis")
    for style, run in groupby(characters, _style):
        text.append("".join(map(draw, run)), style)
    return text


def _style(character: Character) -> str:
    if character.oddity is not None:
        return character.oddity.style
    return "dim" if character.text in _LAYS_OUT else ""


_LAYS_OUT: Final = frozenset("\n\t…")
_PICTURES: Final = {"\n": "⏎", "\t": "⇥"}


def in_cells(character: Character) -> str:
    """The character in as many terminal cells as it has bytes, filled up with dots, so that a dump
    stays in columns."""
    size = character.stop - character.start
    if size == 1 and character.text.isprintable() and character.oddity is None:
        return character.text
    if character.oddity is not None and character.oddity.mark:
        drawn = character.oddity.mark
    else:
        drawn = in_line(character)
    # Controls above 0x7e have no picture, and combining characters no cell.
    if not 0 < cell_len(drawn) <= size:
        drawn = "◌"
    return drawn + "·" * (size - cell_len(drawn))
