"""Raw text: `data: <piece of text>`, no JSON at all.

A newline inside a piece, or a space at its start, does not survive this format: the rest of the
line after a newline is read as an unknown field (`sse.Issue`), one leading space is dropped.
"""

from streamlab.dialect.delta import Chunk, Clue, Delta, Dialect

__all__ = ["RAW_TEXT"]


def _detect(clue: Clue) -> str | None:
    # A brace opens JSON, be it malformed; no model starts its answer in every event with one.
    if isinstance(clue.payload, dict | list) or clue.event.data.lstrip()[:1] in ("{", ""):
        return None
    if clue.event.data.strip() == "[DONE]":
        return None
    return "the data of an event is plain text"


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    text = chunk.event.data
    if text.strip() == "[DONE]":
        return (Delta(kind="end"),)
    return (Delta(kind="text" if text else "empty", text=text),)


RAW_TEXT = Dialect(name="raw-text", detect=_detect, read=_read)
