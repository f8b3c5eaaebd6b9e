"""Broken answers over real sockets: what clients meet, how faults are asked for, when they heal."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from streamlab.cassette import dumps
from streamlab.errors import InputError
from streamlab.fault import fault, strikes
from streamlab.record.once import Options, record_once
from streamlab.recording import Request
from streamlab.replay import ReplayServer, serve
from streamlab.replay.fault_plan import FaultPlan
from streamlab.store import Library
from tests.cli_runner import fails_well, run
from tests.conftest import DONE, FIXTURES, chat_event, make_recording
from tests.test_cli import replaying

EVENTS = (chat_event("a"), chat_event("b"), DONE)
BODY = b"".join(EVENTS)
RECORDING = make_recording(*EVENTS, name="chat")
CHAT = "/v1/chat/completions"
HEADER = "X-Streamlab-Fault"
AN_HOUR = "3600000"
# What is broken by silence makes a client wait so long, and nothing else does.
PATIENCE_S = 0.5


@contextmanager
def broken(*specs: str) -> Iterator[ReplayServer]:
    with serve([RECORDING], speed=0, faults=specs) as server:
        yield server


def read_all(server: ReplayServer, pieces: list[bytes], silence_s: float = 20) -> httpx.Response:
    """What httpx yields, into `pieces`, whether it fails or not."""
    timeout = httpx.Timeout(20, read=silence_s)
    with httpx.stream("POST", f"{server.url}{CHAT}", timeout=timeout) as response:
        pieces.extend(response.iter_raw())
        return response


# What httpx raises, and which bytes its caller has seen by then.
FAILURES = [
    ("truncate", httpx.RemoteProtocolError, "incomplete chunked read", EVENTS[0]),
    ("no_final_chunk", httpx.RemoteProtocolError, "incomplete chunked read", BODY),
    ("bad_chunk_size", httpx.RemoteProtocolError, "illegal chunk header", EVENTS[0]),
    ("reset", httpx.ReadError, "reset by peer", EVENTS[0]),
    ("hang", httpx.ReadTimeout, "timed out", EVENTS[0]),
    (f"latency:ms={AN_HOUR}", httpx.ReadTimeout, "timed out", b""),
    (f"stall:after=2,ms={AN_HOUR}", httpx.ReadTimeout, "timed out", EVENTS[0] + EVENTS[1]),
    (f"slow_close:ms={AN_HOUR}", httpx.ReadTimeout, "timed out", BODY),
    ("bandwidth:bytes_per_s=1", httpx.ReadTimeout, "timed out", b""),
]


@pytest.mark.parametrize(
    ("spec", "error", "words", "seen"), FAILURES, ids=[case[0] for case in FAILURES]
)
def test_httpx_meets_the_fault_and_then_no_more(
    spec: str, error: type[Exception], words: str, seen: bytes
) -> None:
    """Each fails in its own way, after the bytes that came; `times=1` heals it."""
    pieces: list[bytes] = []
    sign = "," if ":" in spec else ":"
    with broken(f"{spec}{sign}times=1") as server:
        with pytest.raises(error, match=words):
            read_all(server, pieces, PATIENCE_S)
        assert seen == b"".join(pieces)
        pieces.clear()
        assert 200 == read_all(server, pieces).status_code
        assert BODY == b"".join(pieces)
        assert [(f"{spec}{sign}times=1",), ()] == [asked.faults for asked in server.requests]


def test_a_length_that_is_not_reached() -> None:
    """A cut body with a Content-Length is short, too."""
    headers = (("Content-Type", "text/event-stream"), ("Content-Length", str(len(BODY))))
    with (
        serve([make_recording(*EVENTS, headers=headers)], speed=0, faults=["truncate"]) as server,
        pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"),
    ):
        read_all(server, [])


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("truncate", "truncated"),
        ("reset", "reset"),
        ("hang", "timeout"),
        ("bad_chunk_size", "protocol_error"),
        ("no_final_chunk", "truncated"),
    ],
)
def test_the_recorder_says_how_it_ended(library: Library, spec: str, reason: str) -> None:
    """Every broken end has its word."""
    with broken(spec) as server, library.open_writer() as writer:
        request = Request(method="POST", url=f"{server.url}{CHAT}", body=b"{}")
        recording = record_once(request, writer, options=Options(silence_s=0.2))
    assert recording.end is not None
    assert reason == recording.end.reason


def test_httpx_takes_a_cut_gzip_for_whole() -> None:
    """No error at all, and all of the text: the checksum is what is missing."""
    with broken("gzip_truncated") as server:
        answer = httpx.post(f"{server.url}{CHAT}")
    assert ("gzip", BODY) == (answer.headers["content-encoding"], answer.content)


def test_slices_arrive_as_http_chunks_of_their_own() -> None:
    """Far enough from each other for any client; here only what the wire holds."""
    with broken("slice:bytes=40,gap_ms=0") as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as client:
            client.sendall(f"POST {CHAT} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            wire = b"".join(iter(lambda: client.recv(65536), b""))
    sizes = [int(line, 16) for line in wire.split(b"\r\n\r\n", 1)[1].split(b"\r\n")[::2] if line]
    each = [[40] * (len(event) // 40) + [len(event) % 40] for event in EVENTS]
    assert [*chain.from_iterable(each), 0] == sizes


def test_many_answers_on_one_connection() -> None:
    """A broken body that is still HTTP leaves the connection usable."""
    with (
        broken("bom", "crlf", "keepalive", "http_error:times=1") as server,
        httpx.Client(base_url=server.url, limits=httpx.Limits(max_connections=1)) as client,
    ):
        assert [429, 200, 200] == [client.post(CHAT).status_code for _ in range(3)]
        assert b"\xef\xbb\xbf" + EVENTS[0].replace(b"\n", b"\r\n") in client.post(CHAT).content
        assert 1 == len(server._listener.connections)


# The SDK.


def chat_with(server: ReplayServer, **options: Any) -> str:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="x", **options) as client:
        stream = client.chat.completions.create(model="m", messages=[], stream=True)
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream)


def test_openai_retries_an_http_error_by_itself() -> None:
    """429, Retry-After, and the second answer is whole: no word to its caller."""
    with broken("http_error:status=429,retry_after=0.01,times=1") as server:
        assert "ab" == chat_with(server)
        assert [1, 0] == [len(asked.faults) for asked in server.requests]


def test_openai_gives_up_on_an_error_that_stays() -> None:
    """In the API's shape, so that it has the SDK's own class."""
    with (
        broken("http_error:retry_after=0.01") as server,
        pytest.raises(openai.RateLimitError, match="asked to break") as caught,
    ):
        chat_with(server, max_retries=1)
    assert 2 == len(server.requests)
    assert "rate_limit_error" == caught.value.type


def test_openai_takes_a_web_page_for_an_empty_stream() -> None:
    """No error: nothing in it looks like an event."""
    with broken("html") as server:
        assert "" == chat_with(server)


@pytest.mark.parametrize("kind", ["cut", "quote", "brace"])
def test_openai_lets_a_json_error_through(kind: str) -> None:
    """Not one of its own classes."""
    with broken(f"malformed_json:kind={kind}") as server, pytest.raises(json.JSONDecodeError):
        chat_with(server)


def test_openai_raises_what_the_stream_reports() -> None:
    """An error object in the middle is an APIError."""
    with broken("error_event") as server, pytest.raises(openai.APIError, match="asked to break"):
        chat_with(server)


@pytest.mark.parametrize("spec", ["keepalive", "crlf", "cr", "no_done", "data_after_done",
                                  "slice:at=every_byte,gap_ms=0", "merge:events=9",
                                  "gzip_truncated", "jitter:ms=1"])  # fmt: skip
def test_openai_reads_on_over_the_rest(spec: str) -> None:
    """What is legal, and some that is not, changes nothing for it."""
    with broken(spec) as server:
        assert "ab" == chat_with(server)


@pytest.mark.parametrize("spec", ["truncate", "bad_chunk_size", "reset"])
def test_openai_has_its_own_word_for_a_broken_end(spec: str) -> None:
    """The events before it are read; it does not try again by itself."""
    with broken(spec) as server:
        with pytest.raises(openai.APIConnectionError):
            chat_with(server)
        assert 1 == len(server.requests)


@pytest.mark.parametrize("spec", ["hang", f"stall:ms={AN_HOUR}", f"latency:ms={AN_HOUR}"])
def test_openai_has_its_own_word_for_silence(spec: str) -> None:
    """After as much patience as it was given."""
    with broken(spec) as server, pytest.raises(openai.APITimeoutError):
        chat_with(server, max_retries=0, timeout=PATIENCE_S)


@pytest.mark.parametrize("spec", ["no_final_chunk", f"slow_close:ms={AN_HOUR}"])
def test_openai_leaves_at_the_end_marker(spec: str) -> None:
    """What comes after it, or does not, is never seen."""
    with broken(spec) as server:
        assert "ab" == chat_with(server)


def test_openai_hands_on_a_ping_as_a_chunk() -> None:
    """One without choices, which many a loop does not expect."""
    with (
        broken("ping:every_events=2") as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="x") as client,
    ):
        stream = client.chat.completions.create(model="m", messages=[], stream=True)
        assert [True, True, False] == [bool(chunk.choices) for chunk in stream]


def test_openai_loses_an_event_to_a_byte_order_mark() -> None:
    """It looks for fields only, and the mark is none: a fault that the analysis names."""
    with broken("bom") as server:
        assert "b" == chat_with(server)


# How they are asked for, and how often they strike.


def test_faults_come_and_go_at_run_time() -> None:
    """From the test's own thread; `heal` takes away all."""
    with broken() as server, httpx.Client(base_url=server.url) as client:
        assert BODY == client.post(CHAT).content
        assert "drop:after=1" == str(server.fault("drop:after=1"))
        server.fault(fault("keepalive", every_events=2))
        assert EVENTS[0] + EVENTS[2] + b": keep-alive\n\n" == client.post(CHAT).content
        server.heal()
        assert BODY == client.post(CHAT).content
        with pytest.raises(InputError, match="no fault 'x'"):
            server.fault("x")


def test_what_nothing_breaks_is_built_once() -> None:
    """Faults that have run out, or are for others, cost the shared script nothing."""
    with broken("drop:times=1", "bom:on=other") as server:
        for _ in range(3):
            httpx.post(f"{server.url}{CHAT}")
        assert 1 == len(server._scripts)


def test_a_client_asks_for_a_fault() -> None:
    """In a header, for its own answer only, after the server's; the header picks no recording."""
    other = make_recording(DONE, recording_id="f" * 12)
    with (
        serve([RECORDING, other], speed=0, faults=["merge:events=9"]) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        asked = client.post(CHAT, headers=[(HEADER, "drop; bom"), (HEADER, "crlf")])
        events = EVENTS[0] + EVENTS[2]
        assert b"\xef\xbb\xbf" + events.replace(b"\n", b"\r\n") == asked.content
        assert DONE == client.post(CHAT).content
        assert [("merge:events=9", "drop", "bom", "crlf"), ("merge:events=9",)] == [
            asked.faults for asked in server.requests
        ]


def test_a_client_that_asks_with_each_retry_heals_too() -> None:
    """SDKs send the same headers again; the fault is counted by what it says."""
    ask = {HEADER: "http_error:status=500,retry_after=0.01,times=1"}
    with broken() as server:
        assert "ab" == chat_with(server, default_headers=ask)
        assert 2 == len(server.requests)
        server.heal()
        assert 500 == httpx.post(f"{server.url}{CHAT}", headers=ask).status_code


def test_a_bad_spec_is_answered_with_what_there_is() -> None:
    """400 in the API's shape; no recording is used up by it."""
    with broken() as server:
        answer = httpx.post(f"{server.url}{CHAT}", headers={HEADER: "stall:mss=1"})
        assert 400 == answer.status_code
        message = answer.json()["error"]["message"]
        assert "X-Streamlab-Fault: the fault stall has no option 'mss'" in message
        assert "takes after, ms" in message
        assert not server.requests


def test_a_server_without_control_takes_no_orders() -> None:
    """Neither at its own paths nor in headers."""
    with serve([RECORDING], speed=0, has_control=False) as server:
        assert BODY == httpx.post(f"{server.url}{CHAT}", headers={HEADER: "drop"}).content


def test_a_fault_may_be_for_one_recording() -> None:
    """By name or id; answers of others do not count, and no more do misses."""
    other = make_recording(DONE, recording_id="f" * 12, url="http://a/other")
    faults = [
        "http_error:status=500,times=1,on=chat",
        f"http_error:status=502,times=1,on={'f' * 12}",
    ]
    with (
        serve([RECORDING, other], speed=0, faults=faults) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        assert 503 == client.post("/nowhere").status_code
        assert [502, 200] == [client.post("/other").status_code for _ in range(2)]
        assert [500, 200] == [client.post(CHAT).status_code for _ in range(2)]


def test_chance_is_the_same_each_time() -> None:
    """Which answers are broken depends on the seed; `times` counts those that were."""
    each = fault("http_error", probability=0.5, seed=4, times=3)
    expected = [strikes(each, answer) for answer in range(20)]
    with serve([RECORDING], speed=0, faults=[each]) as server:
        with httpx.Client(base_url=server.url) as client:
            struck = [client.post(CHAT).status_code == 429 for _ in range(20)]
        (planned,) = server.fault_plan.planned()
    assert 3 == sum(struck) == planned.broke
    last = max(n for n, was_struck in enumerate(struck) if was_struck)
    assert expected[: last + 1] == struck[: last + 1]


def test_the_answer_to_a_head_has_no_body_to_break() -> None:
    """It would be no HTTP; the fault waits for another request."""
    recording = make_recording(method="HEAD", headers=(("Content-Length", "5"),))
    with serve([recording], speed=0, faults=["html:times=1"]) as server:
        answer = httpx.head(f"{server.url}{CHAT}")
        assert ("5", 0) == (answer.headers["content-length"], server.fault_plan.planned()[0].broke)


def test_threads_share_the_count() -> None:
    """`times=50` breaks 50 answers, whoever asks."""
    plan = FaultPlan(["hang:times=50"])
    start = threading.Barrier(4)

    def ask(_: int) -> int:
        start.wait(20)
        return sum(len(plan.blows(RECORDING, ())) for _ in range(40))

    with ThreadPoolExecutor(4) as pool:
        assert 50 == sum(pool.map(ask, range(4)))


def test_faults_that_clients_ask_for_are_not_kept_for_ever() -> None:
    """Each may be another; the oldest are forgotten, and begin anew."""
    plan = FaultPlan()
    first = fault("hang", times=1)
    assert [1, 0] == [len(plan.blows(RECORDING, [first])) for _ in range(2)]
    for after in range(1000):
        plan.blows(RECORDING, [fault("hang", after=after)])
    assert 1000 == len(plan._asked)
    assert 1 == len(plan.blows(RECORDING, [first]))


def test_a_held_stream_is_broken_as_well() -> None:
    """Its events are those of the broken stream, and its end is the broken end."""
    pieces: list[bytes] = []
    with broken("drop:after=0", "truncate:after=1") as server, ThreadPoolExecutor(1) as pool:
        hold = server.hold()
        reading = pool.submit(read_all, server, pieces)
        assert ("drop:after=0", "truncate:after=1") == hold.wait_until_asked().faults
        assert 1 == hold.events
        hold.release_all()
        with pytest.raises(httpx.RemoteProtocolError):
            reading.result(20)
    assert EVENTS[1] == b"".join(pieces)


# Over the control API and on the command line.


def test_faults_are_set_over_http() -> None:
    """What a test in another language does."""
    with broken("bom:on=nothing") as server, httpx.Client(base_url=server.url) as client:
        path = "/__streamlab/faults"
        made = client.post(path, json={"fault": "http_error:times=2"})
        assert {"fault": "http_error:times=2"} == made.json()
        assert [429, 429, 200] == [client.post(CHAT).status_code for _ in range(3)]
        assert [
            {"fault": "bom:on=nothing", "considered": 0, "broke": 0},
            {"fault": "http_error:times=2", "considered": 2, "broke": 2},
        ] == client.get(path).json()
        assert ["http_error:times=2"] == client.get("/__streamlab/requests").json()[0]["faults"]
        assert {} == client.delete(path).json()
        assert [] == client.get(path).json()


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"{}", "is a spec"), (b'{"fault": 1}', "is a spec"), (b'{"fault": "x"}', "no fault 'x'")],
)
def test_bad_faults_are_refused_with_a_sentence(content: bytes, said: str) -> None:
    """In the API's error shape."""
    with broken() as server:
        answer = httpx.post(f"{server.url}/__streamlab/faults", content=content)
        assert 400 == answer.status_code
        assert said in answer.json()["error"]["message"]


def test_faults_on_the_command_line() -> None:
    """In the order given; said at the beginning and at each answer."""
    Path("chat.jsonl").write_text(dumps([RECORDING]), "utf-8")
    options = ["--speed", "instant", "--fault", "drop:times=1", "--fault", "bom"]
    with replaying("chat.jsonl", *options) as (url, server):
        assert b"\xef\xbb\xbf" + EVENTS[0] + EVENTS[2] == httpx.post(f"{url}{CHAT}").content
        assert b"\xef\xbb\xbf" + BODY == httpx.post(f"{url}{CHAT}").content
        server.terminate()
        _, said = server.communicate(timeout=30)
    assert "fault drop:times=1\n" in said
    assert f"{RECORDING.id} drop:times=1 bom\n" in said
    assert f"{RECORDING.id} bom\n" in said


def test_a_bad_fault_is_refused_before_anything_listens() -> None:
    """With what there is."""
    Path("chat.jsonl").write_text(dumps([RECORDING]), "utf-8")
    ran = run("replay", "chat.jsonl", "--port", "0", "--fault", "stal")
    fails_well(ran, "there is no fault 'stal'", "there are latency")


def test_the_program_in_the_docs_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """The block as it stands, in the checkout."""
    text = (FIXTURES.parent / "docs/faults.md").read_text("utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(FIXTURES.parent)
    exec(compile(block, "docs/faults.md", "exec"), {})
