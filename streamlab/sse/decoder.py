"""The decoder: bytes in any pieces, items out."""

import codecs
import re
from typing import Final

from streamlab.sse.items import (
    DETAIL_CHARS,
    Blank,
    Comment,
    Event,
    Issue,
    IssueCode,
    Item,
    Retry,
    quoted,
    text_of,
)
from streamlab.sse.plain import plain_event, plain_events

__all__ = ["MAX_BLOCK_BYTES", "Decoder", "decode"]

MAX_BLOCK_BYTES: Final = 16 * 1024 * 1024

_BOM: Final = codecs.BOM_UTF8
_LF: Final = 0x0A
_LINE_END: Final = re.compile(rb"[\r\n]")
_DIGITS: Final = re.compile(r"[0-9]+", re.ASCII)
# Longer runs of digits are no time anyone waits for, and int() of very long ones is slow.
_RETRY_MAX_DIGITS: Final = 18


class Decoder:
    """An incremental event-stream parser: `feed` bytes, get items; `close` at the end.

    `last_event_id` and `retry_ms` are the standard's "last event ID string" and "reconnection
    time" so far (None if never set); `offset` is the number of bytes fed.
    """

    def __init__(self, *, max_block_bytes: int = MAX_BLOCK_BYTES) -> None:
        self.last_event_id: str | None = None
        self.retry_ms: int | None = None
        self.offset = 0
        self._max_block_bytes = max_block_bytes
        self._items: list[Item] = []
        # The line being read: what is kept of it, how long it is, and the offset of its first byte.
        self._line = bytearray()
        self._line_bytes = 0
        self._line_start = 0
        self._skip_lf = False
        self._maybe_bom = True
        self._reset_block()

    def _reset_block(self) -> None:
        self._block_start: int | None = None
        self._block_bytes = 0
        self._too_long = False
        self._data: list[str] = []
        self._type = ""
        self._id = self.last_event_id

    def feed(self, data: bytes) -> list[Item]:
        """The items that `data` completed, in the order in which they ended."""
        base = self.offset
        self.offset += len(data)
        if data.endswith(b"\n\n") and self._is_between(data):
            event = plain_event(data[:-2], base, self.last_event_id)
            if event is not None:
                self._line_start = self.offset
                return [event]
        if self._maybe_bom and data:
            data, base = self._strip_bom(data, base)
        self._read(data, base)
        return self._take()

    def _is_between(self, data: bytes) -> bool:
        """Whether `data` begins where a block may, and has no CR: then it may be a whole one."""
        return not (
            self._maybe_bom
            or self._line_bytes
            or self._skip_lf
            or self._block_start is not None
            or b"\r" in data
            or len(data) > self._max_block_bytes
        )

    def close(self) -> list[Item]:
        """The items that only the end of the stream decides: what is left over and discarded."""
        self._maybe_bom = False
        start = self._line_start if self._block_start is None else self._block_start
        if start < self.offset:
            self._discard_tail(start)
        self._line_start = self.offset
        self._forget_line()
        self._reset_block()
        return self._take()

    def _take(self) -> list[Item]:
        items, self._items = self._items, []
        return items

    def _strip_bom(self, data: bytes, base: int) -> tuple[bytes, int]:
        """Hold back what may become a byte order mark; drop one that is complete."""
        data = bytes(self._line) + data
        base -= self._line_bytes
        self._forget_line()
        if data.startswith(_BOM):
            self._maybe_bom = False
            self._items.append(Issue("bom", 0, len(_BOM), "EF BB BF"))
            self._line_start = len(_BOM)
            return data[len(_BOM) :], len(_BOM)
        if _BOM.startswith(data):
            self._keep(data)
            return b"", base
        self._maybe_bom = False
        return data, base

    def _read(self, data: bytes, base: int) -> None:
        """Read `data`, which starts at offset `base`: whole blocks at once, the rest by lines."""
        if b"\r" in data or len(data) + self._line_bytes > self._max_block_bytes:
            self._read_lines(data, base)
            return
        if self._block_start is not None or self._skip_lf:
            stop = data.find(b"\n\n") + 2
            if stop < 2:
                self._read_lines(data, base)
                return
            self._read_lines(data[:stop], base)
            data, base = data[stop:], base + stop
        elif self._line_bytes and b"\n\n" in data:
            data, base = bytes(self._line) + data, base - self._line_bytes
            self._forget_line()
        stop = data.rfind(b"\n\n") + 2
        if stop >= 2:
            self._read_blocks(data[:stop], base)
            data, base = data[stop:], base + stop
        if b"\n" in data:
            self._read_lines(data, base)
        elif data:
            self._keep(data)

    def _read_blocks(self, data: bytes, base: int) -> None:
        """Whole blocks, from the start of the first on, without a CR in them."""
        are_many = data.find(b"\n\n") + 2 < len(data)
        events = plain_events(data, base, self.last_event_id) if are_many else None
        if events is not None:
            self._items += events
            self._line_start = base + len(data)
            return
        for block in data[:-2].split(b"\n\n"):
            stop = base + len(block) + 2
            event = plain_event(block, base, self.last_event_id)
            if event is None:
                self._read_lines(block + b"\n\n", base)
            else:
                self._items.append(event)
                self._line_start = stop
            base = stop

    def _read_lines(self, data: bytes, base: int) -> None:
        """Cut `data`, which starts at offset `base`, into lines and interpret each."""
        position = 0
        if self._skip_lf and data:
            self._skip_lf = False
            if data[0] == _LF:
                position = 1
                self._end_crlf(base + 1)
        for match in _LINE_END.finditer(data, position):
            end = match.start()
            if end < position:  # the LF of a CRLF, taken with its CR
                continue
            self._end_line(data[position:end], base + end + 1)
            position = end + 1
            if data[end] == _LF:
                continue
            if position == len(data):
                self._skip_lf = True
            elif data[position] == _LF:
                position += 1
                self._end_crlf(base + position)
        if position < len(data):
            self._keep(data[position:])

    def _keep(self, piece: bytes) -> None:
        """The line goes on: keep its piece, unless its block has grown too long to dispatch."""
        self._line_bytes += len(piece)
        self._line += piece
        if self._block_bytes + self._line_bytes > self._max_block_bytes:
            del self._line[DETAIL_CHARS:]

    def _forget_line(self) -> None:
        self._line.clear()
        self._line_bytes = 0

    def _end_crlf(self, stop: int) -> None:
        """The LF after a CR: part of the open block, or blank."""
        if self._block_start is None:
            self._items.append(Blank(self._line_start, stop))
        self._line_start = stop

    def _end_line(self, tail: bytes, stop: int) -> None:
        """A line is complete; `stop` is the offset after the CR or LF that ended it."""
        start, self._line_start = self._line_start, stop
        line, line_bytes = tail, len(tail)
        if self._line_bytes:
            self._keep(tail)
            line, line_bytes = bytes(self._line), self._line_bytes
            self._forget_line()
        if not line_bytes:
            self._end_block(start, stop)
        elif self._block_bytes + line_bytes > self._max_block_bytes:
            self._skip_long_line(line, start)
        else:
            self._read_line(line, start, stop)

    def _skip_long_line(self, line: bytes, start: int) -> None:
        self._open_block(start)
        if not self._too_long:
            self._data = [line[:DETAIL_CHARS].decode("utf-8", "replace")]
        self._too_long = True
        # From here on every line of the block is too long.
        self._block_bytes = self._max_block_bytes

    def _open_block(self, start: int) -> None:
        if self._block_start is None:
            self._block_start = start

    def _read_line(self, line: bytes, start: int, stop: int) -> None:
        """One complete, non-empty line: a comment or a field."""
        text = text_of(line, start, self._items)
        name, _, value = text.partition(":")
        value = value.removeprefix(" ")
        if not name:
            self._items.append(Comment(text[1:], start, stop))
        elif name == "data":
            self._open_block(start)
            self._data.append(value)
            self._block_bytes += len(line)
        elif name == "event":
            self._open_block(start)
            self._type = value
        elif name == "id":
            self._read_id(value, start, stop)
        elif name == "retry":
            self._read_retry(value, start, stop)
        else:
            self._items.append(Issue("unknown-field", start, stop, quoted(text)))

    def _read_id(self, value: str, start: int, stop: int) -> None:
        self._open_block(start)
        if "\0" in value:
            self._items.append(Issue("nul-in-id", start, stop, quoted(value)))
        else:
            self._id = value

    def _read_retry(self, value: str, start: int, stop: int) -> None:
        self._open_block(start)
        if _DIGITS.fullmatch(value) and len(value) <= _RETRY_MAX_DIGITS:
            self.retry_ms = int(value)
            self._items.append(Retry(self.retry_ms, start, stop))
        else:
            self._items.append(Issue("invalid-retry", start, stop, quoted(value)))

    def _end_block(self, start: int, stop: int) -> None:
        """An empty line: dispatch what the block has collected."""
        if self._block_start is None:
            self._items.append(Blank(start, stop))
            return
        self._items.append(self._dispatch(self._block_start, stop))
        self._reset_block()

    def _dispatch(self, start: int, stop: int) -> Event | Issue:
        self.last_event_id = self._id
        if self._too_long:
            return Issue("block-too-long", start, stop, quoted("".join(self._data)))
        if not self._data:
            return Issue("no-data", start, stop, quoted(self._type))
        data = "\n".join(self._data)
        return Event(self._type or "message", data, self._id, start, stop)

    def _discard_tail(self, start: int) -> None:
        code: IssueCode = "block-too-long" if self._tail_is_too_long() else "unterminated-event"
        line = self._line[:DETAIL_CHARS].decode("utf-8", "replace")
        detail = "\n".join([*self._data, line] if line else self._data)
        self._items.append(Issue(code, start, self.offset, quoted(detail)))

    def _tail_is_too_long(self) -> bool:
        return self._too_long or self._block_bytes + self._line_bytes > self._max_block_bytes


def decode(body: bytes) -> list[Item]:
    """All items of a whole body."""
    decoder = Decoder()
    return [*decoder.feed(body), *decoder.close()]
