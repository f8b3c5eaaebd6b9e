"""OpenAI responses: typed events, each with its name in `type`, and an item and index they are of.

Source: https://platform.openai.com/docs/api-reference/responses-streaming. What comes in pieces
comes in `.delta` events; the `.done` ones say it again. The pieces of a tool call know it by its
place in the output (some servers give every event another `item_id`), its name and id came when
the item was added. There is no [DONE], the response's last state is the end; some servers send one
nevertheless.
"""

from typing import Final

from streamlab.dialect.delta import (
    Chunk,
    Clue,
    Delta,
    DeltaKind,
    Dialect,
    Usage,
    as_count,
    as_object,
    as_text,
    piece,
    read_json,
)
from streamlab.dialect.openai_chat import read_error

__all__ = ["OPENAI_RESPONSES"]

_PIECES: Final[dict[str, DeltaKind]] = {
    "response.output_text.delta": "text",
    "response.audio.transcript.delta": "text",
    "response.refusal.delta": "refusal",
    "response.reasoning_text.delta": "reasoning",
    "response.reasoning_summary_text.delta": "reasoning",
    "response.function_call_arguments.delta": "tool_call",
    "response.custom_tool_call_input.delta": "tool_call",
    "response.mcp_call_arguments.delta": "tool_call",
    "response.code_interpreter_call_code.delta": "tool_call",
    "response.shell_call_command.delta": "tool_call",
    "response.apply_patch_call_operation_diff.delta": "tool_call",
}
# Items whose arguments come in those pieces.
_CALLS: Final = frozenset(
    {
        "function_call", "custom_tool_call", "mcp_call", "code_interpreter_call", "shell_call",
        "apply_patch_call",
    }
)  # fmt: skip
_LAST: Final = frozenset({"response.completed", "response.failed", "response.incomplete"})


def _detect(clue: Clue) -> str | None:
    payload = as_object(clue.payload)
    type_ = as_text(payload.get("type"))
    if type_.startswith("response."):
        return f'type is "{type_}"'
    if "error" in payload and clue.url_path.endswith("/responses"):
        return "an error object from a path that ends in /responses"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, _read_object)


def _read_object(payload: dict[str, object]) -> tuple[Delta, ...]:
    type_ = as_text(payload.get("type"))
    if kind := _PIECES.get(type_):
        return (_read_piece(kind, payload),)
    if type_ == "response.output_item.added":
        return _read_item(payload)
    if type_ in _LAST:
        return _read_last(as_object(payload.get("response")))
    if type_.startswith("response."):
        return (Delta("status", name=type_),)
    if type_ == "error" or "error" in payload:
        # The documentation has code and message in the event, servers send them in an object.
        return read_error({"error": payload.get("error") or payload})
    return (Delta("empty"),) if type_ == "keepalive" else ()


def _read_piece(kind: DeltaKind, payload: dict[str, object]) -> Delta:
    text = as_text(payload.get("delta"))
    if kind != "tool_call":
        return piece(kind, text)
    return Delta(kind, text, call_index=as_count(payload.get("output_index")))


def _read_item(payload: dict[str, object]) -> tuple[Delta, ...]:
    """An item begins: of a tool call, name and id."""
    item = as_object(payload.get("item"))
    type_ = as_text(item.get("type"))
    if type_ not in _CALLS:
        return (Delta("status", type_, name="response.output_item.added"),)
    call = Delta(
        kind="tool_call",
        name=as_text(item.get("name")) or type_.removesuffix("_call"),
        call_id=as_text(item.get("call_id")) or as_text(item.get("id")),
        call_index=as_count(payload.get("output_index")),
    )
    return (call,)


def _read_last(response: dict[str, object]) -> tuple[Delta, ...]:
    """The whole response: why it ended, what went wrong, what it took."""
    reason = as_object(response.get("incomplete_details")).get("reason")
    finish = as_text(reason) or as_text(response.get("status"))
    deltas = [*read_error(response), Delta("finish", finish_reason=finish or None)]
    usage = as_object(response.get("usage"))
    details = as_object(usage.get("output_tokens_details"))
    counts = Usage(
        prompt_tokens=as_count(usage.get("input_tokens")),
        completion_tokens=as_count(usage.get("output_tokens")),
        reasoning_tokens=as_count(details.get("reasoning_tokens")),
    )
    if counts != Usage():
        deltas.append(Delta("usage", usage=counts))
    return (*deltas, Delta("end"))


OPENAI_RESPONSES = Dialect(
    name="openai.responses",
    detect=_detect,
    read=_read,
    ends="`response.completed`, `.failed` or `.incomplete`, or `error`",
)
