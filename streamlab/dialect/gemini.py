"""Gemini's streamGenerateContent, of the Gemini API and Vertex AI: a GenerateContentResponse each.

Source: https://ai.google.dev/api/generate-content. With `alt=sse` they come as events, without as
the elements of one JSON array. There is no end marker. A function call comes whole, unless Vertex
AI was asked to stream its arguments: then as values, each with its JSON path.
"""

from streamlab.dialect.delta import (
    Chunk,
    Clue,
    Delta,
    Dialect,
    Usage,
    as_count,
    as_json,
    as_list,
    as_object,
    as_text,
    read_json,
)
from streamlab.dialect.openai_chat import read_error

__all__ = ["GEMINI"]


def _detect(clue: Clue) -> str | None:
    payload = as_object(clue.payload)
    for field in ("candidates", "promptFeedback", "usageMetadata"):
        if isinstance(payload.get(field), dict | list):
            return f"the object has {field}"
    if "error" in payload and clue.url_path.endswith(":streamGenerateContent"):
        return "an error object from a path that ends in :streamGenerateContent"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, _read_object)


def _read_object(payload: dict[str, object]) -> tuple[Delta, ...]:
    deltas = [*read_error(payload)]
    for candidate in map(as_object, as_list(payload.get("candidates"))):
        number = as_count(candidate.get("index")) or 0
        parts = as_list(as_object(candidate.get("content")).get("parts"))
        read = [_read_part(as_object(part), number) for part in parts]
        if reason := as_text(candidate.get("finishReason")):
            read.append(Delta("finish", finish_reason=reason, choice=number))
        deltas += read or [Delta("empty", choice=number)]
    if reason := as_text(as_object(payload.get("promptFeedback")).get("blockReason")):
        deltas.append(Delta("finish", finish_reason=reason))
    counts = _read_usage(as_object(payload.get("usageMetadata")))
    if counts != Usage():
        deltas.append(Delta("usage", usage=counts))
    return tuple(deltas)


def _read_part(part: dict[str, object], number: int) -> Delta:
    if text := as_text(part.get("text")):
        return Delta("reasoning" if part.get("thought") is True else "text", text, choice=number)
    if call := as_object(part.get("functionCall")):
        return _read_call(call, as_text(call.get("name")), number)
    if call := as_object(part.get("toolCall")):
        return _read_call(call, as_text(call.get("toolType")), number)
    if code := as_text(as_object(part.get("executableCode")).get("code")):
        return Delta("tool_call", code, "code_execution", number)
    for field in ("codeExecutionResult", "toolResponse", "inlineData", "fileData"):
        if field in part:
            return Delta("status", name=field, choice=number)
    return Delta("empty", choice=number)


def _read_call(call: dict[str, object], name: str, number: int) -> Delta:
    values = (as_object(each).get("stringValue") for each in as_list(call.get("partialArgs")))
    return Delta(
        kind="tool_call",
        text=as_json(call["args"]) if "args" in call else "".join(map(as_text, values)),
        name=name,
        choice=number,
        call_id=as_text(call.get("id")),
    )


def _read_usage(usage: dict[str, object]) -> Usage:
    """Counts so far. Those of thoughts stand beside those of the answer."""
    thoughts = as_count(usage.get("thoughtsTokenCount"))
    answer = as_count(usage.get("candidatesTokenCount"))
    is_counted = thoughts is not None or answer is not None
    return Usage(
        prompt_tokens=as_count(usage.get("promptTokenCount")),
        completion_tokens=(answer or 0) + (thoughts or 0) if is_counted else None,
        reasoning_tokens=thoughts,
    )


GEMINI = Dialect(name="gemini", detect=_detect, read=_read, ends="nothing: the connection closes")
