"""Anthropic messages: blocks of content, each begun, brought in pieces and stopped.

Source: https://docs.claude.com/en/docs/build-with-claude/streaming. Vertex AI, Azure and others
send the same events; Bedrock wraps the same JSON in frames of its own. There is no [DONE].
"""

from collections.abc import Callable
from typing import Final

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

__all__ = ["ANTHROPIC", "read_object"]

# What no other API we know of has as its `type`.
_OWN_TYPES: Final = frozenset(
    {
        "message_start", "message_delta", "message_stop", "content_block_start",
        "content_block_delta", "content_block_stop",
    }
)  # fmt: skip
_CALLS: Final = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})


def _detect(clue: Clue) -> str | None:
    payload = as_object(clue.payload)
    type_ = as_text(payload.get("type"))
    if type_ in _OWN_TYPES:
        return f'type is "{type_}"'
    if type_ == "error" and clue.url_path.endswith("/messages"):
        return "an error object from a path that ends in /messages"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, read_object)


def read_object(payload: dict[str, object]) -> tuple[Delta, ...]:
    """The deltas of one event's JSON; none of another protocol's."""
    read = _BY_TYPE.get(as_text(payload.get("type")))
    return read(payload) if read else ()


def _read_block_delta(payload: dict[str, object]) -> tuple[Delta, ...]:
    return (_read_piece(as_object(payload.get("delta")), as_count(payload.get("index"))),)


def _read_piece(delta: dict[str, object], index: int | None) -> Delta:
    match delta.get("type"):
        case "text_delta":
            return piece("text", as_text(delta.get("text")))
        case "thinking_delta":
            return piece("reasoning", as_text(delta.get("thinking")))
        case "input_json_delta":
            return Delta("tool_call", as_text(delta.get("partial_json")), call_index=index)
        case "signature_delta" | "citations_delta":
            return Delta("empty")
        case type_:
            return Delta("status", name=as_text(type_))


def _read_block_start(payload: dict[str, object]) -> tuple[Delta, ...]:
    return (_read_block(as_object(payload.get("content_block")), as_count(payload.get("index"))),)


def _read_block(block: dict[str, object], index: int | None) -> Delta:
    """What a block begins with: mostly nothing, and of a tool call its name and id."""
    type_ = as_text(block.get("type"))
    if type_ in _CALLS:
        return Delta(
            kind="tool_call",
            text=as_json(block["input"]) if block.get("input") else "",
            name=as_text(block.get("name")),
            call_id=as_text(block.get("id")),
            call_index=index,
        )
    if type_ == "text":
        return piece("text", as_text(block.get("text")))
    if type_ == "thinking":
        return piece("reasoning", as_text(block.get("thinking")))
    return Delta("status", name=type_)


def _read_start(payload: dict[str, object]) -> tuple[Delta, ...]:
    """The tokens of the prompt. The output's are those so far: the count to go by comes later."""
    usage = as_object(as_object(payload.get("message")).get("usage"))
    prompt_tokens = as_count(usage.get("input_tokens"))
    if prompt_tokens is None:
        return (Delta("empty"),)
    return (Delta("usage", usage=Usage(prompt_tokens=prompt_tokens)),)


def _read_message_delta(payload: dict[str, object]) -> tuple[Delta, ...]:
    deltas = []
    if reason := as_text(as_object(payload.get("delta")).get("stop_reason")):
        deltas.append(Delta("finish", finish_reason=reason))
    if usage := as_object(payload.get("usage")):
        details = as_object(usage.get("output_tokens_details"))
        counts = Usage(
            prompt_tokens=as_count(usage.get("input_tokens")),
            completion_tokens=as_count(usage.get("output_tokens")),
            reasoning_tokens=as_count(details.get("thinking_tokens")),
        )
        deltas.append(Delta("usage", usage=counts))
    return tuple(deltas) or (Delta("empty"),)


_BY_TYPE: Final[dict[str, Callable[[dict[str, object]], tuple[Delta, ...]]]] = {
    "message_start": _read_start,
    "content_block_start": _read_block_start,
    "content_block_delta": _read_block_delta,
    "content_block_stop": lambda _: (Delta("empty"),),
    "message_delta": _read_message_delta,
    "message_stop": lambda _: (Delta("end"),),
    "ping": lambda _: (Delta("empty"),),
    "error": lambda payload: read_error(payload) or (Delta("error"),),
}

ANTHROPIC = Dialect(name="anthropic", detect=_detect, read=_read, ends="`message_stop`, or `error`")
