"""llama.cpp's own /completion: a piece of text, and whether it is the last.

Source: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md. The last chunk has
`stop: true`, why, and the counts; there is no [DONE].
"""

from streamlab.dialect.delta import (
    Chunk,
    Clue,
    Delta,
    Dialect,
    Usage,
    as_count,
    as_object,
    as_text,
    piece,
    read_json,
)
from streamlab.dialect.openai_chat import read_error

__all__ = ["LLAMA_CPP"]


def _detect(clue: Clue) -> str | None:
    payload = as_object(clue.payload)
    if isinstance(payload.get("content"), str) and isinstance(payload.get("stop"), bool):
        return "content comes with stop, true or false"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, _read_object)


def _read_object(payload: dict[str, object]) -> tuple[Delta, ...]:
    if error := read_error(payload):
        return error
    number = as_count(payload.get("index")) or 0
    text = piece("text", as_text(payload.get("content")), number)
    if payload.get("stop") is not True:
        if payload.get("prompt_progress"):
            return (text, Delta("status", name="prompt_progress"))
        return (text,) if "content" in payload else ()
    counts = Usage(
        as_count(payload.get("tokens_evaluated")), as_count(payload.get("tokens_predicted"))
    )
    return (
        text,
        Delta("finish", finish_reason=_reason(payload), choice=number),
        Delta("usage", usage=counts),
        Delta("end"),
    )


def _reason(payload: dict[str, object]) -> str:
    """Why it stopped; until 2025 each reason had a field of its own."""
    if reason := as_text(payload.get("stop_type")):
        return reason
    fields = (name for name in ("eos", "limit", "word") if payload.get(f"stopped_{name}") is True)
    return next(fields, "stop")


LLAMA_CPP = Dialect(name="llama.cpp", detect=_detect, read=_read, ends="a chunk with `stop: true`")
