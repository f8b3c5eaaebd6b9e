"""Kinds of stream bodies: how each is recognised, and where a server would have flushed it."""

import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

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
_FIELD: Final = re.compile(rb"[\r\n]*(?::|(?:data|event|id|retry)(?::|[\r\n]|\Z))")


def _is_event_stream(body: bytes) -> bool:
    return _FIELD.match(body.removeprefix(_BOM)) is not None


def _cut_blocks(body: bytes) -> list[bytes]:
    return _pieces(body, (match.end() for match in _BLOCK_END.finditer(body)))


def _is_ndjson(body: bytes) -> bool:
    """Whether the first line that is not empty is a JSON object."""
    line = body.removeprefix(_BOM).lstrip().partition(b"\n")[0]
    return line.startswith(b"{") and _is_json(line)


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


# A message of the AWS event stream encoding: the lengths of the whole and of its headers and the
# CRC-32 of these two, then headers, payload and another CRC-32; all numbers big-endian
# (https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html).
_PRELUDE_BYTES: Final = 12
_LEAST_MESSAGE_BYTES: Final = 16


def _message_bytes(body: bytes, start: int) -> int | None:
    """The length of the message that starts there, or None if none does."""
    prelude = body[start : start + _PRELUDE_BYTES]
    total, headers, crc = (int.from_bytes(prelude[at : at + 4]) for at in (0, 4, 8))
    fits = _LEAST_MESSAGE_BYTES + headers <= total
    whole = len(prelude) == _PRELUDE_BYTES
    return total if whole and fits and crc == zlib.crc32(prelude[:8]) else None


def _is_aws_events(body: bytes) -> bool:
    return _message_bytes(body, 0) is not None


def _cut_messages(body: bytes) -> list[bytes]:
    return _pieces(body, _message_stops(body))


def _message_stops(body: bytes) -> Iterator[int]:
    """Where messages end, one that is cut beyond the body; none after the first broken one."""
    stop = 0
    while (length := _message_bytes(body, stop)) is not None:
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
    looks_like=_is_ndjson,
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

_BY_MEDIA_TYPE: Final = {
    **{kind.media_type: kind for kind in (EVENT_STREAM, NDJSON, AWS_EVENTS)},
    "application/ndjson": NDJSON,
    "application/jsonl": NDJSON,
    "application/x-jsonlines": NDJSON,
    "application/stream+json": NDJSON,
}


def kind_of(headers: tuple[Header, ...]) -> BodyKind | None:
    """The kind of stream that the response's headers announce, or None if they announce none."""
    return _BY_MEDIA_TYPE.get(media_type(headers))


def cut(body: bytes, kind: BodyKind | None) -> list[bytes]:
    """The body in the pieces in which a server sends such a stream; other bodies whole."""
    return _whole(body) if kind is None else kind.cut(body)
