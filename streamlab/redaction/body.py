"""Redacts a body while it comes, read by read.

Theory of operation
-------------------
A read may end anywhere: inside a value, inside a character. So reads are held back until a unit is
whole: a block of an event stream, a line, or a JSON document. Then the rules are applied to the
unit, and the result is cut where the reads were: a byte that stays stays in its read, and what
replaces something stands in the read in which that began. Each read comes out once and in order,
perhaps empty, so that the caller still knows when it came. However a body is cut into reads, the
same bytes come out in all.

What kind of body it is, the media type says, or what it starts with, since labels are often wrong.
A body that cannot be changed in place (compressed, or of messages with checksums) is withheld.
"""

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final, Literal

from streamlab.redaction.credentials import REDACTED
from streamlab.redaction.json_walk import walk
from streamlab.redaction.rules import Edit, Redaction, starts_like_json
from streamlab.redaction.spelled import Span

__all__ = ["BodyRedactor", "redact_body"]

_REDACTED: Final = REDACTED.encode()
_BOM: Final = b"\xef\xbb\xbf"

# Messages with lengths and checksums, which a change would break.
_SEALED_TYPES: Final = frozenset({"application/vnd.amazon.eventstream"})

_Kind = Literal[
    "events",  # an event stream: units are blocks
    "json",  # JSON perhaps: its first line is not whole yet
    "document",  # JSON over several lines: one unit
    "json lines",
    "lines",
]

_EVENTS_START: Final = re.compile(rb"(?:data|event|id|retry)?:")
_LONGEST_FIELD_BYTES: Final = 6
# A body that is blank for so long will not be told from text.
_START_BYTES: Final = 64 * 1024
# An empty line. A CR ends its line at once, as in `sse`; an LF after it belongs to what follows.
_BLOCK_END: Final = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2}")
_BLOCK_END_BYTES: Final = 4
_LINE_END: Final = re.compile(rb"\n")
_LINE: Final = re.compile(rb"[^\r\n]+")


def redact_body(
    redaction: Redaction, body: bytes, *, content_type: str, coding: str
) -> tuple[bytes, int]:
    """A body that is there as a whole, a request's, and how many values were replaced in it."""
    if not body or _is_sealed(content_type, coding):
        return (_REDACTED, int(body != _REDACTED)) if body else (body, 0)
    edits = redaction.edits(body, must_be_json="json" in _media_type(content_type))
    return b"".join(_cut_back(body, edits, [len(body)])), len(edits)


def _is_sealed(content_type: str, coding: str) -> bool:
    is_coded = coding.strip().lower() not in {"", "identity"}
    return is_coded or _media_type(content_type) in _SEALED_TYPES


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


class BodyRedactor:
    """`feed` it each read; `close` it at the end. Both give the reads that are ready.

    `content_type` and `coding` are the values of Content-Type and Content-Encoding, or "".
    `replaced` is the number of values replaced so far.
    """

    def __init__(self, redaction: Redaction, *, content_type: str = "", coding: str = "") -> None:
        self.replaced = 0
        self._redaction = redaction
        self._media_type = _media_type(content_type)
        self._is_sealed = _is_sealed(content_type, coding)
        self._kind: _Kind | None = "events" if self._media_type == "text/event-stream" else None
        # What is held: its bytes, how many each read has, and how far no unit was seen to end.
        self._held = bytearray()
        self._reads: deque[int] = deque()
        self._searched = 0
        # The first of these reads, as far as its units were whole.
        self._begun = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The next read came."""
        if self._is_sealed:
            self.replaced += bool(data) and data != _REDACTED
            return [_REDACTED if data else data]
        self._reads.append(len(data))
        self._held += data
        return self._release(is_end=False)

    def close(self) -> list[bytes]:
        """The body has ended, well or not: what is held is redacted as it is."""
        return self._release(is_end=True)

    def _release(self, *, is_end: bool) -> list[bytes]:
        edits: list[Edit] = []
        start = 0
        for stop in self._unit_stops(is_end=is_end):
            unit = bytes(self._held[start:stop])
            edits += [
                Edit(start + edit.start, start + edit.stop, edit.data)
                for edit in self._unit_edits(unit)
            ]
            start = stop
        self.replaced += sum(bool(edit.data.strip()) for edit in edits)
        return self._take(start, edits)

    def _unit_stops(self, *, is_end: bool) -> list[int]:
        """Where units end in what is held."""
        if self._kind is None:
            start = bytes(self._held[:_START_BYTES])
            is_all = is_end or len(start) == _START_BYTES
            self._kind = _kind(start, self._media_type, is_all=is_all)
        stops = self._new_stops()
        if self._kind == "json":
            blank_bytes = len(self._held) - len(self._held.lstrip())
            first = next((stop for stop in stops if stop > blank_bytes), None)
            if first is not None or is_end:
                self._kind = _json_kind(bytes(self._held[:first]), self._media_type)
        if self._kind in {"json", "document"}:
            stops = []
        if is_end and (not stops or stops[-1] < len(self._held)):
            stops.append(len(self._held))
        return stops

    def _new_stops(self) -> list[int]:
        if self._kind in {None, "document"}:
            return []
        pattern = _BLOCK_END if self._kind == "events" else _LINE_END
        stops = [match.end() for match in pattern.finditer(self._held, self._searched)]
        self._searched = max(0, len(self._held) - _BLOCK_END_BYTES + 1)
        return stops

    def _unit_edits(self, unit: bytes) -> Iterable[Edit]:
        if self._kind == "events":
            return _block_edits(self._redaction, unit)
        return self._redaction.edits(unit, must_be_json=self._kind in {"document", "json lines"})

    def _take(self, stop: int, edits: list[Edit]) -> list[bytes]:
        """The reads whose bytes all stand before `stop`; the one that goes beyond is begun."""
        if not stop and self._held:
            return []
        stops = list(accumulate(self._reads))
        count = bisect_right(stops, stop)
        stops[count:] = [stop] if count < len(stops) else []
        pieces = list(_cut_back(bytes(self._held[:stop]), edits, stops))
        if pieces:
            pieces[0] = bytes(self._begun) + pieces[0]
            self._begun.clear()
        if count < len(pieces):
            self._begun += pieces.pop()
            self._reads[count] -= stop - (stops[count - 1] if count else 0)
        for _ in range(count):
            self._reads.popleft()
        del self._held[:stop]
        self._searched = max(0, self._searched - stop)
        return pieces


def _kind(start: bytes, media_type: str, *, is_all: bool) -> _Kind | None:
    """The kind of a body that starts like this, or None if more has to be seen and there is more
    (not `is_all`)."""
    lead = start.removeprefix(_BOM).lstrip()
    if len(lead) < _LONGEST_FIELD_BYTES and not is_all:
        return None
    if _EVENTS_START.match(lead):
        return "events"
    return "json" if "json" in media_type or lead[:1] in {b"{", b"["} else "lines"


def _json_kind(line: bytes, media_type: str) -> _Kind:
    """The kind of a body whose first line this is, and which may be JSON."""
    if "json" not in media_type and not starts_like_json(line):
        return "lines"
    return "json lines" if walk(line, ()).is_whole else "document"


def _cut_back(data: bytes, edits: Iterable[Edit], stops: Iterable[int]) -> Iterator[bytes]:
    """`data` edited, in pieces: each up to the next of `stops`, an edit where it begins."""
    waiting = deque(edits)
    position = 0
    for stop in stops:
        parts = []
        while waiting and waiting[0].start < stop:
            edit = waiting.popleft()
            parts += [data[position : edit.start], edit.data]
            position = edit.stop
        if position < stop:
            parts.append(data[position:stop])
            position = stop
        yield b"".join(parts)


def _block_edits(redaction: Redaction, block: bytes) -> list[Edit]:
    """What to replace in a block of an event stream: in the data, which is all its lines together,
    in the values of other fields, and in lines that are no fields, which may be a JSON document."""
    data: list[Span] = []
    strange: list[Span] = []
    texts = [data, strange]
    for line in _LINE.finditer(block):
        name, colon, value = line.group().partition(b":")
        start = line.end() - len(value.removeprefix(b" "))
        match name.removeprefix(_BOM):
            case b"data" if colon:
                data.append((start, line.end()))
            case b"" | b"event" | b"id" | b"retry" if colon:
                texts.append([(start, line.end())])
            case _:
                strange.append(line.span())
    return sorted(edit for spans in texts for edit in _joined_edits(redaction, block, spans))


def _joined_edits(redaction: Redaction, block: bytes, spans: list[Span]) -> Iterator[Edit]:
    """What to replace in lines that are read as one text, each edit cut at the lines' ends."""
    starts = [0, *accumulate(stop - start + 1 for start, stop in spans)]
    joined = b"\n".join(block[start:stop] for start, stop in spans)
    for edit in redaction.edits(joined):
        data = edit.data
        index = bisect_right(starts, edit.start) - 1
        while index < len(spans) and starts[index] < edit.stop:
            start, stop = spans[index]
            first = start + max(edit.start - starts[index], 0)
            last = min(start + edit.stop - starts[index], stop)
            if first < last:
                # Where a line starts something must stay: an empty one would end the block.
                is_start = block[first - 1 : first] in {b"\r", b"\n"}
                yield Edit(first, last, data or (b" " if is_start else b""))
                data = b""
            index += 1
