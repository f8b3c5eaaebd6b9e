"""OpenAI chat completions, and the many APIs that speak it.

Source: https://platform.openai.com/docs/api-reference/chat-streaming. `reasoning_content` is
DeepSeek's word and `reasoning` OpenRouter's; both are common among compatible servers.
"""

from collections.abc import Callable

from streamlab.dialect.delta import (
    Chunk,
    Clue,
    Delta,
    DeltaKind,
    Dialect,
    Usage,
    as_count,
    as_list,
    as_object,
    as_text,
    read_json,
)

__all__ = ["OPENAI_CHAT", "read_choices", "read_chunk", "read_error"]

_TEXT_FIELDS: tuple[tuple[str, DeltaKind], ...] = (
    ("content", "text"),
    ("reasoning_content", "reasoning"),
    ("reasoning", "reasoning"),
    ("refusal", "refusal"),
)


def _detect(clue: Clue) -> str | None:
    payload = as_object(clue.payload)
    if payload.get("object") == "chat.completion.chunk":
        return 'object is "chat.completion.chunk"'
    if any("delta" in as_object(choice) for choice in as_list(payload.get("choices"))):
        return "choices[] hold a delta"
    if "error" in payload and clue.url_path.endswith("/chat/completions"):
        return "an error object from a path that ends in /chat/completions"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, read_chunk)


def read_chunk(payload: dict[str, object]) -> tuple[Delta, ...]:
    """The deltas of one chat.completion.chunk."""
    return read_choices(payload, _read_delta)


def read_choices(
    payload: dict[str, object], read_pieces: Callable[[dict[str, object], int], list[Delta]]
) -> tuple[Delta, ...]:
    """The deltas of a chunk with choices: per choice its pieces and finish, then the usage."""
    deltas = [*read_error(payload)]
    for choice in map(as_object, as_list(payload.get("choices"))):
        number = as_count(choice.get("index")) or 0
        pieces = read_pieces(choice, number)
        if finish_reason := as_text(choice.get("finish_reason")):
            pieces.append(Delta(kind="finish", finish_reason=finish_reason, choice=number))
        deltas += pieces or [Delta(kind="empty", choice=number)]
    return (*deltas, *_read_usage(payload))


def _read_delta(choice: dict[str, object], number: int) -> list[Delta]:
    delta = as_object(choice.get("delta"))
    deltas = [
        Delta(kind=kind, text=as_text(delta[field]), choice=number)
        for field, kind in _TEXT_FIELDS
        if as_text(delta.get(field))
    ]
    if delta.get("tool_calls"):
        deltas += [_read_call(as_object(call), number) for call in as_list(delta["tool_calls"])]
    if function := as_object(delta.get("function_call")):
        deltas.append(_read_call({"function": function}, number))
    return deltas


def _read_call(call: dict[str, object], number: int) -> Delta:
    """A piece of a tool call; id and name come with its first piece only."""
    function = as_object(call.get("function"))
    return Delta(
        kind="tool_call",
        text=as_text(function.get("arguments")),
        name=as_text(function.get("name")),
        choice=number,
        call_id=as_text(call.get("id")),
        call_index=as_count(call.get("index")),
    )


def read_error(payload: dict[str, object]) -> tuple[Delta, ...]:
    """The `error` of a chunk: an object with a message, or a bare string."""
    error = payload.get("error")
    if not error:
        return ()
    fields = as_object(error)
    message = as_text(error) or as_text(fields.get("message")) or str(error)
    return (Delta(kind="error", text=message, name=str(fields.get("code") or "")),)


def _read_usage(payload: dict[str, object]) -> tuple[Delta, ...]:
    """The `usage` of a chunk; Groq puts it under `x_groq`. Repeated usage is cumulative."""
    stated = payload.get("usage") or as_object(payload.get("x_groq")).get("usage")
    if not stated:
        return ()
    usage = as_object(stated)
    details = as_object(usage.get("completion_tokens_details"))
    counts = Usage(
        prompt_tokens=as_count(usage.get("prompt_tokens")),
        completion_tokens=as_count(usage.get("completion_tokens")),
        reasoning_tokens=as_count(details.get("reasoning_tokens")),
    )
    return () if counts == Usage() else (Delta(kind="usage", usage=counts),)


OPENAI_CHAT = Dialect(name="openai.chat", detect=_detect, read=_read, ends="`[DONE]`")
