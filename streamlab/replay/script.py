"""A schedule as the frames that go on the wire: built once, shared by all who replay it."""

from dataclasses import dataclass
from itertools import chain
from typing import Final

from streamlab._http1 import LAST_CHUNK, http_chunk, response_head
from streamlab.recording import Header, header_value
from streamlab.recut import head_of, sends_of
from streamlab.schedule import (
    Action,
    Close,
    Finish,
    Framing,
    Hang,
    Reset,
    Schedule,
    Send,
    SendHead,
    Spoil,
)

__all__ = ["STEP_BYTES", "Ending", "Script", "Step", "script"]

Ending = Finish | Close | Reset | Hang

# As much as asyncio buffers before it asks to pause: more would only pile up in memory.
STEP_BYTES: Final = 64 * 1024

# Not a chunk size (RFC 9112, 7.1), and not a status line (RFC 9112, 4).
_BAD_CHUNK_SIZE: Final = b"zz\r\n"
_BAD_HEAD: Final = b"this is not HTTP\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Step:
    """Bytes to write at an offset."""

    at_ns: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What one answer consists of. `can_keep_alive`: its end shows in the bytes themselves."""

    recording_id: str
    steps: tuple[Step, ...]
    ending: Ending
    can_keep_alive: bool


def script(schedule: Schedule, *, http_version: str) -> Script:
    """The frames of a schedule for a client that speaks `http_version` ("1.1" or "1.0").

    HTTP/1.0 has no chunked coding: such a client gets the same pieces until the connection closes.
    """
    framing = schedule.framing
    if framing == "chunked" and http_version == "1.0":
        framing = "close"
    steps = list(chain.from_iterable(_steps(action, framing) for action in schedule.actions))
    last = schedule.actions[-1]
    if isinstance(last, Spoil):
        steps += _spoil(last, framing, has_head=bool(steps))
    ending: Ending = last if isinstance(last, Finish | Reset | Hang) else Close(at_ns=last.at_ns)
    return Script(
        recording_id=schedule.recording_id,
        steps=tuple(_joined(steps)),
        ending=ending,
        can_keep_alive=isinstance(ending, Finish) and _shows_its_end(schedule, framing),
    )


def _steps(action: Action, framing: Framing) -> list[Step]:
    match action:
        case SendHead():
            headers = _framed(action.headers, framing)
            return [Step(action.at_ns, response_head(action.status, headers))]
        case Send() if action.data:
            data = http_chunk(action.data) if framing == "chunked" else action.data
            return [Step(action.at_ns, data)]
        case Finish() if framing == "chunked":
            return [Step(action.at_ns, LAST_CHUNK)]
    return []


def _joined(steps: list[Step]) -> list[Step]:
    """Steps of one time as one, up to `STEP_BYTES`: a write for each would only cost."""
    joined: list[Step] = []
    for step in steps:
        last = joined[-1] if joined else None
        if last and last.at_ns == step.at_ns and len(last.data) < STEP_BYTES:
            joined[-1] = Step(step.at_ns, last.data + step.data)
        else:
            joined.append(step)
    return joined


def _spoil(action: Spoil, framing: Framing, *, has_head: bool) -> list[Step]:
    """Bytes that are not HTTP. In an unframed body any byte is: there only the end can be wrong."""
    if not has_head:
        return [Step(action.at_ns, _BAD_HEAD)]
    return [Step(action.at_ns, _BAD_CHUNK_SIZE)] if framing == "chunked" else []


def _framed(headers: tuple[Header, ...], framing: Framing) -> tuple[Header, ...]:
    """The head must say how the body is framed, and nothing else about it."""
    coding = header_value(headers, "transfer-encoding")
    if framing == "chunked":
        return headers if coding else (*headers, ("Transfer-Encoding", "chunked"))
    return tuple(pair for pair in headers if pair[0].lower() != "transfer-encoding")


def _shows_its_end(schedule: Schedule, framing: Framing) -> bool:
    """Whether a client can tell the end of the body while the connection stays open."""
    head = head_of(schedule)
    if head is None or framing == "close":
        return False
    if (header_value(head.headers, "connection") or "").lower() == "close":
        return False
    sent = sum(len(send.data) for send in sends_of(schedule))
    promised = header_value(head.headers, "content-length")
    return framing == "chunked" or not sent or promised == str(sent)
