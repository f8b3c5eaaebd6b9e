"""Clients that ask for no stream where one was recorded, and the other way round."""

import json
from dataclasses import replace
from typing import Any

import anthropic
import httpx
import openai
import pytest

from streamlab.analysis import analyze
from streamlab.cassette import read_cassette
from streamlab.clock import ManualClock
from streamlab.recording import Recording
from streamlab.replay import serve
from streamlab.replay.whole import asked_form, in_form
from streamlab.schedule import Hang, Reset, Send, SendHead, schedule
from tests.conftest import DONE, FIXTURES, chat_event, json_lines, make_recording
from tests.sdk_streams import STREAMS, TEXTS

CHAT = "/v1/chat/completions"
MESSAGES: Any = [{"role": "user", "content": "Hi"}]
CASES = {case["name"]: case for case in json_lines("assemble_cases.jsonl")}
RECORDED = b'{"model": "m", "messages": [], "stream": true}'


def recorded(name: str, url: str) -> Recording:
    """A recording of a stream of tests/data/assemble_cases.jsonl."""
    events = [
        f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode()
        if "type" in each
        else f"data: {json.dumps(each)}\n\n".encode()
        for each in CASES[name]["events"]
    ]
    return make_recording(*events, url=url, body=RECORDED)


CALLS = recorded("tool calls in pieces, two at once", "http://a/v1/chat/completions")
BLOCKS = recorded("Anthropic: thinking, text with citations, tools", "http://a/v1/messages")


def test_openai_python_gets_a_chat_completion() -> None:
    """Text, finish reason and usage are those of the stream."""
    with (
        serve([STREAMS["openai-chat"]], speed=0) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        completion = client.chat.completions.create(model="m", messages=MESSAGES)
    (choice,) = completion.choices
    assert (TEXTS["openai-chat"], "stop") == (choice.message.content, choice.finish_reason)
    assert completion.usage is not None
    assert analyze(STREAMS["openai-chat"]).output_tokens == completion.usage.completion_tokens
    assert ("chat.completion", "gpt-4o-mini-2024-07-18") == (completion.object, completion.model)


def test_openai_python_gets_tool_calls() -> None:
    """Each with its whole arguments, as the streaming helper of the SDK puts them together."""
    with (
        serve([CALLS], speed=0) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        asked: Any = {"model": "m", "messages": MESSAGES}
        completion = client.chat.completions.create(**asked, stream=False)
        with client.chat.completions.stream(**asked) as stream:
            streamed = stream.get_final_completion()
    message, expected = completion.choices[0].message, streamed.choices[0].message
    calls = [(c.id, c.function.name, c.function.arguments) for c in message.tool_calls or ()]  # type: ignore[union-attr]
    assert [("t0", "f", '{"a":1}'), ("t1", "g", "{}")] == calls
    assert calls == [
        (c.id, c.function.name, c.function.arguments) for c in expected.tool_calls or ()
    ]
    assert (None, "tool_calls") == (message.content, completion.choices[0].finish_reason)


def test_openai_python_gets_two_choices() -> None:
    """In their order, though the second one came first."""
    (recording,) = read_cassette(FIXTURES / "llama.cpp/two-choices.jsonl")
    with (
        serve([recording], speed=0) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        completion = client.chat.completions.create(model="m", messages=MESSAGES, n=2)
    assert [0, 1] == [choice.index for choice in completion.choices]
    assert analyze(recording).text == completion.choices[0].message.content


def test_openai_python_gets_a_text_completion() -> None:
    """The legacy API."""
    (recording,) = read_cassette(FIXTURES / "llama.cpp/completions.jsonl")
    with (
        serve([recording], speed=0) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        completion = client.completions.create(model="m", prompt="x")
    assert (analyze(recording).text, "text_completion") == (
        completion.choices[0].text,
        completion.object,
    )


def test_openai_python_gets_a_response() -> None:
    """The object of the last event."""
    with (
        serve([STREAMS["openai-responses"]], speed=0) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        response = client.responses.create(model="m", input="x")
    assert (TEXTS["openai-responses"], "completed") == (response.output_text, response.status)


@pytest.mark.parametrize("recording", [STREAMS["anthropic-messages"], BLOCKS])
def test_anthropic_python_gets_a_message(recording: Recording) -> None:
    """Text, thinking, citations and tools: what the SDK's helper puts together from the stream."""
    with (
        serve([recording], speed=0) as server,
        anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0) as client,
    ):
        asked: Any = {"model": "m", "messages": MESSAGES, "max_tokens": 9}
        message = client.messages.create(**asked)
        with client.messages.stream(**asked) as stream:
            streamed = stream.get_final_message()
    assert streamed.content
    assert streamed.to_dict(exclude_none=True) == message.to_dict(exclude_none=True)


def test_fastgpt_answers_in_openai_s_shape() -> None:
    """As it does itself."""
    (recording,) = read_cassette(FIXTURES / "systems/fastgpt-detail.jsonl")
    body = {**json.loads(recording.request.body), "stream": False}
    with serve([recording], speed=0) as server:
        answer = httpx.post(f"{server.url}/api/v1/chat/completions", json=body)
    assert "application/json" == answer.headers["content-type"]
    assert analyze(recording).text == answer.json()["choices"][0]["message"]["content"]


@pytest.mark.parametrize(
    ("asked", "form"),
    [
        (RECORDED, "recorded"),
        (b'{"stream": true, "model": "m", "messages": []}', "recorded"),
        (b'{"stream": true}', "recorded"),
        (b'{"stream": false}', "whole"),
        (b'{"model": "other", "stream": false}', "whole"),
        (b'{"model": "other"}', "whole"),
        (b'{"messages": [1], "stream": null}', "whole"),
        (b"{}", "recorded"),
        (b'{"stream": null}', "recorded"),
        (b'{"something": "else"}', "recorded"),
        (b'{"model": "m", "stream": "no"}', "recorded"),
        (b'{"model": "m", "stream": 0}', "recorded"),
        (b"", "recorded"),
        (b'["model"]', "recorded"),
        (b'{"model"', "recorded"),
        (b"[" * 100_000, "recorded"),
    ],
)
def test_when_no_stream_is_wanted(asked: bytes, form: str) -> None:
    """`stream` is false, or is missing in what is otherwise such a request."""
    assert form == asked_form(make_recording(DONE, body=RECORDED), CHAT, asked)


@pytest.mark.parametrize("body", [b"", b'{"model": "m"}', b'{"model": "m", "stream": false}'])
@pytest.mark.parametrize("asked", [b'{"model": "m"}', b'{"model": "n", "stream": false}', b"{}"])
def test_a_stream_that_came_unasked_stays_one(body: bytes, asked: bytes) -> None:
    """How the API is asked for anything else is then not known."""
    recording = make_recording(DONE, body=body)
    assert "recorded" == asked_form(recording, CHAT, asked)


@pytest.mark.parametrize(
    ("recorded", "asked", "form"),
    [
        (b'{"model": "m"}', b'{"model": "m", "stream": false}', "whole"),
        (b'{"model": "m"}', b'{"model": "m", "stream": true}', "recorded"),
        (b'{"model": "m"}', b'{"model": "n"}', "recorded"),
        (b'{"model": "m", "stream": false}', b'{"model": "n", "stream": false}', "recorded"),
    ],
)
def test_ollama_streams_unless_told_otherwise(recorded: bytes, asked: bytes, form: str) -> None:
    """Its streams are JSON lines, and its requests need not ask for one."""
    headers = (("Content-Type", "application/x-ndjson"),)
    assert form == asked_form(make_recording(b"{}", headers=headers, body=recorded), CHAT, asked)


JSON_HEAD = (("Content-Type", "application/json; charset=utf-8"), ("Content-Length", "2"))


def test_a_stream_asked_of_a_whole_answer_is_that_with_a_note() -> None:
    """The bytes as they are; the same request gets them without."""
    recording = make_recording(b"{}", headers=JSON_HEAD, body=b'{"model": "m"}')
    with serve([recording], speed=0) as server:
        url = f"{server.url}/v1/chat/completions"
        noted = httpx.post(url, json={"model": "m", "stream": True})
        plain = httpx.post(url, content=b'{"model": "m"}')
        probe = httpx.post(url, json={})
    assert "recorded without streaming" == noted.headers["x-streamlab-note"]
    assert [b"{}"] * 3 == [answer.content for answer in (noted, plain, probe)]
    assert not any("x-streamlab-note" in answer.headers for answer in (plain, probe))


def test_an_answer_that_is_no_stream_is_the_answer_to_both() -> None:
    """A 429 came before any stream began: its bytes, its rate limits, and no note."""
    (recording,) = read_cassette(FIXTURES / "systems/selamgpt-rate-limited.jsonl")
    assert recording.response is not None
    limits = (("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "2s"))
    response = replace(recording.response, headers=(*recording.response.headers, *limits))
    body = json.loads(recording.request.body)
    assert body["stream"] is True
    with serve([replace(recording, response=response)], speed=0) as server:
        for asked in ({**body, "seed": 1}, {**body, "stream": False}):
            answer = httpx.post(f"{server.url}/v1/chat/completions", json=asked)
            assert (429, recording.body) == (answer.status_code, answer.content)
            assert "x-streamlab-note" not in answer.headers
            assert {*limits, ("retry-after", "2")} <= set(answer.headers.items())


def whole(recording: Recording) -> tuple[Recording, dict[str, Any]]:
    made = in_form(recording, "whole")
    return made, json.loads(made.body)


def test_the_head_is_the_recorded_one_but_for_the_body_it_describes() -> None:
    """Rate limits and request ids stay; framing, coding and type are those of the object."""
    recording = make_recording(
        chat_event("a"),
        DONE,
        headers=(
            ("X-Request-Id", "r"), ("content-type", "text/event-stream"), ("Trailer", "X"),
            ("transfer-encoding", "chunked"), ("x-ratelimit-remaining-requests", "7"),
        ),
    )  # fmt: skip
    made, _ = whole(recording)
    assert made.response is not None
    assert (
        ("X-Request-Id", "r"),
        ("x-ratelimit-remaining-requests", "7"),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(made.body))),
    ) == made.response.headers


def test_the_whole_answer_comes_when_the_stream_had_ended() -> None:
    """Head and body at once, scaled as the stream would be."""
    recording = make_recording(chat_event("a"), DONE, gap_ns=1000)
    head, body, end = schedule(in_form(recording, "whole"), speed=2).actions
    assert isinstance(head, SendHead)
    assert isinstance(body, Send)
    assert [1500] * 3 == [head.at_ns, body.at_ns, end.at_ns]


@pytest.mark.parametrize(("reason", "ending"), [("reset", Reset), ("timeout", Hang)])
def test_a_stream_without_an_end_has_no_whole_answer(reason: str, ending: type) -> None:
    """The connection ends as the stream did, when it did: nothing was ready by then."""
    recording = make_recording(chat_event("a"), reason=reason, gap_ns=1000)
    (only,) = schedule(in_form(recording, "whole")).actions
    assert (ending, 2000) == (type(only), only.at_ns)


def test_a_client_meets_the_reset() -> None:
    """Without a byte of an answer."""
    recording = make_recording(chat_event("a"), reason="reset")
    with serve([recording], speed=0) as server, pytest.raises(httpx.ReadError):
        httpx.post(f"{server.url}/v1/chat/completions", json={"stream": False})


def test_a_failure_within_a_stream_has_a_status() -> None:
    """The one that the API would have answered with is not known: 500; a recorded one stays."""
    for name in ("an error instead of the rest", "Anthropic: an error"):
        failed = recorded(name, "http://a/v1/x")
        made, content = whole(failed)
        assert made.response is not None
        assert (500, CASES[name]["expected"]) == (made.response.status, content)
    assert failed.response is not None
    made, _ = whole(replace(failed, response=replace(failed.response, status=429)))
    assert made.response is not None
    assert 429 == made.response.status


@pytest.mark.parametrize(
    ("recording", "said_in"),
    [
        (make_recording(b'data: {"chunk": "a"}\n\n'), ("error", "message")),
        (make_recording(b"data: x\n\n", url="http://a/v1/messages"), ("error", "message")),
    ],
    ids=["openai", "anthropic"],
)
def test_an_api_that_is_not_known_says_so(recording: Recording, said_in: tuple[str, ...]) -> None:
    """406 in the API's shape; not an object that is made up, and not a stream that nobody asked
    for."""
    path = recording.request.url.partition("://")[2].partition("/")[2]
    with serve([recording], speed=0) as server:
        answer = httpx.post(f"{server.url}/{path}", json={"stream": False})
    assert 406 == answer.status_code
    said = answer.json()
    assert ("error" if "messages" in path else None) == said.get("type")
    for name in said_in:
        said = said[name]
    assert f"recording {recording.id} is a stream" in said


def test_ollamas_lines_make_one_object() -> None:
    """As its API answers `"stream": false`."""
    with serve([STREAMS["ollama-chat"]], speed=0) as server:
        answer = httpx.post(f"{server.url}/api/chat", json={"stream": False})
    made = answer.json()
    assert (200, True) == (answer.status_code, made["done"])
    assert analyze(STREAMS["ollama-chat"]).text == made["message"]["content"]


def test_nesting_without_end_is_answered() -> None:
    """It is deeper than the JSON that Python writes: honest, and the server goes on."""
    deep = b'{"a":' * 900 + b"1" + b"}" * 900
    recording = make_recording(b'data: {"choices":[{"delta":{"b":%b}}]}\n\n' % deep * 2)
    made = in_form(recording, "whole")
    assert made.response is not None
    assert made.response.status in (200, 406)


def test_a_held_stream_can_be_asked_for_whole() -> None:
    """Its body is one piece, which the test lets go."""
    from concurrent.futures import ThreadPoolExecutor

    with serve([CALLS], clock=ManualClock()) as server, ThreadPoolExecutor(1) as pool:
        hold = server.hold()
        url = f"{server.url}/v1/chat/completions"
        answer = pool.submit(httpx.post, url, json={"stream": False}, timeout=20)
        hold.wait_until_asked()
        assert 1 == hold.events
        hold.release_all()
        assert "chat.completion" == answer.result(20).json()["object"]
