"""Kinds of stream bodies: how each is recognised, and where a server would have flushed it."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from streamlab.framing import (
    Framing,
    announced,
    message_bytes,
    starts_event_stream,
    starts_json_lines,
)
from streamlab.recording import Header, media_type

__all__ = ["AWS_EVENTS", "EVENT_STREAM", "JSON", "KINDS", "NDJSON", "BodyKind", "cut", "kind_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyKind:
    """A kind of body. `cut` gives pieces that make up the body again, to the byte."""

    name: str
    label: str
    media_type: str
    suffixes: tuple[str, ...]
    looks_like: Callable[[bytes], bool]
    cut: Callable[[bytes], list[bytes]]


def _pieces(body: bytes, stops: Iterator[int]) -> list[bytes]:
    """The body cut at `stops`, and what is left after the last."""
    pieces, start = [], 0
    for stop in stops:
        pieces.append(body[start:stop])
        start = stop
    return [*pieces, body[start:]] if start < len(body) else pieces


# Empty lines after a line that has an end: where a block is dispatched. A CR before an LF is no
# line end of its own.
_BLOCK_END: Final = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2,}")
_BOM: Final = b"\xef\xbb\xbf"
# A field without a colon: too common a word to tell a stream by, unless it has to be something.
_BARE_FIELD: Final = re.compile(rb"[\r\n]*(?:data|event|id|retry)(?:[\r\n]|\Z)")


def _is_event_stream(body: bytes) -> bool:
    return starts_event_stream(body) or _BARE_FIELD.match(body.removeprefix(_BOM)) is not None


def _cut_blocks(body: bytes) -> list[bytes]:
    return _pieces(body, (match.end() for match in _BLOCK_END.finditer(body)))


def _cut_lines(body: bytes) -> list[bytes]:
    return _pieces(body, (match.end() for match in re.finditer(rb"\n\s*", body)))


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _is_json_document(body: bytes) -> bool:
    return body.removeprefix(_BOM).lstrip()[:1] in {b"{", b"["} and _is_json(body)


def _whole(body: bytes) -> list[bytes]:
    return [body] if body else []


def _is_aws_events(body: bytes) -> bool:
    return message_bytes(body, 0) is not None


def _cut_messages(body: bytes) -> list[bytes]:
    return _pieces(body, _message_stops(body))


def _message_stops(body: bytes) -> Iterator[int]:
    """Where messages end, one that is cut beyond the body; none after the first broken one."""
    stop = 0
    while (length := message_bytes(body, stop)) is not None:
        stop += length
        yield stop


EVENT_STREAM: Final = BodyKind(
    name="sse",
    label="event stream",
    media_type="text/event-stream",
    suffixes=(".sse",),
    looks_like=_is_event_stream,
    cut=_cut_blocks,
)
NDJSON: Final = BodyKind(
    name="ndjson",
    label="JSON lines",
    media_type="application/x-ndjson",
    suffixes=(".ndjson",),
    looks_like=starts_json_lines,
    cut=_cut_lines,
)
AWS_EVENTS: Final = BodyKind(
    name="aws-eventstream",
    label="AWS event stream",
    media_type="application/vnd.amazon.eventstream",
    suffixes=(".eventstream",),
    looks_like=_is_aws_events,
    cut=_cut_messages,
)
JSON: Final = BodyKind(
    name="json",
    label="JSON",
    media_type="application/json",
    suffixes=(),
    looks_like=_is_json_document,
    cut=_whole,
)

# The surest first: a CRC can hardly be met by chance, and one line of JSON is JSON lines, too.
KINDS: Final = (AWS_EVENTS, EVENT_STREAM, NDJSON, JSON)

_BY_FRAMING: Final[dict[Framing | None, BodyKind]] = {
    "event-stream": EVENT_STREAM,
    "json-lines": NDJSON,
    "aws-event-stream": AWS_EVENTS,
}


def kind_of(headers: tuple[Header, ...]) -> BodyKind | None:
    """The kind of stream that the response's headers announce, or None if they announce none."""
    return _BY_FRAMING.get(announced(media_type(headers)))


def cut(body: bytes, kind: BodyKind | None) -> list[bytes]:
    """The body in the pieces in which a server sends such a stream; other bodies whole."""
    return _whole(body) if kind is None else kind.cut(body)
