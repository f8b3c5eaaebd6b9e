"""The recording adapter: a session of requests sees what it would see without, and it is kept."""

import gc
import gzip
import io
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.auth import HTTPDigestAuth
from urllib3 import HTTPResponse, Retry

import streamlab
from streamlab import RecordingAdapter, block_network, serve
from streamlab.clock import ManualClock
from streamlab.errors import NetworkBlockedError, StoreError, StreamlabError
from streamlab.recording import Recording
from streamlab.store import Library
from tests import raw_server
from tests.conftest import DONE, chat_event, make_recording
from tests.raw_server import HEAD, Act, http_chunk, send

EVENT = chat_event("grün")
CHUNK = http_chunk(EVENT)
LAST = b"0\r\n\r\n"
STORE = "adapter.db"  # in the test's own folder, which is the working directory

WAYS: dict[str, Callable[[requests.Response], Any]] = {
    "iter_content(None)": lambda response: response.iter_content(None),
    "iter_content(1)": lambda response: response.iter_content(),
    "iter_content(7)": lambda response: response.iter_content(7),
    "iter_lines": lambda response: response.iter_lines(),
    "content": lambda response: [response.content],
    "raw.stream": lambda response: response.raw.stream(),
    "raw.read": lambda response: iter(lambda: response.raw.read(100), b""),
    "raw.read1": lambda response: [b"".join(iter(response.raw.read1, b""))],
    "raw lines": lambda response: response.raw,
}


@dataclass
class Seen:
    """All that a program sees of a response. Of an error: its class, that of what it holds."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    cookies: dict[str, str | None] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)
    error: tuple[type, ...] = ()


def session(store: Any = STORE, **options: Any) -> requests.Session:
    """A session with the recording adapter; without, if `store` is None."""
    made = requests.Session()
    if store is not None:
        adapter = RecordingAdapter(store, **options)
        made.mount("http://", adapter)
        made.mount("https://", adapter)
    return made


def look(
    url: str,
    *,
    store: Any = STORE,
    way: str = "iter_content(None)",
    on_piece: Callable[[], object] = lambda: None,
    timeout: float = 20,
    data: Any = b"{}",
) -> Seen:
    """Ask `url` and read the response."""
    seen = Seen()
    with session(store) as asking:
        try:
            response = asking.post(url, data=data, stream=True, timeout=timeout)
            with response:
                seen.status = response.status_code
                seen.headers = list(response.raw.headers.items())
                seen.cookies = dict(response.cookies)
                for piece in WAYS[way](response):
                    seen.pieces.append(piece)
                    on_piece()
        except Exception as error:  # urllib3's own, of `raw`, as well
            inner = error.args[0] if error.args else None
            seen.error = (type(error), type(inner))
    return seen


def stored(store: str | Path = STORE) -> list[Recording]:
    """What the library holds, oldest first."""
    with Library(store) as library:
        return [library.load(summary.id) for summary in library.summaries()]


def the_end(recording: Recording) -> tuple[list[bytes], str]:
    assert recording.end is not None
    return [read.data for read in recording.reads], recording.end.reason


LENGTH_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
CLOSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"

SERVERS: dict[str, tuple[list[Act], list[bytes], str]] = {
    "last chunk": ([send(HEAD + CHUNK + CHUNK + LAST)], [EVENT, EVENT], "complete"),
    "trailers": ([send(HEAD + CHUNK + b"0\r\nX-A: b\r\n\r\n")], [EVENT], "complete"),
    "cut between chunks": (
        [send(HEAD + CHUNK + CHUNK), raw_server.close], [EVENT, EVENT], "truncated",
    ),
    "cut within a chunk": ([send(HEAD + CHUNK[:-9]), raw_server.close], [EVENT[:-7]], "truncated"),
    "bad chunk size": ([send(HEAD + CHUNK + b"zz\r\n")], [EVENT], "protocol_error"),
    "of its length": ([send(LENGTH_HEAD % 7 + b"abc\ndef")], [b"abc\ndef"], "complete"),
    "shorter than its length": (
        [send(LENGTH_HEAD % 1000 + b"abc"), raw_server.close], [b"abc"], "truncated",
    ),
    "until it closes": ([send(CLOSE_HEAD + b"abc"), raw_server.close], [b"abc"], "complete"),
    "nothing until it closes": ([send(CLOSE_HEAD), raw_server.close], [], "complete"),
    "no content": ([send(b"HTTP/1.1 204 No Content\r\n\r\n")], [], "complete"),
    "an error": (
        [send(b"HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\noops")], [b"oops"], "complete",
    ),
    "length and chunks": (
        [send(HEAD[:-2] + b"Content-Length: 3\r\n\r\n" + CHUNK + LAST)], [EVENT], "complete",
    ),
    "continue first": (
        [send(b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + CHUNK + LAST)], [EVENT], "complete",
    ),
    "old": ([send(b"HTTP/1.0 200 OK\r\n\r\nabc"), raw_server.close], [b"abc"], "complete"),
    "no response": ([raw_server.close], [], "truncated"),
    "reset before the response": ([raw_server.reset], [], "reset"),
    "not HTTP": ([send(b"this is not HTTP\r\n\r\n")], [], "protocol_error"),
}  # fmt: skip


@pytest.mark.parametrize("server", SERVERS)
def test_every_end_passes_and_is_recorded(library: Library, server: str) -> None:
    """Status, headers, cookies, pieces, exceptions: as without, however the body is read; what is
    recorded does not depend on how."""
    acts, reads, reason = SERVERS[server]
    with library.open_writer() as writer:
        for way in WAYS:
            seen = []
            for store in (None, writer):
                with raw_server.raw_server(*acts) as url:
                    seen.append(look(url, store=store, way=way))
            assert seen[0] == seen[1], way
    assert [(reads, reason)] * len(WAYS) == list(map(the_end, stored(library.path)))


def test_a_reset_within_the_stream() -> None:
    """What came before it is kept; the server waits until that has arrived."""
    gate = threading.Event()
    acts = [send(HEAD + CHUNK), raw_server.wait_for(gate), raw_server.reset]
    with raw_server.raw_server(*acts) as url:
        seen = look(url, on_piece=gate.set)
    assert requests.exceptions.ChunkedEncodingError is seen.error[0]
    assert ([EVENT], "reset") == the_end(stored()[0])


@pytest.mark.parametrize("said", [b"", HEAD, HEAD + CHUNK], ids=["nothing", "head", "an event"])
def test_silence_is_a_timeout(said: bytes) -> None:
    """The same exception reaches the caller, however far the response had come."""
    seen = []
    for store in (None, STORE):
        with raw_server.raw_server(send(said), raw_server.wait_until_left) as url:
            seen.append(look(url, store=store, timeout=0.1))
    assert seen[0] == seen[1]
    assert seen[0].error
    assert ([EVENT] if CHUNK in said else [], "timeout") == the_end(stored()[0])


@pytest.mark.parametrize(
    "way", ["iter_content(None)", "iter_content(1)", "iter_lines", "raw.stream", "raw lines"]
)
def test_an_event_reaches_the_caller_before_the_next_is_sent(way: str) -> None:
    """The server sends the second event only when the caller has a piece of the first."""
    gate = threading.Event()
    acts = [send(HEAD + CHUNK), raw_server.wait_for(gate), send(CHUNK + LAST)]
    with raw_server.raw_server(*acts) as url:
        look(url, way=way, on_piece=gate.set)
    assert ([EVENT, EVENT], "complete") == the_end(stored()[0])


class Answering(HTTPAdapter):
    """An inner adapter that answers without a network, as mocks do: from a file."""

    def __init__(self, make: Callable[[], Any]) -> None:
        super().__init__()
        self._make = make

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        raw = HTTPResponse(self._make(), status=200, preload_content=False)
        return self.build_response(request, raw)


def test_names_tags_and_times_come_from_outside() -> None:
    """Reads are stamped when they come, also where requests waits until more of them are there."""
    clock = ManualClock(now_ns=1_000)

    class Coming(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            clock.advance_ns(50)
            return super().read1(min(3, size or 0))

    def answer() -> Coming:
        clock.advance_ns(200)
        return Coming(b"abcdefg")

    with session(inner=Answering(answer), clock=clock, name="n", tags=("t",)) as asking:
        url, headers = "http://a.example/?key=secret-123", {"Authorization": "Bearer secret"}
        assert [b"abcdefg"] == list(asking.get(url, headers=headers).iter_content(512))
    (recording,) = stored()
    assert ("n", ("t",), "transport") == (recording.name, recording.tags, recording.source)
    assert recording.response is not None
    assert 200 == recording.response.at_ns
    expected = [(250, b"abc"), (300, b"def"), (350, b"g")]
    assert expected == [(read.at_ns, read.data) for read in recording.reads]
    assert "complete" == the_end(recording)[1]
    assert "secret" not in repr(recording)


@pytest.mark.parametrize("framing", ["length", "chunks"])
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_encoded_bytes_are_kept_and_decoded_ones_seen(
    library: Library, coding: str, framing: str
) -> None:
    """What is stored is what came over the wire, however the program reads it."""
    body = gzip.compress(EVENT * 50) if coding == "gzip" else zlib.compress(EVENT * 50)
    halves = [body] if framing == "length" else [body[:40], body[40:]]
    head = LENGTH_HEAD % len(body) if framing == "length" else HEAD
    framed = body if framing == "length" else b"".join(map(http_chunk, halves)) + LAST
    answer = head[:-2] + b"Content-Encoding: %b\r\n\r\n" % coding.encode() + framed
    with library.open_writer() as writer:
        for way in WAYS:
            seen = []
            for store in (None, writer):
                with raw_server.raw_server(send(answer)) as url:
                    seen.append(look(url, store=store, way=way))
            assert seen[0] == seen[1], way
            assert way != "content" or [EVENT * 50] == seen[1].pieces
    assert [(halves, "complete")] * len(WAYS) == list(map(the_end, stored(library.path)))


def test_leaving_early_is_recorded_as_our_sides_end() -> None:
    """By closing the response, by leaving its block, by an exception, or by dropping it; else the
    server is left although the program still holds the response."""

    def close(response: requests.Response) -> None:
        next(response.iter_content(None))
        response.close()

    def leave(response: requests.Response) -> None:
        with response:
            next(response.iter_lines())

    def drop(response: requests.Response) -> None:
        next(response.iter_content(5))

    def fail(response: requests.Response) -> None:
        with suppress(KeyError), response:
            for _ in response.iter_content(None):
                raise KeyError("the program's own")

    for way in (close, leave, fail, drop):
        with (
            raw_server.raw_server(send(HEAD + CHUNK), raw_server.wait_until_left) as url,
            session() as asking,
        ):
            response = asking.get(url, stream=True)
            way(response)
            if way is drop:
                del response
    assert [([EVENT], "client_closed")] * 4 == [the_end(recording) for recording in stored()]


def test_leaving_when_all_has_come_missed_nothing() -> None:
    """The end of the body counts, not how far the program got in it."""
    with raw_server.raw_server(send(HEAD + CHUNK + LAST)) as url, session() as asking:
        response = asking.get(url, stream=True)
        next(response.iter_content(1))
        response.close()
    assert ([EVENT], "complete") == the_end(stored()[0])


def test_a_response_outlives_its_session() -> None:
    """As requests has it: closing a session ends no stream, and it can be used again."""
    gate = threading.Event()
    acts = [send(HEAD + CHUNK), raw_server.wait_for(gate), send(CHUNK + LAST)]
    with raw_server.raw_server(*acts) as url, session() as asking:
        response = asking.get(url, stream=True)
        asking.close()
        gate.set()
        assert EVENT * 2 == response.content
        with raw_server.raw_server(send(HEAD + LAST)) as other:
            assert b"" == asking.get(other).content
    assert [([EVENT, EVENT], "complete"), ([], "complete")] == list(map(the_end, stored()))


def test_connections_are_kept_for_the_next_request() -> None:
    """One connection for all: whatever the framing, the body was taken to its end."""
    recordings = [
        make_recording(EVENT, DONE, url="http://a/chunked", recording_id="1"),
        make_recording(
            b"abc", url="http://a/length", headers=(("Content-Length", "3"),), recording_id="2"
        ),
    ]
    ports = set()
    with serve(recordings, speed=0) as server, session() as asking:
        for path in ("chunked", "length", "chunked"):
            response = asking.post(f"{server.url}/{path}", data=b"{}", stream=True)
            ports.add(response.raw.connection.sock.getsockname())
            assert response.content
            assert response.raw.connection is None
    assert 1 == len(ports)
    assert ["complete"] * 3 == [the_end(recording)[1] for recording in stored()]


class Pieces:
    """A body that can be iterated more than once."""

    def __iter__(self) -> Iterator[str]:
        yield from ("one", "two")


@pytest.mark.parametrize(
    ("make", "body"),
    [
        (lambda: b"{}", b"{}"),
        (lambda: "grün", "grün".encode()),
        (lambda: None, b""),
        (lambda: {"a": "b c"}, b"a=b+c"),
        (lambda: bytearray(b"onetwo"), b"onetwo"),
        (lambda: iter([b"one", b"two"]), b"onetwo"),
        (Pieces, b"onetwo"),
        (lambda: io.BytesIO(b"onetwo"), b"onetwo"),
        (lambda: io.StringIO("onetwo"), b"onetwo"),
    ],
    ids=[
        "bytes", "text", "nothing", "form", "bytearray", "iterator", "iterable", "file",
        "text file",
    ],
)  # fmt: skip
def test_request_bodies_pass_and_are_recorded(make: Callable[[], Any], body: bytes) -> None:
    """The same bytes arrive, in the same framing, and are stored without it."""
    taken: list[bytes] = []
    for store in (None, STORE):
        with raw_server.raw_server(send(LENGTH_HEAD % 0), taken=taken) as url:
            assert 200 == look(url, store=store, data=make()).status
    plain, taped = (request.partition(b"\r\n")[2].partition(b"\r\n")[2] for request in taken)
    assert plain == taped  # but for the request line and Host
    (recording,) = stored()
    assert body == recording.request.body
    assert ("POST", f"{url}/") == (recording.request.method, recording.request.url)


def test_a_streamed_request_passes_piece_by_piece() -> None:
    """Each piece is taken when it is sent; an upload that fails is kept as far as it got."""

    def upload() -> Iterator[bytes]:
        yield b"one"
        raise KeyError("no more")

    for store in (None, STORE):
        with (
            raw_server.raw_server(raw_server.wait_until_left) as url,
            session(store) as asking,
            pytest.raises(KeyError, match="no more"),
        ):
            asking.post(url, data=upload())
    (recording,) = stored()
    assert (b"one", "client_closed") == (recording.request.body, the_end(recording)[1])


def answers(*responses: bytes) -> Act:
    """The first of `responses` for the request that is there, the others for those that follow."""

    def answer(connection: Any) -> None:
        for response in responses:
            connection.sendall(response)
            if response is not responses[-1]:
                raw_server.read_request(connection)

    return answer


def test_every_request_of_a_redirection_is_a_recording() -> None:
    """The program's own request and body are what is sent again."""
    found = b"HTTP/1.1 307 Elsewhere\r\nLocation: /new\r\nContent-Length: 3\r\n\r\nold"
    ok = LENGTH_HEAD % 3 + b"new"
    with (
        raw_server.raw_server(answers(found, ok)) as url,
        session() as asking,
        io.BytesIO(b"onetwo") as file,
    ):
        response = asking.post(f"{url}/old", data=file)
    assert (b"new", b"old") == (response.content, response.history[0].content)
    recordings = stored()
    assert [f"{url}/old", f"{url}/new"] == [each.request.url for each in recordings]
    assert [b"onetwo"] * 2 == [each.request.body for each in recordings]
    assert [([b"old"], "complete"), ([b"new"], "complete")] == list(map(the_end, recordings))


def test_what_answers_a_challenge_is_recorded_too() -> None:
    """requests sends it by the response's own adapter."""
    challenge = (
        b"HTTP/1.1 401 Who\r\nWWW-Authenticate: Digest realm=r, nonce=n, qop=auth\r\n"
        b"Content-Length: 2\r\n\r\nno"
    )
    with (
        raw_server.raw_server(answers(challenge, LENGTH_HEAD % 2 + b"ok")) as url,
        session() as asking,
    ):
        assert b"ok" == asking.get(url, auth=HTTPDigestAuth("user", "password")).content
    assert [([b"no"], "complete"), ([b"ok"], "complete")] == list(map(the_end, stored()))


@pytest.mark.parametrize("make", [Pieces, lambda: io.BytesIO(b"onetwo")], ids=["pieces", "file"])
def test_a_body_that_urllib3_sends_again_is_recorded_once(make: Callable[[], Any]) -> None:
    """With retries of its own, urllib3 takes it anew; the recording is that of the last try."""
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    retries = Retry(1, status_forcelist=[503], allowed_methods=None)
    body = make()
    with (
        raw_server.raw_server(answers(busy, LENGTH_HEAD % 0)) as url,
        session(inner=HTTPAdapter(max_retries=retries)) as asking,
    ):
        request = asking.prepare_request(requests.Request("PUT", url, data=body))
        response = asking.send(request)
    assert request is response.request
    assert body is request.body
    (recording,) = stored()
    assert recording.response is not None
    assert (200, b"onetwo") == (recording.response.status, recording.request.body)


def test_what_cannot_be_sent_leaves_no_recording() -> None:
    """A refused connection, a host that is blocked, a URL that is none: the same exceptions."""
    for url in (
        "http://127.0.0.1:1/",
        "http://192.0.2.1:9/",
        "http://a.invalid:9/",
        "http://é..a/",
    ):
        with block_network():
            plain, taped = (look(url, store=store, timeout=0.05) for store in (None, STORE))
        assert plain == taped
        blocked = "192" in url or "invalid" in url
        assert blocked == (plain.error[0] is NetworkBlockedError), plain
    assert [] == stored()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (requests.exceptions.SSLError("no certificate"), None),
        (requests.exceptions.ProxyError("not there"), None),
        (requests.exceptions.ConnectTimeout("too long"), None),
        (requests.exceptions.ReadTimeout("too long"), "timeout"),
        (requests.exceptions.InvalidHeader("two lengths"), "protocol_error"),
        (requests.exceptions.ConnectionError("aborted"), "reset"),
        (KeyboardInterrupt(), "client_closed"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_the_same_exception_object_passes(error: BaseException, reason: str | None) -> None:
    """Nothing was sent: no recording. Otherwise its end says what it was."""

    def fail() -> Any:
        raise error

    with session(inner=Answering(fail)) as asking, pytest.raises(type(error)) as caught:
        asking.get("http://a/")
    assert error is caught.value
    ends = [recording.end.reason for recording in stored() if recording.end]
    assert ([reason] if reason else []) == ends


def test_what_is_not_read_through_urllib3_is_left_alone() -> None:
    """Adapters for files and the like answer with anything that can be read."""

    class Filing(BaseAdapter):
        def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
            response = requests.Response()
            response.status_code, response.raw, response.url = 200, io.BytesIO(b"abc"), "x"
            return response

        def close(self) -> None:
            pass

    with session(inner=Filing()) as asking:
        assert b"abc" == asking.get("http://a/").content
    assert [] == stored()


def test_a_library_that_cannot_be_opened_is_told_at_once(tmp_path: Path) -> None:
    """Before anything is sent."""
    with pytest.raises(StoreError, match="unable to open"):
        RecordingAdapter(tmp_path / "no" / "folder.db")


def test_a_forgotten_adapter_lets_its_thread_go() -> None:
    """But not before the stream that still uses it has ended."""
    before = set(threading.enumerate())
    response = session(inner=Answering(lambda: io.BytesIO(b"abc"))).get("http://a/", stream=True)
    (thread,) = set(threading.enumerate()) - before
    assert b"abc" == response.content
    del response
    gc.collect()
    thread.join(20)
    assert not thread.is_alive()
    assert ([b"abc"], "complete") == the_end(stored()[0])


def test_requests_need_not_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wants the adapter is told what it needs."""
    monkeypatch.setitem(sys.modules, "requests", None)
    monkeypatch.delitem(sys.modules, "streamlab.record.adapter")
    with pytest.raises(StreamlabError, match="requests, which is not installed") as caught:
        _ = streamlab.RecordingAdapter
    assert "pip install requests" == caught.value.hint
