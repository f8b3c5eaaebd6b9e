"""LangGraph's server: events named by stream mode, `|` and a subgraph's path after it or not.

Source: https://docs.langchain.com/langgraph-platform/streaming. `messages/partial` holds each
message as far as it is, `messages` (the mode messages-tuple) its pieces with their metadata.
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
    as_json,
    as_list,
    as_object,
    as_text,
    read_json,
)

__all__ = ["LANGGRAPH", "read_message"]

_OWN_NAMES: Final = frozenset({"messages/metadata", "messages/partial", "messages/complete"})
_OBJECTS: Final = frozenset({"values", "updates", "tasks", "checkpoints", "debug"})
_MODES: Final = _OWN_NAMES | _OBJECTS | {"messages", "custom"}
_BY_MODEL: Final = frozenset({"AIMessageChunk", "ai", ""})


def _detect(clue: Clue) -> str | None:
    name = clue.event.type
    mode, bar, _ = name.partition("|")
    is_own = mode in _OWN_NAMES or (bar and mode in _MODES)
    is_object = mode in _OBJECTS and isinstance(clue.payload, dict)
    if is_own or is_object or (mode == "messages" and isinstance(clue.payload, list)):
        return f"an event is named {name}"
    if name == "metadata" and {"run_id", "attempt"} <= as_object(clue.payload).keys():
        return "an event named metadata holds run_id and attempt"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    mode = chunk.event.type.partition("|")[0]
    if mode == "end":
        return (Delta("end"),)
    if isinstance(chunk.payload, list) and mode.startswith("messages"):
        return tuple(_read_messages(mode, chunk.payload)) or (Delta("empty"),)
    read_mode = _MODES_READ.get(mode)
    if read_mode is not None:
        return read_json(chunk, read_mode)
    if chunk.malformed is not None:
        return read_json(chunk, lambda _: ())
    return (Delta("status", name=mode),)


def _read_messages(mode: str, payload: list[object]) -> list[Delta]:
    if mode == "messages":  # a piece, and where it comes from
        message = as_object(payload[0]) if payload else {}
        return read_message(message, is_whole=message.get("type") == "ai")
    is_partial = mode == "messages/partial"
    return [
        delta
        for message in map(as_object, payload)
        for delta in read_message(message, is_cumulative=is_partial, is_whole=not is_partial)
    ]


def read_message(
    message: dict[str, object], *, is_cumulative: bool = False, is_whole: bool = False
) -> list[Delta]:
    """The deltas of a LangChain message: a piece, all there is of it so far, or the whole of it."""
    type_ = as_text(message.get("type"))
    if type_ == "tool":
        step = Step("end", as_text(message.get("tool_call_id")))
        return [Delta("status", as_text(message.get("name")), "tool", step=step)]
    if type_ not in _BY_MODEL:
        return [Delta("status", name=type_)]
    id_ = as_text(message.get("id"))
    deltas = [
        Delta(kind, text, id_, is_cumulative=is_cumulative, is_whole=is_whole)
        for kind, text in _said(message)
    ]
    deltas += [
        _read_call(call, as_text(call.get("args")), is_cumulative=is_cumulative)
        for call in map(as_object, as_list(message.get("tool_call_chunks")))
    ]
    if is_whole:
        deltas += [
            _read_call(call, as_json(call.get("args")), is_whole=True)
            for call in map(as_object, as_list(message.get("tool_calls")))
        ]
    return [*deltas, *_read_ending(message)] or [Delta("empty")]


def _said(message: dict[str, object]) -> list[tuple[DeltaKind, str]]:
    """Reasoning and text; the content is a string, or a list of parts."""
    content = message.get("content")
    thoughts = [as_text(as_object(message.get("additional_kwargs")).get("reasoning_content"))]
    texts = [as_text(content)]
    for part in as_list(content):
        fields = as_object(part)
        thoughts.append(as_text(fields.get("thinking")) or as_text(fields.get("reasoning")))
        texts.append(as_text(part) or as_text(fields.get("text")))
    said: list[tuple[DeltaKind, str]] = [
        ("reasoning", "".join(thoughts)),
        ("text", "".join(texts)),
    ]
    return [(kind, text) for kind, text in said if text]


def _read_call(
    call: dict[str, object], arguments: str, *, is_cumulative: bool = False, is_whole: bool = False
) -> Delta:
    id_ = as_text(call.get("id"))
    return Delta(
        "tool_call",
        arguments,
        as_text(call.get("name")),
        call_id=id_,
        call_index=as_count(call.get("index")),
        step=Step("begin", id_) if id_ else None,
        is_cumulative=is_cumulative,
        is_whole=is_whole,
    )


def _read_ending(message: dict[str, object]) -> list[Delta]:
    deltas = []
    metadata = as_object(message.get("response_metadata"))
    reason = as_text(metadata.get("finish_reason")) or as_text(metadata.get("stop_reason"))
    if reason:
        deltas.append(Delta("finish", finish_reason=reason))
    stated = as_object(message.get("usage_metadata"))
    usage = Usage(
        as_count(stated.get("input_tokens")),
        as_count(stated.get("output_tokens")),
        as_count(as_object(stated.get("output_token_details")).get("reasoning")),
    )
    if usage != Usage():
        deltas.append(Delta("usage", usage=usage))
    return deltas


def _read_updates(payload: dict[str, object]) -> tuple[Delta, ...]:
    """What nodes have returned, by their names."""
    return (Delta("status", ", ".join(payload), "updates"),)


def _read_task(payload: dict[str, object]) -> tuple[Delta, ...]:
    """A node's run: it begins with its `input`, and ends with a `result` or an `error`."""
    is_end = "result" in payload or "error" in payload
    step = Step("end" if is_end else "begin", as_text(payload.get("id")))
    return (Delta("status", as_text(payload.get("name")), "tasks", step=step),)


def _read_debug(payload: dict[str, object]) -> tuple[Delta, ...]:
    type_ = as_text(payload.get("type"))
    if type_ in ("task", "task_result"):
        return _read_task(as_object(payload.get("payload")))
    return (Delta("status", type_, "debug"),)


def _read_error(payload: dict[str, object]) -> tuple[Delta, ...]:
    message = as_text(payload.get("message")) or as_text(payload.get("error"))
    return (Delta("error", message, as_text(payload.get("error"))),)


_MODES_READ: Final[dict[str, Callable[[dict[str, object]], tuple[Delta, ...]]]] = {
    "updates": _read_updates,
    "tasks": _read_task,
    "debug": _read_debug,
    "error": _read_error,
}

LANGGRAPH: Final = Dialect(
    name="langgraph", detect=_detect, read=_read, ends="nothing: the connection closes"
)
