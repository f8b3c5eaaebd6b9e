"""What clients need of an endpoint besides its streams, over real sockets: browsers, HEAD, models,
keys, TLS."""

import asyncio
import http.client
import json
import socket
import ssl
from dataclasses import replace
from typing import Any

import anthropic
import httpx
import openai
import pytest

from streamlab.clock import ManualClock
from streamlab.errors import InputError
from streamlab.recording import Recording
from streamlab.replay import Answered, ReplayServer, serve
from tests.conftest import DONE, chat_event, held, make_recording
from tests.sdk_streams import STREAMS
from tests.test_replay import CLOSE, ask, request_bytes

EVENTS = (chat_event("a"), DONE)
CHAT = "/v1/chat/completions"
STREAM = make_recording(*EVENTS)
ORIGIN = "http://page.example:3000"


def address(url: str) -> tuple[str, int]:
    host, _, port = url.partition("://")[2].rpartition(":")
    return host, int(port)


def with_headers(*headers: tuple[str, str], recording: Recording = STREAM) -> Recording:
    assert recording.response is not None
    return replace(recording, response=replace(recording.response, headers=headers))


def options(url: str, *headers: tuple[str, str], path: str = CHAT) -> httpx.Response:
    return httpx.request("OPTIONS", url + path, headers=headers)


# Browsers.


def test_a_preflight_is_allowed_what_it_asks_for() -> None:
    """Origin, method and headers; from a page of the public web, too."""
    with serve([STREAM], speed=0) as server:
        answer = options(
            server.url,
            ("Origin", ORIGIN),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "authorization,content-type,x-stainless-os"),
            ("Access-Control-Request-Private-Network", "true"),
        )
    assert (204, b"") == (answer.status_code, answer.content)
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert {
        "access-control-allow-origin": ORIGIN,
        "access-control-allow-headers": "authorization,content-type,x-stainless-os",
        "access-control-allow-private-network": "true",
        "vary": "Origin",
    }.items() <= dict(answer.headers).items()
    assert int(answer.headers["access-control-max-age"]) > 0
    assert "content-length" not in answer.headers


def test_a_preflight_gets_no_more_than_it_asks_for() -> None:
    """Without an Origin `*`, and no word on networks."""
    with serve([STREAM], speed=0) as server:
        answer = options(server.url, ("Access-Control-Request-Method", "GET"), path="/nothing")
        plain = options(server.url)
    assert (204, "*") == (answer.status_code, answer.headers["access-control-allow-origin"])
    assert "access-control-allow-private-network" not in answer.headers
    assert "access-control-allow-headers" not in answer.headers
    assert 503 == plain.status_code


def test_a_recorded_preflight_is_replayed() -> None:
    """What the API allowed is what is allowed."""
    recorded = make_recording(
        method="OPTIONS",
        body=b"",
        status=200,
        headers=(("Access-Control-Allow-Origin", "https://only.example"), ("Content-Length", "0")),
    )
    with serve([recorded], speed=0, api_key="k") as server:
        answer = options(server.url, ("Origin", ORIGIN), ("Access-Control-Request-Method", "POST"))
    assert (200, "https://only.example") == (
        answer.status_code,
        answer.headers["access-control-allow-origin"],
    )
    assert "access-control-allow-methods" not in answer.headers


@pytest.mark.parametrize("origin", [ORIGIN, "null", "http://localhost"])
def test_a_page_may_read_the_answer(origin: str) -> None:
    """All of it: a stream, a miss, a model, a refusal."""
    with serve([STREAM], speed=0, api_key="k") as server:
        for path, key in ((CHAT, "k"), ("/nothing", "k"), ("/v1/models", "k"), (CHAT, "wrong")):
            answer = httpx.post(
                server.url + path, json={}, headers={"Origin": origin, "X-Api-Key": key}
            )
            assert {
                "access-control-allow-origin": origin,
                "access-control-expose-headers": "*",
                "vary": "Origin",
            }.items() <= dict(answer.headers).items()


def test_the_wire_is_the_recording_but_for_the_added_fields() -> None:
    """They stand at the end of the head; without an Origin there are none."""
    with serve([STREAM], speed=0) as server:
        plain = ask(server.url, request_bytes(CLOSE))
        read = ask(server.url, request_bytes(CLOSE, f"Origin: {ORIGIN}"))
    added = (
        f"\r\nAccess-Control-Allow-Origin: {ORIGIN}\r\nVary: Origin"
        "\r\nAccess-Control-Expose-Headers: *\r\n\r\n"
    )
    assert plain.replace(b"\r\n\r\n", added.encode(), 1) == read
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked"
    assert plain.startswith(head + b"\r\n\r\n")


def test_what_the_recording_says_of_origins_is_kept() -> None:
    """It is evidence; also where it keeps this page out."""
    own = (("Vary", "Accept"), ("access-control-allow-origin", "https://only.example"))
    with serve([with_headers(*own)], speed=0) as server:
        plain = ask(server.url, request_bytes(CLOSE))
        assert plain == ask(server.url, request_bytes(CLOSE, f"Origin: {ORIGIN}"))


def test_an_empty_allowance_is_filled() -> None:
    """llama.cpp sends one to those who have no Origin; a second field would forbid it all.
    OpenAI's API names the headers to expose, and nobody who may read them."""
    headers = (
        ("Access-Control-Allow-Origin", ""),
        ("Access-Control-Expose-Headers", "X-Request-ID"),
        ("Transfer-Encoding", "chunked"),
    )
    with serve([with_headers(*headers)], speed=0) as server:
        plain = ask(server.url, request_bytes(CLOSE))
        answer = httpx.post(server.url + CHAT, json={}, headers={"Origin": ORIGIN})
    assert b"\r\nAccess-Control-Allow-Origin: \r\n" in plain
    assert [ORIGIN] == answer.headers.get_list("access-control-allow-origin")
    assert ["X-Request-ID"] == answer.headers.get_list("access-control-expose-headers")


def test_the_control_api_stays_closed_to_pages() -> None:
    """Neither a preflight nor an answer of it lets a page in."""
    with serve([STREAM], speed=0) as server:
        asking = ("Access-Control-Request-Method", "DELETE")
        path = "/__streamlab/requests"
        for answer in (
            options(server.url, ("Origin", ORIGIN), asking, path=path),
            httpx.get(server.url + path, headers={"Origin": ORIGIN}),
            httpx.get(server.url + path, headers={"Origin": server.url}),
        ):
            assert not any(name.startswith("access-control") for name in answer.headers)
            assert 204 != answer.status_code


def test_a_connection_that_breaks_before_a_head_breaks() -> None:
    """With or without an Origin there is nothing to add to."""
    broken = replace(make_recording(reason="protocol_error"), response=None)
    with serve([broken], speed=0) as server:
        answer = ask(server.url, request_bytes(f"Origin: {ORIGIN}"))
    assert b"this is not HTTP\r\n\r\n" == answer


# HEAD and models.


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "framing", [("Transfer-Encoding", "chunked"), ("Content-Length", "999"), ("X-None", "1")]
)
def test_head_gets_the_recorded_head(method: str, framing: tuple[str, str]) -> None:
    """To the byte, and no body; the connection goes on where the answer itself would let it."""
    headers = (("X-Odd-CASE", "1"), framing)
    recording = make_recording(*EVENTS, headers=headers, method=method, reason="truncated")
    with serve([recording], speed=0) as server:
        answer = ask(server.url, f"HEAD {CHAT} HTTP/1.1\r\nHost: a\r\n{CLOSE}\r\n\r\n".encode())
        assert "HEAD" == server.requests[0].method
        assert recording.id == server.requests[0].recording_id
    expected = f"HTTP/1.1 200 OK\r\nX-Odd-CASE: 1\r\n{framing[0]}: {framing[1]}\r\n\r\n"
    assert expected.encode() == answer


def test_head_is_followed_by_another_request_on_its_connection() -> None:
    """Its end shows: http.client would read a body into the next answer."""
    with serve([STREAM], speed=0) as server:
        client = http.client.HTTPConnection(*address(server.url), timeout=20)
        for path in (CHAT, "/v1/models", "/v1/models/m", "/nothing"):
            client.request("HEAD", path)
            answer = client.getresponse()
            assert b"" == answer.read()
            assert (503 if path == "/nothing" else 200) == answer.status
            before = client.sock
            client.request("POST", CHAT, b"{}")
            assert before is client.sock
            assert b"".join(EVENTS) == client.getresponse().read()
        client.close()


def test_head_takes_nothing_from_the_streams() -> None:
    """Neither the n-th recording, nor a hold: it was no request for one."""
    first = make_recording(DONE, headers=(("X-Number", "1"),), recording_id="1" * 12)
    second = make_recording(DONE, headers=(("X-Number", "2"),), recording_id="2" * 12)
    with serve([first, second], speed=0) as server:
        hold = server.hold()
        for _ in range(3):
            assert "1" == httpx.head(server.url + CHAT).headers["x-number"]
        assert hold.asked is None
        hold.release_all()
        assert ["1", "2"] == [
            httpx.post(server.url + CHAT, json={}).headers["x-number"] for _ in range(2)
        ]


def test_a_recorded_head_comes_first() -> None:
    """What was recorded is what is served."""
    headers = (("X-Recorded", "head"), ("Content-Length", "5"))
    head = make_recording(headers=headers, method="HEAD", body=b"", recording_id="1" * 12)
    with serve([STREAM, head], speed=0) as server:
        answer = httpx.head(server.url + CHAT)
    assert ("head", "5") == (answer.headers["x-recorded"], answer.headers["content-length"])


@pytest.mark.parametrize("name", ["m", "openai/gpt-4o", "a b%c"])
def test_a_model_is_retrieved(name: str) -> None:
    """As the SDK asks for it; names may have slashes."""
    recording = make_recording(body=json.dumps({"model": name}).encode())
    with (
        serve([recording], speed=0) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        assert name == client.models.retrieve(name).id
        assert (
            "model"
            == httpx.get(f"{server.url}/v1/models/{name.replace('%', '%25')}").json()["object"]
        )
        with pytest.raises(openai.NotFoundError, match="the model 'other'"):
            client.models.retrieve("other")


# Keys.

KEY = "sk-test-abcdefghijk"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (("Authorization", f"Bearer {KEY}"), 200),
        (("authorization", f"bearer  {KEY}"), 200),
        (("X-Api-Key", KEY), 200),
        (("api-key", KEY), 200),
        (("x-goog-api-key", KEY), 200),
        (("Authorization", KEY), 401),
        (("Authorization", f"Basic {KEY}"), 401),
        (("Authorization", f"Bearer {KEY}x"), 401),
        (("Authorization", f"Bearer {KEY[:-1]}"), 401),
        (("Authorization", "Bearer"), 401),
        (("x-api-key", ""), 401),
        (("x-api-key", "ÿ"), 401),
        (("x-other-key", KEY), 401),
    ],
)
def test_the_key_is_asked_for(header: tuple[str, str], status: int) -> None:
    """Where any of the APIs has it, and nowhere else."""
    with serve([STREAM], speed=0, api_key=KEY) as server:
        lines = f"{header[0]}: {header[1]}".encode("latin-1")
        request = request_bytes(CLOSE, "X-Here: 1").replace(b"X-Here: 1", lines)
        assert ask(server.url, request).startswith(f"HTTP/1.1 {status} ".encode())


def test_nobody_is_answered_without_the_key_but_a_preflight() -> None:
    """Which has none by its nature. What is refused is no request for a stream."""
    first = make_recording(DONE, headers=(("X-Number", "1"),), recording_id="1" * 12)
    with serve([first, replace(STREAM, id="2" * 12)], speed=0, api_key=KEY) as server:
        for method, path in (("POST", CHAT), ("GET", "/v1/models"), ("HEAD", CHAT),
                             ("GET", "/nothing"), ("OPTIONS", CHAT)):  # fmt: skip
            assert 401 == httpx.request(method, server.url + path).status_code
        asking = ("Access-Control-Request-Method", "POST")
        assert 204 == options(server.url, ("Origin", ORIGIN), asking).status_code
        answer = httpx.post(server.url + CHAT, json={}, headers={"api-key": KEY})
        assert "1" == answer.headers["x-number"]


def test_sdks_see_the_refusal_as_what_it_is() -> None:
    """Each in the shape of its API."""
    served = [STREAM, STREAMS["anthropic-messages"]]
    messages: Any = [{"role": "user", "content": "Hi"}]
    with serve(served, speed=0, api_key=KEY) as server:
        with (
            openai.OpenAI(base_url=f"{server.url}/v1", api_key="wrong") as client,
            pytest.raises(openai.AuthenticationError, match="API key") as refused,
        ):
            client.chat.completions.create(model="m", messages=messages)
        with (
            anthropic.Anthropic(base_url=server.url, api_key="wrong") as other,
            pytest.raises(anthropic.AuthenticationError, match="authentication_error"),
        ):
            other.messages.create(model="m", messages=messages, max_tokens=9)
        assert "invalid_api_key" == refused.value.code
        with anthropic.Anthropic(base_url=server.url, api_key=KEY) as other:
            message = other.messages.create(model="m", messages=messages, max_tokens=9)
        assert "message" == message.type


def test_the_key_stands_nowhere() -> None:
    """Not in what was asked, not in a refusal."""
    answered: list[Answered] = []

    async def run() -> bytes:
        server = ReplayServer([STREAM], speed=0, api_key=KEY, on_answered=answered.append)
        await server.start()
        said = b""
        for key in (KEY, "sk-wrong-abcdefghijk"):
            reader, writer = await asyncio.open_connection(*address(server.url))
            headers = (f"Authorization: Bearer {key}", f"X-Api-Key: {key}", CLOSE)
            writer.write(request_bytes(*headers))
            said += await reader.read()
            writer.close()
        await server.close()
        return said + repr((list(server.requests), vars(server))).encode()

    said = asyncio.run(run())
    assert b"abcdefghijk" not in said + repr(answered).encode()
    assert ["replayed", "refused"] == [each.outcome for each in answered]


@pytest.mark.parametrize("key", ["", "a\nb", "schlüssel", "\x7f"])
def test_a_key_that_no_header_holds(key: str) -> None:
    """Is an error before anything listens."""
    with pytest.raises(InputError, match="no header can hold"):
        ReplayServer([], api_key=key)


# TLS.


def test_the_wire_is_the_same_within_tls(tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    """And the URL says so."""
    with serve([STREAM], speed=0) as plain, serve([STREAM], speed=0, tls=tls) as server:
        assert server.url.startswith("https://127.0.0.1:")
        with (
            socket.create_connection(address(server.url), timeout=20) as raw,
            trusting.wrap_socket(raw, server_hostname="localhost") as secured,
        ):
            secured.sendall(request_bytes(CLOSE))
            received = bytearray()
            while piece := secured.recv(65536):
                received += piece
        assert ask(plain.url, request_bytes(CLOSE)) == received


def test_a_cut_within_tls(tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    """What the client has read is the same, and that it is not all."""
    recording = make_recording(chat_event("a"), reason="truncated")
    pieces: list[bytes] = []
    with (
        serve([recording], speed=0, tls=tls) as server,
        httpx.Client(verify=trusting, timeout=20) as client,
        client.stream("POST", server.url + CHAT, json={}) as answer,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        pieces.extend(answer.iter_raw())
    assert recording.body == b"".join(pieces)


def test_a_reset_below_tls(tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    """The connection is reset, and not closed; some TLS libraries do not tell these apart."""
    recording = make_recording(chat_event("a"), reason="reset")
    with (
        serve([recording], speed=0, tls=tls) as server,
        socket.create_connection(address(server.url), timeout=20) as raw,
    ):
        secured = trusting.wrap_socket(raw, server_hostname="localhost")
        secured.sendall(request_bytes())
        received = b""
        while not received.endswith(recording.body + b"\r\n"):
            received += secured.recv(65536)
        secured.settimeout(None)
        with socket.socket(fileno=secured.detach()) as below, pytest.raises(ConnectionResetError):
            below.recv(1)


def test_what_is_no_tls_does_not_hold_the_server(tls: ssl.SSLContext) -> None:
    """Neither plain HTTP, nor a handshake that never comes: it answers others, and stops."""
    before = held()
    with serve([STREAM], clock=ManualClock(), tls=tls) as server:
        silent = socket.create_connection(address(server.url), timeout=20)
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"{server.url.replace('https', 'http')}/v1/models")
        answer = httpx.get(f"{server.url}/v1/models", verify=False)
        assert 200 == answer.status_code
    silent.close()
    assert before == held()
