"""How the recorded API says that something went wrong: OpenAI's shape, or Anthropic's where the
answer shows that it is theirs.

Sources: https://platform.openai.com/docs/guides/error-codes and
https://docs.anthropic.com/en/api/errors.
"""

import json
from typing import Any, Final

from streamlab.recut import head_of, stream_events
from streamlab.schedule import Schedule

__all__ = ["error_body", "error_event_bytes"]

_MESSAGE: Final = "streamlab was asked to break this answer"
_ANTHROPIC_EVENT: Final = "message_start"
_ANTHROPIC_HEADERS: Final = "anthropic-"

# What both call an error of this status; they differ in those of the server.
_CLIENT_ERRORS: Final = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_OVERLOADED: Final = 529


def error_body(schedule: Schedule, status: int) -> bytes:
    """The body of an answer with this status, as the API that sent the schedule would send it."""
    return json.dumps(_error(status, is_anthropic=_is_anthropic(schedule))).encode()


def error_event_bytes(schedule: Schedule) -> bytes:
    """An event that reports an error of the server in the middle of the stream, likewise."""
    is_anthropic = _is_anthropic(schedule)
    status = _OVERLOADED if is_anthropic else 500
    data = json.dumps(_error(status, is_anthropic=is_anthropic)).encode()
    return b"%bdata: %b\n\n" % (b"event: error\n" if is_anthropic else b"", data)


def _error(status: int, *, is_anthropic: bool) -> dict[str, Any]:
    if is_anthropic:
        kind = _kind(status, "overloaded_error" if status == _OVERLOADED else "api_error")
        return {"type": "error", "error": {"type": kind, "message": _MESSAGE}}
    kind = _kind(status, "server_error")
    return {"error": {"message": _MESSAGE, "type": kind, "code": None, "param": None}}


def _kind(status: int, server_error: str) -> str:
    return _CLIENT_ERRORS.get(status, "invalid_request_error") if status < 500 else server_error


def _is_anthropic(schedule: Schedule) -> bool:
    head = head_of(schedule)
    names = (name.lower() for name, _ in head.headers) if head else ()
    if any(name.startswith(_ANTHROPIC_HEADERS) for name in names):
        return True
    return any(event.type == _ANTHROPIC_EVENT for event in stream_events(schedule) or ())
