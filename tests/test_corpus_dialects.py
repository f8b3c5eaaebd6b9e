"""Bodies that were recorded of many servers: the dialect of each is found, and what is read in them
is what the SDKs of OpenAI and Anthropic read."""

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import anthropic
import httpx2
import openai
from openai.types import CompletionUsage

from streamlab.analysis import Analysis, analyze, read_stream
from streamlab.interop.bodies import EVENT_STREAM
from streamlab.recording import Recording
from tests.conftest import make_recording
from tests.corpus import CORPUS, entries, kind_of_entry, needs_corpus

# Which dialect a body is of, by the start or the middle of its id; the first that matches counts.
EXPECTED = (
    (r"ag-ui-", "ag-ui"),
    (r"google-adk-vercel-", "vercel-ai.ui"),
    (r"mcp-", "mcp"),
    (r"bedrock-converse-", "bedrock.converse"),
    (r"bedrock-(invoke|agent)-", "bedrock.invoke"),
    (r"ollama-api-", "ollama"),
    (r"cohere-chat-v2-", "cohere.v2"),
    (r"gemini-interactions-", "gemini.interactions"),
    (r"-generatecontent-", "gemini"),
    (r"-text-generation-inference-", "tgi"),
    (r"openai-assistants-", "openai.assistants"),
    (r"openai-audio-transcriptions-", "openai.transcriptions"),
    (r"replicate-", "replicate"),
    (r"watsonx-", "watsonx"),
    (r"writer-chat-", "openai.chat"),
    (r"-chat-completions-", "openai.chat"),
    (r"-completions-", "openai.completions"),
    (r"-messages-", "anthropic"),
    (r"-responses-", "openai.responses"),
)

# Where the body itself does not say what the label does: what it is taken for, and why.
ARGUABLE: dict[str, tuple[str | None, str]] = {
    "gemini-generatecontent-014": (
        None,
        "the file has lost its empty lines, so by the standard no event is dispatched in it",
    ),
    "ollama-api-chat-011": (None, "a whole answer, and no stream"),
    "writer-completions-001": (
        "one-field",
        'nothing but {"value": "…"}: what many back ends send, and nothing of Writer\'s own',
    ),
}


class Said(NamedTuple):
    """What was read in a body: text, counts of tokens, why it ended, calls, what went wrong."""

    text: str
    prompt_tokens: int | None
    output_tokens: int | None
    finish_reason: str | None
    calls: list[tuple[str, str, object]]
    error: str = ""


def recording_of(entry: dict[str, Any]) -> Recording:
    """A body, with the head that the manifest has for it."""
    sent = {name.lower(): value for name, value in entry["response_headers"].items()}
    content_type = sent.get("content-type") or kind_of_entry(entry).media_type
    return make_recording(
        (CORPUS / entry["file"]).read_bytes(),
        headers=(("Content-Type", content_type),),
        status=entry["status"] or 200,
        url=f"https://{entry['request_host'] or 'host'}{entry['request_path'] or '/'}",
    )


def expected_dialect(name: str) -> str | None:
    if name in ARGUABLE:
        return ARGUABLE[name][0]
    return next(dialect for pattern, dialect in EXPECTED if re.search(pattern, name))


@needs_corpus
def test_every_body_is_of_its_dialect() -> None:
    """Event streams, lines, arrays and frames: what it is labelled as, or what is argued for it."""
    ids = {entry["id"] for entry in entries()}
    for entry in entries():
        name = entry["id"]
        assert (name, expected_dialect(name)) == (name, analyze(recording_of(entry)).dialect)
    assert len(ids) > 370
    assert set(ARGUABLE) <= ids


@needs_corpus
def test_bodies_hold_no_surprises() -> None:
    """No event is one that its dialect does not know, or malformed."""
    for entry in entries():
        if expected_dialect(entry["id"]) is None:
            continue
        stream = read_stream(recording_of(entry))
        odd = [
            (delta.kind, each.event.data[:200])
            for each in stream.events
            for delta in each.deltas
            if delta.kind in {"malformed", "other"}
        ]
        assert (entry["id"], []) == (entry["id"], odd)


def agree(pattern: str, ask: Callable[[bytes], Said]) -> int:
    """Compare the readings of all bodies whose id matches; how many there are."""
    found = 0
    for entry in entries():
        if kind_of_entry(entry) is not EVENT_STREAM or not re.search(pattern, entry["id"]):
            continue
        wanted = ask((CORPUS / entry["file"]).read_bytes())
        analysis = analyze(recording_of(entry))
        assert (entry["id"], wanted) == (entry["id"], said(analysis, wanted))
        found += 1
    return found


def said(analysis: Analysis, wanted: Said) -> Said:
    """What the analysis has of the first choice; counts and calls only where the SDK has them."""
    first = next((answer for answer in analysis.answers if answer.choice == 0), None)
    is_counted = wanted.output_tokens is not None and analysis.token_source == "usage"
    if wanted.error:  # there the SDK stops
        return wanted._replace(error=next(e for e in analysis.errors if e == wanted.error))
    return Said(
        text=analysis.text,
        prompt_tokens=analysis.prompt_tokens if is_counted else None,
        output_tokens=analysis.output_tokens if is_counted else None,
        finish_reason=first.finish_reason if first else None,
        calls=[
            (call.id, call.name, call.arguments if call.arguments_text else {})
            for call in (first.tool_calls if first else ())
            if call.id in {id_ for id_, _, _ in wanted.calls}
        ],
    )


def client_of(sdk: Any, name: str, body: bytes) -> Any:
    """A client of an SDK whose API answers with the body."""
    head = {"content-type": "text/event-stream"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=head, content=body))
    http_client = sdk.DefaultHttpxClient(transport=transport)
    return getattr(sdk, name)(api_key="none", max_retries=0, http_client=http_client)


MESSAGES: Any = [{"role": "user", "content": "Hello"}]


def ask_chat(body: bytes) -> Said:
    with client_of(openai, "OpenAI", body) as client:
        chunks, error = all_of(
            client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        )
    choices = [c for chunk in chunks for c in chunk.choices or () if c.index == 0 and c.delta]
    usage = last(getattr(chunk, "usage", None) or _groq_usage(chunk) for chunk in chunks)
    return Said(
        text="".join(_content(choice.delta) for choice in choices),
        prompt_tokens=usage and usage.prompt_tokens,
        output_tokens=usage and usage.completion_tokens,
        finish_reason=last(choice.finish_reason for choice in choices),
        calls=[],
        error=error,
    )


def all_of(stream: Any) -> tuple[list[Any], str]:
    """What the SDK yields, and the message of the error that it raises."""
    read = []
    try:
        for each in stream:
            read.append(each)  # noqa: PERF402 - those before the error count
    except openai.APIError as error:
        return read, error.message
    return read, ""


def last(values: Any) -> Any:
    """The last that says something."""
    return next((value for value in reversed(list(values)) if value), None)


def _groq_usage(chunk: Any) -> Any:
    usage = (getattr(chunk, "x_groq", None) or {}).get("usage")
    return usage and CompletionUsage.model_validate(usage)


def _content(delta: Any) -> str:
    """Its text; Mistral's as parts, that of speech as the transcript."""
    if isinstance(delta.content, list):
        return "".join(part["text"] for part in delta.content if part["type"] == "text")
    return delta.content or getattr(getattr(delta, "audio", None), "transcript", None) or ""


@needs_corpus
def test_chats_are_read_as_openais_sdk_reads_them() -> None:
    """Text, counts, finish reason, and the failure that ends it."""
    assert agree(r"-chat-completions-", ask_chat) > 140


def ask_completion(body: bytes) -> Said:
    with client_of(openai, "OpenAI", body) as client:
        chunks, error = all_of(client.completions.create(model="m", prompt="p", stream=True))
    choices = [choice for chunk in chunks for choice in chunk.choices]
    usage = last(chunk.usage for chunk in chunks)
    return Said(
        text="".join(getattr(choice, "text", None) or "" for choice in choices),
        prompt_tokens=usage and usage.prompt_tokens,
        output_tokens=usage and usage.completion_tokens,
        finish_reason=last(choice.finish_reason for choice in choices),
        calls=[],
        error=error,
    )


@needs_corpus
def test_completions_are_read_as_openais_sdk_reads_them() -> None:
    """Text, counts, finish reason."""
    assert agree(r"(openai|localhost)-completions-", ask_completion) >= 5


def ask_response(body: bytes) -> Said:
    with client_of(openai, "OpenAI", body) as client:
        events, error = all_of(client.responses.create(model="m", input="p", stream=True))
    whole = last(getattr(event, "response", None) for event in events)
    reason = whole and whole.incomplete_details and whole.incomplete_details.reason
    items = [event.item for event in events if event.type == "response.output_item.done"]
    return Said(
        text="".join(e.delta for e in events if e.type == "response.output_text.delta"),
        prompt_tokens=whole and whole.usage and whole.usage.input_tokens,
        output_tokens=whole and whole.usage and whole.usage.output_tokens,
        finish_reason=reason or (whole and whole.status),
        calls=[
            (item.call_id, item.name, json.loads(item.arguments))
            for item in items
            if item.type == "function_call"
        ],
        error=error,
    )


@needs_corpus
def test_responses_are_read_as_openais_sdk_reads_them() -> None:
    """Text, counts, finish reason, calls of functions, and the failure that ends it."""
    assert agree(r"-responses-", ask_response) > 40


def ask_message(body: bytes) -> Said:
    with (
        client_of(anthropic, "Anthropic", body) as client,
        client.messages.stream(model="m", messages=MESSAGES, max_tokens=64) as stream,
    ):
        try:
            message = stream.get_final_message()
        except anthropic.APIError as error:
            return Said("", None, None, None, [], error.message)
    calls = {"tool_use", "server_tool_use"}  # of those of MCP, the SDK drops the input
    return Said(
        text="".join(block.text for block in message.content if block.type == "text"),
        prompt_tokens=message.usage.input_tokens,
        output_tokens=message.usage.output_tokens,
        finish_reason=message.stop_reason,
        calls=[(b.id, b.name, b.input) for b in message.content if b.type in calls],
    )


@needs_corpus
def test_messages_are_read_as_anthropics_sdk_reads_them() -> None:
    """Text, counts, stop reason, calls of tools, and the failure that ends it."""
    assert agree(r"-messages-", ask_message) > 30
