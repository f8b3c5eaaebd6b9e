"""Streams that are held back, from the test's own program and over the control API."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.errors import HoldTimeoutError
from streamlab.recut import by_event
from streamlab.replay import ReplayServer, serve
from streamlab.schedule import Send, schedule
from tests.conftest import DONE, chat_event, make_recording

EVENTS = (chat_event("a"), b": ping\n\n" + chat_event("b"), DONE)
# What a hold counts is events; the reads of this recording have other ends.
RECORDING = make_recording(EVENTS[0][:20], EVENTS[0][20:] + EVENTS[1][:3], EVENTS[1][3:] + DONE)
CHAT = "/v1/chat/completions"


def read_into(pieces: "list[bytes]", url: str) -> None:
    with httpx.stream("POST", f"{url}{CHAT}", timeout=20, verify=False) as response:
        pieces.extend(response.iter_raw())


def test_events_go_when_they_are_released() -> None:
    """Nothing before; then so many; the end after the last."""
    pieces: list[bytes] = []
    with serve([RECORDING]) as server, ThreadPoolExecutor(1) as pool:
        hold = server.hold()
        reading = pool.submit(read_into, pieces, server.url)
        asked = hold.wait_until_asked()
        assert ("POST", CHAT, RECORDING.id) == (asked.method, asked.target, asked.recording_id)
        assert (3, 0) == (hold.events, hold.sent)
        hold.release()
        hold.wait_until_sent(1)
        assert 1 == hold.sent
        with pytest.raises(HoldTimeoutError, match="2 events were not sent") as caught:
            hold.wait_until_sent(2, timeout_s=0.01)
        assert "1 of its 3 events were sent, 1 released" == caught.value.hint
        hold.release(2)
        hold.wait_until_sent(3)
        assert not hold.is_over
        hold.release()
        hold.wait_until_over()
        reading.result(20)
    assert b"".join(EVENTS) == b"".join(pieces)


def test_what_is_released_before_the_request_goes_at_once() -> None:
    """The order of test and client does not matter."""
    pieces: list[bytes] = []
    with serve([RECORDING]) as server:
        hold = server.hold()
        hold.release_all()
        read_into(pieces, server.url)
        assert 3 == hold.sent
    assert b"".join(EVENTS) == b"".join(pieces)


def test_a_hold_is_for_one_stream_of_one_recording() -> None:
    """Others, and the next one, go as they would."""
    other = make_recording(
        b"data: x\n\n", recording_id="f" * 12, name="other", url="http://a/other"
    )
    with serve([RECORDING, other], speed=0) as server:
        hold = server.hold("other")
        httpx.post(verify=False, url=f"{server.url}{CHAT}")
        assert hold.asked is None
        hold.release_all()
        httpx.post(verify=False, url=f"{server.url}/other")
        assert hold.wait_until_asked().target == "/other"
        httpx.post(verify=False, url=f"{server.url}/other")


def test_an_sdk_sees_each_token_as_it_is_released() -> None:
    """No sleeps: what the SDK has yielded is known at each step."""
    with (
        serve([RECORDING]) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="x", max_retries=0) as client,
    ):
        hold = server.hold()
        stream = client.chat.completions.create(model="m", messages=[], stream=True)
        tokens = iter(stream)
        hold.release()
        assert "a" == next(tokens).choices[0].delta.content
        hold.release()
        assert "b" == next(tokens).choices[0].delta.content
        stream.close()
        hold.wait_until_over()
        assert 2 == hold.sent


def test_a_closed_server_lets_go() -> None:
    """A hold that nobody releases keeps nobody from closing."""
    with ThreadPoolExecutor(1) as pool:
        with serve([RECORDING]) as server:
            hold = server.hold()
            reading = pool.submit(pytest.raises, httpx.HTTPError, read_into, [], server.url)
            hold.wait_until_asked()
        hold.wait_until_over()
        hold.release()
        reading.result(20)


@given(st.lists(st.binary(max_size=20)), st.booleans())
def test_recutting_keeps_the_bytes(pieces: list[bytes], is_stream: bool) -> None:
    """Any body: the same bytes, each piece at a time that its send had, in order."""
    kind = "text/event-stream" if is_stream else "text/plain"
    recording = make_recording(*pieces, headers=(("Content-Type", kind),))
    before, after = schedule(recording), by_event(schedule(recording))
    sent, cut = ([a for a in s.actions if isinstance(a, Send)] for s in (before, after))
    assert b"".join(a.data for a in sent) == b"".join(a.data for a in cut)
    assert {a.at_ns for a in cut} <= {a.at_ns for a in sent}
    assert sorted(a.at_ns for a in cut) == [a.at_ns for a in cut]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_a_piece_is_an_event_with_what_stands_before_it(end: bytes) -> None:
    """Whatever ends its lines, however the reads were cut."""
    events = [b"data: 1" + end * 2, b": c" + end * 2 + b"data: 2" + end * 2, b"data: cut"]
    body = b"".join(events)
    recording = make_recording(*(body[i : i + 1] for i in range(len(body))))
    assert events == [a.data for a in by_event(schedule(recording)).actions if isinstance(a, Send)]


# Over the control API.


def control(server: ReplayServer, method: str, path: str, **options: Any) -> httpx.Response:
    return httpx.request(
        method, f"{server.url}/__streamlab/{path}", timeout=20, verify=False, **options
    )


def test_a_stream_is_held_over_http() -> None:
    """What a test in another language does."""
    pieces: list[bytes] = []
    with serve([RECORDING]) as server, ThreadPoolExecutor(1) as pool:
        made = control(server, "POST", "holds").json()
        path = f"holds/{made['id']}"
        assert {"asked": None, "events": None, "sent": 0, "is_over": False} == control(
            server, "GET", path
        ).json()
        reading = pool.submit(read_into, pieces, server.url)
        state = control(server, "GET", f"{path}?asked").json()
        assert (3, 0, CHAT) == (state["events"], state["sent"], state["asked"]["target"])
        assert 200 == control(server, "POST", f"{path}/release", json={"events": 2}).status_code
        assert 2 == control(server, "GET", f"{path}?sent=2").json()["sent"]
        late = control(server, "GET", f"{path}?sent=3&timeout_s=0.01")
        assert (504, 2) == (late.status_code, late.json()["sent"])
        control(server, "POST", f"{path}/release", json={"events": "all"})
        assert control(server, "GET", f"{path}?over").json()["is_over"]
        reading.result(20)
    assert b"".join(EVENTS) == b"".join(pieces)


def test_requests_are_listed_redacted() -> None:
    """For assertions on what was asked, without anybody's key; and forgotten on demand."""
    with serve([RECORDING], speed=0) as server:
        headers = {"Authorization": "Bearer sk-secret-12345678"}
        httpx.post(
            verify=False,
            url=f"{server.url}{CHAT}?api_key=secret-1",
            content=b'{"n": 1}',
            headers=headers,
        )
        (listed,) = control(server, "GET", "requests").json()
        assert ("POST", '{"n": 1}', RECORDING.id) == (
            listed["method"], listed["body"], listed["recording_id"]
        )  # fmt: skip
        assert "secret" not in json.dumps(listed)
        assert "[redacted]" in json.dumps(listed)
        assert listed["target"] == server.requests[0].target
        control(server, "DELETE", "requests")
        assert [] == control(server, "GET", "requests").json()


def test_fidelity_is_told() -> None:
    """Scheduled against actual, as the closing line says it."""
    with serve([make_recording(*EVENTS, gap_ns=1_000_000)]) as server:
        httpx.post(verify=False, url=f"{server.url}{CHAT}")
        told = control(server, "GET", "fidelity").json()
    assert 5 == told["writes"]
    assert 0 <= told["late"]["min_ns"] <= told["late"]["max_ns"]


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "said"),
    [
        ("GET", "nothing", None, 404, "no GET /__streamlab/nothing"),
        ("PUT", "requests", None, 404, "no PUT"),
        ("GET", "", None, 404, "no GET"),
        ("GET", "holds/7", None, 404, "no hold '7'"),
        ("POST", "holds", b"[]", 400, "a JSON object"),
        ("POST", "holds", b"{", 400, "not JSON"),
        ("POST", "holds", b'{"recording": 1}', 400, "name or id"),
        ("POST", "holds/1/release", b'{"events": 0}', 400, "above 0"),
        ("POST", "holds/1/release", b'{"events": true}', 400, "above 0"),
        ("GET", "holds/1?sent=x", None, 400, "are numbers"),
        ("GET", "holds/1?timeout_s=1e9", None, 400, "from 0 to 600"),
        ("GET", "holds/1?timeout_s=nan", None, 400, "from 0 to 600"),
    ],
)
def test_bad_orders_are_refused_with_a_sentence(
    method: str, path: str, content: bytes | None, status: int, said: str
) -> None:
    """In the API's error shape; the server goes on."""
    with serve([RECORDING], speed=0) as server:
        control(server, "POST", "holds")
        answer = control(server, method, path, content=content)
        assert status == answer.status_code
        assert said in answer.json()["error"]["message"]
        assert [] == control(server, "GET", "requests").json()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:8000"}, 403),
        ({"Host": ""}, 403),
        ({"Host": "localhost"}, 200),
        ({"Host": "[::1]:8000"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "localhost:1", "Origin": "http://localhost:1"}, 200),
        ({"Host": "localhost:1", "Origin": "http://localhost:2"}, 403),
    ],
)
def test_web_pages_cannot_control_it(headers: dict[str, str], status: int) -> None:
    """Neither from another origin nor by a name of their own that points here."""
    with serve([RECORDING]) as server:
        assert status == control(server, "GET", "requests", headers=headers).status_code


def test_the_control_api_can_be_turned_off() -> None:
    """Its paths are then like any other."""
    with serve([RECORDING], has_control=False) as server:
        assert 503 == control(server, "GET", "requests").status_code


DOCS = Path(__file__).parents[1] / "docs/replay.md"


@pytest.mark.parametrize(
    "block", re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
)
def test_docs_examples_work(
    block: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As they stand; the one that holds a stream sees two events, then the text."""
    monkeypatch.chdir(DOCS.parents[1])
    exec(compile(block, str(DOCS), "exec"), {})
    printed = capsys.readouterr().out
    if "server.hold()" in block:
        assert printed.startswith("2 of ")
        assert len(printed.splitlines()[1]) > 20
