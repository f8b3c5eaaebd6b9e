"""A recording as a client in this very program meets it: what comes when, and what goes wrong."""

import errno
import os
from types import ModuleType
from typing import Final

from streamlab.errors import InputError
from streamlab.recording import EndReason, Recording, header_value
from streamlab.schedule import Action, Close, Hang, Reset, Schedule, Send, SendHead, Spoil

__all__ = ["Playback"]

_NS_PER_S: Final = 1_000_000_000
# A century and a half: what hangs is waited for like anything else.
_NEVER_NS: Final = 2**62

# The words that httpx has for a connection that is closed too early.
_NO_RESPONSE: Final = "Server disconnected without sending a response."
_CUT: Final = "peer closed connection without sending complete message body"


class Playback:
    """One answer under way: when its client meets what, as an exception where it is one.

    It neither waits nor raises, so that it serves threads and tasks alike. `schedule` is the
    recording's, as it is to be performed; `t0_ns` is when the request was there; `library` is httpx
    or httpx2, whose exceptions are to be raised.
    """

    def __init__(
        self,
        recording: Recording,
        schedule: Schedule,
        library: ModuleType,
        *,
        t0_ns: int,
        read_timeout_s: float | None,
    ) -> None:
        self.recording = recording
        self.library = library
        self._t0_ns = t0_ns
        self._read_timeout_s = read_timeout_s
        self._schedule = schedule

    @property
    def head(self) -> SendHead | None:
        """The response head; None where no response came."""
        first = self._schedule.actions[0]
        return first if isinstance(first, SendHead) else None

    @property
    def body(self) -> tuple[Send, ...]:
        """The reads."""
        return tuple(action for action in self._schedule.actions if isinstance(action, Send))

    @property
    def ending(self) -> Action:
        """What comes after the last of them."""
        return self._schedule.actions[-1]

    def meet(self, action: Action, now_ns: int) -> tuple[int, Exception | None]:
        """When a client meets `action` that waits for it from now on, and what it is raised then.

        As on a socket the read timeout runs while it waits, however late it began to.
        """
        at_ns = now_ns + _NEVER_NS if isinstance(action, Hang) else self._t0_ns + action.at_ns
        if self._read_timeout_s is not None:
            gives_up_ns = now_ns + round(self._read_timeout_s * _NS_PER_S)
            if gives_up_ns < at_ns:
                return gives_up_ns, self.library.ReadTimeout("timed out")
        return at_ns, self._error(action)

    def closed(self) -> Exception:
        """What is raised where the response is closed, or the transport, while it is waited for."""
        error: Exception = self.library.ReadError("the response was closed while it was read")
        return error

    def _error(self, action: Action) -> Exception | None:
        if isinstance(action, SendHead | Send):
            return None
        if isinstance(action, Hang):
            return InputError(
                f"recording {self.recording.id} hangs here, and the request has no read timeout",
                "give the client one (timeout=…), or close the response before",
            )
        failure = self._failure(action)
        return failure and getattr(self.library, failure[0])(failure[1])

    def _failure(self, ending: Action) -> tuple[str, str] | None:
        """The name of the exception that an ending is to a client, and its words, if it is one."""
        match ending:
            case Reset():
                reset = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
                return self._as_recorded("reset", "ReadError", str(reset))
            case Spoil():
                return self._as_recorded(
                    "protocol_error", "RemoteProtocolError", "the bytes received are not HTTP"
                )
            case _ if self.head is None:
                return self._no_response()
            case Close():
                return self._cut(self.head)
        return None

    def _no_response(self) -> tuple[str, str]:
        end = self.recording.end
        if end is not None and end.reason == "unreachable":
            return self._as_recorded(
                "unreachable", "ConnectError", "All connection attempts failed"
            )
        return "RemoteProtocolError", _NO_RESPONSE

    def _as_recorded(self, reason: EndReason, name: str, otherwise: str) -> tuple[str, str]:
        """In the words of the recorded end, if it is the one that is met: a fault is another."""
        end = self.recording.end
        is_recorded = end is not None and end.reason == reason
        words = end.detail.removeprefix(name).removeprefix(": ") if end and is_recorded else ""
        return name, words or otherwise

    def _cut(self, head: SendHead) -> tuple[str, str] | None:
        """A body that is cut is noticed only where its framing has promised an end."""
        if self._schedule.framing == "chunked":
            return "RemoteProtocolError", f"{_CUT} (incomplete chunked read)"
        promised = header_value(head.headers, "content-length")
        received = sum(len(piece.data) for piece in self.body)
        if promised in (None, str(received)):
            return None
        return "RemoteProtocolError", f"{_CUT} (received {received} bytes, expected {promised})"
