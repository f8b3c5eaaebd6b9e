"""OpenAI assistants (deprecated): runs of a thread, told by the events' names.

Source: https://platform.openai.com/docs/api-reference/assistants-streaming. The JSON is the object
that the name says something of; the end is an event named done.
"""

from typing import Final

from streamlab.dialect.delta import (
    Chunk,
    Clue,
    Delta,
    Dialect,
    as_count,
    as_list,
    as_object,
    as_text,
    piece,
    read_json,
)
from streamlab.dialect.openai_chat import read_counts, read_error

__all__ = ["OPENAI_ASSISTANTS"]

_LAST_OF_RUN: Final = frozenset(
    {
        "thread.run.cancelled", "thread.run.completed", "thread.run.expired", "thread.run.failed",
        "thread.run.incomplete", "thread.run.requires_action",
    }
)  # fmt: skip


def _detect(clue: Clue) -> str | None:
    object_ = as_text(as_object(clue.payload).get("object"))
    if object_ == "thread" or object_.startswith("thread."):
        return f'object is "{object_}"'
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    name = chunk.event.type
    return read_json(chunk, lambda payload: _read_named(name, payload))


def _read_named(name: str, payload: dict[str, object]) -> tuple[Delta, ...]:
    if name == "error":
        return read_error({"error": payload.get("error") or payload})
    match payload.get("object"):
        case "thread.message.delta":
            return _read_message(as_object(payload.get("delta")))
        case "thread.run.step.delta":
            return _read_step(as_object(payload.get("delta")))
        case "thread.run" if name in _LAST_OF_RUN:
            return _read_run(payload)
    return (Delta("status", as_text(payload.get("status")), name=name),)


def _read_message(delta: dict[str, object]) -> tuple[Delta, ...]:
    deltas = []
    for part in map(as_object, as_list(delta.get("content"))):
        if refusal := as_text(part.get("refusal")):
            deltas.append(Delta("refusal", refusal))
        else:
            deltas.append(piece("text", as_text(as_object(part.get("text")).get("value"))))
    return tuple(deltas) or (Delta("empty"),)


def _read_step(delta: dict[str, object]) -> tuple[Delta, ...]:
    """Pieces of tool calls: of a function its arguments, of the code interpreter its code."""
    details = as_object(delta.get("step_details"))
    calls = [_read_call(as_object(call)) for call in as_list(details.get("tool_calls"))]
    return tuple(calls) or (Delta("empty"),)


def _read_call(call: dict[str, object]) -> Delta:
    function = as_object(call.get("function"))
    interpreter = as_object(call.get("code_interpreter"))
    call_id, type_ = as_text(call.get("id")), as_text(call.get("type"))
    name = as_text(function.get("name")) or (type_ if call_id and type_ != "function" else "")
    return Delta(
        kind="tool_call",
        text=as_text(function.get("arguments")) or as_text(interpreter.get("input")),
        name=name,
        call_id=call_id,
        call_index=as_count(call.get("index")),
    )


def _read_run(run: dict[str, object]) -> tuple[Delta, ...]:
    """A run's last state: why it ended, what went wrong, what it took."""
    reason = as_object(run.get("incomplete_details")).get("reason")
    finish = as_text(reason) or as_text(run.get("status"))
    deltas = [
        *read_error({"error": run.get("last_error")}),
        Delta("finish", finish_reason=finish or None),
    ]
    if usage := as_object(run.get("usage")):
        deltas.append(Delta("usage", usage=read_counts(usage)))
    return tuple(deltas)


OPENAI_ASSISTANTS = Dialect(
    name="openai.assistants", detect=_detect, read=_read, ends="`event: done` with `[DONE]`"
)
