"""AWS event streams: binary messages with headers and checksums, each an event.

A message is the lengths of the whole and of its headers, the CRC-32 of these two (the prelude),
headers, payload, and the CRC-32 of all that; numbers are big-endian. Source:
https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html; the types of header values:
https://smithy.io/2.0/aws/amazon-eventstream.html.

An event's type is what `:event-type` says, or `:exception-type`, or else `:message-type`; its data
is the payload. A message of the type `error` has none: code and text stand in its headers, and are
its data. Without a sound prelude nobody knows where the next message starts: all from there on is
one issue.
"""

import zlib
from typing import Final

from streamlab.sse import MAX_BLOCK_BYTES, Event, Issue, IssueCode, Item, text_of

__all__ = ["PRELUDE_BYTES", "AwsEventStreamDecoder", "message_bytes"]

PRELUDE_BYTES: Final = 12
_CRC_BYTES: Final = 4
_LEAST_MESSAGE_BYTES: Final = PRELUDE_BYTES + _CRC_BYTES
_QUOTED_BYTES: Final = 32

# How long a header's value is, by its type: true, false, byte, short, integer, long, timestamp,
# UUID. Bytes (6) and strings (7) have their length before them.
_VALUE_BYTES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_BYTES, _STRING = 6, 7


class AwsEventStreamDecoder:
    """See `framing.Decoder`."""

    def __init__(self, *, max_block_bytes: int = MAX_BLOCK_BYTES) -> None:
        self.offset = 0
        self._max_block_bytes = max_block_bytes
        # The message being read: what is kept of it, how long it is so far, how long it will be
        # (its prelude, until that is there), and the offset of its first byte.
        self._message = bytearray()
        self._message_bytes = 0
        self._wanted_bytes = PRELUDE_BYTES
        self._start = 0
        self._lost: IssueCode | None = None

    def feed(self, data: bytes) -> list[Item]:
        """The items that `data` completed."""
        items: list[Item] = []
        base = self.offset
        self.offset += len(data)
        position = 0
        while position < len(data) and self._lost is None:
            piece = data[position : position + self._wanted_bytes - self._message_bytes]
            position += len(piece)
            self._keep(piece)
            if self._message_bytes < self._wanted_bytes:
                break
            if self._wanted_bytes == PRELUDE_BYTES:
                self._read_prelude()
            else:
                self._end_message(base + position, items)
        return items

    def close(self) -> list[Item]:
        """A message that is cut, or all since the place where messages were lost."""
        if self._start == self.offset:
            return []
        return [self._discarded(self._lost or self._cut_code(), self.offset)]

    def _cut_code(self) -> IssueCode:
        return "block-too-long" if self._is_too_long() else "unterminated-event"

    def _is_too_long(self) -> bool:
        return self._wanted_bytes > self._max_block_bytes

    def _keep(self, piece: bytes) -> None:
        """The message goes on: keep its piece, unless it is too long."""
        self._message_bytes += len(piece)
        if self._message_bytes <= PRELUDE_BYTES or not self._is_too_long():
            self._message += piece

    def _read_prelude(self) -> None:
        total_bytes, headers_bytes = _lengths(self._message, 0)
        if not _is_sound(self._message, 0):
            self._lost = "aws-crc"
        elif total_bytes < _LEAST_MESSAGE_BYTES + headers_bytes:
            self._lost = "aws-length"
        self._wanted_bytes = total_bytes

    def _end_message(self, stop: int, items: list[Item]) -> None:
        if self._is_too_long():
            items.append(self._discarded("block-too-long", stop))
        elif zlib.crc32(self._message[:-_CRC_BYTES]) != _number(self._message[-_CRC_BYTES:]):
            items.append(self._discarded("aws-crc", stop))
        else:
            self._read_message(bytes(self._message), stop, items)
        self._message.clear()
        self._message_bytes = 0
        self._wanted_bytes = PRELUDE_BYTES
        self._start = stop

    def _read_message(self, message: bytes, stop: int, items: list[Item]) -> None:
        payload_start = PRELUDE_BYTES + _lengths(message, 0)[1]
        headers = _strings(message[PRELUDE_BYTES:payload_start])
        if headers is None:
            items.append(self._discarded("aws-headers", stop))
            return
        payload = message[payload_start:-_CRC_BYTES]
        text = text_of(payload, self._start + payload_start, items) or _error_of(headers)
        items.append(Event(_type_of(headers), text, None, self._start, stop))

    def _discarded(self, code: IssueCode, stop: int) -> Issue:
        quoted = bytes(self._message[:_QUOTED_BYTES]).hex(" ").upper()
        return Issue(code, self._start, stop, quoted)


def message_bytes(body: bytes, start: int) -> int | None:
    """The length of the message that starts there, which may be cut; None if none does."""
    if len(body) < start + PRELUDE_BYTES or not _is_sound(body, start):
        return None
    total_bytes, headers_bytes = _lengths(body, start)
    return total_bytes if total_bytes >= _LEAST_MESSAGE_BYTES + headers_bytes else None


def _is_sound(body: bytes | bytearray, start: int) -> bool:
    """Whether the checksum of the prelude there is right."""
    return zlib.crc32(body[start : start + 8]) == _number(body[start + 8 : start + PRELUDE_BYTES])


def _lengths(body: bytes | bytearray, start: int) -> tuple[int, int]:
    """How long the message there says that it is, and that its headers are."""
    return _number(body[start : start + 4]), _number(body[start + 4 : start + 8])


def _number(data: bytes | bytearray) -> int:
    return int.from_bytes(data)


def _strings(block: bytes) -> dict[str, str] | None:
    """Those of the headers whose values are strings; None if the block is not made of headers."""
    strings, position = {}, 0
    while position < len(block):
        name_stop = position + 1 + block[position]
        name = block[position + 1 : name_stop].decode("utf-8", "replace")
        value_start = name_stop + 1
        if value_start > len(block):
            return None
        kind = block[name_stop]
        value_bytes = _VALUE_BYTES.get(kind)
        if kind in (_BYTES, _STRING):
            value_bytes = _number(block[value_start : value_start + 2])
            value_start += 2
        if value_bytes is None or value_start + value_bytes > len(block):
            return None
        position = value_start + value_bytes
        if kind == _STRING:
            strings[name] = block[value_start:position].decode("utf-8", "replace")
    return strings


def _type_of(headers: dict[str, str]) -> str:
    names = (":event-type", ":exception-type", ":message-type")
    return next((headers[name] for name in names if headers.get(name)), "message")


def _error_of(headers: dict[str, str]) -> str:
    said = (headers.get(name) for name in (":error-code", ":error-message"))
    return ": ".join(text for text in said if text)
