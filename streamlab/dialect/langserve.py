"""LangServe: events named `metadata`, `data`, `error` and `end`, whose data is any JSON.

Source: https://github.com/langchain-ai/langserve, of `/stream`, `/stream_log` and `/stream_events`.
Its `end` has no data, so that by the standard no event comes of it.
"""

from typing import Final

from streamlab.dialect.delta import (
    Chunk,
    Clue,
    Delta,
    Dialect,
    Step,
    as_list,
    as_object,
    as_text,
    read_json,
)
from streamlab.dialect.langgraph import read_message

__all__ = ["LANGSERVE"]

# Under which a chain that gives an object has its text.
_TEXT_NAMES: Final = ("output", "answer", "text")
_STREAMS: Final = frozenset({"on_chat_model_stream", "on_llm_stream"})


def _detect(clue: Clue) -> str | None:
    if clue.event.type == "data" and isinstance(clue.payload, str | dict | list):
        return "an event is named data"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    match chunk.event.type:
        case "end":
            return (Delta("end"),)
        case "data" if chunk.malformed is None:
            return tuple(_read_value(chunk.payload)) or (Delta("other"),)
        case "error":
            return read_json(chunk, _read_error)
        case "metadata":
            return (Delta("status", name="metadata"),)
        case _:
            return read_json(chunk, lambda _: ())


def _read_value(value: object) -> list[Delta]:
    """What a runnable gave: a string, a message, an object with a text; or an account of events."""
    if isinstance(value, str):
        return [Delta("text" if value else "empty", value)]
    fields = as_object(value)
    if "event" in fields:
        return _read_event(fields)
    if "ops" in fields:
        return _read_log(fields)
    if "content" in fields:
        return read_message(fields)
    texts = [text for name in _TEXT_NAMES if (text := as_text(fields.get(name)))]
    return [Delta("text", text) for text in texts[:1]]


def _read_event(fields: dict[str, object]) -> list[Delta]:
    """An event of `/stream_events`: a model's piece, or a runnable that starts or ends."""
    name = as_text(fields.get("event"))
    label = as_text(fields.get("name"))
    id_ = as_text(fields.get("run_id"))
    if name in _STREAMS:
        return _read_value(as_object(fields.get("data")).get("chunk"))
    if name.endswith("_start"):
        return [Delta("status", label, name, step=Step("begin", id_))]
    if name.endswith("_end"):
        return [Delta("status", label, name, step=Step("end", id_))]
    return [Delta("status", label, name)]


def _read_log(fields: dict[str, object]) -> list[Delta]:
    """Operations of JSON Patch; those that add to the output are what it says."""
    operations = map(as_object, as_list(fields.get("ops")))
    return [
        delta
        for operation in operations
        if operation.get("path") == "/streamed_output/-"
        for delta in _read_value(operation.get("value"))
    ] or [Delta("status", name="ops")]


def _read_error(fields: dict[str, object]) -> tuple[Delta, ...]:
    code = fields.get("status_code")
    return (Delta("error", as_text(fields.get("message")), str(code or "")),)


LANGSERVE: Final = Dialect(
    name="langserve", detect=_detect, read=_read, ends="`event: end`, which has no data"
)
