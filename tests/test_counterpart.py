"""APIs whose paths say whether a stream is asked for: either recording answers both paths."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import respx

from streamlab import AsyncReplayTransport, ReplayTransport, serve
from streamlab import respx as streamlab_respx
from streamlab.analysis import analyze
from streamlab.cassette import read_cassette
from streamlab.clock import ManualClock
from streamlab.live_upstream import open_live
from streamlab.record.upstream import parse_upstreams
from streamlab.recording import Recording
from streamlab.replay import Catalog, ReplayServer, running
from streamlab.replay.counterpart import asks_stream, counterpart_path
from streamlab.replay.key import path_and_query
from streamlab.replay.match import Match
from streamlab.replay.miss import explain
from streamlab.replay.whole import asked_form
from streamlab.store import Library
from streamlab.testing.transport import LiveTransport
from tests.conftest import FIXTURES, chat_event, make_recording
from tests.sdk_streams import STREAMS

GEMINI = "/v1beta/models/gemini-3-flash"
VERTEX = "/v1/projects/p/locations/l/publishers/anthropic/models/claude"
BEDROCK = "/model/anthropic.example-v1"
STREAM, WHOLE = f"{GEMINI}:streamGenerateContent?alt=sse", f"{GEMINI}:generateContent"
JSON_HEAD = (("Content-Type", "application/json"),)
NOTE = "x-streamlab-note"


@pytest.mark.parametrize(
    ("streamed", "whole"),
    [
        (f"{GEMINI}:streamGenerateContent", f"{GEMINI}:generateContent"),
        (f"{VERTEX}:streamRawPredict", f"{VERTEX}:rawPredict"),
        (f"{BEDROCK}:0/converse-stream", f"{BEDROCK}:0/converse"),
        (f"/api{BEDROCK}/invoke-with-response-stream", f"/api{BEDROCK}/invoke"),
        ("/model/arn:aws:x%2Fy/converse-stream", "/model/arn:aws:x%2Fy/converse"),
    ],
)
def test_paths_that_say_the_form(streamed: str, whole: str) -> None:
    """Each is the counterpart of the other."""
    assert (whole, streamed) == (counterpart_path(streamed), counterpart_path(whole))
    assert (True, False) == (asks_stream(streamed), asks_stream(whole))


@pytest.mark.parametrize(
    "path",
    ["", "/", "/v1/chat/completions", "/chain/invoke", "/model/invoke", "/models/m/invoke",
     "/model/a/b/converse", "converse", f"{GEMINI}:generateContent/", f"{GEMINI}:countTokens",
     "/v1/generateContent", f"{GEMINI}:GenerateContent"],
)  # fmt: skip
def test_paths_that_say_none(path: str) -> None:
    """LangServe has an /invoke, too."""
    assert (None, None) == (counterpart_path(path), asks_stream(path))


def recorded(recording_id: str, target: str, body: str = '{"q": 1}', **fields: Any) -> Recording:
    made = make_recording(
        b"{}", recording_id=recording_id, url=f"https://a.example{target}", body=body.encode(),
        headers=JSON_HEAD,
    )  # fmt: skip
    return replace(made, **fields)


ONE, TWO = '{"q": 1}', '{"q": 2}'
RECORDED = (
    recorded("s1", STREAM, ONE),
    recorded("other", STREAM.replace("3-flash", "2-pro"), ONE),
    recorded("s2", STREAM, TWO, started_at="2026-01-02T00:00:00.000Z"),
)
OWN = (*RECORDED, recorded("w", WHOLE, ONE))


@pytest.mark.parametrize(
    ("match", "recordings", "asked", "answers"),
    [
        ("auto", RECORDED, [(WHOLE, TWO), (WHOLE, ONE), (WHOLE, TWO)], ["s2", "s1", "s2"]),
        ("auto", RECORDED, [(WHOLE, "{}"), (WHOLE, "{}"), (WHOLE, "{}")], ["s1", "s2", "s1"]),
        ("auto", RECORDED, [(f"/api{WHOLE}", TWO), (f"{WHOLE}?alt=json", TWO)], ["s2", "s2"]),
        ("auto", RECORDED, [(f"{GEMINI}%3agenerateContent", TWO)], ["s2"]),
        ("auto", OWN, [(WHOLE, TWO), (WHOLE, ONE), (STREAM, TWO)], ["w", "w", "s2"]),
        ("auto", OWN[-1:], [(STREAM, TWO), (STREAM.partition("?")[0], ONE)], ["w", "w"]),
        ("body", RECORDED, [(WHOLE, TWO), (WHOLE, "{}"), (WHOLE, ONE)], ["s2", None, "s1"]),
        ("body", RECORDED, [(f"{WHOLE}?x=1", TWO), ("/v1/else", ONE)], [None, None]),
        ("body", RECORDED, [(STREAM, TWO), (STREAM.partition("?")[0], TWO)], ["s2", None]),
        ("body", OWN, [(WHOLE, ONE), (WHOLE, TWO)], ["w", None]),
        ("body", OWN[-1:], [(STREAM, ONE), (STREAM, TWO)], ["w", None]),
        ("path", RECORDED, [(WHOLE, TWO), (WHOLE, TWO), (STREAM, "")], ["s1", "s2", "s1"]),
        ("path", OWN, [(WHOLE, TWO), (WHOLE, TWO)], ["w", "w"]),
        ("model", RECORDED, [(WHOLE, TWO), (WHOLE, TWO)], ["s1", "s2"]),
        ("model", RECORDED, [(WHOLE.replace("3-flash", "2-pro"), TWO)], ["other"]),
        ("model", RECORDED, [(WHOLE.replace("3-flash", "1"), TWO)], [None]),
        ("latest", RECORDED, [(WHOLE, ONE), (WHOLE, ONE)], ["s2", "s2"]),
        ("latest", OWN, [(WHOLE, ONE), (STREAM, ONE)], ["w", "s2"]),
        ("sequence", OWN, [(WHOLE, ONE)] * 4, ["s1", "other", "s2", "w"]),
    ],
)  # fmt: skip
def test_which_recording_answers(
    match: Match,
    recordings: tuple[Recording, ...],
    asked: list[tuple[str, str]],
    answers: list[str | None],
) -> None:
    """One of the path itself; only where there is none of these, one of the counterpart."""
    catalog = Catalog(recordings, match=match)
    keys = [catalog.key("POST", target, body.encode()) for target, body in asked]
    found = [catalog.pick(key) for key in keys]
    assert answers == [each.id if each else None for each in found]


def test_what_else_says_the_form_does_not_count_between_counterparts() -> None:
    """Anthropic's SDK keeps `stream` in the body on Vertex AI; parts that are ignored stay so."""
    streamed = recorded("s", f"{VERTEX}:streamRawPredict", '{"m": 1, "stream": true, "seed": 1}')
    catalog = Catalog([streamed], match="body", ignored=["$.seed"])
    for body, answer in (('{"seed": 2, "m": 1}', streamed), ('{"m": 1, "stream": false}', streamed),
                         ('{"m": 2}', None), ('{"m": {"stream": true}}', None)):  # fmt: skip
        assert answer == catalog.pick(catalog.key("POST", f"{VERTEX}:rawPredict", body.encode()))
    assert [] == catalog.equal(catalog.key("POST", f"{VERTEX}:rawPredict", b'{"m": 1}'))


@pytest.mark.parametrize(
    ("recorded_target", "target", "body", "form"),
    [
        (STREAM, WHOLE, "{}", "whole"),
        (STREAM, WHOLE, ONE, "whole"),
        (STREAM, f"{GEMINI}%3AgenerateContent?alt=json", ONE, "whole"),
        (STREAM, "/models/streamlab%2Fsky:generateContent", ONE, "whole"),
        (STREAM, STREAM, ONE, "recorded"),
        (STREAM, STREAM.partition("?")[0], "{}", "recorded"),
        (STREAM, "/anything", "{}", "recorded"),
        (WHOLE, STREAM, ONE, "noted"),
        (WHOLE, WHOLE, TWO, "recorded"),
        (f"{VERTEX}:streamRawPredict", f"{VERTEX}:rawPredict", ONE, "whole"),
        (f"{VERTEX}:streamRawPredict", f"{VERTEX}:rawPredict", '{"stream": true}', "recorded"),
        (f"{VERTEX}:streamRawPredict", f"{VERTEX}:rawPredict", '{"stream": null}', "whole"),
        (f"{VERTEX}:rawPredict", f"{VERTEX}:streamRawPredict", '{"stream": true}', "noted"),
        (f"{VERTEX}:rawPredict", f"{VERTEX}:streamRawPredict", '{"stream": false}', "recorded"),
        (f"{VERTEX}:rawPredict", f"{VERTEX}:rawPredict", '{"stream": true}', "noted"),
    ],
)  # fmt: skip
def test_the_form_that_is_asked_for(
    recorded_target: str, target: str, body: str, form: str
) -> None:
    """Where the paths differ in it, that of the request says it, unless its body does."""
    path, _ = path_and_query(target)
    assert form == asked_form(recorded("a", recorded_target), path, body.encode())


def test_what_is_no_json_gets_no_note() -> None:
    """A stream that came at the path for whole answers is one for both."""
    stream = make_recording(chat_event("a"), url=f"https://a.example{VERTEX}:rawPredict")
    assert "recorded" == asked_form(stream, f"{VERTEX}:streamRawPredict", b"{}")


def test_a_miss_tells_what_differs_beside_the_form() -> None:
    """And not the path, nor `alt` and `stream`, which do not keep it from being found."""
    catalog = Catalog([recorded("s", STREAM, '{"q": 1, "stream": true}')], match="body")
    miss = explain(catalog, "POST", WHOLE, b'{"q": 2}')
    assert f"no recording answers POST {WHOLE} with this body" == miss.summary
    assert ("s", ("$.q: 2 != 1",)) == (miss.closest and miss.closest.id, miss.lines)
    miss = explain(catalog, "POST", f"{WHOLE}?x=1", b'{"q": 1}')
    assert ('query: "x=1" != "alt=sse"',) == miss.lines
    miss = explain(Catalog(OWN, match="body"), "POST", WHOLE, TWO.encode())
    assert ("w", ("$.q: 2 != 1",)) == (miss.closest and miss.closest.id, miss.lines)


def fixture(name: str) -> Recording:
    (recording,) = read_cassette(FIXTURES / f"{name}.jsonl")
    return recording


def gemini_text(answer: Any) -> str:
    parts = answer["candidates"][0]["content"]["parts"]
    return "".join(part.get("text", "") for part in parts if not part.get("thought"))


def claude_text(answer: Any) -> str:
    return "".join(block.get("text", "") for block in answer["content"])


def converse_text(answer: Any) -> str:
    return "".join(block.get("text", "") for block in answer["output"]["message"]["content"])


def on_vertex(recording: Recording) -> Recording:
    url = f"https://a.example{VERTEX}:streamRawPredict"
    return replace(recording, request=replace(recording.request, url=url))


def asked_whole(recording: Recording) -> dict[str, Any]:
    """The body that asks the same, in the other form."""
    body: dict[str, Any] = json.loads(recording.request.body)
    body.pop("stream", None)
    return body


ANSWERED = pytest.mark.parametrize(
    ("recording", "target", "text_of"),
    [
        (fixture("dialects/gemini-generate"), WHOLE, gemini_text),
        (fixture("framings/gemini-array"), "/v1beta/models/gemini-2.5-flash:generateContent",
         gemini_text),
        (on_vertex(STREAMS["anthropic-messages"]), f"{VERTEX}:rawPredict", claude_text),
        (fixture("framings/bedrock-converse"), f"{BEDROCK}%3A0/converse", converse_text),
        (fixture("framings/bedrock-converse"), f"{BEDROCK}:0/converse", converse_text),
    ],
    ids=["gemini-sse", "gemini-array", "claude-on-vertex", "converse", "converse-colon"],
)  # fmt: skip


def check(answer: Any, recording: Recording, text_of: Callable[[Any], str]) -> None:
    assert (200, "application/json") == (answer.status_code, answer.headers["content-type"])
    assert NOTE not in answer.headers
    assert analyze(recording).text == text_of(answer.json())


@ANSWERED
@pytest.mark.parametrize("match", ["auto", "body", "path", "model", "latest", "sequence"])
def test_a_server_answers_with_the_whole_answer(
    recording: Recording, target: str, text_of: Callable[[Any], str], match: Match
) -> None:
    """Between real sockets, in all modes; the recorded request gets the stream as ever."""
    catalog = Catalog([recording], match=match)
    with serve(catalog, speed=0) as server, httpx.Client(base_url=server.url) as client:
        check(client.post(target, json=asked_whole(recording)), recording, text_of)
        head = client.head(target)
        streamed = client.post(recording.request.url.partition(".example")[2],
                               content=recording.request.body)  # fmt: skip
    assert ("application/json", recording.body) == (head.headers["content-type"], streamed.content)


@ANSWERED
@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_what_replays_in_the_program_answers_alike(
    recording: Recording, target: str, text_of: Callable[[Any], str], library: Any
) -> None:
    """Transports for both kinds of client and mocks, when the stream had ended."""
    request: dict[str, Any] = {"url": f"https://a.example{target}", "json": asked_whole(recording)}
    assert recording.end is not None
    clock = ManualClock()
    with library.Client(transport=ReplayTransport([recording], clock=clock)) as client:
        check(client.post(**request), recording, text_of)
        assert recording.end.at_ns == clock.now_ns()
    mock = library.MockTransport(streamlab_respx.Streams([recording]))
    with library.Client(transport=mock) as client:
        check(client.post(**request), recording, text_of)

    async def ask() -> Any:
        transport = AsyncReplayTransport([recording], speed=0)
        async with library.AsyncClient(transport=transport) as client:
            return await client.post(**request)

    check(asyncio.run(ask()), recording, text_of)


def test_a_mounted_mock_takes_the_counterpart() -> None:
    """What is of neither path is for the router's other routes."""
    recording = fixture("dialects/gemini-generate")
    with respx.mock() as router:
        streamlab_respx.mount(router, [recording])
        router.route(host="a.example").respond(418)
        check(httpx.post(f"https://a.example{WHOLE}", json={}), recording, gemini_text)
        assert 418 == httpx.post(f"https://a.example{GEMINI}:countTokens", json={}).status_code


def test_a_program_s_stream_false_gets_the_whole_answer_in_the_program_as_well() -> None:
    """A body says the form to transports as it does to a server."""
    transport = ReplayTransport([make_recording(chat_event("a"))], speed=0)
    with httpx.Client(transport=transport) as client:
        answer = client.post("https://a.example/v1/chat/completions", json={"stream": False})
    assert "a" == answer.json()["choices"][0]["message"]["content"]


def test_the_whole_answer_comes_when_the_stream_had_ended() -> None:
    """And not before, on a socket as well."""
    recording = fixture("framings/bedrock-converse")
    assert recording.end is not None
    with serve([recording], speed=5) as server:
        began_ns = time.perf_counter_ns()
        httpx.post(f"{server.url}{BEDROCK}:0/converse", content=b"{}")
        assert time.perf_counter_ns() - began_ns >= recording.end.at_ns / 5


@pytest.mark.parametrize(
    ("whole", "streamed"),
    [
        (WHOLE, STREAM),
        (WHOLE, STREAM.partition("?")[0]),
        (f"{BEDROCK}%3A0/converse", f"{BEDROCK}:0/converse-stream"),
        (f"{BEDROCK}/invoke", f"{BEDROCK}/invoke-with-response-stream"),
        (f"{VERTEX}:rawPredict", f"{VERTEX}:streamRawPredict"),
    ],
)
def test_a_stream_asked_of_a_whole_answer_is_that_with_a_note(whole: str, streamed: str) -> None:
    """On the server and in the program; the path itself gets it without."""
    recording = recorded("w", whole)
    with serve([recording], speed=0) as server, httpx.Client(base_url=server.url) as client:
        noted, plain = client.post(streamed, json={}), client.post(whole, json={})
    transport = ReplayTransport([recording], speed=0)
    with httpx.Client(transport=transport, base_url="https://a.example") as client:
        inside = client.post(streamed, json={})
    assert [b"{}"] * 3 == [each.content for each in (noted, plain, inside)]
    said = "recorded without streaming"
    assert [said, None, said] == [each.headers.get(NOTE) for each in (noted, plain, inside)]


def test_how_an_invoked_model_answers_at_once_is_not_known() -> None:
    """406, as for other APIs that nobody can put together."""
    recording = fixture("framings/bedrock-invoke")
    target = recording.request.url.partition(".example")[2].replace("-with-response-stream", "")
    with serve([recording], speed=0) as server:
        answer = httpx.post(f"{server.url}{target}", content=recording.request.body)
    assert 406 == answer.status_code
    assert f"recording {recording.id} is a stream" in answer.json()["error"]["message"]


def test_a_failure_before_the_stream_is_the_answer_to_both() -> None:
    """It is no stream, so it stays as it is."""
    failed = recorded("f", STREAM)
    assert failed.response is not None
    failed = replace(failed, response=replace(failed.response, status=429))
    with serve([failed], speed=0) as server:
        answer = httpx.post(f"{server.url}{WHOLE}", json={})
    assert (429, b"{}", None) == (answer.status_code, answer.content, answer.headers.get(NOTE))


def test_a_miss_has_no_note() -> None:
    """It was not recorded at all."""
    asked: dict[str, Any] = {"url": "/v1/x", "json": {"stream": True}}
    with serve([], speed=0) as server, httpx.Client(base_url=server.url) as client:
        assert NOTE not in client.post(**asked).headers
    with httpx.Client(transport=ReplayTransport([]), base_url="https://a.example") as client:
        assert NOTE not in client.post(**asked).headers


@pytest.mark.parametrize(
    ("mode", "match", "asked"),
    [("none", "auto", 0), ("once", "auto", 1), ("new_episodes", "body", 1), ("all", "auto", 2),
     ("new_episodes", "sequence", 0)],
)  # fmt: skip
def test_an_upstream_is_asked_rather_than_a_stream_put_together(
    mode: Any, match: Match, asked: int
) -> None:
    """What it answers is then the recording of that path; the stream's own path is replayed."""
    stream = fixture("dialects/gemini-generate")
    catalog = Catalog([stream], match=match)
    with serve([recorded("api", WHOLE)], speed=0) as api:
        upstreams = parse_upstreams([api.url])
        with (
            open_live(Path("l.db"), mode, upstreams, catalog) as live,
            running(ReplayServer(catalog, speed=0, live=live)) as server,
        ):
            asking = {"url": f"{server.url}{WHOLE}", "content": stream.request.body}
            answers = [httpx.post(**asking).json() for _ in range(2)]
        assert asked == len(api.requests)
    for answer in answers:
        assert {} == answer if asked else analyze(stream).text == gemini_text(answer)


def test_a_recording_transport_asks_rather_than_a_stream_put_together() -> None:
    """The same in the program."""
    catalog = Catalog([fixture("dialects/gemini-generate")])
    with (
        serve([recorded("api", WHOLE)], speed=0) as api,
        Library(Path("l.db"), create=True) as library,
        library.open_writer() as writer,
        httpx.Client(
            transport=LiveTransport(catalog, writer, asks_all=False, speed=0), base_url=api.url
        ) as client,
    ):
        assert {} == client.post(WHOLE, json={}).json()
        assert "text/event-stream" == client.post(STREAM, json={}).headers["content-type"]
        assert 1 == len(api.requests)
