"""What streamlab reads in a stream is what the SDK of its API reads, over HTTP from the replay
server: text, reasoning, calls, counts of tokens, why it ended and what went wrong."""

import json
import operator
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from streamlab.analysis import Analysis, analyze, assemble
from streamlab.cassette import read_cassette
from streamlab.interop.bodies import AWS_EVENTS, EVENT_STREAM
from streamlab.recording import Read, Recording
from streamlab.replay import serve
from streamlab.replay.match import Catalog
from tests.clients.answers.said import Said, value_of
from tests.clients.cast import PYTHON, VENV
from tests.clients.readers import (
    DIFFERENCES,
    READERS,
    WHOLE_DIFFERENCES,
    reader_of,
    whole_reader_of,
)
from tests.clients.worker import Worker
from tests.conftest import FIXTURES
from tests.corpus import entries, needs_corpus
from tests.test_corpus_dialects import recording_of
from tests.test_framing import aws_message

pytestmark = pytest.mark.clients

HERE = Path(__file__).parent
# To load an SDK for the first time may take long.
WAIT_S = 60

# Own streams, for where no corpus is, and for the SDKs of APIs that it lacks.
OWN = {
    "agents/a2a": "agents.a2a",
    "agents/ag-ui": "agents.ag_ui",
    "agents/coze": "agents.coze",
    "agents/coze-workflow": "agents.coze_workflow",
    "agents/mcp": "agents.mcp",
    "agents/vercel-ai-ui": "plain.vercel_ui",
    "dialects/anthropic-messages": "messages.anthropic",
    "dialects/azure-chat": "chat.azure_openai",
    "dialects/cohere-chat": "others.cohere",
    "dialects/gemini-generate": "google.gemini",
    "dialects/gemini-interactions": "google.interactions",
    "dialects/mistral-chat": "chat.mistral",
    "dialects/openai-assistants": "openai_apis.assistants",
    "dialects/openai-responses": "openai_apis.responses",
    "dialects/openai-transcriptions": "openai_apis.transcriptions",
    "dialects/replicate-stream": "others.replicate",
    "dialects/tgi-generate": "others.text_generation",
    "dialects/watsonx-generation": "plain.watsonx",
    "framings/bedrock-converse": "aws.converse",
    "framings/gemini-array": "plain.gemini_array",
    "framings/ollama-chat": "others.ollama_chat",
}


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """The process that has the SDKs."""
    if not (VENV / ".installed").exists():
        pytest.skip("run `make test-clients`: it installs the SDKs")
    with Worker([PYTHON, HERE / "answer_worker.py"], wait_s=WAIT_S) as running:
        yield running


def asked(worker: Worker, reader: str, recording: Recording) -> Said:
    """What the SDK reads, whatever it asks for."""
    anything = replace(recording, request=replace(recording.request, body=b""))
    with serve(Catalog([anything], match="sequence"), speed=0) as server:
        return Said(**json.loads(worker.ask(reader=reader, url=server.url).text))


def analyzed(analysis: Analysis) -> Said:
    """What streamlab reads, in a form that went through JSON, as the SDK's did."""
    said = Said(text=analysis.text, prompt_tokens=analysis.prompt_tokens)
    if analysis.token_source == "usage":
        said.output_tokens = analysis.output_tokens
    for answer in analysis.answers[:1]:
        said.reasoning = answer.reasoning
        said.calls = [(call.name, value_of(call.arguments_text)) for call in answer.tool_calls]
        said.finish_reason = answer.finish_reason
    return Said(**json.loads(json.dumps(asdict(said))))


def differing(sdk: Said, analysis: Analysis) -> dict[str, tuple[Any, Any]]:
    """In what the two differ. Where an SDK raises it reads no further, and streamlab does."""
    ours, theirs = asdict(analyzed(analysis)), asdict(sdk)
    is_same = starts if sdk.error else operator.eq
    found = {
        name: (theirs[name], ours[name])
        for name in ours
        if name != "error" and not is_same(theirs[name], ours[name])
    }
    told = [error for error in analysis.errors if error in sdk.error]
    if not told and (sdk.error or analysis.errors):
        found["error"] = (sdk.error, analysis.errors)
    return found


def starts(theirs: Any, ours: Any) -> bool:
    """Whether a text or a list goes on in ours, or the rest was not told yet."""
    if isinstance(theirs, str | list) and isinstance(ours, str | list):
        return ours[: len(theirs)] == theirs
    return theirs is None or theirs == ours


def as_sent(entry: dict[str, Any]) -> Recording:
    """A body as its API sends it: of some, only the payloads are kept, one a line."""
    recording = recording_of(entry)
    if entry["kind"] != "payload-lines":
        return recording
    payloads = [json.loads(line) for line in recording.body.splitlines() if line.strip()]
    if entry["api"].startswith("converse"):
        return resent(recording, AWS_EVENTS.media_type, b"".join(map(aws_event, payloads)))
    return resent(recording, EVENT_STREAM.media_type, b"".join(map(event, payloads)))


def resent(recording: Recording, media_type: str, body: bytes) -> Recording:
    assert recording.response is not None
    response = replace(recording.response, headers=(("Content-Type", media_type),))
    return replace(recording, response=response, reads=(Read(at_ns=0, data=body),))


def event(payload: dict[str, Any]) -> bytes:
    """Named after its type, as those APIs do that have types."""
    name = f"event: {payload['type']}\n" if "type" in payload else ""
    return f"{name}data: {json.dumps(payload)}\n\n".encode()


def aws_event(payload: dict[str, Any]) -> bytes:
    ((name, inner),) = payload.items()
    headers = [
        (":event-type", name),
        (":content-type", "application/json"),
        (":message-type", "event"),
    ]
    return aws_message(json.dumps(inner).encode(), headers)


@needs_corpus
@pytest.mark.parametrize("reader", sorted({reader for _, reader in READERS}))
def test_bodies_are_read_as_sdks_read_them(worker: Worker, reader: str) -> None:
    """All that the corpus has of the API, but for the differences that are known."""
    found, outputs = {}, 0
    for entry in entries():
        if reader_of(entry) == reader:
            said = asked(worker, reader, as_sent(entry))
            differs = differing(said, analyze(recording_of(entry)))
            if set(differs) != DIFFERENCES.get(entry["id"], (set(), ""))[0]:
                found[entry["id"]] = differs
            outputs += bool(said.text or said.calls)
    assert not found, told(found)
    assert outputs or reader == "others.ollama_pull", "the SDK read nothing"


def told(found: dict[str, Any]) -> str:
    return "\n".join(f"{name}: {differs}" for name, differs in found.items())


@pytest.mark.parametrize("name", OWN)
def test_own_streams_are_read_as_sdks_read_them(worker: Worker, name: str) -> None:
    """In the same way."""
    (recording,) = read_cassette(FIXTURES / f"{name}.jsonl")
    assert not differing(asked(worker, OWN[name], recording), analyze(recording))


@needs_corpus
def test_whole_answers_are_read_as_their_streams(worker: Worker) -> None:
    """What SDKs read in the answer that is put together is what was analyzed in its stream."""
    found, seen = {}, 0
    for entry in entries():
        recording = recording_of(entry)
        assembled = assemble(recording)
        if assembled is None or assembled.is_error:
            continue
        analysis = analyze(recording)
        reader = whole_reader_of(analysis.dialect, assembled.content)
        whole = resent(recording, "application/json", json.dumps(assembled.content).encode())
        differs = differing(asked(worker, reader, whole), analysis)
        if set(differs) != WHOLE_DIFFERENCES.get(entry["id"], (set(), ""))[0]:
            found[entry["id"]] = differs
        seen += 1
    assert seen > 300
    assert not found, told(found)
