"""Cohere's chat, version 2: a message whose parts are started, brought in pieces and ended.

Source: https://docs.cohere.com/v2/docs/streaming. The last event is message-end; the server sends
[DONE] after it.
"""

from typing import Final

from streamlab.dialect.delta import (
    Chunk,
    Clue,
    Delta,
    Dialect,
    Usage,
    as_count,
    as_object,
    as_text,
    piece,
    read_json,
)
from streamlab.dialect.openai_chat import read_error

__all__ = ["COHERE_V2"]

# Names with hyphens, of which other APIs have some: `content-delta` and the rest tell too little.
_OWN_TYPES: Final = frozenset({"message-start", "message-end", "tool-plan-delta"})


def _detect(clue: Clue) -> str | None:
    payload = as_object(clue.payload)
    type_ = as_text(payload.get("type"))
    if type_ in _OWN_TYPES:
        return f'type is "{type_}"'
    if isinstance(as_object(payload.get("delta")).get("message"), dict):
        return "delta holds a message"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, _read_object)


def _read_object(payload: dict[str, object]) -> tuple[Delta, ...]:
    delta = as_object(payload.get("delta"))
    message = as_object(delta.get("message"))
    match type_ := as_text(payload.get("type")):
        case "content-start" | "content-delta":
            return (_read_content(as_object(message.get("content"))),)
        case "tool-plan-delta":
            return (piece("reasoning", as_text(message.get("tool_plan"))),)
        case "tool-call-start" | "tool-call-delta":
            call = as_object(message.get("tool_calls"))
            return (_read_call(call, as_count(payload.get("index"))),)
        case "message-end":
            return _read_end(delta)
        case "message-start" | "content-end" | "tool-call-end":
            return (Delta("empty"),)
    return read_error(payload) or ((Delta("status", name=type_),) if type_ else ())


def _read_content(content: dict[str, object]) -> Delta:
    if thinking := as_text(content.get("thinking")):
        return Delta("reasoning", thinking)
    return piece("text", as_text(content.get("text")))


def _read_call(call: dict[str, object], index: int | None) -> Delta:
    function = as_object(call.get("function"))
    return Delta(
        kind="tool_call",
        text=as_text(function.get("arguments")),
        name=as_text(function.get("name")),
        call_id=as_text(call.get("id")),
        call_index=index,
    )


def _read_end(delta: dict[str, object]) -> tuple[Delta, ...]:
    """Why it ended, what went wrong, what it took: tokens of the model, else those billed."""
    reason = as_text(delta.get("finish_reason"))
    deltas = [*read_error(delta), Delta("finish", finish_reason=reason or None)]
    usage = as_object(delta.get("usage"))
    counted = as_object(usage.get("tokens")) or as_object(usage.get("billed_units"))
    if counted:
        counts = Usage(
            prompt_tokens=as_count(counted.get("input_tokens")),
            completion_tokens=as_count(counted.get("output_tokens")),
            reasoning_tokens=as_count(counted.get("reasoning_tokens")),
        )
        deltas.append(Delta("usage", usage=counts))
    return (*deltas, Delta("end"))


COHERE_V2 = Dialect(
    name="cohere.v2", detect=_detect, read=_read, ends="`message-end`; `[DONE]` after it"
)
