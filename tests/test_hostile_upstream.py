"""Upstreams that lie, flood or speak no HTTP: what the proxy records, and what its client gets.

A client never gets a byte behind the end of an answer: it would answer its next request.
"""

import socket
import threading
from contextlib import suppress

import pytest

from streamlab.recording import Recording
from streamlab.store import Library
from tests import raw_server
from tests.conftest import chat_event
from tests.loop_thread import proxying
from tests.raw_client import api_error, read, rest_of
from tests.raw_server import Act, http_chunk, send, wait_until_left
from tests.raw_server import raw_server as serving

KEEP_ALIVE = b"POST /v1/chat HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
EVENT = chat_event("a")
CHUNK = http_chunk(EVENT)
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
MIB = 1024 * 1024


def through_proxy(
    library: Library, *acts: Act, request: bytes = KEEP_ALIVE
) -> tuple[bytes, Recording]:
    """What a client gets that keeps its connection open, until the proxy closes; what is stored."""
    with serving(*acts) as url, proxying(library, url) as run, run.connect() as client:
        client.sendall(request)
        answer = rest_of(client)
    (summary,) = library.summaries()
    return answer, library.load(summary.id)


def field(value: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + value + b"\r\n\r\nok"


NOT_HTTP = {
    "10,000 fields": (field(b"\r\n".join(b"X-%d: y" % n for n in range(10_000))), "fields"),
    "a field of 1 MiB": (field(b"X: " + b"y" * MIB), "larger than"),
    "a head just over": (field(b"X: " + b"y" * 256 * 1024), "larger than"),
    "a status line of 1 MiB": (b"HTTP/1.1 200 " + b"y" * MIB, "larger than"),
    "length and coding": (field(b"Content-Length: 2\r\nTransfer-Encoding: chunked"), "both"),
    "two lengths": (field(b"Content-Length: 2\r\nContent-Length: 40"), "Content-Length"),
    "two lengths in one": (field(b"Content-Length: 2, 40"), "Content-Length"),
    "negative length": (field(b"Content-Length: -2"), "Content-Length"),
    "signed length": (field(b"Content-Length: +2"), "Content-Length"),
    "huge length": (field(b"Content-Length: " + b"9" * 5000), "Content-Length"),
    "unknown coding": (field(b"Transfer-Encoding: xchunked"), "Transfer-Encoding"),
    "coding after chunked": (field(b"Transfer-Encoding: chunked, identity"), "Transfer-Encoding"),
    "bare CR": (field(b"X: y\rContent-Length: 0"), "bare CR"),
    "bare LF": (field(b"X: y\nContent-Length: 0"), "bare LF"),
    "bare LF only": (field(b"Content-Length: 2").replace(b"\r", b"") + EVIL, "bare LF"),
    "two heads in one": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\n\n" + EVIL, "bare LF"),
    "NUL in a field": (field(b"X: a\0b"), "NUL"),
    "latin-1 in a name": (field(b"X\xe9: y"), "illegal header line"),
    "no colon": (field(b"nonsense"), "illegal header line"),
    "no status": (b"HTTP/1.1\r\n\r\n", "status line"),
    "short status": (b"HTTP/1.1 20 OK\r\n\r\n", "status line"),
    "status 099": (b"HTTP/1.1 099 OK\r\n\r\n", "status_code"),
    "status of letters": (b"HTTP/1.1 abc OK\r\n\r\n", "status line"),
    "HTTP/1.7": (b"HTTP/1.7 200 OK\r\n\r\n", "HTTP/1.7"),
    "HTTP/2.0": (b"HTTP/2.0 200 OK\r\n\r\n", "HTTP/2.0"),
    "HTTP/2 frames": (b"\0\0\x12\x04\0\0\0\0\0", "begins with"),
    "ssh": (b"SSH-2.0-OpenSSH_9.6\r\n", "begins with"),
    "a TLS alert": (b"\x15\x03\x01\0\x02\x02\x46", "begins with"),
    "a byte": (b"\xff", "begins with"),
    "upgrade": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "SWITCH"),
    "a flood of 100 Continue": (b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000, "informational"),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "detail"), NOT_HTTP.values(), ids=NOT_HTTP)
def test_a_response_that_is_not_http_is_a_502(library: Library, sent: bytes, detail: str) -> None:
    """Recorded as what it was, with why; of its bytes none goes on."""

    def flood(connection: socket.socket) -> None:
        with suppress(ConnectionError):  # the proxy has seen enough
            connection.sendall(sent)
        wait_until_left(connection)

    answer, recording = through_proxy(library, flood)
    status, message = api_error(answer)
    assert recording.end is not None
    assert (502, "protocol_error") == (status, recording.end.reason)
    assert detail in recording.end.detail
    assert recording.end.detail in message
    assert len(message) < 1000
    assert b"evil" not in answer


FULL = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
AFTER_THE_HEAD = {
    "two responses": (OK + EVIL, OK, "42 bytes came after the end"),
    "chunked and a response": (HEAD + CHUNK + b"0\r\n\r\n" + EVIL, HEAD + CHUNK + b"0\r\n\r\n",
                               "bytes came after the end"),
    "trailers and a byte": (HEAD + b"0\r\nX: y\r\n\r\n!", HEAD + b"0\r\nX: y\r\n\r\n", "1 bytes"),
    "a body where none is": (b"HTTP/1.1 204 No Content\r\n\r\n" + EVIL,
                             b"HTTP/1.1 204 No Content\r\n\r\n", "bytes came after"),
    "size of letters": (HEAD + CHUNK + b"zz\r\n" + EVIL, HEAD + CHUNK + b"zz\r\n", "no chunk size"),
    "size with a sign": (HEAD + b"+2\r\n" + EVIL, HEAD + b"+2\r\n", "no chunk size"),
    "size overflows": (HEAD + b"F" * 17 + b"\r\n" + EVIL, HEAD + b"F" * 17 + b"\r\n",
                       "no chunk size"),
    "chunk longer than said": (HEAD + b"2\r\nokay\r\n0\r\n\r\n", HEAD + b"2\r\nokay\r\n",
                               "does not end where"),
    "a size line with LF": (HEAD + b"2\nok\r\n0\r\n\r\n", HEAD + b"2\n", "CRLF"),
    "a size line with CR": (HEAD + b"0\r\r\n" + EVIL, HEAD + b"0\r\r\n", "CRLF"),
    "the last line with LF": (HEAD + b"0\r\n\n" + EVIL, HEAD + b"0\r\n\n", "CRLF"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "passed_on", "detail"), AFTER_THE_HEAD.values(), ids=AFTER_THE_HEAD
)
def test_what_breaks_the_framing_ends_the_answer(
    library: Library, sent: bytes, passed_on: bytes, detail: str
) -> None:
    """The client gets what came before; what comes behind it answers no other request."""
    answer, recording = through_proxy(library, send(sent), wait_until_left)
    assert recording.end is not None
    assert (passed_on, "protocol_error") == (answer, recording.end.reason)
    assert detail in recording.end.detail


def test_a_head_request_has_no_body(library: Library) -> None:
    """Whatever its answer says."""
    request = b"HEAD /v1 HTTP/1.1\r\nHost: a\r\n\r\n"
    answer, recording = through_proxy(library, send(OK), wait_until_left, request=request)
    assert recording.end is not None
    assert (FULL, "protocol_error") == (answer, recording.end.reason)


@pytest.mark.parametrize(
    ("begun", "piece"),
    [(b"HTTP/1.1 200 OK\r\nX: ", b"y"), (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), (HEAD, b"1"),
     (HEAD + b"1;x=", b"y"), (HEAD + b"0\r\n", b"X: y\r\n")],
    ids=["a field", "fields", "a chunk size", "an extension", "trailers"],
)  # fmt: skip
def test_what_has_no_end_is_cut(library: Library, begun: bytes, piece: bytes) -> None:
    """Of 1 GiB, as much is taken as the limit and what fits between the two."""
    sent: list[int] = []

    def flood(connection: socket.socket) -> None:
        pieces = piece * (65536 // len(piece))
        with suppress(ConnectionError):
            connection.sendall(begun)
            while sum(sent) < 1024 * MIB:
                sent.append(connection.send(pieces))

    _, recording = through_proxy(library, flood)
    assert recording.end is not None
    assert "protocol_error" == recording.end.reason
    assert sum(sent) < 64 * MIB


def test_informational_responses_are_not_the_answer(library: Library) -> None:
    """A hundred of them are borne, in any segments."""
    acts = [send(b"HTTP/1.1 100 Continue\r\n\r\n" * 99), send(b"HTTP/1.1 103 Early Hints\r\nLi")]
    answer, recording = through_proxy(
        library, *acts, send(b"nk: </a>\r\n\r\n" + OK + b"!"), wait_until_left
    )
    assert OK == answer
    assert recording.response is not None
    assert 200 == recording.response.status


def test_bytes_of_a_field_are_kept(library: Library) -> None:
    """Latin-1 or UTF-8, they go on and into the recording as they came; folded lines as one."""
    head = b"HTTP/1.1 200 OK\r\nX-Latin: \xe9\r\nX-UTF: \xc3\xa9\r\nX-Fold: a\r\n b\r\n"
    answer, recording = through_proxy(library, send(head + b"Content-Length: 0\r\n\r\n!"))
    assert head.replace(b"\r\n b", b" b") + b"Content-Length: 0\r\n\r\n" == answer
    assert recording.response is not None
    assert ("X-Latin", "é") == recording.response.headers[0]


@pytest.mark.parametrize("said", [b"", b"HT", b"HTTP/1.1 200 OK\r\nX: "])
def test_an_upstream_that_leaves_within_its_head(library: Library, said: bytes) -> None:
    """Truncated; the detail tells whether it had begun."""
    answer, recording = through_proxy(library, send(said), raw_server.close)
    assert recording.end is not None
    assert (b"", "truncated") == (answer, recording.end.reason)
    assert ("the end of the head" if said else "a response") in recording.end.detail


def test_an_upstream_that_never_answers_costs_the_client_s_patience(library: Library) -> None:
    """No limit of the proxy's own: the client gives up, and that is what is recorded."""
    asked = threading.Event()
    acts = [lambda _: asked.set(), wait_until_left]
    with serving(*acts) as url, proxying(library, url) as run, run.connect() as client:
        client.sendall(KEEP_ALIVE)
        assert asked.wait(20)
    (summary,) = library.summaries()
    assert "client_closed" == summary.end_reason


def test_an_upstream_that_closes_before_it_has_read_the_request(library: Library) -> None:
    """It shuts down its side, then reads on: the loss is met while the body is still being sent."""
    body = b"x" * (16 * MIB)
    request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)
    listener = socket.create_server(("127.0.0.1", 0))

    def close_and_read() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.shutdown(socket.SHUT_WR)
            wait_until_left(connection)

    thread = threading.Thread(target=close_and_read)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with proxying(library, url) as run, run.connect() as client:
        client.sendall(request + body)
        assert b"" == rest_of(client)
    thread.join(20)
    listener.close()
    (summary,) = library.summaries()
    assert "truncated" == summary.end_reason


def test_an_answer_that_ends_when_its_client_catches_up(library: Library) -> None:
    """The connection is closed once, though asyncio has emptied its buffer just then."""
    piece = b"x" * (8 * MIB)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(piece)
    request = KEEP_ALIVE.replace(b"Host: a", b"Host: a\r\nConnection: close")
    with serving(send(head + piece)) as url, proxying(library, url) as run, run.connect() as slow:
        slow.sendall(request)
        assert head == read(slow, len(head))
        assert piece == rest_of(slow)
