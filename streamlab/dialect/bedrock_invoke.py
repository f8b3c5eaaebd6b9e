"""Amazon Bedrock's InvokeModelWithResponseStream (and InvokeAgent): messages named `chunk` whose
`bytes` are, in Base64, what the model's own API streams.

Sources: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ResponseStream.html and
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html. The last chunk carries
Bedrock's own count of tokens. An agent's bytes are text.
"""

import base64
from collections.abc import Callable
from typing import Final

from streamlab.dialect import anthropic
from streamlab.dialect.bedrock_converse import AWS_MEDIA_TYPE, read_exception, read_named
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
    parse_json,
    read_json,
)
from streamlab.dialect.openai_chat import read_chunk

__all__ = ["BEDROCK_INVOKE"]

JsonObject = dict[str, object]

_PATH: Final = "/invoke-with-response-stream"
_METRICS: Final = "amazon-bedrock-invocationMetrics"


def _detect(clue: Clue) -> str | None:
    if clue.event.type == "chunk" and "bytes" in as_object(clue.payload):
        return "an event named chunk holds bytes"
    if clue.media_type == AWS_MEDIA_TYPE and clue.url_path.endswith(_PATH):
        return f"an AWS event stream from a path that ends in {_PATH}"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    if (exception := read_exception(chunk)) is not None:
        return (exception,)
    if chunk.event.type in {"chunk", "message"}:
        return read_json(chunk, _read_bytes)
    return (Delta(kind="status", name=chunk.event.type),)


def _read_bytes(payload: JsonObject) -> tuple[Delta, ...]:
    encoded = as_text(payload.get("bytes"))
    try:
        inner = base64.b64decode(encoded, validate=True).decode("utf-8", "replace")
    except ValueError as error:
        cause = f"the bytes are no Base64: {error}"
        return (Delta(kind="malformed", name="base64-invalid", text=cause),)
    value, malformed = parse_json(inner)
    if isinstance(value, dict):
        return _read_inner(value)
    if malformed is not None and inner.lstrip().startswith("{"):
        return (malformed,)
    return (Delta(kind="text" if inner else "empty", text=inner),)


def _read_inner(payload: JsonObject) -> tuple[Delta, ...]:
    """What the model's own API says, and Bedrock's count where that states none.

    Anthropic's messages have stated theirs before the event with Bedrock's, which may be another.
    """
    read = next((read for field, read in _INNER if field in payload), None)
    deltas = list(read(payload)) if read is not None else []
    is_stated = payload.get("type") == "message_stop" or any(delta.usage for delta in deltas)
    if (metrics := as_object(payload.get(_METRICS))) and not is_stated:
        deltas += _usage(metrics, "inputTokenCount", "outputTokenCount")
    if metrics and not any(delta.kind == "end" for delta in deltas):
        deltas.append(Delta(kind="end"))
    return tuple(deltas)


def _piece(text: object, reason: object) -> list[Delta]:
    """A piece of text, and why it is the last one, if it is."""
    deltas = [Delta(kind="text", text=as_text(text))] if as_text(text) else []
    if as_text(reason):
        deltas.append(Delta(kind="finish", finish_reason=as_text(reason)))
    return deltas or [Delta(kind="empty")]


def _usage(counts: JsonObject, prompt: str, completion: str) -> list[Delta]:
    usage = Usage(
        prompt_tokens=as_count(counts.get(prompt)),
        completion_tokens=as_count(counts.get(completion)),
    )
    return [] if usage == Usage() else [Delta(kind="usage", usage=usage)]


def _read_titan(payload: JsonObject) -> list[Delta]:
    piece = _piece(payload.get("outputText"), payload.get("completionReason"))
    if not as_text(payload.get("completionReason")):  # until then it counts what it has so far
        return piece
    return piece + _usage(payload, "inputTextTokenCount", "totalOutputTextTokenCount")


def _read_llama(payload: JsonObject) -> list[Delta]:
    piece = _piece(payload.get("generation"), payload.get("stop_reason"))
    return piece + _usage(payload, "prompt_token_count", "generation_token_count")


def _read_mistral(payload: JsonObject) -> list[Delta]:
    outputs = map(as_object, as_list(payload.get("outputs")))
    return [
        delta._replace(choice=choice)
        for choice, output in enumerate(outputs)
        for delta in _piece(output.get("text"), output.get("stop_reason"))
    ]


def _read_claude_completion(payload: JsonObject) -> list[Delta]:
    return _piece(payload.get("completion"), payload.get("stop_reason"))


def _read_cohere(payload: JsonObject) -> list[Delta]:
    return _piece(payload.get("text"), payload.get("finish_reason"))


# The models' own events, told by a field that each of them has.
_INNER: Final[tuple[tuple[str, Callable[[JsonObject], list[Delta] | tuple[Delta, ...]]], ...]] = (
    ("choices", read_chunk),
    ("outputText", _read_titan),
    ("generation", _read_llama),
    ("outputs", _read_mistral),
    ("completion", _read_claude_completion),
    ("is_finished", _read_cohere),
    ("type", anthropic.read_object),
    *((name, read_named) for name in ("messageStart", "contentBlockStart", "contentBlockDelta")),
    *((name, read_named) for name in ("contentBlockStop", "messageStop", "metadata")),
)

BEDROCK_INVOKE = Dialect(
    name="bedrock.invoke",
    detect=_detect,
    read=_read,
    ends="a chunk with `amazon-bedrock-invocationMetrics`",
)
