"""OpenAI transcriptions: the text of a recording of speech, in pieces or, with speakers, segments.

Source: https://platform.openai.com/docs/api-reference/audio/transcript-text-delta-event. The last
event says the whole text again.
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

__all__ = ["OPENAI_TRANSCRIPTIONS"]


def _detect(clue: Clue) -> str | None:
    type_ = as_text(as_object(clue.payload).get("type"))
    return f'type is "{type_}"' if type_.startswith("transcript.text.") else None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, _read_object)


def _read_object(payload: dict[str, object]) -> tuple[Delta, ...]:
    match payload.get("type"):
        case "transcript.text.delta":
            return (piece("text", as_text(payload.get("delta"))),)
        case "transcript.text.segment":
            return (piece("text", as_text(payload.get("text"))),)
        case "transcript.text.done":
            return _read_done(as_object(payload.get("usage")))
    return read_error(payload)


def _read_done(usage: dict[str, object]) -> tuple[Delta, ...]:
    counts = Usage(as_count(usage.get("input_tokens")), as_count(usage.get("output_tokens")))
    return (Delta("usage", usage=counts) if counts != Usage() else Delta("empty"),)


OPENAI_TRANSCRIPTIONS = Dialect(
    name="openai.transcriptions", detect=_detect, read=_read, ends="`transcript.text.done`"
)
