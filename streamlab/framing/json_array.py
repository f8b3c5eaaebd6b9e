"""One JSON array that comes bit by bit: each element is an event, of type `message`, as soon as its
last byte is there.

Theory of operation
-------------------
Only where an element begins and ends is looked for: brackets are counted, and strings, in which
they do not count, are skipped. Whether it is JSON is for its reader to say. So `}` may close `[`,
what is no JSON at all is an element up to the next comma, and a missing comma is not missed. A
regular expression finds what counts; all between is passed over at its speed.
"""

import codecs
import re
from collections.abc import Callable
from typing import Final

from streamlab.sse import MAX_BLOCK_BYTES, Blank, Event, Issue, IssueCode, Item, quoted, text_of

__all__ = ["JsonArrayDecoder"]

_KEPT_BYTES: Final = 1024
_BLANK: Final = re.compile(rb"[ \t\r\n]*")
_BETWEEN: Final = re.compile(rb"[ \t\r\n,]*")
_SCALAR_END: Final = re.compile(rb'[ \t\r\n,\[\]{}"]')
# A string without escapes in one piece; the quote alone opens one that is not, or not yet whole.
_STRUCTURE: Final = re.compile(rb'"[^"\\]*"|["\[\]{}]')
_BOM: Final = codecs.BOM_UTF8


class JsonArrayDecoder:
    """See `framing.Decoder`."""

    def __init__(self, *, max_block_bytes: int = MAX_BLOCK_BYTES) -> None:
        self.offset = 0
        self._max_block_bytes = max_block_bytes
        self._items: list[Item] = []
        # The first bytes, while they may still become a byte order mark; then None.
        self._head: bytes | None = b""
        # Reads on from a position in the data, and says how far it came.
        self._read: Callable[[bytes, int], int] = self._before
        # The offset of the data's first byte, and of that of what is under way: an element, blanks,
        # or bytes outside. What is kept of it from earlier data; `_fresh` is where it goes on.
        self._base = 0
        self._start = 0
        self._kept = bytearray()
        self._kept_bytes = 0
        self._fresh = 0
        self._depth = 0
        self._is_escaped = False

    def feed(self, data: bytes) -> list[Item]:
        """The items that `data` completed."""
        self.offset += len(data)
        if self._head is not None:
            data = self._head + data
            self._head = data if len(data) < len(_BOM) and _BOM.startswith(data) else None
            if self._head is not None:
                return []
            if data.startswith(_BOM):
                self._start = len(_BOM)
                self._items.append(Issue("bom", 0, self._start, "EF BB BF"))
                data = data[self._start :]
        self._scan(data)
        return self._take()

    def close(self) -> list[Item]:
        """What is left over; an array that lacks its end is an issue."""
        if self._head:
            self._scan(self._head)
            self._head = None
        if self._read in (self._before, self._after):
            self._end_blank(self.offset)
        elif self._read == self._between:
            self._items.append(Issue("unterminated-array", self._start, self.offset, ""))
        else:
            is_outside = self._read == self._outside
            self._discard("outside-array" if is_outside else "unterminated-event", self.offset)
        return self._take()

    def _take(self) -> list[Item]:
        items, self._items = self._items, []
        return items

    def _scan(self, data: bytes) -> None:
        self._base = self.offset - len(data)
        self._fresh = position = 0
        while position < len(data):
            position = self._read(data, position)
        if self._read not in (self._before, self._between, self._after):
            self._keep(data[self._fresh :])

    def _keep(self, piece: bytes) -> None:
        """What is under way goes on: keep its piece, unless it has grown too long."""
        self._kept_bytes += len(piece)
        self._kept += piece
        if self._kept_bytes > self._max_block_bytes or self._read == self._outside:
            del self._kept[_KEPT_BYTES:]

    def _before(self, data: bytes, position: int) -> int:
        """Before the array: blanks, and its bracket."""
        stop = _end_of(_BLANK, data, position)
        if data[stop : stop + 1] == b"[":
            self._read = self._between
            return stop + 1
        return self._begin(self._outside, data, stop)

    def _between(self, data: bytes, position: int) -> int:
        """Between elements: blanks and commas, then an element or the end."""
        stop = _end_of(_BETWEEN, data, position)
        match data[stop : stop + 1]:
            case b"]":
                self._read = self._after
            case b"{" | b"[":
                self._begin(self._in_brackets, data, stop)
                self._depth = 1
            case b'"':
                self._begin(self._in_string, data, stop)
                self._depth = 0
            case _:
                self._begin(self._in_scalar, data, stop)
        return stop + 1

    def _after(self, data: bytes, position: int) -> int:
        """After the array: blanks."""
        return self._begin(self._outside, data, _end_of(_BLANK, data, position))

    def _outside(self, data: bytes, _: int) -> int:
        return len(data)

    def _begin(self, read: Callable[[bytes, int], int], data: bytes, position: int) -> int:
        """What is read by `read` starts there, if that is not the end of the data."""
        if position < len(data):
            self._end_blank(self._base + position)
            self._read = read
            self._fresh = position
        return position

    def _end_blank(self, stop: int) -> None:
        if self._start < stop:
            self._items.append(Blank(self._start, stop))
        self._start = stop

    def _in_brackets(self, data: bytes, position: int) -> int:
        while found := _STRUCTURE.search(data, position):
            position = found.end()
            match found.group():
                case b'"':
                    self._read = self._in_string
                    return position
                case b"{" | b"[":
                    self._depth += 1
                case b"}" | b"]":
                    self._depth -= 1
                    if not self._depth:
                        return self._end_element(data, position)
        return len(data)

    def _in_string(self, data: bytes, position: int) -> int:
        position += self._is_escaped
        self._is_escaped = False
        while (quote := data.find(b'"', position)) >= 0:
            is_escaped = _ends_in_escape(data[position:quote])
            position = quote + 1
            if is_escaped:
                continue
            if not self._depth:
                return self._end_element(data, position)
            self._read = self._in_brackets
            return position
        self._is_escaped = _ends_in_escape(data[position:])
        return len(data)

    def _in_scalar(self, data: bytes, position: int) -> int:
        found = _SCALAR_END.search(data, position)
        return self._end_element(data, found.start()) if found else len(data)

    def _end_element(self, data: bytes, position: int) -> int:
        self._keep(data[self._fresh : position])
        stop = self._base + position
        if self._kept_bytes > self._max_block_bytes:
            self._discard("block-too-long", stop)
        else:
            text = text_of(bytes(self._kept), self._start, self._items)
            self._items.append(Event("message", text, None, self._start, stop))
        self._kept.clear()
        self._kept_bytes = 0
        self._start = stop
        self._read = self._between
        return position

    def _discard(self, code: IssueCode, stop: int) -> None:
        text = self._kept[:_KEPT_BYTES].decode("utf-8", "replace")
        self._items.append(Issue(code, self._start, stop, quoted(text)))


def _end_of(pattern: re.Pattern[bytes], data: bytes, position: int) -> int:
    found = pattern.match(data, position)
    return found.end() if found else position


def _ends_in_escape(piece: bytes) -> bool:
    """Whether what follows is escaped: by a backslash that is not escaped itself."""
    return bool((len(piece) - len(piece.rstrip(b"\\"))) % 2)
