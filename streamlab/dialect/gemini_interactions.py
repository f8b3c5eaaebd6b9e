"""Gemini's interactions: steps that are started, brought in pieces and stopped.

Source: https://ai.google.dev/gemini-api/docs/interactions. The event's name stands in `event_type`,
too; [DONE] is the end.
"""

from streamlab.dialect.delta import (
    Chunk,
    Clue,
    Delta,
    Dialect,
    Usage,
    as_count,
    as_json,
    as_object,
    as_text,
    piece,
    read_json,
)
from streamlab.dialect.openai_chat import read_error

__all__ = ["GEMINI_INTERACTIONS"]


def _detect(clue: Clue) -> str | None:
    type_ = as_text(as_object(clue.payload).get("event_type"))
    if type_.startswith(("interaction.", "step.")):
        return f'event_type is "{type_}"'
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, _read_object)


def _read_object(payload: dict[str, object]) -> tuple[Delta, ...]:
    type_ = as_text(payload.get("event_type"))
    index = as_count(payload.get("index"))
    match type_:
        case "step.delta":
            return (_read_piece(as_object(payload.get("delta")), index),)
        case "step.start":
            return (_read_step(as_object(payload.get("step")), index),)
        case "step.stop":
            return (Delta("empty"),)
        case "interaction.completed":
            return _read_completed(as_object(payload.get("interaction")))
    if error := read_error(payload):
        return error
    status = as_text(payload.get("status"))
    return (Delta("status", status, name=type_),) if type_ else ()


def _read_piece(delta: dict[str, object], index: int | None) -> Delta:
    match type_ := as_text(delta.get("type")):
        case "text":
            return piece("text", as_text(delta.get("text")))
        case "thought_summary":
            return piece("reasoning", as_text(as_object(delta.get("content")).get("text")))
        case "arguments_delta":
            return Delta("tool_call", as_text(delta.get("arguments")), call_index=index)
        case "thought_signature" | "text_annotation_delta":
            return Delta("empty")
    if type_.endswith("_call"):  # of a tool that the server runs; its arguments come whole
        arguments = as_json(delta["arguments"]) if "arguments" in delta else ""
        return Delta("tool_call", arguments, call_index=index)
    return Delta("status", name=type_)


def _read_step(step: dict[str, object], index: int | None) -> Delta:
    """A step begins: of a tool call, name and id."""
    type_ = as_text(step.get("type"))
    if not type_.endswith("_call"):
        return Delta("status", type_, name="step.start")
    return Delta(
        kind="tool_call",
        name=as_text(step.get("name")) or type_.removesuffix("_call"),
        call_id=as_text(step.get("id")),
        call_index=index,
    )


def _read_completed(interaction: dict[str, object]) -> tuple[Delta, ...]:
    status = as_text(interaction.get("status"))
    deltas = [*read_error(interaction), Delta("finish", finish_reason=status or None)]
    usage = as_object(interaction.get("usage"))
    thoughts = as_count(usage.get("total_thought_tokens"))
    answer = as_count(usage.get("total_output_tokens"))
    if usage:
        counts = Usage(
            prompt_tokens=as_count(usage.get("total_input_tokens")),
            completion_tokens=None if answer is None else answer + (thoughts or 0),
            reasoning_tokens=thoughts,
        )
        deltas.append(Delta("usage", usage=counts))
    return tuple(deltas)


GEMINI_INTERACTIONS = Dialect(
    name="gemini.interactions",
    detect=_detect,
    read=_read,
    ends="`interaction.completed`, and `[DONE]`",
)
