"""The replay server, over real sockets: the bytes on the wire, the times, the endings."""

import asyncio
import json
import socket
from dataclasses import replace
from itertools import chain

import httpx
import pytest

from streamlab.cassette import read_cassette
from streamlab.clock import ManualClock
from streamlab.errors import InputError, NetworkError
from streamlab.record.once import Options, record_once
from streamlab.recording import END_REASONS, End, Recording, Request
from streamlab.replay import Answered, ReplayServer, serve
from streamlab.schedule import schedule
from streamlab.store import Library
from tests.conftest import CASSETTES, DONE, FIXTURES, chat_event, make_recording

EVENTS = (chat_event("a"), chat_event("b"), DONE)


def ask(url: str, request: bytes) -> bytes:
    """Everything the server says to these bytes until it closes the connection."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(request)
        received = bytearray()
        while piece := connection.recv(65536):
            received += piece
    return bytes(received)


def request_bytes(*headers: str, target: str = "/v1/chat/completions", body: str = "{}") -> bytes:
    lines = [f"POST {target} HTTP/1.1", "Host: a", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", body]).encode()


CLOSE = "Connection: close"


def test_the_wire_is_the_recording() -> None:
    """The recorded head in its order and spelling, one HTTP chunk per read, the last chunk."""
    recording = make_recording(
        b"one",
        b"\xff\0two",
        headers=(("X-Odd-CASE", "1"), ("transfer-encoding", "chunked"), ("X-Odd-CASE", "2")),
    )
    with serve([recording], speed=0) as server:
        answer = ask(server.url, request_bytes(CLOSE))
    assert (
        b"HTTP/1.1 200 OK\r\nX-Odd-CASE: 1\r\ntransfer-encoding: chunked\r\nX-Odd-CASE: 2\r\n\r\n"
        b"3\r\none\r\n5\r\n\xff\0two\r\n0\r\n\r\n"
    ) == answer


def rerecord(library: Library, served: Recording, speed: float = 0) -> Recording:
    """What a recorder gets of `served` from a replay server."""
    with serve([served], speed=speed) as server, library.open_writer() as writer:
        target = served.request.url.partition("://")[2].partition("/")[2]
        request = Request(
            method=served.request.method, url=f"{server.url}/{target}", body=served.request.body
        )
        return record_once(request, writer, options=Options(silence_s=0.2))


def fixtures() -> list[Recording]:
    return list(chain.from_iterable(read_cassette(path) for path in CASSETTES))


# What one recv() of a client can hold: larger answers, sent at once, are cut anywhere by TCP.
ONE_RECV_BYTES = 32 * 1024
SMALL = [recording for recording in fixtures() if len(recording.body) < ONE_RECV_BYTES]


@pytest.mark.parametrize("recorded", fixtures(), ids=lambda recording: recording.name)
def test_each_read_is_an_http_chunk_on_the_wire(recorded: Recording) -> None:
    """Boundary for boundary, as far as the answer goes."""
    if recorded.end is None or recorded.end.reason not in ("complete", "truncated"):
        pytest.skip("it ends in silence, and this client has no patience of its own")
    if schedule(recorded).framing != "chunked":
        pytest.skip("its body was not chunked")
    target = recorded.request.url.partition("://")[2].partition("/")[2]
    head = f"{recorded.request.method} /{target} HTTP/1.1\r\nHost: a\r\n{CLOSE}\r\n"
    body = recorded.request.body
    with serve([recorded], speed=0) as server:
        length = f"Content-Length: {len(body)}\r\n\r\n"
        answer = ask(server.url, (head + length).encode() + body)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(read.data), read.data) for read in recorded.reads)
    end = b"0\r\n\r\n" if recorded.end.reason == "complete" else b""
    assert chunks + end == answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("recorded", SMALL, ids=lambda recording: recording.name)
def test_recording_a_replay_gives_the_same_reads(library: Library, recorded: Recording) -> None:
    """Byte for byte, boundary for boundary, with the same status, headers and end."""
    again = rerecord(library, recorded)
    assert [read.data for read in recorded.reads] == [read.data for read in again.reads]
    assert (recorded.response is None) == (again.response is None)
    if recorded.response is not None and again.response is not None:
        assert recorded.response.status == again.response.status
        assert recorded.response.headers == again.response.headers
    assert recorded.end is not None
    assert again.end is not None
    # A client that hung up meets silence when it does not; a timeout is how it notices.
    expected = {"client_closed": "timeout", "recorder_died": "truncated"}
    assert expected.get(recorded.end.reason, recorded.end.reason) == again.end.reason


@pytest.mark.parametrize("reason", END_REASONS)
@pytest.mark.parametrize("framing", ["chunked", "length", "no response"])
def test_every_ending_reaches_a_real_client(library: Library, reason: str, framing: str) -> None:
    """Cut, reset, silent or broken: a client of the replay meets what the first one met."""
    # Hanging up after the end marker is no ending of its own.
    events = EVENTS[:-1] if reason == "client_closed" else EVENTS
    length = len(b"".join(events)) + (0 if reason == "complete" else 10)
    headers = {
        "chunked": (("Transfer-Encoding", "chunked"),),
        "length": (("Content-Length", str(length)),),
    }
    recording = make_recording(*events, reason=reason, headers=headers.get(framing, ()))
    if framing == "no response":
        if reason == "complete":
            pytest.skip("a complete stream has a response")
        recording = replace(recording, response=None, reads=())
    again = rerecord(library, recording)
    expected = {
        "client_closed": "timeout", "recorder_died": "truncated", "unreachable": "truncated"
    }.get(reason, reason)  # fmt: skip
    if (framing, reason) == ("length", "protocol_error"):
        expected = "truncated"  # bytes that are not HTTP cannot be told from a body's
    assert again.end is not None
    assert expected == again.end.reason
    assert recording.body == again.body


class Watcher(asyncio.Protocol):
    """A client that keeps what it received."""

    def __init__(self) -> None:
        self.received = bytearray()

    def data_received(self, data: bytes) -> None:
        self.received += data


def test_each_piece_leaves_at_its_time() -> None:
    """With a clock in hand: nothing before its time, everything at it, at the speed asked for."""
    clock = ManualClock()
    recording = make_recording(b"a", b"b", gap_ns=100, headers=(("Transfer-Encoding", "chunked"),))

    async def run() -> list[bytes]:
        server = ReplayServer([recording], speed=2, clock=clock)
        await server.start()
        port = int(server.url.rpartition(":")[2])
        loop = asyncio.get_running_loop()
        transport, client = await loop.create_connection(Watcher, "127.0.0.1", port)
        transport.write(request_bytes())
        seen = []
        for advance_ns in (0, 25, 24, 1, 49, 1, 50):
            clock.advance_ns(advance_ns)
            seen.append(await settled(client))
        await server.close()
        transport.close()
        return seen

    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    a, b, last = b"1\r\na\r\n", b"1\r\nb\r\n", b"0\r\n\r\n"
    assert [b"", head, head, head + a, head + a, head + a + b, head + a + b + last] == asyncio.run(
        run()
    )


async def settled(client: Watcher) -> bytes:
    """What the client has once the loop has had ample turns to deliver it over loopback."""
    for _ in range(50):
        await asyncio.sleep(0.0005)
    return bytes(client.received)


def test_a_connection_is_kept_for_the_next_request() -> None:
    """Chunked and Content-Length bodies show their end; the connection lives on."""
    with_length = make_recording(b"{}", headers=(("Content-Length", "2"),), recording_id="2" * 12)
    with_length = replace(with_length, request=replace(with_length.request, url="http://a/json"))
    with (
        serve([make_recording(*EVENTS), with_length], speed=0) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        ports = set()
        for path in ("/v1/chat/completions", "/json", "/v1/chat/completions"):
            with client.stream("POST", path, json={}) as response:
                stream = response.extensions["network_stream"]
                ports.add(stream.get_extra_info("client_addr"))
                response.read()
    assert 1 == len(ports)


def test_a_body_shorter_than_promised_ends_with_the_connection() -> None:
    """Or a client that waits for the rest would wait for ever."""
    recording = make_recording(b"ab", headers=(("Content-Length", "9"),))
    with serve([recording], speed=0) as server:
        assert ask(server.url, request_bytes()).endswith(b"\r\n\r\nab")


def test_pipelining_is_refused_after_the_first_answer() -> None:
    """The answer under way is unharmed; the request that came too early gets a 400 and a close."""
    with serve([make_recording(*EVENTS)], speed=0) as server:
        answer = ask(server.url, request_bytes() * 2)
    first, _, second = answer.partition(b"0\r\n\r\n")
    assert first.endswith(b"data: [DONE]\n\n\r\n")
    assert second.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert (
        "one request at a time" in json.loads(second.partition(b"\r\n\r\n")[2])["error"]["message"]
    )


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"\0\0\0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70_000, 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
    ids=["garbage", "no host", "endless head", "bad length", "bad chunk"],
)
def test_bad_requests_are_refused(request_: bytes, status: int) -> None:
    """With the status that says so, and the server goes on."""
    with serve([make_recording(*EVENTS)], speed=0) as server:
        assert ask(server.url, request_).startswith(f"HTTP/1.1 {status} ".encode())
        assert b"[DONE]" in ask(server.url, request_bytes(CLOSE))


def test_expect_continue_is_answered() -> None:
    """curl asks before it sends a large body (RFC 9110, 10.1.1)."""
    with serve([make_recording(*EVENTS)], speed=0) as server:
        head, _, body = request_bytes("Expect: 100-continue", CLOSE).partition(b"\r\n\r\n")
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(head + b"\r\n\r\n")
            assert b"HTTP/1.1 100 Continue\r\n\r\n" == connection.recv(4096)
            connection.sendall(body)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK")


def test_http_1_0_gets_an_unframed_body() -> None:
    """It knows no chunks: the same bytes until the connection closes."""
    with serve([make_recording(*EVENTS)], speed=0) as server:
        request = b"POST /v1/chat/completions HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}"
        head, _, body = ask(server.url, request).partition(b"\r\n\r\n")
    assert b"".join(EVENTS) == body
    assert b"transfer-encoding" not in head.lower()


def test_a_head_cannot_smuggle_lines_into_the_answer() -> None:
    """A cassette is anybody's text: a header that would break the head is left out."""
    headers = (("X-A", "1\r\nX-Evil: 1"), ("X Evil", "1"), ("X-Ok", "1"), ("Content-Length", "0"))
    with serve([make_recording(headers=headers)], speed=0) as server:
        answer = ask(server.url, request_bytes(CLOSE))
    assert b"HTTP/1.1 200 OK\r\nX-Ok: 1\r\nContent-Length: 0\r\n\r\n" == answer


def test_models_are_those_that_were_asked_for() -> None:
    """GET /v1/models in the API's shape, each once."""
    other = make_recording(body=b'{"model": "n"}', recording_id="2" * 12)
    with serve([make_recording(), other, make_recording()], speed=0) as server:
        listed = httpx.get(f"{server.url}/v1/models").json()
    assert ["m", "n"] == [model["id"] for model in listed["data"]]


def test_a_recorded_models_route_comes_first() -> None:
    """What was recorded is what is served."""
    recording = make_recording(
        b"[]", method="GET", url="http://a/v1/models", headers=(("Content-Length", "2"),), body=b""
    )
    with serve([recording], speed=0) as server:
        assert [] == httpx.get(f"{server.url}/v1/models").json()


def test_a_slow_reader_is_waited_for_and_others_are_not() -> None:
    """What it does not read is not piled up in memory; it gets everything in the end."""
    large = make_recording(*[b"x" * 65536] * 400)
    with (
        serve([large], speed=0) as server,
        socket.create_connection(address(server.url), timeout=20) as slow,
    ):
        slow.sendall(request_bytes(CLOSE))
        assert b"HTTP/1.1" == slow.recv(8)
        assert ask(server.url, request_bytes(CLOSE)).endswith(b"0\r\n\r\n")
        waiting = [connection._transport for connection in server._listener.connections]
        assert [True] == [0 < t.get_write_buffer_size() < 66_000 for t in waiting]
        received = 8
        while piece := slow.recv(1 << 20):
            received += len(piece)
    assert received > 400 * 65536


def test_a_reset_takes_nothing_back() -> None:
    """It comes when all before it has arrived, however slowly the client reads."""
    large = make_recording(*[b"x" * 65536] * 200, reason="reset")
    with (
        serve([large], speed=0) as server,
        socket.create_connection(address(server.url), timeout=20) as client,
    ):
        client.sendall(request_bytes(CLOSE))
        pieces: list[bytes] = []
        with pytest.raises(ConnectionResetError):
            pieces.extend(iter(lambda: client.recv(65536), b""))
        received = b"".join(pieces)
    assert received.endswith(b"10000\r\n" + b"x" * 65536 + b"\r\n")
    assert 200 == received.count(b"10000\r\n")


def test_a_request_that_comes_during_an_answer_is_refused_after_it() -> None:
    """Not only one that came in the same segment."""
    gated = make_recording(b"one", b"two", gap_ns=100)
    clock = ManualClock()

    async def run() -> bytes:
        server = ReplayServer([gated], clock=clock)
        await server.start()
        loop = asyncio.get_running_loop()
        transport, client = await loop.create_connection(Watcher, *address(server.url))
        for _ in range(2):
            transport.write(request_bytes())
            await settled(client)
            clock.advance_ns(100)
        clock.advance_ns(500)
        seen = await settled(client)
        await server.close()
        transport.close()
        return seen

    answer = asyncio.run(run())
    assert b"3\r\ntwo\r\n0\r\n\r\nHTTP/1.1 400 Bad Request" in answer


def test_a_client_that_leaves_ends_its_answer_only() -> None:
    """The server hears of it, and goes on."""
    answered: list[Answered] = []

    async def run() -> None:
        gone = asyncio.Event()

        def note(over: Answered) -> None:
            answered.append(over)
            gone.set()

        endless = make_recording(b"a", gap_ns=3600 * 10**9)
        server = ReplayServer([endless], on_answered=note)
        await server.start()
        _, writer = await asyncio.open_connection(*address(server.url))
        writer.write(request_bytes())
        await writer.drain()
        writer.close()
        await asyncio.wait_for(gone.wait(), 20)
        await server.close()

    asyncio.run(run())
    (over,) = answered
    asked = over.asked
    assert ("POST", "/v1/chat/completions", False) == (asked.method, asked.target, over.to_the_end)


def address(url: str) -> tuple[str, int]:
    host, port = url.removeprefix("http://").split(":")
    return host, int(port)


def test_a_port_in_use_is_an_error_with_a_hint() -> None:
    """Raised to the caller of `serve`, not lost in its thread."""
    with (
        serve([make_recording()]) as server,
        pytest.raises(NetworkError, match="is in use") as caught,
        serve([make_recording()], port=address(server.url)[1]),
    ):
        pass
    assert "--port 0" in caught.value.hint


def test_a_negative_speed_is_an_error() -> None:
    """Before anything listens."""
    with pytest.raises(InputError, match="0 or more"):
        ReplayServer([], speed=-1)


def test_the_server_knows_how_late_it_was() -> None:
    """One number per write, none of them negative: nothing leaves early."""
    recording = make_recording(*EVENTS, gap_ns=2_000_000)
    with serve([recording]) as server:
        ask(server.url, request_bytes(CLOSE))
        assert 1 + len(EVENTS) + 1 == len(server.lateness_ns)
        assert min(server.lateness_ns) >= 0


def test_the_nth_request_gets_the_nth_recording() -> None:
    """A client that retries meets what a real one met: a 429, a cut stream, then the answer."""
    names = ("selamgpt-rate-limited", "selamgpt-dropped", "selamgpt-chat")
    recordings = [read_cassette(FIXTURES / f"systems/{name}.jsonl")[0] for name in names]
    body = recordings[0].request.body
    with serve(recordings, speed=0) as server, httpx.Client(base_url=server.url) as client:
        limited = client.post("/v1/chat/completions", content=body)
        assert (429, "2") == (limited.status_code, limited.headers["retry-after"])
        with pytest.raises(httpx.RemoteProtocolError):
            client.post("/v1/chat/completions", content=body)
        assert "[DONE]" in client.post("/v1/chat/completions", content=body).text


def test_end_without_detail_replays(library: Library) -> None:
    """The detail is for people; the reason decides."""
    recording = replace(make_recording(*EVENTS), end=End(at_ns=1, reason="reset"))
    again = rerecord(library, recording)
    assert again.end is not None
    assert "reset" == again.end.reason
