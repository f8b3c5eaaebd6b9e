"""One-field JSON: `{"chunk": "…"}`, `{"content": "…"}` and the like, mostly ended by `[DONE]`.

What small back ends send that re-stream a model's text. The text is the one string of the object,
under a name that says so; an `error` is an error.
"""

from typing import Final

from streamlab.dialect.delta import Chunk, Clue, Delta, Dialect, as_object, read_json
from streamlab.dialect.openai_chat import read_error

__all__ = ["ONE_FIELD"]

# Not `type`, `event`, `id` …: those tell of a larger protocol that another dialect would know.
_TEXT_NAMES: Final = frozenset(
    {
        "answer", "chunk", "completion", "content", "data", "delta", "message", "output", "reply",
        "response", "text", "token", "value",
    }
)  # fmt: skip


def _detect(clue: Clue) -> str | None:
    if text := _only_text(as_object(clue.payload)):
        return f'the one string of the object is "{text[0]}"'
    return None


def _only_text(payload: dict[str, object]) -> tuple[str, str] | None:
    """Name and value of the object's string, if it has just one and its name stands for text."""
    strings = [(name, value) for name, value in payload.items() if isinstance(value, str)]
    return strings[0] if len(strings) == 1 and strings[0][0] in _TEXT_NAMES else None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, _read_object)


def _read_object(payload: dict[str, object]) -> tuple[Delta, ...]:
    if "error" in payload:
        return read_error(payload)
    if (found := _only_text(payload)) is None:
        return ()
    name, text = found
    return (Delta(kind="text" if text else "empty", text=text, name=name),)


ONE_FIELD = Dialect(name="one-field", detect=_detect, read=_read)
