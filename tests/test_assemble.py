"""Streams assembled into whole answers: nothing is lost, nothing is invented, nothing raises."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.analysis import Assembled, analyze, assemble
from streamlab.analysis.assemble_ollama import ollama_answer
from streamlab.cassette import read_cassette
from tests.conftest import DONE, FIXTURES, json_lines, make_recording
from tests.sdk_streams import STREAMS, TEXTS

CASES = json_lines("assemble_cases.jsonl")


def stream_of(payloads: list[Any]) -> bytes:
    return b"".join(b"data: %b\n\n" % json.dumps(payload).encode() for payload in payloads)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_pieces_make_up_the_whole(case: dict[str, Any]) -> None:
    """Each API's answer, with all that its pieces brought."""
    assembled = assemble(make_recording(stream_of(case["events"]) + DONE, url="http://a/x"))
    expected = case["expected"]
    wanted = expected and Assembled(content=expected, is_error=case["is_error"])
    assert wanted == assembled


@pytest.mark.parametrize("name", ["openai-chat", "groq-chat"])
def test_recorded_chats_keep_their_text(name: str) -> None:
    """A character that is cut between two reads included."""
    assembled = assemble(STREAMS[name])
    assert assembled is not None
    (choice,) = assembled.content["choices"]  # type: ignore[misc]
    assert TEXTS[name] == choice["message"]["content"]


@pytest.mark.parametrize("name", ["fastgpt-plain", "fastgpt-detail", "assisters-malformed"])
def test_what_is_no_chunk_is_left_out(name: str) -> None:
    """FastGPT's named events, and malformed JSON."""
    (recording,) = read_cassette(FIXTURES / f"systems/{name}.jsonl")
    assembled = assemble(recording)
    assert assembled is not None
    (choice,) = assembled.content["choices"]  # type: ignore[misc]
    assert analyze(recording).text == choice["message"]["content"]


def test_a_compressed_stream_is_decoded() -> None:
    """As everything that looks for events does."""
    import gzip

    body = gzip.compress(stream_of(CASES[0]["events"]))
    headers = (("Content-Type", "text/event-stream"), ("Content-Encoding", "gzip"))
    assembled = assemble(make_recording(body[:40], body[40:], headers=headers))
    assert Assembled(content=CASES[0]["expected"]) == assembled


def test_ollamas_lines() -> None:
    """Texts and tool calls add up; all else is what the last line says."""
    call = {"function": {"name": "f", "arguments": {}}}
    lines: list[dict[str, Any]] = [
        {"model": "m", "message": {"role": "assistant", "content": "", "thinking": "hm"}},
        {"model": "m", "message": {"role": "assistant", "content": "Hel", "tool_calls": [call]}},
        {"model": "m", "message": {"role": "assistant", "content": "lo"}, "done": False},
        {
            "model": "m",
            "message": {"role": "assistant", "content": ""},
            "done": True,
            "eval_count": 5,
        },
    ]
    message = {"role": "assistant", "content": "Hello", "thinking": "hm", "tool_calls": [call]}
    assert {**lines[-1], "message": message} == ollama_answer(lines)
    assert ollama_answer(lines[:-1]) is None
    generated = [{"response": "a", "done": False}, {"response": "b", "done": True, "context": [1]}]
    assert {"response": "ab", "done": True, "context": [1]} == ollama_answer(generated)


NAMES = ("choices", "delta", "content_block", "error", "index", "message", "response", "tool_calls",
         "type", "usage", "x_groq", "id", "function", "logprobs", "partial_json", "candidates",
         "content", "parts", "text", "usageMetadata", "citations", "tool_plan", "functionCall",
         "partialArgs", "jsonPath", "stringValue", "willContinue", "output", "item",
         "thinking", "role", "start", "toolUse", "input", "reasoningContent", "citation",
         "stopReason", "contentBlockDelta", "contentBlockIndex", "metadata")  # fmt: skip
LEAVES = st.sampled_from((None, True, -1, 1.5, "", "x", '{"', [], {}, [[]], ["x"], "message_start",
         "message_delta", "content_block_start", "content_block_delta", "response.completed",
         "error", "text_completion", "content-delta", "tool-call-delta", "tool-plan-delta",
         "citation-start", "message-end", "chat.completion.chunk", "$.a[0].b",
         "$.a[99]", 10**30))  # fmt: skip
OBJECTS = st.recursive(
    st.dictionaries(st.sampled_from(NAMES), LEAVES, max_size=3),
    lambda inner: st.dictionaries(
        st.sampled_from(NAMES), inner | st.lists(inner, max_size=2), max_size=2
    ),
    max_leaves=4,
)


@pytest.mark.parametrize("first", [{"type": "message_start", "message": {"id": "m"}},
                                   {"choices": [{"delta": {}}]}, {"choices": [{"text": ""}]},
                                   {"type": "response.created"}, {"candidates": []},
                                   {"type": "message-start", "delta": {}},
                                   {"messageStart": {"role": "assistant"}}])  # fmt: skip
@settings(max_examples=50)
@given(payloads=st.lists(OBJECTS, max_size=4))
def test_no_stream_raises(first: dict[str, Any], payloads: list[Any]) -> None:
    """Whatever is in its JSON: what comes out is JSON again, or nothing."""
    assembled = assemble(make_recording(stream_of([first, *payloads]), url="http://a/x"))
    assert assembled is None or json.dumps(assembled.content)
    ollama_answer([*payloads, {"done": True}])


@pytest.mark.parametrize("depth", [300, 900, 3000])
def test_nesting_without_end_raises_nothing(depth: int) -> None:
    """Python 3.12 and later read JSON that is deeper than they can merge."""
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    assemble(make_recording(b'data: {"choices":[{"delta":{"b":%b}}]}\n\n' % deep * 2))
