"""Replicate's streams of predictions: plain text in events named output, until one named done.

Source: https://replicate.com/docs/topics/predictions/streaming. The data of done is `{}`, or says
that the prediction was canceled or failed.
"""

import re
from typing import Final

from streamlab.dialect.delta import Chunk, Clue, Delta, Dialect, as_object, as_text, piece

__all__ = ["REPLICATE"]

# Seconds since 1970, and a number within the second.
_ID: Final = re.compile(r"[0-9]+:[0-9]+", re.ASCII)


def _detect(clue: Clue) -> str | None:
    event = clue.event
    if event.type in {"output", "done"} and event.id is not None and _ID.fullmatch(event.id):
        return f"an event is named {event.type}, and its id is a time"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    event = chunk.event
    match event.type:
        case "output":
            return (piece("text", event.data),)
        case "error":
            message = as_text(as_object(chunk.payload).get("detail")) or event.data
            return (Delta("error", message),)
        case "done":
            reason = as_text(as_object(chunk.payload).get("reason"))
            finish = (Delta("finish", finish_reason=reason),) if reason else ()
            return (*finish, Delta("end"))
    return (Delta("end" if event.data.strip() == "[DONE]" else "other"),)


REPLICATE = Dialect(name="replicate", detect=_detect, read=_read, ends="`event: done`")
