"""Recordings in the words of OpenTelemetry's GenAI conventions: what each one's span says.

Source: https://github.com/open-telemetry/semantic-conventions-genai, all of it "Development". A
chunk is not defined there; here it is an event with output (TTFT and gaps), since the conventions'
authors say that generated text counts and notices do not. What they have no word for is under
`streamlab.`, with the unit in its name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from streamlab.analysis import Analysis, Stream, analyze, read_stream
from streamlab.dialect import asked_model
from streamlab.dialect.delta import as_object, parse_json
from streamlab.interop.wall_time import started_ns
from streamlab.json_text import utf8_text
from streamlab.recording import Recording

__all__ = [
    "Attribute",
    "Attributes",
    "Operation",
    "operation",
]

AttributeValue = str | bool | int | float | tuple[str, ...]
Attribute = tuple[str, AttributeValue]
Attributes = Mapping[str, AttributeValue]

_NS_PER_S: Final = 1_000_000_000
# What the conventions call providers, by the end of the host, then by the dialect.
_BY_HOST: Final = {
    "openai.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.inference",
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "amazonaws.com": "aws.bedrock",
    "cohere.com": "cohere",
    "deepseek.com": "deepseek",
    "groq.com": "groq",
    "mistral.ai": "mistral_ai",
    "perplexity.ai": "perplexity",
    "x.ai": "x_ai",
    "ml.cloud.ibm.com": "ibm.watsonx.ai",
}
_BY_DIALECT: Final = {
    "anthropic": "anthropic",
    "bedrock.converse": "aws.bedrock",
    "bedrock.invoke": "aws.bedrock",
    "cohere.v2": "cohere",
    "gemini": "gcp.gemini",
    "gemini.interactions": "gcp.gemini",
    "openai.assistants": "openai",
    "openai.chat": "openai",
    "openai.completions": "openai",
    "openai.responses": "openai",
    "watsonx": "ibm.watsonx.ai",
}
_OPERATIONS: Final = {"openai.completions": "text_completion", "gemini": "generate_content"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One request as a client's span, from `start_ns` to `stop_ns` of the wall clock, and its
    measurements in s; those of a recording without times are missing."""

    trace_id: str
    span_id: str
    name: str
    start_ns: int
    stop_ns: int
    attributes: Attributes
    error: str | None
    metric_attributes: Attributes
    duration_s: float | None
    first_chunk_s: float | None
    chunk_gaps_s: tuple[float, ...]


def operation(recording: Recording) -> Operation:
    """The span and the measurements of a recording; its ids are made of the recording's."""
    stream = read_stream(recording)
    analysis = analyze(recording, stream=stream)
    digest = sha256(f"{recording.id}\n{recording.started_at}".encode("utf-8", "replace"))
    begun_ns = started_ns(recording)
    common = dict(_common(recording, stream, analysis))
    name = f"{common['gen_ai.operation.name']} {common.get('gen_ai.request.model', '')}"
    return Operation(
        trace_id=digest.hexdigest()[:32],
        span_id=digest.hexdigest()[32:48],
        name=name.rstrip(),
        start_ns=begun_ns,
        stop_ns=begun_ns + (analysis.total_ns or 0),
        attributes={**common, **dict(_of_span(recording, stream, analysis))},
        error=utf8_text("; ".join(analysis.errors)) if "error.type" in common else None,
        metric_attributes=common,
        duration_s=_s(analysis.total_ns),
        first_chunk_s=_s(analysis.ttft_ns),
        chunk_gaps_s=tuple(gap_ns / _NS_PER_S for gap_ns in analysis.gaps_ns),
    )


def _common(recording: Recording, stream: Stream, analysis: Analysis) -> Iterator[Attribute]:
    """What spans and metrics have in common."""
    dialect = analysis.dialect or ""
    host, port = _server(recording.request.url)
    yield "gen_ai.operation.name", _OPERATIONS.get(dialect, "chat")
    yield "gen_ai.provider.name", _provider(host, dialect)
    if asked := asked_model(recording.request):
        yield "gen_ai.request.model", asked
    if answered := _stated(stream, "model", "modelVersion"):
        yield "gen_ai.response.model", answered
    if host:
        yield "server.address", host
        yield "server.port", port
    if (kind := _error_type(analysis)) is not None:
        yield "error.type", kind


def _of_span(recording: Recording, stream: Stream, analysis: Analysis) -> Iterator[Attribute]:
    yield "gen_ai.request.stream", _is_streamed(recording, stream)
    if response_id := _stated(stream, "id", "responseId"):
        yield "gen_ai.response.id", response_id
    if analysis.finish_reasons:
        yield "gen_ai.response.finish_reasons", tuple(map(utf8_text, analysis.finish_reasons))
    counted = analysis.output_tokens if analysis.token_source == "usage" else None  # noqa: S105
    measured = {
        "gen_ai.response.time_to_first_chunk": _s(analysis.ttft_ns),
        "gen_ai.usage.input_tokens": analysis.prompt_tokens,
        "gen_ai.usage.output_tokens": counted,
        "gen_ai.usage.reasoning.output_tokens": analysis.reasoning_tokens,
        "streamlab.recording.id": recording.id,
        "streamlab.recording.name": recording.name or None,
        "streamlab.dialect": analysis.dialect,
        "streamlab.end_reason": analysis.end.reason if analysis.end else None,
        "streamlab.ttfb_s": _s(analysis.ttfb_ns),
        "streamlab.ttfe_s": _s(analysis.ttfe_ns),
        "streamlab.ttfat_s": _s(analysis.ttfat_ns),
        "streamlab.tpot_s": _s(analysis.tpot_ns),
        "streamlab.tail_s": _s(analysis.tail_ns),
        "streamlab.stalls": len(analysis.stalls),
        "streamlab.stall_threshold_s": _s(analysis.stall_threshold_ns),
        "streamlab.longest_stall_s": _s(analysis.longest_stall_ns),
    }
    for name, value in measured.items():
        if value is not None:
            yield name, utf8_text(value) if isinstance(value, str) else value


def _is_streamed(recording: Recording, stream: Stream) -> bool:
    """What the request says, else whether it was answered by events."""
    body = as_object(parse_json(recording.request.body.decode("utf-8", "replace"))[0])
    said = body.get("stream")
    return said if isinstance(said, bool) else stream.framing not in {None, "none"}


def _stated(stream: Stream, *fields: str) -> str:
    """The first text in one of these fields of a chunk, or of its message or response."""
    for event in stream.events:
        payload = as_object(event.chunk.payload)
        inner = (as_object(payload.get(name)) for name in ("message", "response"))
        for each in (payload, *inner):
            for field in fields:
                if isinstance(value := each.get(field), str) and value:
                    return utf8_text(value)
    return ""


def _server(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        default = 443 if parts.scheme == "https" else 80
        return utf8_text(parts.hostname or ""), parts.port or default
    except ValueError:  # no URL, or no port
        return "", 0


def _provider(host: str, dialect: str) -> str:
    for end, provider in _BY_HOST.items():
        if f".{host}".endswith(f".{end}"):
            return provider
    return _BY_DIALECT.get(dialect) or dialect or host or "unknown"


def _error_type(analysis: Analysis) -> str | None:
    """An HTTP status, how the stream ended, or `_OTHER` for an error that it reports; None if
    it went well. A client that left after the end marker missed nothing."""
    if analysis.status is not None and analysis.status >= 400:
        return str(analysis.status)
    reason = analysis.end.reason if analysis.end else "recorder_died"
    if reason != "complete" and not (reason == "client_closed" and analysis.has_end_marker):
        return reason
    return "_OTHER" if analysis.errors else None


def _s(duration_ns: int | None) -> float | None:
    return None if duration_ns is None else duration_ns / _NS_PER_S
