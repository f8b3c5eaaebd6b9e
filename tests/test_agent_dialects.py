"""Whole streams of agents and workflows: real bodies, repeated texts, a dialect of one's own."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from streamlab.analysis import Analysis, analyze, read_stream
from streamlab.dialect import SPECIFIC, Chunk, Clue, Delta, Dialect, Step
from streamlab.finding import find
from streamlab.recording import Recording
from tests.conftest import make_recording
from tests.corpus import CORPUS, entries, needs_corpus

# The dialect of the bodies of a provider's API in the corpus.
EXPECTED = {
    ("ag-ui", "ag-ui"): "ag-ui",
    ("google-adk", "vercel-ui-message-stream"): "vercel-ai.ui",
    ("google-adk", "vercel-ui-message-stream-over-websocket"): "vercel-ai.ui",
    ("mcp (deepwiki)", "mcp streamable-http"): "mcp",
    ("mcp (local server)", "mcp streamable-http"): "mcp",
    ("replicate", "streams"): "replicate",
}
# Bodies of another dialect than their API's, with that dialect and why. None so far.
ARGUABLE: dict[str, tuple[str | None, str]] = {}
# Dialects of agents that must not take a model API's stream for theirs.
AGENTS = {"a2a", "ag-ui", "coze", "dify", "dify.agent", "fastgpt", "langgraph", "langserve", "mcp"}


def recorded(entry: dict[str, Any]) -> Recording:
    """A body; where its framing was not kept, each line of it as an event."""
    body = (CORPUS / entry["file"]).read_bytes()
    if entry["kind"] == "payload-lines":
        body = b"".join(b"data: %b\n\n" % line for line in body.splitlines() if line)
    return make_recording(body, url=f"https://a.example{entry['request_path'] or '/'}")


def payloads(recording: Recording) -> list[dict[str, Any]]:
    """The JSON objects of a body's data lines, read without streamlab."""
    lines = recording.body.decode().splitlines()
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data: {")]
    return [json.loads(each) for each in data]


def text_of_results(recording: Recording) -> str:
    contents = [each["result"].get("content", []) for each in payloads(recording) if "id" in each]
    return "".join(part["text"] for content in contents for part in content)


def text_of_lines(recording: Recording) -> str:
    """Replicate: in each block the lines of its data, of which `{}` is the last."""
    blocks = recording.body.decode().split("\n\n")
    data = [[line[6:] for line in b.split("\n") if line.startswith("data: ")] for b in blocks]
    return "".join("\n".join(lines) for lines in data if lines != ["{}"])


# How each is read by itself: what its text is.
TEXTS: dict[str, Callable[[Recording], str]] = {
    "ag-ui": lambda recording: "".join(
        each["delta"] for each in payloads(recording) if each["type"] == "TEXT_MESSAGE_CONTENT"
    ),
    "vercel-ai.ui": lambda recording: "".join(
        each["delta"] for each in payloads(recording) if each["type"] == "text-delta"
    ),
    "mcp": text_of_results,
    "replicate": text_of_lines,
}


@needs_corpus
def test_real_bodies_are_recognised_and_read() -> None:
    """Each in the dialect of its API, its text as a small reading by hand finds it."""
    seen = 0
    for entry in entries():
        expected = EXPECTED.get((entry["provider"], entry["api"]))
        if expected is None:
            continue
        seen += 1
        recording = recorded(entry)
        analysis = analyze(recording)
        name = entry["id"]
        assert ARGUABLE.get(name, (expected,))[0] == analysis.dialect, name
        assert TEXTS[expected](recording) == analysis.text, name
        assert not [each for each in find(recording) if each.code.startswith("SL3")], name
        assert analysis.has_end_marker, name
        assert all(step.label for step in analysis.steps if step.name == "tool_call"), name
    assert 21 == seen


@needs_corpus
def test_streams_of_model_apis_are_not_taken_for_those_of_agents() -> None:
    """However many dialects are asked before theirs."""
    taken = {
        entry["id"]: analysis.dialect
        for entry in entries()
        if entry["kind"] in ("sse", "payload-lines")
        and (entry["provider"], entry["api"]) not in EXPECTED
        and (analysis := analyze(recorded(entry))).dialect in AGENTS
    }
    assert {} == taken


def stream_of(*events: tuple[str, Any]) -> Analysis:
    """The analysis of named events with these payloads."""
    pieces = [
        b"event: %b\ndata: %b\n\n" % (name.encode(), json.dumps(payload).encode())
        for name, payload in events
    ]
    return analyze(make_recording(*pieces, url="https://a.example/"))


def message(*texts: str, type_: str = "ai", id_: str = "m") -> list[dict[str, str]]:
    return [{"type": type_, "id": id_, "content": text} for text in texts]


def test_what_a_message_is_so_far_is_not_counted_twice() -> None:
    """LangGraph's partial messages grow, two of them in turns, and come whole at the end."""
    analysis = stream_of(
        ("messages/partial", message("Hel", id_="1")),
        ("messages/partial", message("Hello", id_="1")),
        ("messages/partial", message(" you", id_="2")),
        ("messages/partial", message("Hello", id_="1")),
        ("messages/partial", message(" you!", id_="2")),
        ("messages/complete", message("Hello", id_="1")),
        ("messages/complete", message(" you!", id_="2")),
        ("messages/complete", message(" Unseen.", id_="3")),
    )
    assert ("Hello you! Unseen.", 5) == (analysis.text, analysis.output_events)


def test_what_comes_whole_once_more_is_nothing_new() -> None:
    """An agent's answer in Dify, a message of Coze, a tool's input in Vercel's stream."""
    agent = [("message", {"event": "agent_message", "answer": text}) for text in ("a", "b")]
    whole = ("message", {"event": "message", "answer": "ab"})
    assert ("ab", 2) == _text_and_outputs(stream_of(*agent, whole))
    thought = ("message", {"event": "agent_thought", "id": "t", "thought": ""})
    assert ("ab", 1) == _text_and_outputs(stream_of(thought, whole))
    pieces = [
        ("conversation.message.delta", {"id": "1", "type": "answer", "content": text})
        for text in ("a", "b")
    ]
    completed = [
        ("conversation.message.completed", {"id": id_, "type": "answer", "content": "ab"})
        for id_ in ("1", "2")
    ]
    assert ("abab", 3) == _text_and_outputs(stream_of(*pieces, *completed))
    tool = {"toolCallId": "c", "toolName": "f"}
    given = ("message", {"type": "tool-input-available", **tool, "input": {"a": 1}})
    piece = {"type": "tool-input-delta", "toolCallId": "c", "inputTextDelta": '{"a":1}'}
    assert ("", 1) == _text_and_outputs(stream_of(("message", piece), given))
    assert ("", 1) == _text_and_outputs(stream_of(given))


def test_a_message_of_a_chat_app_is_a_piece() -> None:
    """Dify's `message` is whole in an agent's stream only."""
    pieces = [
        ("message", {"event": "message", "task_id": "t", "answer": text}) for text in ("1", "1")
    ]
    assert ("11", 2) == _text_and_outputs(stream_of(*pieces))


def test_an_artifact_is_appended_to_or_replaced() -> None:
    """A2A: by its id; `append` says which."""

    def update(text: str, id_: str, *, append: bool) -> tuple[str, Any]:
        artifact = {"artifactId": id_, "parts": [{"text": text}]}
        return "message", {"artifactUpdate": {"append": append, "artifact": artifact}}

    analysis = stream_of(
        update("a", "1", append=False),
        update("b", "1", append=True),
        update("c", "2", append=False),
        update("abd", "1", append=False),
    )
    assert "abcd" == analysis.text


def _text_and_outputs(analysis: Analysis) -> tuple[str, int]:
    return analysis.text, analysis.output_events


def test_a_header_shows_vercels_stream() -> None:
    """Before any event does."""
    headers = (("Content-Type", "text/event-stream"), ("X-Vercel-AI-UI-Message-Stream", "v1"))
    analysis = analyze(make_recording(b'data: {"type":"start"}\n\n', headers=headers))
    assert "vercel-ai.ui" == analysis.dialect
    assert "a header x-vercel-ai-ui-message-stream" == analysis.evidence


# A dialect as docs/dialects.md describes one: a protocol that nobody else has.


def _detect(clue: Clue) -> str | None:
    return "an event is named bark" if clue.event.type == "bark" else None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    match chunk.event.data.split(" ", 1):
        case ["sit"]:
            return (Delta("status", "sit", "bark", step=Step("begin")),)
        case ["up"]:
            return (Delta("status", "sit", "bark", step=Step("end", stated_ms=20.0)), Delta("end"))
        case [*_, last]:
            return (Delta("text", last),)
    return (Delta("other"),)


DOG = Dialect(name="dog", detect=_detect, read=_read, ends="`up`")


@pytest.mark.parametrize("data", ["woof", '{"choices":[{"delta":{"content":"woof"}}]}'])
def test_a_dialect_of_ones_own(data: str) -> None:
    """One file: it is asked first, and all numbers come of what it reads."""
    barks = ["sit", data, "up"]
    pieces = [f"event: bark\ndata: {bark}\n\n".encode() for bark in barks]
    recording = make_recording(*pieces, gap_ns=10)
    assert "dog" != analyze(recording).dialect
    stream = read_stream(recording, specific=(DOG, *SPECIFIC))
    analysis = analyze(recording, stream=stream)
    assert ("dog", "an event is named bark") == (analysis.dialect, analysis.evidence)
    assert (data, 20, True) == (analysis.text, analysis.ttft_ns, analysis.has_end_marker)
    assert [("sit", 10, 30, 20.0)] == [
        (step.label, step.start_ns, step.stop_ns, step.stated_ms) for step in analysis.steps
    ]
