"""IBM watsonx.ai's text generation: results with a piece of text and counts so far.

Source: https://cloud.ibm.com/apidocs/watsonx-ai#text-generation-stream. The prompt is counted in
the first event only, and 0 in all others; the last has a reason to stop.
"""

from streamlab.dialect.delta import (
    Chunk,
    Clue,
    Delta,
    Dialect,
    Usage,
    as_count,
    as_list,
    as_object,
    as_text,
    piece,
    read_json,
)
from streamlab.dialect.openai_chat import read_error

__all__ = ["WATSONX"]


def _detect(clue: Clue) -> str | None:
    results = as_list(as_object(clue.payload).get("results"))
    if any("generated_text" in as_object(result) for result in results):
        return "results[] hold a generated_text"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, _read_object)


def _read_object(payload: dict[str, object]) -> tuple[Delta, ...]:
    if errors := as_list(payload.get("errors")):
        return read_error({"error": errors[0]})
    deltas: list[Delta] = []
    for result in map(as_object, as_list(payload.get("results"))):
        deltas.append(piece("text", as_text(result.get("generated_text"))))
        reason = as_text(result.get("stop_reason"))
        if reason and reason.lower() != "not_finished":
            deltas.append(Delta("finish", finish_reason=reason))
        counts = Usage(
            prompt_tokens=as_count(result.get("input_token_count")) or None,
            completion_tokens=as_count(result.get("generated_token_count")),
        )
        if counts != Usage():
            deltas.append(Delta("usage", usage=counts))
    return tuple(deltas)


WATSONX = Dialect(name="watsonx", detect=_detect, read=_read, ends="nothing: the connection closes")
