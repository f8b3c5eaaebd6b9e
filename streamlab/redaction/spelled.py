"""Text, and where each of its characters is spelled in bytes: escapes, UTF-8 and all."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["Span", "Spelled", "json_string", "plain"]

Span = tuple[int, int]
"""Where something starts and stops."""

# RFC 8259, 7. A pair of surrogates is one character; what is no escape stands for itself.
_ESCAPE: Final = re.compile(
    r"""(?xs) \\ (?:
        u (?P<high>[dD][89abAB][0-9a-fA-F]{2}) \\u (?P<low>[dD][c-fC-F][0-9a-fA-F]{2})
      | u (?P<code>[0-9a-fA-F]{4})
      | (?P<other>.)
    )
    """
)
_SHORT: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Spelled:
    """`text` is what is said, `spelling` how. Bytes that are not UTF-8 are lone surrogates in both
    (Python's `surrogateescape`), so that each keeps its place.

    `_text_stops` and `_spelling_stops` are where escapes end; between these both are the same.
    """

    text: str
    spelling: str
    _text_stops: tuple[int, ...] = (0,)
    _spelling_stops: tuple[int, ...] = (0,)

    def byte_spans(self, spans: Iterable[Span]) -> Iterator[Span]:
        """Where spans of the text are spelled, in bytes. They must be in order."""
        place, at = 0, 0
        for span in spans:
            edges = []
            for index in span:
                before, place = place, self._place(index)
                at += len(self.spelling[before:place].encode("utf-8", "surrogateescape"))
                edges.append(at)
            yield edges[0], edges[1]

    def _place(self, index: int) -> int:
        """The index in the spelling of a character of the text."""
        last = bisect_right(self._text_stops, index) - 1
        return self._spelling_stops[last] + index - self._text_stops[last]


def plain(data: bytes) -> Spelled:
    """Bytes that are text as they are."""
    text = data.decode("utf-8", "surrogateescape")
    return Spelled(text, text)


def json_string(latin1: str) -> Spelled:
    """What stands between the quotes of a JSON string, read as Latin-1; it may be cut."""
    spelled = plain(latin1.encode("latin-1"))
    if "\\" not in latin1:
        return spelled
    pieces: list[str] = []
    text_stops, spelling_stops = [0], [0]
    for escape in _ESCAPE.finditer(spelled.spelling):
        literal = spelled.spelling[spelling_stops[-1] : escape.start()]
        pieces += [literal, _character(escape)]
        text_stops.append(text_stops[-1] + len(literal) + 1)
        spelling_stops.append(escape.end())
    pieces.append(spelled.spelling[spelling_stops[-1] :])
    return Spelled("".join(pieces), spelled.spelling, tuple(text_stops), tuple(spelling_stops))


def _character(escape: re.Match[str]) -> str:
    if escape["other"] is not None:
        return _SHORT.get(escape["other"], escape["other"])
    if escape["code"] is not None:
        return chr(int(escape["code"], 16))
    high, low = int(escape["high"], 16), int(escape["low"], 16)
    return chr(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF))
