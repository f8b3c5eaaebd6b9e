"""Clients and upstreams that mean no good, or know no better, over real sockets.

What is refused is refused in the API's error shape or by closing; nobody else notices.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from streamlab._http1 import same_origin_path
from streamlab.record.proxy import ProxyServer
from streamlab.record.upstream import parse_upstreams
from streamlab.replay import ReplayServer
from streamlab.store import Library
from tests import raw_server
from tests.conftest import chat_event, make_recording
from tests.loop_thread import Running, running
from tests.raw_client import api_error, rest_of, send_until_answered
from tests.raw_server import http_chunk, send

MIB = 1024 * 1024
HEAD_OF_STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT = chat_event("a")
LINE = b"POST /v1/chat HTTP/1.1\r\n"
HEAD = LINE + b"Host: a\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ORDINARY = b"POST /ordinary HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
SECOND = b"POST /smuggled HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Target:
    """A server under attack: what has reached its other side, and the loop it runs in."""

    running: Running
    taken: list[bytes]
    seen: int = 0

    def taken_so_far(self) -> list[bytes]:
        """What has reached the other side in this test. An ordinary request goes there first: it
        is answered, and what was on its way before it has come by then."""
        assert say(self, ORDINARY).endswith(b"ok")
        return [taken for taken in self.taken[self.seen :] if b"/ordinary" not in taken]


def say(target: Target, *pieces: bytes, half_close: bool = False) -> bytes:
    """The answer to these bytes, read until the server closes."""
    with target.running.connect() as connection:
        for piece in pieces:
            connection.sendall(piece)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        return rest_of(connection)


@contextmanager
def stand_in(taken: list[bytes]) -> Iterator[str]:
    """An upstream that takes down each request with all that comes behind it, and answers `ok`;
    its URL."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                taken.append(raw_server.read_request(connection))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                connection.settimeout(20)
                taken[-1] += rest_of(connection)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(20)


LIVE_HEAD = b"POST /live/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
LIVE_PIECE = b"x" * 65536
LIVE_PIECES = 200


@contextmanager
def a_proxy(tmp_path: Path) -> Iterator[Target]:
    """A proxy before a stand-in, and before an upstream that streams."""
    taken: list[bytes] = []
    streamed = [send(http_chunk(LIVE_PIECE))] * LIVE_PIECES
    acts = [send(HEAD_OF_STREAM), *streamed, send(b"0\r\n\r\n")]
    with (
        Library(tmp_path / "library.db", create=True) as library,
        library.open_writer() as writer,
        raw_server.raw_server(*acts) as streaming,
        stand_in(taken) as url,
    ):
        upstreams = parse_upstreams([url, f"live={streaming}"])

        async def start() -> ProxyServer:
            server = ProxyServer(upstreams, writer)
            await server.start()
            return server

        with running(start) as run:
            yield Target(run, taken)


@contextmanager
def a_replay(_: Path) -> Iterator[Target]:
    """A replay server; what it has answered with a recording is what it has taken."""
    taken: list[bytes] = []
    live = make_recording(*[LIVE_PIECE] * LIVE_PIECES, url="http://a/live/x", recording_id="live")
    short, ordinary = (
        make_recording(
            b"ok", url=f"http://a/{path}", headers=(("Content-Length", "2"),), recording_id=path
        )
        for path in ("v1/chat", "ordinary")
    )

    async def start() -> ReplayServer:
        server = ReplayServer(
            [live, short, ordinary],
            speed=0,
            on_answered=lambda over: taken.append(over.asked.target.encode()),
        )
        await server.start()
        return server

    with running(start) as run:
        yield Target(run, taken)


@pytest.fixture(scope="module", params=[a_proxy, a_replay], ids=["proxy", "replay"])
def attacked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """One server for all attacks. A stream of another client is under way all the time, and comes
    whole."""
    tmp_path = tmp_path_factory.mktemp("hostile")
    with request.param(tmp_path) as target, target.running.connect() as bystander:
        bystander.sendall(LIVE_HEAD)
        received = bystander.recv(8)
        yield target
        received += rest_of(bystander)
        assert received.endswith(b"\r\n0\r\n\r\n")
        assert LIVE_PIECES == received.count(LIVE_PIECE)


@pytest.fixture
def target(attacked: Target) -> Iterator[Target]:
    """After the attack nothing is unhandled."""
    attacked.seen = len(attacked.taken)
    yield attacked
    assert [] == attacked.running.unhandled


def length(value: bytes) -> bytes:
    return HEAD + b"Content-Length: " + value + b"\r\n\r\n"


def coding(field_: bytes, body: bytes = b"0\r\n\r\n") -> bytes:
    return HEAD + field_ + b"\r\n\r\n" + body


REFUSED = {
    "10,000 fields": (HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(10_000)) + b"\r\n", 431),
    "10,000 tiny fields": (HEAD + b"a:\r\n" * 10_000 + b"\r\n", 431),
    "a field of 1 MiB": (HEAD + b"X: " + b"y" * MIB + b"\r\n\r\n", 431),
    "a target of 1 MiB": (b"GET /" + b"y" * MIB, 431),
    "a head just over": (HEAD + b"X: " + b"y" * 65536 + b"\r\n\r\n", 431),
    "bad chunk size": (CHUNKED + b"zz\r\n", 400),
    "negative chunk size": (CHUNKED + b"-1\r\n\r\n", 400),
    "chunk size with prefix": (CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n", 400),
    "chunk size overflows": (CHUNKED + b"F" * 21 + b"\r\n", 400),
    "chunk longer than said": (CHUNKED + b"2\r\n{}}\r\n0\r\n\r\n", 400),
    "no CRLF after a chunk": (CHUNKED + b"2\r\n{}0\r\n\r\n", 400),
    "endless chunk size line": (CHUNKED + b"1;" + b"x" * 200_000, 431),
    "endless trailers": (CHUNKED + b"0\r\n" + b"X: y\r\n" * 40_000, 431),
    "length and coding": (HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                          b"0\r\n\r\n" + SECOND, 400),
    "coding and length": (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
                          b"0\r\n\r\n" + SECOND, 400),
    "two lengths": (HEAD + b"Content-Length: 2\r\nContent-Length: 0\r\n\r\n{}", 400),
    "two lengths in one": (length(b"2, 0") + b"{}", 400),
    "length with sign": (length(b"+2") + b"{}", 400),
    "negative length": (length(b"-2") + b"{}", 400),
    "no length": (length(b"two") + b"{}", 400),
    "length of many digits": (length(b"9" * 100), 400),
    "length over the limit": (length(b"9999999999"), 413),
    "chunked, identity": (coding(b"Transfer-Encoding: chunked, identity") + SECOND, 501),
    "identity, chunked": (coding(b"Transfer-Encoding: identity, chunked") + SECOND, 501),
    "xchunked": (coding(b"Transfer-Encoding: xchunked") + SECOND, 501),
    "quoted chunked": (coding(b'Transfer-Encoding: "chunked"') + SECOND, 501),
    "chunked twice": (coding(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 501),
    "chunked after a tab that is none": (coding(b"Transfer-Encoding:\x0bchunked"), 400),
    "coding in HTTP/1.0": (CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n", 400),
    "space before the colon": (HEAD + b"Content-Length : 2\r\n\r\n{}", 400),
    "space before the field": (LINE + b" Host: a\r\n\r\n", 400),
    "bare LF": (HEAD + b"X: y\nContent-Length: 2\r\n\r\n{}", 400),
    "bare LF only": (HEAD.replace(b"\r", b"") + b"\n" + SECOND, 400),
    "bare CR": (HEAD + b"X: y\rContent-Length: 2\r\n\r\n", 400),
    "folded line": (HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
    "folded by a tab": (HEAD + b"X: y\r\n\tContent-Length: 2\r\n\r\n", 400),
    "NUL in a field": (HEAD + b"X: a\0b\r\n\r\n", 400),
    "NUL in the target": (b"GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "latin-1 in a name": (HEAD + b"X\xe9: y\r\n\r\n", 400),
    "no host": (LINE + b"\r\n", 400),
    "two hosts": (HEAD + b"Host: b\r\n\r\n", 400),
    "CONNECT": (b"CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "CONNECT to a path": (b"CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "authority-form": (b"GET a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "OPTIONS *": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "another scheme": (b"GET file:///etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "HTTP/9.9": (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)), 400),
    "binary": (bytes(range(256)) * 10, 400),
    "text": (b"what is this?\r\n\r\n", 400),
}  # fmt: skip


@pytest.mark.parametrize(("attack", "status"), REFUSED.values(), ids=REFUSED)
def test_a_bad_request_is_refused_and_goes_no_further(
    target: Target, attack: bytes, status: int
) -> None:
    """One answer, in the API's error shape, though the client sends on; the other side sees
    nothing of it."""
    assert status == api_error(say(target, attack))[0]
    assert [] == target.taken_so_far()


@pytest.mark.parametrize(
    "attack",
    [
        b"", b"\xff", HEAD, LINE, length(b"2") + b"{", CHUNKED + b"f" * 15 + b"\r\n{}",
        CHUNKED + b"2\r\n{}", CHUNKED + b"0\r\n",
    ],
    ids=["nothing", "a byte", "half a head", "a line", "half a body", "less than the chunk size",
         "no last chunk", "no end of trailers"],
)  # fmt: skip
@pytest.mark.parametrize("half_close", [True, False], ids=["half close", "close"])
def test_who_leaves_before_the_end_has_asked_nothing(
    target: Target, attack: bytes, half_close: bool
) -> None:
    """Closed without a word."""
    if half_close:
        assert b"" == say(target, attack, half_close=True)
    else:
        with target.running.connect() as connection:
            connection.sendall(attack)
    assert [] == target.taken_so_far()


@pytest.mark.parametrize(
    ("beginning", "piece", "status"),
    [
        (HEAD + b"X: ", b"y", 431), (HEAD, b"X: y\r\n", 431), (b"GET /", b"y", 431),
        (CHUNKED + b"1;x=", b"y", 431), (CHUNKED, http_chunk(b"x" * 65536), 413),
    ],
    ids=["a field", "fields", "a line", "a chunk size", "a body"],
)  # fmt: skip
def test_what_has_no_end_is_refused_soon(
    target: Target, beginning: bytes, piece: bytes, status: int
) -> None:
    """Of 1 GiB, no more is sent than the limit and what fits between the two."""
    with target.running.connect() as connection:
        connection.sendall(beginning)
        send_until_answered(connection, piece * max(1, 65536 // len(piece)), at_most=256 * MIB)
        connection.shutdown(socket.SHUT_WR)
        assert status == api_error(rest_of(connection))[0]
    assert [] == target.taken_so_far()


def test_a_second_request_is_never_taken_with_the_first(target: Target) -> None:
    """Pipelining: the first is answered unharmed, the second refused behind it."""
    answer = say(target, HEAD + b"Content-Length: 2\r\n\r\n{}" + SECOND)
    first, second, rest = answer.partition(b"HTTP/1.1 400 ")
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert first.endswith(b"ok")
    assert 400 == api_error(second + rest)[0]
    (taken,) = target.taken_so_far()
    assert b"/smuggled" not in taken


def test_what_the_upstream_sees_is_what_was_meant(target: Target) -> None:
    """Whole URLs lose their authority, upgrades are not passed on, chunks become a length."""
    ends = b"Connection: close\r\n\r\n"
    heads = [
        b"POST http://evil.example/v1/chat?a=/b HTTP/1.1\r\nHost: evil.example\r\n" + ends,
        HEAD + b"Upgrade: websocket\r\nConnection: Upgrade\r\n" + ends,
        HEAD + b"TE: trailers\r\nTransfer-Encoding: chunked\r\n" + ends
        + b"2;a=b\r\n{}\r\n0\r\nContent-Length: 9\r\n\r\n",
    ]  # fmt: skip
    for head in heads:
        assert b" 200 OK\r\n" in say(target, head)
    first, second, third = target.taken_so_far()
    if not first.startswith(b"POST"):  # the replay server tells targets
        assert [b"/v1/chat?a=/b", b"/v1/chat", b"/v1/chat"] == [first, second, third]
        return
    assert first.startswith(b"POST /v1/chat?a=/b HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"evil" not in first
    assert b"pgrade" not in second
    assert third.endswith(b"Content-Length: 2\r\nConnection: close\r\n\r\n{}")
    assert b"chunked" not in third


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/a?b=http://c/d", "/a?b=http://c/d"),
        ("http://a.example/b?c", "/b?c"),
        ("HTTPS://a.example:1", "/"),
        ("http://a.example?b=/c", "/?b=/c"),
    ],
)
def test_the_path_of_a_target(target: str, path: str) -> None:
    """What belongs to the authority ends with it (RFC 3986, 3.2)."""
    assert path == same_origin_path(target)
