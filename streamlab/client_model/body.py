"""What a client is given: a recording's body as it would come to it again, and how it ends."""

from dataclasses import dataclass
from typing import Final, Literal

from streamlab.analysis import Stream
from streamlab.content_coding import ContentDecoder, DefectCode, content_codings
from streamlab.recording import EndReason, Recording, header_value
from streamlab.schedule import schedule

__all__ = ["Body", "Break", "body_of"]

Break = Literal[
    "cut",  # the connection closed before the end that the framing promised
    "reset",  # the connection was reset (TCP RST)
    "not-http",  # bytes that are no HTTP where a chunk's size is due
    "silence",  # nothing more comes, and the client has a timeout
    "bad-coding",  # the body is not what its Content-Encoding says
]

# What would have come after the recorder left, or died, is not known: no break.
_BREAKS: Final[dict[EndReason, Break]] = {
    "truncated": "cut",
    "reset": "reset",
    "protocol_error": "not-http",
    "timeout": "silence",
}
# Coding defects that clients do not see: they decode these, or do not notice.
_UNSEEN_DEFECTS: Final[frozenset[DefectCode]] = frozenset(
    {"encoding-truncated", "encoding-too-large", "encoding-unknown", "encoding-not-installed"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A response's body in the reads in which it came.

    `reads` are decoded, `encoded` as sent, where there is a content coding; no read is empty.
    `broken` is how the transport fails after them, None if it ends well, or seems to. `is_json`:
    the program that reads it takes each event's data for JSON. `names` are the types of its events.
    """

    reads: tuple[bytes, ...]
    encoded: tuple[bytes, ...] | None = None
    broken: Break | None = None
    is_chunked: bool = True
    is_json: bool = True
    content_type: str = "text/event-stream"
    method: str = "POST"
    names: frozenset[str] = frozenset()

    @property
    def data(self) -> bytes:
        """All reads joined: what spans are offsets in."""
        return b"".join(self.reads)


def body_of(recording: Recording, stream: Stream) -> Body:
    """The body of a recording that has a response; `stream` is the recording read."""
    assert recording.response is not None
    headers = recording.response.headers
    content = ContentDecoder(headers)
    reads = [b"".join(content.feed(read.data)) for read in recording.reads]
    encoded = tuple(read.data for read in recording.reads if read.data)
    framing = schedule(recording).framing
    broken = _BREAKS.get(recording.end.reason) if recording.end is not None else None
    if content.defect is not None and content.defect.code not in _UNSEEN_DEFECTS:
        broken = "bad-coding"
    elif broken in ("cut", "not-http") and framing != "chunked":
        # Without chunks no size is bad, and where the connection's end is the body's, no end.
        broken = "cut" if framing == "length" else None
    return Body(
        reads=tuple(filter(None, reads)),
        encoded=encoded if content_codings(headers) else None,
        broken=broken,
        is_chunked=framing == "chunked",
        is_json=_is_json(stream),
        content_type=header_value(headers, "content-type") or "",
        method=recording.request.method,
        names=frozenset(event.event.type for event in stream.events),
    )


def _is_json(stream: Stream) -> bool:
    """Whether the API speaks JSON, as most of its events do: a program for it parses each."""
    chunks = [event.chunk for event in stream.events]
    values = sum(isinstance(chunk.payload, dict | list) for chunk in chunks)
    markers = sum(chunk.event.data.strip() in ("", "[DONE]") for chunk in chunks)
    return 0 < values >= len(chunks) - values - markers
