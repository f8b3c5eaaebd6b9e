"""AG-UI, between agents and user interfaces: data-only JSON with a `type` in capitals.

Source: https://docs.ag-ui.com/concepts/events and the event types of its SDKs. Servers write the
names of fields in camel case or with underscores. `THINKING_…` is the older name of `REASONING_…`;
`USAGE_METADATA` is no part of the protocol, and sent all the same.
"""

from collections.abc import Callable
from typing import Final

from streamlab.dialect.delta import (
    Chunk,
    Clue,
    Delta,
    DeltaKind,
    Dialect,
    Step,
    Usage,
    as_count,
    as_object,
    as_text,
    read_json,
)

__all__ = ["AG_UI"]

_OWN_PREFIXES: Final = (
    "RUN_", "STEP_", "TEXT_MESSAGE_", "TOOL_CALL_", "STATE_", "MESSAGES_SNAPSHOT", "ACTIVITY_",
    "REASONING_", "THINKING_",
)  # fmt: skip


def _detect(clue: Clue) -> str | None:
    type_ = as_text(as_object(clue.payload).get("type"))
    return f'type is "{type_}"' if type_.startswith(_OWN_PREFIXES) else None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, _read_object)


def _read_object(payload: dict[str, object]) -> tuple[Delta, ...]:
    type_ = as_text(payload.get("type"))
    if (kind := _PIECES.get(type_)) is not None:
        return (_piece(kind, payload),)
    if (read_typed := _TYPED.get(type_)) is not None:
        return read_typed(payload)
    return (Delta("status", as_text(payload.get("name")), type_),) if type_ else ()


def _piece(kind: DeltaKind, payload: dict[str, object]) -> Delta:
    text = as_text(payload.get("delta"))
    return Delta(kind if text else "empty", text)


def _call_id(payload: dict[str, object]) -> str:
    return as_text(payload.get("toolCallId")) or as_text(payload.get("tool_call_id"))


def _read_call(payload: dict[str, object]) -> tuple[Delta, ...]:
    """A call begins, or a piece of its arguments comes; `TOOL_CALL_CHUNK` is both in one."""
    id_ = _call_id(payload)
    name = as_text(payload.get("toolCallName")) or as_text(payload.get("tool_call_name"))
    step = Step("begin", id_) if name else None
    return (Delta("tool_call", as_text(payload.get("delta")), name, call_id=id_, step=step),)


def _read_call_end(payload: dict[str, object]) -> tuple[Delta, ...]:
    """The arguments are complete, or the tool has answered: the later of the two ends the step."""
    type_ = as_text(payload.get("type"))
    return (Delta("status", name=type_, step=Step("end", _call_id(payload))),)


def _read_step(payload: dict[str, object]) -> tuple[Delta, ...]:
    type_ = as_text(payload.get("type"))
    label = as_text(payload.get("stepName")) or as_text(payload.get("step_name"))
    step = Step("begin" if type_ == "STEP_STARTED" else "end")
    return (Delta("status", label, type_, step=step),)


def _read_usage(payload: dict[str, object]) -> tuple[Delta, ...]:
    usage = Usage(as_count(payload.get("input_tokens")), as_count(payload.get("output_tokens")))
    return () if usage == Usage() else (Delta("usage", usage=usage),)


def _read_finished(payload: dict[str, object]) -> tuple[Delta, ...]:
    outcome = as_text(payload.get("outcome"))
    finish = (Delta("finish", finish_reason=outcome),) if outcome else ()
    return (*finish, Delta("end"))


def _read_error(payload: dict[str, object]) -> tuple[Delta, ...]:
    message = as_text(payload.get("message")) or as_text(payload.get("error"))
    return (Delta("error", message, as_text(payload.get("code"))), Delta("end"))


_PIECES: Final[dict[str, DeltaKind]] = {
    "TEXT_MESSAGE_CONTENT": "text",
    "TEXT_MESSAGE_CHUNK": "text",
    "REASONING_MESSAGE_CONTENT": "reasoning",
    "REASONING_MESSAGE_CHUNK": "reasoning",
    "THINKING_TEXT_MESSAGE_CONTENT": "reasoning",
}
_TYPED: Final[dict[str, Callable[[dict[str, object]], tuple[Delta, ...]]]] = {
    "TOOL_CALL_START": _read_call,
    "TOOL_CALL_ARGS": _read_call,
    "TOOL_CALL_CHUNK": _read_call,
    "TOOL_CALL_END": _read_call_end,
    "TOOL_CALL_RESULT": _read_call_end,
    "STEP_STARTED": _read_step,
    "STEP_FINISHED": _read_step,
    "USAGE_METADATA": _read_usage,
    "RUN_FINISHED": _read_finished,
    "RUN_ERROR": _read_error,
}

AG_UI: Final = Dialect(
    name="ag-ui", detect=_detect, read=_read, ends="`RUN_FINISHED`, or `RUN_ERROR`"
)
