"""Agent2Agent: what becomes of a task, as JSON-RPC responses or without that envelope.

Source: https://a2a-protocol.org/latest/specification, which names each event by its one field
(`statusUpdate`, `artifactUpdate`, …); up to 0.3 a field `kind` does.
"""

from typing import Final

from streamlab.dialect.delta import (
    Chunk,
    Clue,
    Delta,
    Dialect,
    as_list,
    as_object,
    as_text,
    read_json,
)
from streamlab.dialect.mcp import error_of

__all__ = ["A2A"]

_KINDS: Final = {
    "task": "task",
    "message": "message",
    "status-update": "statusUpdate",
    "artifact-update": "artifactUpdate",
}
# What must be there for an event that is named by a common word to be one of this protocol.
_FIELDS: Final = {
    "task": "status",
    "message": "parts",
    "statusUpdate": "status",
    "artifactUpdate": "artifact",
}
_WORKING: Final = frozenset({"submitted", "working", ""})
_FAILED: Final = frozenset({"failed", "rejected"})
_STATE_PREFIX: Final = "TASK_STATE_"


def _detect(clue: Clue) -> str | None:
    name, body = _unwrapped(as_object(clue.payload))
    field = _FIELDS.get(name)
    return f"the data is a {name} with {field}" if field is not None and field in body else None


def _unwrapped(payload: dict[str, object]) -> tuple[str, dict[str, object]]:
    """The name of an event and what it holds; "" if it is none."""
    event = as_object(payload.get("result")) if "jsonrpc" in payload else payload
    if kind := _KINDS.get(as_text(event.get("kind"))):
        return kind, event
    for name in _FIELDS:
        if body := as_object(event.get(name)):
            return name, body
    return "", {}


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, _read_object)


def _read_object(payload: dict[str, object]) -> tuple[Delta, ...]:
    if "error" in payload and "jsonrpc" in payload:
        return (error_of(payload), Delta("end"))
    name, body = _unwrapped(payload)
    match name:
        case "message":
            return (*_texts(body, as_text(body.get("messageId"))), Delta("end"))
        case "artifactUpdate":
            artifact = as_object(body.get("artifact"))
            is_piece = body.get("append") is True
            return tuple(_artifact(artifact, is_piece=is_piece)) or (Delta("empty"),)
        case "statusUpdate":
            return _read_status(body)
        case "task":
            artifacts = map(as_object, as_list(body.get("artifacts")))
            texts = [text for each in artifacts for text in _artifact(each, is_piece=False)]
            return (*texts, *_read_status(body))
        case _:
            return ()


def _artifact(artifact: dict[str, object], *, is_piece: bool) -> list[Delta]:
    """The text of an artifact: a piece to append, or all there is of it now."""
    text = "".join(delta.text for delta in _texts(artifact, ""))
    id_ = as_text(artifact.get("artifactId"))
    return [Delta("text", text, id_, is_cumulative=not is_piece)] if text else []


def _texts(body: dict[str, object], name: str) -> list[Delta]:
    parts = map(as_object, as_list(body.get("parts")))
    return [Delta("text", text, name) for part in parts if (text := as_text(part.get("text")))]


def _read_status(body: dict[str, object]) -> tuple[Delta, ...]:
    """What an agent says while it works is progress; what it says then is meant for its user. A
    state it does not leave by itself ends the stream."""
    status = as_object(body.get("status"))
    state = as_text(status.get("state")).removeprefix(_STATE_PREFIX).lower().replace("_", "-")
    said = _texts(as_object(status.get("message")), "")
    if state in _WORKING:
        final = (Delta("end"),) if body.get("final") is True else ()
        return (Delta("status", "".join(delta.text for delta in said), state), *final)
    if state in _FAILED:
        said = [Delta("error", "".join(delta.text for delta in said) or state)]
    return (*said, Delta("finish", finish_reason=state), Delta("end"))


A2A: Final = Dialect(
    name="a2a",
    detect=_detect,
    read=_read,
    ends="a state such as `completed`, `failed` or `input-required`; a `message`",
)
