"""Ollama's own API: JSON lines, the last of which says `done` and what was counted.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md (`/api/generate`, `/api/chat`; of
`/api/pull` and its like the progress). A tool call comes whole.
"""

from typing import Final

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

__all__ = ["OLLAMA"]

_PATHS: Final = ("/api/chat", "/api/generate", "/api/pull", "/api/push", "/api/create")


def _detect(clue: Clue) -> str | None:
    payload = as_object(clue.payload)
    if isinstance(payload.get("done"), bool) and ("message" in payload or "response" in payload):
        return 'an object holds "done" beside a message or response'
    if clue.url_path.endswith(_PATHS) and ("error" in payload or "status" in payload):
        return "an error or status from a path of Ollama's API"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, _read_object)


def _read_object(payload: dict[str, object]) -> tuple[Delta, ...]:
    deltas = [*read_error(payload), *_read_pieces(payload)]
    if status := as_text(payload.get("status")):
        deltas.append(Delta(kind="status", name="status", text=status))
    if payload.get("done") is True:
        deltas += _read_end(payload)
    if not deltas and "done" in payload:
        deltas.append(Delta(kind="empty"))
    return tuple(deltas)


def _read_pieces(payload: dict[str, object]) -> list[Delta]:
    """Of the message of a chat, or of what `/api/generate` has at the top."""
    message = as_object(payload.get("message")) or payload
    pieces = [
        Delta(kind="reasoning", text=as_text(message.get("thinking"))),
        Delta(
            kind="text", text=as_text(message.get("content")) or as_text(payload.get("response"))
        ),
    ]
    calls = as_list(message.get("tool_calls"))
    pieces += [_read_call(as_object(call), place) for place, call in enumerate(calls)]
    return [piece for piece in pieces if piece.text]


def _read_call(call: dict[str, object], place: int) -> Delta:
    function = as_object(call.get("function"))
    index = as_count(function.get("index"))
    return Delta(
        kind="tool_call",
        text=as_json(function.get("arguments")),
        name=as_text(function.get("name")),
        call_id=as_text(call.get("id")),
        call_index=place if index is None else index,
    )


def _read_end(payload: dict[str, object]) -> list[Delta]:
    end = [Delta(kind="end")]
    counts = Usage(
        prompt_tokens=as_count(payload.get("prompt_eval_count")),
        completion_tokens=as_count(payload.get("eval_count")),
    )
    if counts != Usage():
        end.insert(0, Delta(kind="usage", usage=counts))
    if reason := as_text(payload.get("done_reason")):
        end.insert(0, Delta(kind="finish", finish_reason=reason))
    return end


OLLAMA = Dialect(name="ollama", detect=_detect, read=_read, ends="a line with `done: true`")
