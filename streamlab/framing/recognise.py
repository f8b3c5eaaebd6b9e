"""Which framing a body has: by its media type, or by its first bytes."""

from collections.abc import Mapping
from typing import Final, Literal

from streamlab.framing.aws_event_stream import PRELUDE_BYTES, message_bytes
from streamlab.framing.json_lines import is_json_object

__all__ = [
    "START_BYTES",
    "Framing",
    "announced",
    "recognise",
    "starts_event_stream",
    "starts_json_lines",
]

Framing = Literal[
    "event-stream",  # Server-Sent Events
    "json-lines",  # a JSON value a line (Ollama)
    "json-array",  # one JSON array, element by element (Gemini without alt=sse)
    "aws-event-stream",  # binary messages with checksums (Bedrock)
    "none",  # a body without events
]

START_BYTES: Final = 16 * 1024
"""A body that has not shown its framing in so many bytes has none."""

_BY_MEDIA_TYPE: Final[Mapping[str, Framing]] = {
    "text/event-stream": "event-stream",
    "application/x-ndjson": "json-lines",
    "application/ndjson": "json-lines",
    "application/jsonl": "json-lines",
    "application/x-jsonlines": "json-lines",
    "application/stream+json": "json-lines",
    "application/vnd.amazon.eventstream": "aws-event-stream",
}
_DOCUMENTS: Final = frozenset({"application/json", "text/html"})

_BOM: Final = b"\xef\xbb\xbf"
_FIELDS: Final = (b":", b"data:", b"event:", b"id:", b"retry:")
# The high byte of the length of any message up to 32 MiB; the protocol allows 24.
_MESSAGE_STARTS: Final = (b"\0", b"\1")


def announced(media_type: str) -> Framing | None:
    """The framing of which this is the media type; None if it is that of none."""
    return _BY_MEDIA_TYPE.get(media_type)


def recognise(start: bytes, media_type: str, *, is_all: bool) -> Framing | None:
    """The framing of a body that starts like this, where its media type announces none; None if
    that takes more bytes. `is_all` says that there are no more.

    What is sent as JSON is a stream only if it is an array, and what is sent as neither JSON nor
    HTML is JSON lines only if an object on a line is followed by another.
    """
    if start.startswith(_MESSAGE_STARTS):
        return _messages_or_none(start, is_all=is_all)
    if starts_event_stream(start):
        return "event-stream"
    text = _text(start)
    if not is_all and (_BOM.startswith(start) or any(f.startswith(text) for f in _FIELDS)):
        return None
    if media_type == "application/json" and text.startswith(b"["):
        return "json-array"
    if media_type not in _DOCUMENTS and text.startswith(b"{"):
        return _lines_or_none(text, is_all=is_all)
    return "none"


def starts_event_stream(body: bytes) -> bool:
    """Whether its first line that is not empty is a field of an event stream, or a comment."""
    return _text(body).startswith(_FIELDS)


def starts_json_lines(body: bytes) -> bool:
    """Whether its first line that is not empty is a JSON object."""
    return is_json_object(_text(body).partition(b"\n")[0])


def _text(body: bytes) -> bytes:
    return body.removeprefix(_BOM).lstrip()


def _messages_or_none(start: bytes, *, is_all: bool) -> Framing | None:
    if not is_all and len(start) < PRELUDE_BYTES:
        return None
    return "none" if message_bytes(start, 0) is None else "aws-event-stream"


def _lines_or_none(text: bytes, *, is_all: bool) -> Framing | None:
    line, line_end, rest = text.partition(b"\n")
    if not line_end:
        return "none" if is_all else None
    if not is_json_object(line):
        return "none"
    following = rest.lstrip()
    if not following and not is_all:
        return None
    return "json-lines" if following.startswith(b"{") else "none"
