"""Coze: named events of a chat (`conversation.…`) or of a workflow (`Message`, `Done`, …).

Source: https://github.com/coze-dev/coze-py, its event types and recorded streams. The data of
`done` is the JSON string `"[DONE]"`, quotes and all. Every message comes whole once more when it is
completed.
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
    parse_json,
    read_json,
)

__all__ = ["COZE"]

_CHAT: Final = "conversation."
# What tells a workflow's events from those of others, by their names.
_WORKFLOW_FIELDS: Final = {
    "Message": "node_is_finish",
    "Error": "error_code",
    "Done": "debug_url",
    "Interrupt": "interrupt_data",
}


def _detect(clue: Clue) -> str | None:
    name = clue.event.type
    if name.startswith(_CHAT):
        return f"an event is named {name}"
    field = _WORKFLOW_FIELDS.get(name)
    if field is not None and field in as_object(clue.payload):
        return f"an event is named {name} and holds {field}"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    name = chunk.event.type
    if name in ("done", "Done") or chunk.payload == "[DONE]":
        return (Delta("end"),)
    read_named = _NAMED.get(name)
    if read_named is not None:
        return read_json(chunk, read_named)
    if chunk.event.data == "[DONE]" or name == "message":
        return read_json(chunk, lambda _: ())
    return (Delta("status", name=name),)


def _read_piece(payload: dict[str, object]) -> tuple[Delta, ...]:
    return _read_message(payload, is_whole=False)


def _read_whole(payload: dict[str, object]) -> tuple[Delta, ...]:
    return _read_message(payload, is_whole=True)


def _read_message(payload: dict[str, object], *, is_whole: bool) -> tuple[Delta, ...]:
    type_ = as_text(payload.get("type"))
    content = as_text(payload.get("content"))
    if type_ == "function_call":
        return _read_function_call(content)
    if type_ in ("tool_response", "tool_output"):
        return (Delta("status", name=type_, step=Step("end")),)
    if type_ != "answer":
        return (Delta("status", name=type_, text=content),)
    id_ = as_text(payload.get("id"))
    kinds: tuple[tuple[DeltaKind, str], ...] = (
        ("reasoning", as_text(payload.get("reasoning_content"))),
        ("text", content),
    )
    deltas = [Delta(kind, text, id_, is_whole=is_whole) for kind, text in kinds if text]
    return tuple(deltas) or (Delta("empty"),)


def _read_function_call(content: str) -> tuple[Delta, ...]:
    """The content is JSON: the plugin's function by name, and its arguments."""
    call = as_object(parse_json(content)[0])
    arguments = as_json(call["arguments"]) if "arguments" in call else content
    return (Delta("tool_call", arguments, as_text(call.get("name")), step=Step("begin")),)


def _read_chat(payload: dict[str, object]) -> tuple[Delta, ...]:
    """The chat as it is now: created, in progress, completed, failed, or in need of a tool."""
    status = as_text(payload.get("status"))
    error = as_text(as_object(payload.get("last_error")).get("msg"))
    required = as_object(as_object(payload.get("required_action")).get("submit_tool_outputs"))
    deltas = [Delta("status", status, "chat")]
    deltas += [_read_call(as_object(call)) for call in as_list(required.get("tool_calls"))]
    if error and status == "failed":
        deltas.append(Delta("error", error))
    if status in ("completed", "failed", "requires_action", "canceled"):
        deltas.append(Delta("finish", finish_reason=status))
    return (*deltas, *_read_usage(payload.get("usage")))


def _read_call(call: dict[str, object]) -> Delta:
    function = as_object(call.get("function"))
    return Delta(
        "tool_call",
        as_text(function.get("arguments")),
        as_text(function.get("name")),
        call_id=as_text(call.get("id")),
    )


def _read_usage(stated: object) -> tuple[Delta, ...]:
    counts = as_object(stated)
    usage = Usage(as_count(counts.get("input_count")), as_count(counts.get("output_count")))
    return () if usage == Usage() else (Delta("usage", usage=usage),)


def _read_node(payload: dict[str, object]) -> tuple[Delta, ...]:
    """What a node of a workflow says."""
    text = as_text(payload.get("content"))
    usage = _read_usage(payload.get("usage"))
    return (Delta("text" if text else "empty", text), *usage)


def _read_interrupt(payload: dict[str, object]) -> tuple[Delta, ...]:
    """The workflow asks for something, and is resumed by another request."""
    title = as_text(payload.get("node_title"))
    return (Delta("status", title, "Interrupt"), Delta("finish", finish_reason="interrupt"))


def _read_error(payload: dict[str, object]) -> tuple[Delta, ...]:
    message = as_text(payload.get("msg")) or as_text(payload.get("error_message"))
    code = payload.get("code") or payload.get("error_code")
    return (Delta("error", message, str(code or "")),)


_NAMED: Final[dict[str, Callable[[dict[str, object]], tuple[Delta, ...]]]] = {
    "conversation.message.delta": _read_piece,
    "conversation.message.completed": _read_whole,
    "conversation.chat.created": _read_chat,
    "conversation.chat.in_progress": _read_chat,
    "conversation.chat.completed": _read_chat,
    "conversation.chat.failed": _read_chat,
    "conversation.chat.requires_action": _read_chat,
    "Message": _read_node,
    "Interrupt": _read_interrupt,
    "error": _read_error,
    "Error": _read_error,
}

COZE: Final = Dialect(
    name="coze",
    detect=_detect,
    read=_read,
    ends='`event:done` with the quoted `"[DONE]"`; of a workflow `Done`',
)
