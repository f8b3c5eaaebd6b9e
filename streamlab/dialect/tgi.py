"""Text Generation Inference's own /generate_stream: a token an event.

Source: https://huggingface.co/docs/text-generation-inference/reference/api_reference. The last
event holds the whole text again, and the details; there is no [DONE]. Special tokens (the end of
the text, say) are no text.
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

__all__ = ["TGI"]


def _detect(clue: Clue) -> str | None:
    payload = as_object(clue.payload)
    if "text" in as_object(payload.get("token")):
        return "token holds a text"
    if isinstance(payload.get("error"), str) and isinstance(payload.get("error_type"), str):
        return "error and error_type are strings"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, _read_object)


def _read_object(payload: dict[str, object]) -> tuple[Delta, ...]:
    if error := read_error(payload):
        return error
    if "token" not in payload:
        return ()
    token = as_object(payload["token"])
    text = piece("text", "" if token.get("special") is True else as_text(token.get("text")))
    if payload.get("generated_text") is None:
        return (text,)
    return (text, *_read_details(as_object(payload.get("details"))), Delta("end"))


def _read_details(details: dict[str, object]) -> tuple[Delta, ...]:
    deltas = []
    if reason := as_text(details.get("finish_reason")):
        deltas.append(Delta("finish", finish_reason=reason))
    counts = Usage(as_count(details.get("input_length")), as_count(details.get("generated_tokens")))
    if counts != Usage():
        deltas.append(Delta("usage", usage=counts))
    return tuple(deltas)


TGI = Dialect(name="tgi", detect=_detect, read=_read, ends="an event with `generated_text`")
