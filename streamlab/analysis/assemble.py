"""A stream as the whole answer that its API would have given to a request without `stream`."""

from dataclasses import dataclass

from streamlab.analysis import assemble_anthropic, assemble_openai
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

    Chat completions (FastGPT's too), completions, responses and Anthropic's messages are known.
    What is malformed in the stream is left out.
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
    is_told = any(delta.kind == "error" for delta in event.deltas)
    return bool(payload) and (is_told or payload.get("type") == "error")


def _content(detection: Detection | None, payloads: list[JsonObject]) -> JsonObject | None:
    types = {as_text(payload.get("type")) for payload in payloads}
    if "message_start" in types:
        return assemble_anthropic.message(payloads)
    if any(type_.startswith("response.") for type_ in types):
        return assemble_openai.response(payloads)
    match detection.dialect.name if detection else "":
        case "openai.chat" | "fastgpt":
            return assemble_openai.chat_completion(payloads)
        case "openai.completions":
            return assemble_openai.text_completion(payloads)
    return None
