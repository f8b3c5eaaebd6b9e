"""Raw text: `data: <piece of text>`, no JSON at all.

A newline survives only where the server makes a `data:` line of each line of a piece, else the rest
of the line after it is read as an unknown field (`sse.Issue`); one leading space is dropped. Some
servers name the events that are no text (Replicate: `event: done`, `event: error`).
"""

from typing import Final

from streamlab.dialect.delta import Chunk, Clue, Delta, DeltaKind, Dialect

__all__ = ["RAW_TEXT"]

_NAMED: Final[dict[str, DeltaKind]] = {
    "done": "end",
    "end": "end",
    "error": "error",
    "heartbeat": "status",
    "logs": "status",
    "ping": "status",
}


def _detect(clue: Clue) -> str | None:
    # A brace opens JSON, be it malformed; no model starts its answer in every event with one.
    if isinstance(clue.payload, dict | list) or clue.event.data.lstrip()[:1] in ("{", ""):
        return None
    if clue.event.data.strip() == "[DONE]" or clue.event.type in _NAMED:
        return None
    return "the data of an event is plain text"


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    text = chunk.event.data
    if text.strip() == "[DONE]":
        return (Delta(kind="end"),)
    kind = _NAMED.get(chunk.event.type, "text")
    if kind == "end":
        return (Delta("end"),)
    if kind == "text":
        return (Delta("text" if text else "empty", text),)
    return (Delta(kind, text, chunk.event.type),)


RAW_TEXT: Final = Dialect(
    name="raw-text", detect=_detect, read=_read, ends="`[DONE]`, or an event named `done` or `end`"
)
