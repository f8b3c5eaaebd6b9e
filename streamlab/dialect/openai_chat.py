"""OpenAI chat completions, and the many APIs that speak it.

Sources: https://platform.openai.com/docs/api-reference/chat-streaming, and where they differ the
documentation of each:

- `reasoning_content` is DeepSeek's word and `reasoning` OpenRouter's; both are common among
  compatible servers. `reasoning_details` repeats `reasoning`, where that is there.
- Mistral's `content` may be a list of typed parts, thinking among them.
- Azure's first chunk has no choices, and its content filter's chunks have choices without a delta.
- Perplexity's `message` repeats all that the deltas brought; in its concise mode the chunks are of
  four kinds, of which the reasoning ones bring steps.
- OpenRouter reports a failure in a chunk that has choices, too; Groq under `x_groq`.
- llama.cpp tells how far it has read the prompt, and counts tokens in `timings`.
"""

from collections.abc import Callable, Iterator
from typing import Final

from streamlab.dialect.delta import (
    Chunk,
    Clue,
    Delta,
    DeltaKind,
    Dialect,
    Usage,
    as_count,
    as_json,
    as_list,
    as_object,
    as_text,
    read_json,
)

__all__ = ["OPENAI_CHAT", "read_choices", "read_chunk", "read_counts", "read_error"]

_KINDS_OF_CHUNKS: Final = frozenset(
    {"chat.completion.chunk", "chat.completion.done", "chat.reasoning", "chat.reasoning.done"}
)
_OBJECTS: Final = _KINDS_OF_CHUNKS | {"text_completion"}
# Of these nothing is read but the choices, and `usage` if it is not null.
_PLAIN_FIELDS: Final = frozenset(
    {"id", "object", "created", "model", "choices", "usage", "system_fingerprint", "service_tier"}
)
_PLAIN_DELTA_FIELDS: Final = frozenset({"content", "role"})
# What a chunk may bring beside choices: results of content filters and of moderation, progress.
_STATUS_FIELDS: Final = (
    "moderation", "prompt_annotations", "prompt_filter_results", "prompt_progress"
)  # fmt: skip


def _detect(clue: Clue) -> str | None:
    payload = as_object(clue.payload)
    kind = as_text(payload.get("object"))
    if kind in _KINDS_OF_CHUNKS:
        return f'object is "{kind}"'
    if any("delta" in as_object(choice) for choice in as_list(payload.get("choices"))):
        return "choices[] hold a delta"
    if "error" in payload and clue.url_path.endswith("/chat/completions"):
        return "an error object from a path that ends in /chat/completions"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, read_chunk)


def read_chunk(payload: dict[str, object]) -> tuple[Delta, ...]:
    """The deltas of one chat.completion.chunk."""
    text = _plain_text(payload)
    return read_choices(payload, _read_delta) if text is None else (text,)


def _plain_text(payload: dict[str, object]) -> Delta | None:
    """The delta of a chunk that brings a piece of text and nothing else, as nearly all do; None of
    any other. Looking for all that it could have besides would take five times as long."""
    choices = payload.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or not payload.keys() <= _PLAIN_FIELDS:
        return None
    choice = choices[0]
    delta = choice.get("delta") if isinstance(choice, dict) else None
    if not isinstance(delta, dict) or choice.get("finish_reason") or payload.get("usage"):
        return None
    if payload.get("object") == "error":
        return None
    text = delta.get("content")
    if not isinstance(text, str) or not text or not delta.keys() <= _PLAIN_DELTA_FIELDS:
        return None
    return Delta("text", text, choice=as_count(choice.get("index")) or 0)


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
    deltas += _read_usage(payload)
    deltas += [Delta("status", name=field) for field in _STATUS_FIELDS if payload.get(field)]
    if payload.get("type") == "end_of_stream":
        deltas.append(Delta("end"))
    if not deltas and as_text(payload.get("object")) in _OBJECTS:
        return (Delta("empty"),)
    return tuple(deltas)


def _read_delta(choice: dict[str, object], number: int) -> list[Delta]:
    delta = as_object(choice.get("delta"))
    content = delta.get("content")
    deltas = [*_read_parts(content, number)] if isinstance(content, list) else []
    if text := as_text(content):
        deltas.append(Delta("text", text, choice=number))
    if reasoning := _reasoning(delta):
        deltas.append(Delta("reasoning", reasoning, choice=number))
    if refusal := as_text(delta.get("refusal")):
        deltas.append(Delta("refusal", refusal, choice=number))
    if "audio" in delta and (spoken := as_text(as_object(delta["audio"]).get("transcript"))):
        deltas.append(Delta("text", spoken, choice=number))
    if delta.get("tool_calls"):
        deltas += [_read_call(as_object(call), number) for call in as_list(delta["tool_calls"])]
    if function := as_object(delta.get("function_call")):
        deltas.append(_read_call({"function": function}, number))
    return deltas


def _read_parts(parts: list[object], number: int) -> Iterator[Delta]:
    """The typed parts of a content that is a list; `thinking` holds parts again."""
    for part in map(as_object, parts):
        kind: DeltaKind = "text"
        text = as_text(part.get("text"))
        if part.get("type") == "thinking":
            kind = "reasoning"
            inner = map(as_object, as_list(part.get("thinking")))
            text = "".join(as_text(each.get("text")) for each in inner)
        if text:
            yield Delta(kind, text, choice=number)


def _reasoning(delta: dict[str, object]) -> str:
    """Said once, by whichever of its names the server has for it."""
    if said := as_text(delta.get("reasoning_content")) or as_text(delta.get("reasoning")):
        return said
    details = delta.get("reasoning_details") or delta.get("reasoning_steps")
    if not details:
        return ""
    return "".join(
        as_text(detail.get(field))
        for detail in map(as_object, as_list(details))
        for field in ("text", "summary", "thought")
    )


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
    """The `error` of a chunk: an object with a message, or a bare string. Early vLLM sent the
    object by itself."""
    error = payload.get("error") or as_object(payload.get("x_groq")).get("error")
    if payload.get("object") == "error":
        error = payload
    if not error:
        return ()
    fields = as_object(error)
    message = as_text(error) or as_text(fields.get("message")) or as_json(error)
    code = fields.get("code") or fields.get("type") or payload.get("error_type")
    return (Delta(kind="error", text=message, name=as_text(code) or str(as_count(code) or "")),)


def _read_usage(payload: dict[str, object]) -> tuple[Delta, ...]:
    """The `usage` of a chunk; Groq puts it under `x_groq`. Repeated usage is cumulative."""
    stated = payload.get("usage") or as_object(payload.get("x_groq")).get("usage")
    if stated:
        counts = read_counts(as_object(stated))
    elif "timings" in payload:
        counts = Usage(completion_tokens=as_count(as_object(payload["timings"]).get("predicted_n")))
    else:
        return ()
    return () if counts == Usage() else (Delta(kind="usage", usage=counts),)


def read_counts(usage: dict[str, object]) -> Usage:
    """The counts of a `usage` object in OpenAI's words."""
    details = as_object(usage.get("completion_tokens_details"))
    return Usage(
        prompt_tokens=as_count(usage.get("prompt_tokens")),
        completion_tokens=as_count(usage.get("completion_tokens")),
        reasoning_tokens=as_count(details.get("reasoning_tokens")),
    )


OPENAI_CHAT = Dialect(name="openai.chat", detect=_detect, read=_read, ends="`[DONE]`")
