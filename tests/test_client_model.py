"""Models of clients: what each hands on, and what the verdict says of that.

That the models are right is for tests/clients/test_models.py, where the clients are."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab import sse
from streamlab.analysis import read_stream
from streamlab.cassette import read_cassette
from streamlab.client_model import (
    ALL,
    MODELS,
    Body,
    Verdict,
    body_of,
    can_judge,
    client_verdicts,
    judge,
)
from streamlab.errors import InputError
from streamlab.recording import END_REASONS, Recording
from streamlab.report import client_view, verdict_json
from tests.conftest import DONE, FIXTURES, chat_event, json_lines, make_recording
from tests.encoders import encoded
from tests.test_report import shown
from tests.test_sse import stream_bytes

CASES = json_lines("client_model_cases.jsonl")
FRAMINGS = {
    "chunked": ("Transfer-Encoding", "chunked"),
    "length": ("Content-Length", "1000"),
    "close": ("Connection", "close"),
}


def recording_of(case: dict[str, Any]) -> Recording:
    """The reads are a list of strings with a character for each byte."""
    reads = case["reads"] if isinstance(case["reads"], list) else [case["reads"]]
    return make_recording(
        *(read.encode("latin-1") for read in reads),
        reason=case.get("end", "complete"),
        headers=(("Content-Type", case.get("type", "text/event-stream")),
                 FRAMINGS[case.get("framing", "chunked")]),
        method=case.get("method", "POST"),
    )  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_cases(case: dict[str, Any]) -> None:
    """Each client's events, error and outcome; those that are not named see the whole."""
    recording = recording_of(case)
    body = body_of(recording, read_stream(recording))
    found = {}
    for name in case["clients"]:
        seen, verdict = MODELS[name].read(body), judge(recording, MODELS[name])
        found[name] = [verdict.outcome, list(seen.events), verdict.error]
    assert case["clients"] == found
    others = {v.client: v.outcome for v in client_verdicts([recording], [ALL])}
    assert {"whole"} >= {others[name] for name in others if name not in case["clients"]}


@settings(max_examples=40)
@given(st.lists(stream_bytes, max_size=6), st.sampled_from(END_REASONS), st.booleans(),
       st.sampled_from(sorted(FRAMINGS)))  # fmt: skip
def test_no_model_raises(reads: list[bytes], reason: str, is_json: bool, framing: str) -> None:
    """Any bytes, in any reads, ending in any way; and places lie in the body, in order."""
    recording = make_recording(*reads, reason=reason, headers=(FRAMINGS[framing],))
    made = body_of(recording, read_stream(recording))
    body = Body(reads=made.reads, broken=made.broken, is_chunked=made.is_chunked, is_json=is_json)
    for model in MODELS.values():
        seen = model.read(body)
        assert 0 <= seen.at <= len(body.data)
        places = [(piece.start, piece.stop) for piece in seen.pieces]
        assert places == sorted(places)
        assert all(0 <= start < stop <= len(body.data) for start, stop in places)
        assert all(0 <= r.start <= r.stop <= len(body.data) for r in seen.reasons)
        judge(recording, model)


json_values = st.dictionaries(
    st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=9), st.none()), max_size=3
).filter(lambda value: not value.get("error"))


@settings(max_examples=40)
@given(st.lists(json_values, min_size=1, max_size=8))
def test_every_client_sees_the_whole_of_a_healthy_stream(values: list[object]) -> None:
    """Named JSON objects on a line each, LF, reads that end with an event, and [DONE]."""
    events = [sse.Event("delta", json.dumps(value), None, 0, 0) for value in values]
    pieces = [sse.encode(event) for event in events]
    recording = make_recording(*pieces, DONE)
    verdicts = client_verdicts([recording], list(MODELS))
    assert {(name, "whole") for name in MODELS} == {(v.client, v.outcome) for v in verdicts}
    assert {len(values)} == {verdict.events for verdict in verdicts}


@settings(max_examples=40)
@given(st.lists(stream_bytes, max_size=6))
def test_what_fares_badly_is_told_once(reads: list[bytes]) -> None:
    """No event is in two of lost, merged and changed; and what is not whole has a reason."""
    recording = make_recording(*reads)
    for verdict in client_verdicts([recording], list(MODELS)):
        assert not set(verdict.lost) & set(verdict.changed)
        if verdict.outcome != "whole":
            assert verdict.reasons, verdict


def test_standard_s_own_client_sees_the_standard_s_events() -> None:
    """EventSource, on all cases of the standard."""
    for case in json_lines("sse_cases.jsonl"):
        data = case["body"].encode("latin-1")
        body = Body(reads=(data,), is_json=False)
        expected = tuple(i.data for i in sse.decode(data) if isinstance(i, sse.Event))
        assert expected == MODELS["eventsource"].read(body).events


def test_places_are_those_of_the_decoded_body() -> None:
    """Of a compressed stream, too; urllib does not undo that, and finds nothing."""
    pieces = encoded("gzip", [b": hi\n\n", b"data:1\n\n", b"data: 2\n\n"])
    headers = (("Content-Type", "text/event-stream"), ("Content-Encoding", "gzip"))
    recording = make_recording(*pieces, headers=headers)
    assert ((6, 14),) == judge(recording, MODELS["requests-lines"]).lost
    verdict = judge(recording, MODELS["urllib-lines"])
    assert ((6, 14), (14, 23)) == verdict.lost
    assert ["it does not undo the content coding"] == [r.text for r in verdict.reasons]


def test_fixtures_are_whole_to_most() -> None:
    """The recorded systems: what a cut, a fault, events after [DONE] and strip() do is seen."""
    recordings = [
        recording
        for path in sorted((FIXTURES / "systems").glob("*.jsonl"))
        for recording in read_cassette(path)
    ]
    verdicts = client_verdicts(recordings, ["httpx-sse", "httpx-lines"])
    odd = {(v.recording_name, v.client, v.outcome) for v in verdicts if v.outcome != "whole"}
    assert {
        ("assisters-malformed", "httpx-sse", "dies"),
        ("assisters-malformed", "httpx-lines", "dies"),
        ("assisters-raw", "httpx-lines", "changes"),
        ("fastgpt-detail", "httpx-sse", "loses"),
        ("fastgpt-detail", "httpx-lines", "loses"),
        ("selamgpt-dropped", "httpx-sse", "dies"),
        ("selamgpt-dropped", "httpx-lines", "dies"),
    } == odd


def test_all_are_those_that_apply() -> None:
    """The SDK of Anthropic for its streams, EventSource for GET, the others for any JSON."""
    chat = make_recording(chat_event("a"), DONE)
    assert {"anthropic-python", "eventsource"} == set(MODELS) - clients_of(chat)
    messages = make_recording(b'event: message_start\ndata: {"type": "message_start"}\n\n')
    assert "anthropic-python" in clients_of(messages)
    assert "eventsource" in clients_of(make_recording(chat_event("a"), DONE, method="GET"))
    raw = make_recording(b"data: Hello\n\n")
    assert not {"openai-python", "openai-node"} & clients_of(raw)


def clients_of(recording: Recording) -> set[str]:
    return {verdict.client for verdict in client_verdicts([recording], [ALL])}


def test_what_is_no_answered_event_stream_is_not_judged() -> None:
    """An HTTP error, JSON, nothing, and what cannot be decoded."""
    event = chat_event("a")
    refused = make_recording(event, status=503)
    json_body = make_recording(b"{}", headers=(("Content-Type", "application/json"),))
    unknown = make_recording(event, headers=(("Content-Encoding", "magic"),))
    recordings = [refused, json_body, make_recording(), unknown]
    assert not any(can_judge(recording, read_stream(recording)) for recording in recordings)
    assert [] == client_verdicts(recordings, [ALL])


def test_an_unknown_client_is_refused() -> None:
    """With the names that there are."""
    with pytest.raises(InputError, match="'opnai'") as caught:
        client_verdicts([], ["opnai"])
    assert "openai-python" in caught.value.hint


# The report --------------------------------------------------------------------------------------


def hostile() -> list[Verdict]:
    recording = make_recording(b"data: {\xff\n\n", name="\x1b[31mred")
    return client_verdicts([recording], ["openai-python", "httpx-sse", "curl"])


def test_the_table() -> None:
    """A line for each client, why below it, the place before."""
    recording = make_recording(chat_event("a").replace(b"data: ", b"data:"), DONE, name="chat")
    lines = shown(client_view(client_verdicts([recording], ["openai-node", "line-reader"])), 100)
    assert [
        "chat  1 event",
        "client       outcome  what it sees, and why",
        "openai-node  whole",
        "line-reader  loses    1 lost",
        "                      0\u2013130  it wants a space after `data:`",
    ] == [line for line in lines if line]


def test_the_table_draws_what_is_hostile() -> None:
    """And says where there is nothing to say."""
    text = "\n".join(shown(client_view(hostile()), 100))
    assert "\x1b" not in text
    assert "UnicodeDecodeError at byte 0" in text
    assert "no answered event stream" in shown(client_view([]), 100)[0]


def test_the_json() -> None:
    """All that the verdict has."""
    (verdict, *_) = hostile()
    made = json.loads(json.dumps(verdict_json(verdict)))
    assert ("openai-python", "dies", "UnicodeDecodeError", 0) == (
        made["client"], made["outcome"], made["error"], made["at"],
    )  # fmt: skip
    assert [{"start": 0, "stop": 10}] == made["lost"]
    assert {"text", "start", "stop"} == set(made["reasons"][0])
