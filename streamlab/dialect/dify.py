"""Dify apps: data-only JSON whose `event` says what it is.

Source: https://docs.dify.ai/en/api-reference, of chat, completion and workflow apps. `event: ping`
every 10 s has no data, so that no event comes of it. An agent's stream is a dialect of its own,
since its `message` is another one: not a piece of the answer but, at the end, all of it.
"""

from collections.abc import Callable
from typing import Final

from streamlab.dialect.delta import (
    Chunk,
    Clue,
    Delta,
    Dialect,
    Step,
    Usage,
    as_count,
    as_ms,
    as_object,
    as_text,
    read_json,
)

__all__ = ["DIFY", "DIFY_AGENT"]

_AGENT_NAMES: Final = frozenset({"agent_message", "agent_thought"})
# Names that no other API we know of sends in a field `event`.
_OWN_NAMES: Final = frozenset(
    {
        "workflow_started", "workflow_finished", "node_started", "node_finished", "node_retry",
        "iteration_started", "iteration_completed", "loop_started", "loop_completed", "text_chunk",
        "message_replace", "message_end", "agent_log", "tts_message", "tts_message_end",
    }
)  # fmt: skip
_BEGINS: Final = frozenset(
    {"workflow_started", "node_started", "iteration_started", "loop_started"}
)
_ENDS: Final = frozenset(
    {"workflow_finished", "node_finished", "iteration_completed", "loop_completed"}
)


def _detect_agent(clue: Clue) -> str | None:
    name = as_object(clue.payload).get("event")
    return f"event is {name}" if as_text(name) in _AGENT_NAMES else None


def _detect(clue: Clue) -> str | None:
    payload = as_object(clue.payload)
    name = as_text(payload.get("event"))
    if name in _OWN_NAMES:
        return f"event is {name}"
    if name in ("message", "error") and "task_id" in payload:
        return f"event is {name}, with a task_id"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, _read_object)


def _read_agent(chunk: Chunk) -> tuple[Delta, ...]:
    deltas = read_json(chunk, _read_object)
    if as_object(chunk.payload).get("event") == "message":
        return tuple(delta._replace(is_whole=True) for delta in deltas)
    return deltas


def _read_object(payload: dict[str, object]) -> tuple[Delta, ...]:
    name = as_text(payload.get("event"))
    read_named = _NAMED.get(name)
    if read_named is not None:
        return read_named(payload)
    return (Delta("status", name=name),) if name else ()


def _read_message(payload: dict[str, object]) -> tuple[Delta, ...]:
    return _text(payload.get("answer"))


def _read_text_chunk(payload: dict[str, object]) -> tuple[Delta, ...]:
    return _text(as_object(payload.get("data")).get("text"))


def _text(value: object) -> tuple[Delta, ...]:
    text = as_text(value)
    return (Delta("text" if text else "empty", text=text),)


def _read_thought(payload: dict[str, object]) -> tuple[Delta, ...]:
    """A thought, sent again under its id when its tool is called, and when that has answered."""
    id_ = as_text(payload.get("id"))
    tool = as_text(payload.get("tool"))
    deltas = []
    if thought := as_text(payload.get("thought")):
        deltas.append(Delta("reasoning", text=thought, name=id_, is_cumulative=True))
    if tool:
        step = Step("end" if payload.get("observation") else "begin", id_)
        arguments = as_text(payload.get("tool_input"))
        deltas.append(
            Delta("tool_call", arguments, tool, call_id=id_, step=step, is_cumulative=True)
        )
    return tuple(deltas) or (Delta("status", name="agent_thought"),)


def _read_log(payload: dict[str, object]) -> tuple[Delta, ...]:
    """A strategy's own account of what it does: started, then succeeded or failed."""
    data = as_object(payload.get("data"))
    took = as_ms(as_object(data.get("metadata")).get("elapsed_time"))
    step = Step("begin" if data.get("status") == "start" else "end", as_text(data.get("id")), took)
    return (Delta("status", as_text(data.get("label")), "agent_log", step=step),)


def _read_step(payload: dict[str, object]) -> tuple[Delta, ...]:
    """A workflow, node, iteration or loop that begins or ends."""
    name = as_text(payload.get("event"))
    data = as_object(payload.get("data"))
    phase = Step("begin" if name in _BEGINS else "end", as_text(data.get("id")))
    step = phase._replace(stated_ms=as_ms(data.get("elapsed_time")))
    return (Delta("status", as_text(data.get("title")), name, step=step),)


def _read_workflow_end(payload: dict[str, object]) -> tuple[Delta, ...]:
    """The end of a workflow app's stream; in a chat app, `message_end` is yet to come."""
    data = as_object(payload.get("data"))
    deltas = list(_read_step(payload))
    if error := as_text(data.get("error")):
        deltas.append(Delta("error", text=error))
    if status := as_text(data.get("status")):
        deltas.append(Delta("finish", finish_reason=status))
    if "message_id" not in payload:
        deltas.append(Delta("end"))
    return tuple(deltas)


def _read_message_end(payload: dict[str, object]) -> tuple[Delta, ...]:
    stated = as_object(as_object(payload.get("metadata")).get("usage"))
    usage = Usage(as_count(stated.get("prompt_tokens")), as_count(stated.get("completion_tokens")))
    end = Delta("end")
    return (end,) if usage == Usage() else (Delta("usage", usage=usage), end)


def _read_error(payload: dict[str, object]) -> tuple[Delta, ...]:
    return (
        Delta("error", as_text(payload.get("message")), as_text(payload.get("code"))),
        Delta("end"),
    )


_NAMED: Final[dict[str, Callable[[dict[str, object]], tuple[Delta, ...]]]] = {
    "message": _read_message,
    "agent_message": _read_message,
    "text_chunk": _read_text_chunk,
    "agent_thought": _read_thought,
    "agent_log": _read_log,
    **dict.fromkeys(_BEGINS | _ENDS, _read_step),
    "workflow_finished": _read_workflow_end,
    "message_end": _read_message_end,
    "error": _read_error,
}

_ENDED_BY: Final = "`message_end`; of a workflow app `workflow_finished`; or `error`"

DIFY: Final = Dialect(name="dify", detect=_detect, read=_read, ends=_ENDED_BY)
DIFY_AGENT: Final = Dialect(
    name="dify.agent", detect=_detect_agent, read=_read_agent, ends="`message_end`, or `error`"
)
