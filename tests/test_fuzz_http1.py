"""Any bytes, in any split: the parsers of HTTP neither raise nor make anything up, nor grow."""

import asyncio
import re
from collections.abc import Iterator

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamlab._http1 import ChunkedBody, CloseBody, Exchange, HttpRequest, Limits, same_origin_path
from streamlab._http1.framing import BodyReader, LengthBody
from streamlab._http1.seen import SeenHeads
from streamlab._http1.server import ServerConnection
from streamlab.record import response_head
from streamlab.record.response_head import HeadReader
from streamlab.record.upstream import outgoing_request, parse_upstreams, request_head

# What requests and responses are made of, and what they are broken with.
WORDS = [
    b"GET", b"POST", b"HEAD", b"CONNECT", b"OPTIONS", b" ", b"/", b"*", b"/v1/chat?x=1", b"?",
    b"http://a/", b"a:443", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n", b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0", b"\t", b":",
    b"Host: a\r\n", b"Content-Length: 3\r\n", b"Content-Length: 0\r\n", b"Connection: close\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n", b"Upgrade: x\r\n", b"abc",
    b"3\r\nabc\r\n", b"0\r\n\r\n", b"2;x=y\r\n", b"zz\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"\x16\x03\x01", b"\xe9",
]  # fmt: skip
PIECES = st.lists(st.sampled_from(WORDS) | st.binary(max_size=8), max_size=20)
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
(UPSTREAM,) = parse_upstreams(["http://a.example"])
(PREFIXED,) = parse_upstreams(["p=http://a.example"])


class Wire(asyncio.Transport):
    """Takes down what is written; the connection is lost later, as asyncio has it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.is_over = False
        self.has_ended = False

    def write(self, data: bytes) -> None:
        assert not self.has_ended, "a write after the end of writing is an error of asyncio's"
        self.written += data

    def write_eof(self) -> None:
        self.has_ended = True

    def close(self) -> None:
        self.is_over = True

    def abort(self) -> None:
        self.is_over = True

    def is_closing(self) -> bool:
        return self.is_over


class Conversation:
    """A connection of a server whose handler does all that the proxy's does with a request."""

    def __init__(self, limits: Limits, seen: SeenHeads | None = None) -> None:
        self.wire = Wire()
        self.requests: list[HttpRequest] = []
        self.connection = ServerConnection(
            self.take, open_connections=set(), limits=limits, seen=seen or SeenHeads()
        )
        self.connection.connection_made(self.wire)

    def take(self, request: HttpRequest, exchange: Exchange) -> None:
        assert not self.wire.has_ended
        self.requests.append(request)
        for upstream in (UPSTREAM, PREFIXED):
            target = same_origin_path(request.target)
            sent = request_head(outgoing_request(request, upstream, target, keep_encoding=False))
            assert sent.startswith(f"{request.method} /".encode())
            assert 1 == sent.count(b"\r\n\r\n")
            assert 1 == sent.count(b"\r\nConnection: ")
            assert b"ransfer-" not in sent
        exchange.send_raw(b"HTTP/1.1 204 No Content\r\n\r\n")
        exchange.finish(keep_alive=request.keeps_alive)

    def hear(self, pieces: list[bytes]) -> None:
        for piece in filter(None, pieces):
            if not self.wire.is_over:
                self.connection.data_received(piece)

    def leave(self) -> None:
        self.connection.eof_received()
        self.connection.connection_lost(None)
        assert self.connection._timer is None


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One loop for all examples: a new one for each costs more than the example."""
    with asyncio.Runner() as runner:
        yield runner


@given(pieces=PIECES)
@example(pieces=[b"GET * HTTP/1.1\r\nHost: a\r\n\r\n"])
@example(pieces=[b"GET /p?x HTTP/1.1\r\nHost: a\r\n\r\n"])
@example(
    pieces=[b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"]
)
def test_any_bytes_of_a_client(runner: asyncio.Runner, pieces: list[bytes]) -> None:
    """They are requests, or refused once; what is sent on is one request."""

    async def converse() -> Conversation:
        conversation = Conversation(Limits())
        conversation.hear(pieces)
        conversation.leave()
        return conversation

    conversation = runner.run(converse())
    statuses = re.findall(rb"^HTTP/1\.1 (\d\d\d)", conversation.wire.written, re.MULTILINE)
    assert len(conversation.requests) == statuses.count(b"204")
    refused = [status for status in statuses if status not in (b"100", b"204")]
    assert all(status.startswith((b"4", b"5")) for status in refused)
    assert refused == statuses[len(statuses) - len(refused) :]
    assert len(refused) <= 1
    assert bool(refused) == conversation.wire.has_ended


@given(heads=st.lists(st.sampled_from(WORDS), max_size=6), body=st.sampled_from([b"", b"abc"]))
@example(heads=[b"POST / HTTP/1.1\r\nHost: a\r\n", b"Content-Length: 3\r\n", b"\r\n"], body=b"abc")
@example(heads=[b"POST / HTTP/1.1\r\nHost: a\r\n", b"Content-Length: 3\r\n", b"\r\n"], body=b"")
@example(heads=[b"GET / HTTP/1.1\r\nHost: a\r\n", b"\r\n", b"GET / HTTP/1.1\r\n\r\n"], body=b"")
def test_a_head_means_the_same_when_it_comes_again(
    runner: asyncio.Runner, heads: list[bytes], body: bytes
) -> None:
    """One that is read from memory is answered as when it was read from the wire."""
    data = b"".join(heads) + body

    async def converse(seen: SeenHeads) -> tuple[list[HttpRequest], bytes]:
        conversation = Conversation(Limits(), seen)
        conversation.hear([data])
        conversation.leave()
        return conversation.requests, bytes(conversation.wire.written)

    async def converse_twice() -> None:
        seen = SeenHeads()
        assert await converse(seen) == await converse(seen)

    runner.run(converse_twice())


def test_few_heads_are_remembered_and_no_large_one() -> None:
    """Clients decide what they send: it must not fill the memory."""
    seen = SeenHeads()
    request = h11.Request(method="GET", target="/", headers=[("Host", "a")])
    for number in range(1000):
        head = b"GET /%d HTTP/1.1\r\n\r\n" % number
        seen.add(head, request, ())
        assert seen.find(head)
    assert len(seen._heads) <= 256
    large = b"GET /%s HTTP/1.1\r\n\r\n" % (b"x" * 5000)
    seen.add(large, request, ())
    assert seen.find(large) is None


@given(pieces=PIECES, at=st.integers(0, 100))
def test_a_split_changes_nothing(runner: asyncio.Runner, pieces: list[bytes], at: int) -> None:
    """But for pipelining, which is told by what came with what: the first request is the same."""
    data = b"".join(pieces)

    async def first(*parts: bytes) -> list[HttpRequest]:
        conversation = Conversation(Limits())
        conversation.hear(list(parts))
        conversation.leave()
        return conversation.requests[:1]

    assert runner.run(first(data)) == runner.run(first(data[:at], data[at:]))


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nX: ", CHUNKED, CHUNKED + b"0\r\nX: "])
def test_a_connection_holds_no_more_than_its_limits(runner: asyncio.Runner, begun: bytes) -> None:
    """Of 64 MiB without an end; and nothing of what was refused."""
    piece = b"x" * 65536

    async def converse() -> None:
        conversation = Conversation(Limits(head_bytes=100_000))
        connection = conversation.connection
        conversation.hear([begun])
        for _ in range(1000):
            conversation.hear([piece])
            held = len(connection._received) + len(connection._body)
            held += len(connection._h11.trailing_data[0]) if connection._h11 else 0
            assert held <= 2 * (100_000 + len(piece))
        assert conversation.wire.has_ended
        assert 0 == held
        conversation.leave()

    runner.run(converse())


@given(pieces=PIECES, method=st.sampled_from(["GET", "HEAD"]))
def test_any_bytes_of_an_upstream(pieces: list[bytes], method: str) -> None:
    """A head, or a ValueError that says why there is none."""
    reader = HeadReader(method)
    for number, piece in enumerate(pieces):
        try:
            head = reader.feed(piece)
        except ValueError as error:
            assert str(error)  # noqa: PT017 - that it may be raised is the point, not that it is
            return
        if head is not None:
            assert b"".join(pieces[: number + 1]).endswith(head.rest)
            return


@pytest.mark.parametrize("step", [1, 2, 3, 5, 100])
def test_a_head_is_whole_wherever_it_is_cut(step: int) -> None:
    """And as soon as its last byte is there."""
    wire = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    reader = HeadReader("GET")
    heads = [reader.feed(wire[at : at + step]) for at in range(0, len(wire), step)]
    assert [None] * (len(heads) - 1) == heads[:-1]
    assert heads[-1] is not None
    assert (200, b"") == (heads[-1].status, heads[-1].rest)


HEAD_LINES = [
    b"Content-Length: 3", b"content-length:07", b"Content-Length: 3, 3", b"Content-Length: x",
    b"Content-Length: -3", b"Content-Length: " + b"1" * 21, b"Transfer-Encoding: chunked",
    b"transfer-encoding:\tchunked ", b"Transfer-Encoding: Chunked",
    b"Transfer-Encoding: gzip, chunked", b"Connection: close", b"X: y", b"X:", b"X:  ",
    b"X : y", b" folded", b"\tfolded", b"X: \x01", b"X: \x7f", b"X: caf\xe9", b"X: a\tb ",
    b"no colon", b"nonsense", b": no name", b"\xe9: y", b"(X): y", b"HTTP/1.1 200 OK", b"",
]  # fmt: skip
STATUS_LINES = [
    b"HTTP/1.1 200 OK", b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"HTTP/1.1 404 Not\tFound",
    b"HTTP/1.1 503 caf\xe9", b"HTTP/1.1 299 \x01", b"HTTP/1.1 100 Continue", b"HTTP/1.1 101 x",
    b"HTTP/1.1 600 x", b"HTTP/1.1 99 x", b"HTTP/1.1 0200 x", b"HTTP/1.0 200 OK",
    b"HTTP/2 200 OK", b"HTTP/1.1  200 OK", b"HTTP/1.1 200OK",
]  # fmt: skip


def read_head(wire: bytes, method: str) -> object:
    reader = HeadReader(method)
    try:
        head = reader.feed(wire)
    except ValueError as error:
        return str(error)
    return head and (head.status, head.headers, type(head.body), head.rest)


def assert_as_h11_reads(status_line: bytes, *lines: bytes, method: str = "POST") -> None:
    wire = b"\r\n".join([status_line, *lines, b"", b""])
    read = read_head(wire, method)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(response_head, "_parse_plain", lambda _: None)
        assert read_head(wire, method) == read


@pytest.mark.parametrize("line", HEAD_LINES)
def test_a_plain_line_of_a_head_says_what_h11_reads(line: bytes) -> None:
    """The short way takes no head that h11 would refuse, and none for something else."""
    assert_as_h11_reads(b"HTTP/1.1 200 OK", line)
    assert_as_h11_reads(b"HTTP/1.1 200 OK", b"X: y", line, b"Y: z")


@pytest.mark.parametrize("status_line", STATUS_LINES)
def test_a_plain_status_line_says_what_h11_reads(status_line: bytes) -> None:
    """Likewise."""
    assert_as_h11_reads(status_line)
    assert_as_h11_reads(status_line, b"Content-Length: 3")


@given(
    status_line=st.sampled_from(STATUS_LINES),
    lines=st.lists(
        st.sampled_from(HEAD_LINES)
        | st.binary(max_size=8).map(lambda value: b"X: " + value)
        | st.binary(max_size=8),
        max_size=6,
    ),
    method=st.sampled_from(["POST", "HEAD"]),
)
@example(status_line=b"HTTP/1.1 200 OK", lines=[b"Transfer-Encoding: chunked"] * 2, method="POST")
@example(status_line=b"HTTP/1.1 200 OK", lines=HEAD_LINES[:1] + HEAD_LINES[6:7], method="POST")
def test_a_plain_head_says_what_h11_reads(
    status_line: bytes, lines: list[bytes], method: str
) -> None:
    """Likewise, of any lines together."""
    assert_as_h11_reads(status_line, *lines, method=method)


def test_the_heads_of_real_servers_are_plain() -> None:
    """Else the short way is none."""
    head = (
        b"HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\n"
        b"Content-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n"
        b'x-request-id: req_1\r\nCF-RAY: 9c-FRA\r\nalt-svc: h3=":443"; ma=86400\r\n\r\n'
    )
    assert response_head._parse_plain(head) is not None


def body_readers() -> st.SearchStrategy[BodyReader]:
    return st.builds(ChunkedBody) | st.builds(CloseBody) | st.builds(LengthBody, st.integers(0, 50))


CHUNKS = st.lists(
    st.sampled_from(
        [b"3\r\nabc\r\n", b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"a;x=y\r\n", b"\r\n", b"\n", b"\r"]
    )
    | st.binary(max_size=8),
    max_size=20,
)


@given(body=body_readers(), pieces=CHUNKS)
def test_a_body_is_of_the_bytes_that_came(body: BodyReader, pieces: list[bytes]) -> None:
    """Each piece of it stands in what was fed, in order; what is behind its end does not count."""
    for data in pieces:
        was_open = body.state == "open"
        at = 0
        for part in body.feed(data):
            assert was_open
            assert part
            at = data.index(part, at) + len(part)
        assert at <= len(data) - body.surplus_bytes
        assert 0 <= body.surplus_bytes <= len(data)
        assert was_open or body.surplus_bytes == len(data)
        assert bool(body.detail) == (body.state == "broken")


@given(data=CHUNKS.map(b"".join), at=st.integers(0, 60))
def test_a_split_changes_no_body(data: bytes, at: int) -> None:
    """Nor how it ends."""
    whole, split = ChunkedBody(), ChunkedBody()
    joined = b"".join(whole.feed(data))
    assert joined == b"".join([*split.feed(data[:at]), *split.feed(data[at:])])
    assert (whole.state, whole.detail) == (split.state, split.detail)
