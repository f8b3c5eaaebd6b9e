"""One-field JSON: `{"chunk": "…"}`, `{"content": "…"}` and the like, mostly ended by `[DONE]`.

What small back ends send that re-stream a model's text. The text is the one string of the object,
under a name that says so, besides ids and such. A label may say what it is
(`{"type": "thinking", "content": "…"}`); an `error` is an error.
"""

import re
from typing import Final

from streamlab.dialect.delta import (
    Chunk,
    Clue,
    Delta,
    DeltaKind,
    Dialect,
    as_object,
    as_text,
    read_json,
)
from streamlab.dialect.openai_chat import read_error

__all__ = ["ONE_FIELD"]

_TEXT_NAMES: Final = frozenset(
    {
        "answer", "chunk", "completion", "content", "data", "delta", "message", "output", "reply",
        "response", "text", "token", "value",
    }
)  # fmt: skip
_LABEL_NAMES: Final = ("type", "event", "flag", "kind")
# Strings that stay the same from event to event, or that nobody reads.
_ASIDE: Final = re.compile(r"(?:.*_)?id|.*Id|model|role|created_at|timestamp|time", re.ASCII)
# A label such as `response.output_text.done` is of a larger protocol, which may say a text twice.
_PLAIN: Final = re.compile(r"\w*", re.ASCII)

_KINDS: Final[dict[str, DeltaKind]] = {
    "reasoning": "reasoning",
    "thinking": "reasoning",
    "thought": "reasoning",
    "error": "error",
    **dict.fromkeys(("done", "end", "finish", "finished", "complete", "completed"), "end"),
    **dict.fromkeys(("start", "ping", "heartbeat", "keepalive", "status", "progress"), "status"),
}


def _detect(clue: Clue) -> str | None:
    payload = as_object(clue.payload)
    label = _label(payload)
    if not _PLAIN.fullmatch(label) or not (text := _only_text(payload)):
        return None
    beside = f', beside the label "{label}"' if label else ""
    return f'the one string of the object is "{text[0]}"{beside}'


def _label(payload: dict[str, object]) -> str:
    return next((label for name in _LABEL_NAMES if (label := as_text(payload.get(name)))), "")


def _only_text(payload: dict[str, object]) -> tuple[str, str] | None:
    """Name and value of the object's string, if it has just one and its name stands for text."""
    strings = [
        (name, value)
        for name, value in payload.items()
        if isinstance(value, str) and name not in _LABEL_NAMES and not _ASIDE.fullmatch(name)
    ]
    return strings[0] if len(strings) == 1 and strings[0][0] in _TEXT_NAMES else None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, _read_object)


def _read_object(payload: dict[str, object]) -> tuple[Delta, ...]:
    if payload.get("error"):
        return read_error(payload)
    label = _label(payload)
    name, text = _only_text(payload) or ("", "")
    kind = _KINDS.get(label.lower(), "text")
    if kind == "end" or payload.get("done") is True:
        said = (Delta("text", text, name),) if text and kind == "text" else ()
        return (*said, Delta("end"))
    if kind in ("error", "status"):
        return (Delta(kind, text, label),)
    if not name:
        return (Delta("status", name=label),) if label else ()
    return (Delta(kind if text else "empty", text, name),)


ONE_FIELD: Final = Dialect(
    name="one-field", detect=_detect, read=_read, ends="`[DONE]`, or a label or field that says so"
)
