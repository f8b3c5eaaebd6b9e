"""The UI message stream of Vercel's AI SDK: data-only JSON parts with a hyphenated `type`.

Source: https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol and the schema of its parts in
https://github.com/vercel/ai. A tool's input comes in pieces, and then whole.
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
    as_json,
    as_object,
    as_text,
    read_json,
)

__all__ = ["VERCEL_AI_UI"]

_HEADER: Final = "x-vercel-ai-ui-message-stream"
# Types that no other API we know of sends.
_OWN_TYPES: Final = frozenset(
    {
        "start-step", "finish-step", "text-start", "text-delta", "text-end", "reasoning-start",
        "reasoning-delta", "reasoning-end", "tool-input-start", "tool-input-delta",
        "tool-input-available", "tool-input-error", "tool-approval-request",
        "tool-output-available", "tool-output-error", "tool-output-denied", "message-metadata",
    }
)  # fmt: skip
_TOOL_ENDS: Final = ("tool-output-available", "tool-output-error", "tool-output-denied")


def _detect(clue: Clue) -> str | None:
    if _HEADER in clue.headers:
        return f"a header {_HEADER}"
    payload = as_object(clue.payload)
    type_ = as_text(payload.get("type"))
    if type_ in _OWN_TYPES:
        return f'type is "{type_}"'
    if type_ == "error" and "errorText" in payload:
        return "an error with an errorText"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, _read_part)


def _read_part(payload: dict[str, object]) -> tuple[Delta, ...]:
    type_ = as_text(payload.get("type"))
    read_typed = _TYPED.get(type_)
    if read_typed is not None:
        return read_typed(payload)
    if type_ in _TOOL_ENDS:
        step = Step("end", as_text(payload.get("toolCallId")))
        return (Delta("status", as_text(payload.get("errorText")), type_, step=step),)
    return (Delta("status", name=type_),) if type_ else ()


def _read_text(payload: dict[str, object]) -> tuple[Delta, ...]:
    text = as_text(payload.get("delta"))
    return (Delta("text" if text else "empty", text, as_text(payload.get("id"))),)


def _read_reasoning(payload: dict[str, object]) -> tuple[Delta, ...]:
    text = as_text(payload.get("delta"))
    return (Delta("reasoning" if text else "empty", text, as_text(payload.get("id"))),)


def _read_input_start(payload: dict[str, object]) -> tuple[Delta, ...]:
    return (_tool(payload, "", is_whole=False),)


def _read_input(payload: dict[str, object]) -> tuple[Delta, ...]:
    """The whole input; of a tool whose input is not streamed, the first that is heard of it."""
    return (_tool(payload, as_json(payload.get("input")), is_whole=True),)


def _tool(payload: dict[str, object], text: str, *, is_whole: bool) -> Delta:
    id_ = as_text(payload.get("toolCallId"))
    name = as_text(payload.get("toolName"))
    step = Step("begin", id_)
    return Delta("tool_call", text, name, call_id=id_, step=step, is_whole=is_whole)


def _read_input_delta(payload: dict[str, object]) -> tuple[Delta, ...]:
    text = as_text(payload.get("inputTextDelta"))
    return (Delta("tool_call", text, call_id=as_text(payload.get("toolCallId"))),)


def _read_start_step(_: dict[str, object]) -> tuple[Delta, ...]:
    return (Delta("status", name="start-step", step=Step("begin")),)


def _read_finish_step(_: dict[str, object]) -> tuple[Delta, ...]:
    return (Delta("status", name="finish-step", step=Step("end")),)


def _read_finish(payload: dict[str, object]) -> tuple[Delta, ...]:
    """The end of the message. Usage is metadata, which each app writes as it likes: mostly so."""
    deltas = []
    if reason := as_text(payload.get("finishReason")):
        deltas.append(Delta("finish", finish_reason=reason))
    stated = as_object(as_object(payload.get("messageMetadata")).get("usage"))
    usage = Usage(
        as_count(stated.get("promptTokens", stated.get("inputTokens"))),
        as_count(stated.get("completionTokens", stated.get("outputTokens"))),
    )
    if usage != Usage():
        deltas.append(Delta("usage", usage=usage))
    return tuple(deltas) or (Delta("status", name="finish"),)


def _read_abort(payload: dict[str, object]) -> tuple[Delta, ...]:
    return (Delta("finish", as_text(payload.get("reason")), finish_reason="abort"),)


def _read_error(payload: dict[str, object]) -> tuple[Delta, ...]:
    return (Delta("error", as_text(payload.get("errorText"))),)


_TYPED: Final[dict[str, Callable[[dict[str, object]], tuple[Delta, ...]]]] = {
    "text-delta": _read_text,
    "reasoning-delta": _read_reasoning,
    "tool-input-start": _read_input_start,
    "tool-input-delta": _read_input_delta,
    "tool-input-available": _read_input,
    "start-step": _read_start_step,
    "finish-step": _read_finish_step,
    "finish": _read_finish,
    "abort": _read_abort,
    "error": _read_error,
}

VERCEL_AI_UI: Final = Dialect(name="vercel-ai.ui", detect=_detect, read=_read, ends="`[DONE]`")
