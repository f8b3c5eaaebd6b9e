"""When bytes leave: a recording as timed actions for a server to perform.

A schedule speaks of body bytes; how they are framed on the wire is `framing`, and `replay.wire`
turns both into frames. Offsets are absolute, in nanoseconds from the moment the request is there.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from streamlab.content_coding import decoded_body
from streamlab.recording import (
    BODIES_REDACTED,
    EndReason,
    Header,
    Recording,
    Response,
    header_value,
)
from streamlab.redaction import REDACTED

__all__ = [
    "Action",
    "Close",
    "Finish",
    "Framing",
    "Hang",
    "Reset",
    "Schedule",
    "Send",
    "SendHead",
    "Spoil",
    "ending",
    "schedule",
]

Framing = Literal[
    "chunked",  # one HTTP chunk a piece, ended by the last-chunk (RFC 9112, 7.1)
    "length",  # as many bytes as Content-Length says (RFC 9112, 6.2)
    "close",  # until the connection closes (RFC 9112, 6.3, rule 8)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendHead:
    """Send the response head."""

    at_ns: int
    status: int
    headers: tuple[Header, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send bytes of the body as one piece."""

    at_ns: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """End the body as its framing promised."""

    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Close the connection (TCP FIN) without ending the body."""

    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """Reset the connection (TCP RST)."""

    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoil:
    """Send bytes that are not HTTP where HTTP is due, then close."""

    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """Send nothing more and wait for the client to leave."""

    at_ns: int


Action = SendHead | Send | Finish | Close | Reset | Spoil | Hang

_ENDINGS: dict[EndReason, type[Finish | Close | Reset | Spoil | Hang]] = {
    "complete": Finish,
    "truncated": Close,
    "reset": Reset,
    # The server had fallen silent, or would have gone on: either way it did not end the stream,
    # and the client that recorded this was the one to leave.
    "timeout": Hang,
    "client_closed": Hang,
    "protocol_error": Spoil,
    # How it would have ended is not known; a cut is what the evidence shows.
    "recorder_died": Close,
    "unreachable": Close,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Actions in the order of their offsets, and how the body is framed."""

    recording_id: str
    framing: Framing
    actions: tuple[Action, ...]


def schedule(recording: Recording, *, speed: float = 1.0) -> Schedule:
    """The recording at `speed` (1 as recorded, 2 twice as fast, 0 without waiting).

    The same bytes in the same pieces, at the recorded offsets divided by the speed, with the same
    end. A recording that has no end yet is cut where it stands. ValueError if speed is negative.
    """
    if speed < 0:
        raise ValueError(f"speed must be 0 or more, not {speed}")

    def scaled(at_ns: int) -> int:
        return round(at_ns / speed) if speed else 0

    actions: list[Action] = []
    response = recording.response
    if response is not None:
        headers = _replayable(recording, response)
        actions.append(
            SendHead(at_ns=scaled(response.at_ns), status=response.status, headers=headers)
        )
    actions += [Send(at_ns=scaled(read.at_ns), data=read.data) for read in recording.reads]
    reason, at_ns = ending(recording)
    actions.append(_ENDINGS[reason](at_ns=scaled(at_ns)))
    framing = _framing(recording.request.method, response)
    return Schedule(recording_id=recording.id, framing=framing, actions=tuple(actions))


# What the last event of a stream says that has nothing more to say.
_END_MARKER: Final = re.compile(rb"data: ?(?:\[DONE\]|.*\"message_stop\".*)\s*\Z")
_TAIL_BYTES: Final = 1000


def ending(recording: Recording) -> tuple[EndReason, int]:
    """How the stream is ended again, and when: as it ended, but for a client that left after the
    end marker, which missed nothing, and for an end that is not there, of which nothing is known.
    """
    end = recording.end
    if end is not None:
        # SDKs hang up at the end marker, before the body's own end: nothing was left to come.
        is_over = end.reason == "client_closed" and _END_MARKER.search(_tail(recording))
        return "complete" if is_over else end.reason, end.at_ns
    last = recording.reads[-1:] or ([recording.response] if recording.response else [])
    return "recorder_died", last[0].at_ns if last else 0


def _tail(recording: Recording) -> bytes:
    return decoded_body(recording)[-_TAIL_BYTES:]


def _replayable(recording: Recording, response: Response) -> tuple[Header, ...]:
    """The recorded headers, in their order and spelling, but for those whose value was redacted (a
    client must not store `[redacted]` as its cookie) and the length of a body that was."""
    length = _redacted_length(recording)
    return tuple(
        (name, length if length and name.lower() == "content-length" else value)
        for name, value in response.headers
        if REDACTED not in value
    )


def _redacted_length(recording: Recording) -> str:
    """The Content-Length of a body that rules were applied to, "" for others: what it was before is
    true no more. A body that was cut keeps promising more than it has."""
    if BODIES_REDACTED not in recording.tags or not recording.reads:
        return ""
    is_cut = recording.end is None or recording.end.reason != "complete"
    return str(len(recording.body) + is_cut)


def _framing(method: str, response: Response | None) -> Framing:
    if response is None:
        return "close"
    if method == "HEAD" or response.status in (204, 304) or response.status < 200:
        return "length"
    coding = header_value(response.headers, "transfer-encoding") or ""
    if coding.lower().rpartition(",")[2].strip() == "chunked":
        return "chunked"
    if header_value(response.headers, "content-length") is not None:
        return "length"
    # HTTP/2 and 3 mark the end of a body in their own frames; chunks do that in HTTP/1.1.
    return "close" if response.http_version.startswith("HTTP/1") else "chunked"
