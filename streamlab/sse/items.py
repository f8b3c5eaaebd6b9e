"""What a stream consists of, as values."""

from typing import Final, Literal, NamedTuple

__all__ = [
    "DETAIL_CHARS",
    "Blank",
    "Comment",
    "Event",
    "Issue",
    "IssueCode",
    "Item",
    "Retry",
    "quoted",
    "text_of",
]

DETAIL_CHARS: Final = 200
"""How much of a text the detail of an issue quotes."""

IssueCode = Literal[
    "bom",  # a byte order mark starts the stream; it is dropped
    "invalid-utf8",  # a line is not UTF-8; replacement characters stand for the bad bytes
    "unknown-field",  # a line whose field name the standard does not know; it is ignored
    "invalid-retry",  # a retry that is not all ASCII digits; it is ignored
    "nul-in-id",  # an id that holds U+0000; it is ignored
    "no-data",  # a block with fields but without data; no event is dispatched
    "unterminated-event",  # the stream ended inside a block or a line; it is discarded
    "block-too-long",  # a block above `max_block_bytes`; it is discarded
    # Of the other framings of streams, whose decoders yield the same items (`framing/`):
    "unterminated-array",  # the stream ended after an element of its JSON array, before the bracket
    "outside-array",  # bytes before or after the JSON array, up to the end of the stream
    "aws-crc",  # a checksum is wrong: of a message; or of a prelude, and all that follows is lost
    "aws-length",  # a message that is shorter than its own parts; all that follows is lost
    "aws-headers",  # the headers of a message cannot be read; it is discarded
]


class Event(NamedTuple):
    """A dispatched event. `id` is the last event ID at dispatch: sticky, None if never set."""

    type: str
    data: str
    id: str | None
    start: int
    stop: int


class Comment(NamedTuple):
    """A line that starts with a colon, mostly a keep-alive; `text` is what follows the colon."""

    text: str
    start: int
    stop: int


class Retry(NamedTuple):
    """A valid `retry` field: the reconnection time in milliseconds."""

    retry_ms: int
    start: int
    stop: int


class Issue(NamedTuple):
    """Bytes that the standard drops or repairs without a word; `detail` quotes them."""

    code: IssueCode
    start: int
    stop: int
    detail: str


class Blank(NamedTuple):
    """Bytes without meaning: an empty line outside a block, or the LF left over from its CRLF."""

    start: int
    stop: int


Item = Event | Comment | Retry | Issue | Blank


def text_of(data: bytes, start: int, items: list[Item]) -> str:
    """The text of bytes at the offset `start`; that they are not all UTF-8 is added to `items`."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        bad = data[error.start : error.end].hex(" ").upper()
        items.append(Issue("invalid-utf8", start + error.start, start + error.end, bad))
        return data.decode("utf-8", "replace")


def quoted(text: str) -> str:
    """The start of a text, as the detail of an issue."""
    return text if len(text) <= DETAIL_CHARS else text[: DETAIL_CHARS - 1] + "…"
