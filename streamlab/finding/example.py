"""Tiny streams that show what a rule is about: a broken one, and its healthy twin."""

from dataclasses import dataclass
from typing import Final

from streamlab.recording import End, EndReason, Header, Read, Recording, Request, Response

__all__ = ["DONE", "FINISH", "HEALTHY", "HEL", "LO", "STREAM_HEAD", "Example", "chunk", "tool"]

STREAM_HEAD: Final[tuple[Header, ...]] = (
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-cache"),
    ("X-Accel-Buffering", "no"),
    ("Transfer-Encoding", "chunked"),
)
_CHAT_URL: Final = "https://api.example/v1/chat/completions"


def chunk(choice: bytes, beside: bytes = b"") -> bytes:
    """A chat.completion.chunk whose only choice has these fields, as an event."""
    return b'data: {"id":"1","object":"chat.completion.chunk","choices":[%b]%b}\n\n' % (
        b'{"index":0,' + choice + b"}" if choice else b"",
        beside,
    )


def tool(call: bytes) -> bytes:
    """A chunk with a piece of a tool call."""
    return chunk(b'"delta":{"tool_calls":[%b]},"finish_reason":null' % call)


HEL: Final = chunk(b'"delta":{"role":"assistant","content":"Hel"},"finish_reason":null')
LO: Final = chunk(b'"delta":{"content":"lo"},"finish_reason":null')
FINISH: Final = chunk(
    b'"delta":{},"finish_reason":"stop"',
    b',"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}',
)
DONE: Final = b"data: [DONE]\n\n"
HEALTHY: Final = (HEL, LO, FINISH, DONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A response with something in it that a rule finds; each piece of it is a read, `gap_ns` after
    the one before. `twin` is the same without that. `along` are the codes of rules that cannot but
    strike with it."""

    pieces: tuple[bytes, ...]
    twin: tuple[bytes, ...] = HEALTHY
    headers: tuple[Header, ...] = STREAM_HEAD
    status: int = 200
    reason: EndReason = "complete"
    gap_ns: int = 10_000_000
    head_at_ns: int = 5_000_000
    tail_ns: int = 10_000_000
    has_response: bool = True
    along: tuple[str, ...] = ()

    def recording(self) -> Recording:
        """The example."""
        response = Response(status=self.status, headers=self.headers, at_ns=self.head_at_ns)
        return _recording(
            self.pieces, self.reason, self.head_at_ns, self.gap_ns, self.tail_ns,
            response if self.has_response else None,
        )  # fmt: skip

    def healthy(self) -> Recording:
        """Its twin: a stream that comes and ends as it should."""
        response = Response(status=200, headers=STREAM_HEAD, at_ns=5_000_000)
        return _recording(self.twin, "complete", 5_000_000, 10_000_000, 10_000_000, response)


def _recording(
    pieces: tuple[bytes, ...],
    reason: EndReason,
    head_at_ns: int,
    gap_ns: int,
    tail_ns: int,
    response: Response | None,
) -> Recording:
    reads = tuple(
        Read(at_ns=head_at_ns + gap_ns * number, data=piece)
        for number, piece in enumerate(pieces, start=1)
        if piece
    )
    last_ns = head_at_ns + gap_ns * len(pieces)
    return Recording(
        id="example00000",
        request=Request(method="POST", url=_CHAT_URL, body=b'{"stream": true}'),
        response=response,
        reads=reads if response else (),
        end=End(at_ns=last_ns + tail_ns, reason=reason),
    )
