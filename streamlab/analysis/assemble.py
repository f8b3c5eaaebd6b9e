"""A stream as the whole answer that its API would have given to a request without `stream`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from streamlab.analysis import (
    assemble_anthropic,
    assemble_cohere,
    assemble_converse,
    assemble_gemini,
    assemble_ollama,
    assemble_openai,
)
from streamlab.analysis.read_event import ReadEvent
from streamlab.analysis.stream import read_stream
from streamlab.dialect import Detection
from streamlab.dialect.delta import as_object, as_text, parse_json
from streamlab.recording import Recording

__all__ = ["Assembled", "assemble"]

JsonObject = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """The JSON object of a whole answer, or the one with which the stream reported a failure."""

    content: JsonObject
    is_error: bool = False


def assemble(recording: Recording) -> Assembled | None:
    """The whole answer of a recorded stream; None if its API is not known, or nests too deeply.

    Chat completions (FastGPT's too), completions, responses, Anthropic's messages, Gemini's
    generateContent, Bedrock's Converse, Cohere's chat and Ollama's own API are known. What is
    malformed in the stream is left out.
    """
    try:
        stream = read_stream(recording)
        payloads = [_payload(event) for event in stream.events]
        for event, payload in zip(stream.events, payloads, strict=True):
            if _is_error(event, payload):
                return Assembled(content=payload, is_error=True)
        content = _content(stream.detection, payloads)
    except RecursionError:
        return None
    return None if content is None else Assembled(content=content)


def _payload(event: ReadEvent) -> JsonObject:
    return as_object(parse_json(event.event.data)[0])


def _is_error(event: ReadEvent, payload: JsonObject) -> bool:
    """Not so where a response or a message failed: the whole answer says that, too."""
    type_ = as_text(payload.get("type"))
    is_told = any(delta.kind == "error" for delta in event.deltas)
    is_last = type_.startswith("response.") or type_ == "message-end"
    return bool(payload) and not is_last and (is_told or type_ == "error")


def _content(detection: Detection | None, payloads: list[JsonObject]) -> JsonObject | None:
    whole_of = _BY_DIALECT.get(detection.dialect.name) if detection else None
    return whole_of(payloads) if whole_of else None


_BY_DIALECT: Final[dict[str, Callable[[list[JsonObject]], JsonObject | None]]] = {
    "cohere.v2": assemble_cohere.chat_answer,
    "anthropic": assemble_anthropic.message,
    "bedrock.converse": assemble_converse.converse_answer,
    "fastgpt": assemble_openai.chat_completion,
    "gemini": assemble_gemini.generated,
    "ollama": assemble_ollama.ollama_answer,
    "openai.chat": assemble_openai.chat_completion,
    "openai.completions": assemble_openai.text_completion,
    "openai.responses": assemble_openai.response,
}
