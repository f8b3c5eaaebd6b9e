"""Goes through JSON text and says where things stand in it, as far as it is JSON.

Python's own reader gives values without their places, and nothing of a text that is cut. This one
never raises, needs no recursion (so no depth is too deep), and keeps what it saw before a cut.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Final, Literal

from streamlab.redaction.credentials import REDACTED
from streamlab.redaction.json_path import Path, step
from streamlab.redaction.spelled import Span, json_string

__all__ = ["Walk", "walk"]

# The grammar of RFC 8259, and the numbers that Python's json writes besides. A string may be cut.
_TOKEN: Final = re.compile(
    r"""(?xs)
    [ \t\n\r]* (?:
        (?P<mark> [{}\[\],:] )
      | (?P<string> "[^"\\]*(?:\\.[^"\\]*)* (?: (?P<quote>") | \\?\Z ) )
      | (?P<other> -?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?
                 | true | false | null | NaN | -?Infinity )
    )
    """
)
_STRING: Final = re.compile(r'(?s)"([^"\\]*(?:\\.[^"\\]*)*)"')
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_BOM: Final = "\xef\xbb\xbf"  # in UTF-8, as Latin-1 shows it


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What stands where in bytes, in the order of the text.

    `values` are those that a path named; `strings` are what stands between the quotes of all
    others, names of members too. From `stop` on the text is not JSON; it is the text's length if
    there is no such place. `is_whole`: it is JSON documents and nothing else, to the end.
    """

    values: tuple[Span, ...]
    strings: tuple[Span, ...]
    stop: int
    is_whole: bool


def walk(data: bytes, paths: tuple[Path, ...]) -> Walk:
    """Walk through `data`: JSON documents one after the other, the last one may be cut."""
    # Latin-1 keeps offsets: a character a byte, and all of JSON's own marks are ASCII.
    text = data.decode("latin-1")
    if not paths and _is_one_document(text):  # twenty times as fast
        strings = tuple(match.span(1) for match in _STRING.finditer(text))
        return Walk(values=(), strings=strings, stop=len(text), is_whole=True)
    return _Walker(text=text, paths=paths).walk()


def _is_one_document(text: str) -> bool:
    try:
        json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


_Expected = Literal["value", "value or end", "name", "name or end", "colon", "comma or end"]


@dataclass(slots=True)
class _Container:
    """An object or array that is open: what is left of the paths in it, and where it stands."""

    end: Literal["}", "]"]
    paths: tuple[Path, ...]
    key: str | int = 0


@dataclass(slots=True, kw_only=True)
class _Walker:
    text: str
    paths: tuple[Path, ...]
    values: list[Span] = field(default_factory=list)
    strings: list[Span] = field(default_factory=list)
    _open: list[_Container] = field(default_factory=list)
    _expected: _Expected = "value"
    # The value that a path named and that has not ended: where it starts, and how deep.
    _named_from: int | None = None
    _named_depth: int = 0
    _is_cut: bool = False

    def walk(self) -> Walk:
        position = start = len(_BOM) if self.text.startswith(_BOM) else 0
        while (token := _TOKEN.match(self.text, position)) is not None and self._take(token):
            position = token.end()
        space = _SPACE.match(self.text, position)
        stop = space.end() if space else position
        if self._named_from is not None:  # cut or broken within: nothing of it may stay
            self.values.append((self._named_from, len(self.text.rstrip(" \t\n\r"))))
            stop = len(self.text)
        is_complete = self._expected == "value" and not self._open and not self._is_cut
        return Walk(
            values=tuple(self.values),
            strings=tuple(self.strings),
            stop=stop,
            is_whole=is_complete and stop == len(self.text) and position > start,
        )

    def _take(self, token: re.Match[str]) -> bool:
        """Take the next token; False if JSON has none such here."""
        mark = token["mark"]
        if mark is None:
            return self._take_scalar(token)
        if mark in "{[":
            return self._enter(mark, token.end() - 1)
        if mark in "}]":
            return self._leave(mark, token.end())
        if mark == ":" and self._expected == "colon":
            self._expected = "value"
            return True
        if mark == "," and self._expected == "comma or end" and self._open:
            self._go_on(self._open[-1])
            return True
        return False

    def _take_scalar(self, token: re.Match[str]) -> bool:
        if self._expected.startswith("value"):
            self._begin(token.start(token.lastgroup or 0))
        elif token["other"] is not None or not self._expected.startswith("name"):
            return False
        if token["other"] is None:
            self._take_string(token)
        if self._expected.startswith("name"):
            self._expected = "colon"
        else:
            self._end(token.end())
        return True

    def _take_string(self, token: re.Match[str]) -> None:
        self._is_cut = token["quote"] is None
        start, stop = token.start("string") + 1, token.end("string") - (not self._is_cut)
        if self._named_from is None:
            self.strings.append((start, stop))
        if self.paths and self._expected.startswith("name"):
            self._open[-1].key = json_string(self.text[start:stop]).text

    def _enter(self, mark: str, start: int) -> bool:
        # What an earlier redaction left where it could not go on: no array, and no way on.
        if not self._expected.startswith("value") or self.text.startswith(REDACTED, start):
            return False
        paths = self._begin(start)
        is_object = mark == "{"
        self._open.append(_Container("}" if is_object else "]", paths))
        self._expected = "name or end" if is_object else "value or end"
        return True

    def _leave(self, mark: str, stop: int) -> bool:
        if not self._open or self._open[-1].end != mark or not self._expected.endswith("end"):
            return False
        self._open.pop()
        self._end(stop)
        return True

    def _go_on(self, container: _Container) -> None:
        if container.end == "}":
            self._expected = "name"
        else:
            assert isinstance(container.key, int)
            container.key += 1
            self._expected = "value"

    def _begin(self, start: int) -> tuple[Path, ...]:
        """A value starts; what is left of the paths in it."""
        if self._named_from is not None or not self.paths:
            return ()
        paths = step(self._open[-1].paths, self._open[-1].key) if self._open else self.paths
        if () in paths:
            self._named_from, self._named_depth = start, len(self._open)
        return paths

    def _end(self, stop: int) -> None:
        """A value has ended, and with it perhaps the one that a path named."""
        if self._named_from is not None and self._named_depth == len(self._open):
            self.values.append((self._named_from, stop))
            self._named_from = None
        self._expected = "comma or end" if self._open else "value"
