"""The recording proxy, between real sockets: live through, byte for byte, every end passed on."""

import gzip
import socket
import threading
from itertools import cycle
from typing import Any

import httpx
import pytest

from streamlab._http1.framing import ChunkedBody, body_reader
from streamlab.errors import InputError
from streamlab.record.upstream import parse_upstreams
from streamlab.recording import Recording
from streamlab.replay import serve
from streamlab.store import Library
from tests import raw_server
from tests.conftest import DONE, chat_event, make_recording
from tests.corpus import CORPUS, DIFFERENCES, entries, kind_of_entry, needs_corpus, scans, seen
from tests.encoders import encoded
from tests.proxying import proxying
from tests.raw_server import HEAD, Act, http_chunk, send


def talk(url: str, request: bytes) -> tuple[bytes, type[Exception] | None]:
    """Everything the server says until it closes, and the error the connection ends with."""
    host, port = url.removeprefix("http://").split(":")
    received = bytearray()
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(request)
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionError as error:
            return bytes(received), type(error)
    return bytes(received), None


REQUEST = (
    b"POST /v1/chat?x=1 HTTP/1.1\r\nHost: proxy\r\nX-Odd-CASE: a\r\nX-Odd-CASE: b\r\n"
    b"Accept-Encoding: gzip, br\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n"
    b"Authorization: Bearer sk-secret-12345678\r\nContent-Length: 2\r\n\r\n{}"
)
EVENT = chat_event("a")
CHUNK = http_chunk(EVENT)


def only(library: Library) -> Recording:
    (summary,) = library.summaries()
    return library.load(summary.id)


@pytest.mark.parametrize(
    ("acts", "body", "reads", "reason", "error"),
    [
        ([send(HEAD + CHUNK + b"0\r\n\r\n")], CHUNK + b"0\r\n\r\n", [EVENT], "complete", None),
        ([send(HEAD + CHUNK + CHUNK), raw_server.close], CHUNK * 2, [EVENT] * 2, "truncated", None),
        ([send(HEAD + CHUNK), raw_server.reset], CHUNK, [EVENT], "reset", ConnectionResetError),
        ([send(HEAD + CHUNK + b"zz\r\n")], CHUNK + b"zz\r\n", [EVENT], "protocol_error", None),
        ([raw_server.close], b"", [], "truncated", None),
        ([raw_server.reset], b"", [], "reset", ConnectionResetError),
    ],
    ids=["complete", "cut", "reset", "bad size", "no response", "reset before"],
)  # fmt: skip
def test_every_end_is_passed_on_and_recorded(
    library: Library,
    acts: list[Act],
    body: bytes,
    reads: list[bytes],
    reason: str,
    error: type[Exception] | None,
) -> None:
    """The client meets the end that the upstream made, after the same bytes."""
    with raw_server.raw_server(*acts) as url, proxying(library, url) as proxy:
        answer, met = talk(proxy, REQUEST)
    assert (body, error) == (answer.partition(b"\r\n\r\n")[2], met)
    recording = only(library)
    assert recording.end is not None
    assert (reads, reason) == ([read.data for read in recording.reads], recording.end.reason)
    assert "proxy" == recording.source


def test_the_first_event_is_through_before_the_second_is_sent(library: Library) -> None:
    """Nothing is held back: a gated upstream proves it."""
    gate = threading.Event()
    acts = [send(HEAD + CHUNK), raw_server.wait_for(gate), send(CHUNK + b"0\r\n\r\n")]
    with raw_server.raw_server(*acts) as url, proxying(library, url) as proxy:
        host, port = proxy.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as client:
            client.sendall(REQUEST)
            received = b""
            while not received.endswith(CHUNK):
                received += client.recv(65536)
            assert 1 == received.count(CHUNK)
            gate.set()
            while not received.endswith(b"0\r\n\r\n"):
                received += client.recv(65536)
    assert [EVENT, EVENT] == [read.data for read in only(library).reads]


def test_a_client_that_hangs_up_hangs_up_on_the_upstream(library: Library) -> None:
    """And is recorded as such, with what it had got."""
    left = threading.Event()

    def note(connection: socket.socket) -> None:
        raw_server.wait_until_left(connection)
        left.set()

    with raw_server.raw_server(send(HEAD + CHUNK), note) as url, proxying(library, url) as proxy:
        host, port = proxy.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as client:
            client.sendall(REQUEST)
            received = b""
            while not received.endswith(CHUNK):
                received += client.recv(65536)
        assert left.wait(20)
    recording = only(library)
    assert recording.end is not None
    assert ("client_closed", EVENT) == (recording.end.reason, recording.body)


@pytest.mark.parametrize("keep_encoding", [False, True])
def test_heads_go_through_but_for_what_belongs_to_the_connection(
    library: Library, keep_encoding: bool
) -> None:
    """Order, spelling and duplicates stay; hop-by-hop fields go; the coding becomes identity."""
    seen: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    authority = f"127.0.0.1:{listener.getsockname()[1]}"

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            seen.append(raw_server.read_request(connection))
            connection.sendall(
                b"HTTP/1.1 201 Made\r\nX-A: 1\r\nKeep-Alive: 9\r\nX-a: 2\r\nConnection: close\r\n"
                b"Content-Length: 2\r\n\r\nok"
            )

    thread = threading.Thread(target=answer)
    thread.start()
    upstream = f"http://{authority}/base/"
    with proxying(library, upstream, keep_encoding=keep_encoding) as proxy:
        received, _ = talk(proxy, REQUEST)
    thread.join(20)
    listener.close()
    coding = b"" if keep_encoding else b"Accept-Encoding: identity\r\n"
    given = b"Accept-Encoding: gzip, br\r\n" if keep_encoding else b""
    assert (
        b"POST /base/v1/chat?x=1 HTTP/1.1\r\nHost: " + authority.encode() + b"\r\n"
        b"X-Odd-CASE: a\r\nX-Odd-CASE: b\r\n" + given
        + b"Authorization: Bearer sk-secret-12345678\r\n" + coding
        + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}"
    ) == seen[0]  # fmt: skip
    assert b"HTTP/1.1 201 Created\r\nX-A: 1\r\nX-a: 2\r\nContent-Length: 2\r\n\r\nok" == received
    library.close()
    stored = b"".join(path.read_bytes() for path in library.path.parent.glob("library.db*"))
    assert b"sk-secret" not in stored


def test_several_upstreams_by_prefix(library: Library) -> None:
    """The prefix is cut off; a path that none takes is said so."""
    one = make_recording(b"1", url="http://a/x", headers=(("Content-Length", "1"),), method="GET")
    two = make_recording(
        b"2", url="http://a/v2/x", headers=(("Content-Length", "1"),), method="GET"
    )
    with (
        serve([one], speed=0) as first,
        serve([two], speed=0) as second,
        proxying(library, f"one={first.url}", f"two={second.url}/v2") as proxy,
        httpx.Client(base_url=proxy) as client,
    ):
        assert ["1", "2"] == [client.get("/one/x").text, client.get("/two/x").text]
        missed = client.get("/three/x")
    assert 404 == missed.status_code
    assert "prefixes: /one, /two" in missed.json()["error"]["message"]


def test_an_upstream_that_is_down_is_a_502_and_recorded(library: Library) -> None:
    """In the shape of the API's errors."""
    with proxying(library, "http://127.0.0.1:1") as proxy:
        answer = httpx.post(f"{proxy}/v1/chat/completions", json={})
    assert 502 == answer.status_code
    assert "cannot reach http://127.0.0.1:1" in answer.json()["error"]["message"]
    recording = only(library)
    assert recording.end is not None
    assert (None, "unreachable") == (recording.response, recording.end.reason)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n",
        b"this is not HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000,
    ],
    ids=["two framings", "two lengths", "not HTTP", "endless head"],
)
def test_a_head_that_lies_is_the_end(library: Library, head: bytes) -> None:
    """Nothing is kept alive after it, and it is recorded as what it was."""
    acts = [send(head), raw_server.wait_until_left]
    with raw_server.raw_server(*acts) as url, proxying(library, url) as proxy:
        talk(proxy, REQUEST)
    end = only(library).end
    assert end is not None
    assert "protocol_error" == end.reason


def test_compressed_bodies_survive_untouched(library: Library) -> None:
    """The encoded bytes are what goes through and what is kept."""
    body = gzip.compress(EVENT * 20)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    with (
        raw_server.raw_server(send(head + body)) as url,
        proxying(library, url, keep_encoding=True) as proxy,
    ):
        assert EVENT * 20 == httpx.post(proxy, json={}).content
    assert body == only(library).body


def test_connections_are_kept_for_the_next_request(library: Library) -> None:
    """One connection of the client, three requests."""
    recording = make_recording(EVENT, DONE)
    with (
        serve([recording], speed=0) as server,
        proxying(library, server.url) as proxy,
        httpx.Client(base_url=proxy) as client,
    ):
        ports = set()
        for _ in range(3):
            with client.stream("POST", "/v1/chat/completions", json={}) as response:
                ports.add(response.extensions["network_stream"].get_extra_info("client_addr"))
                assert EVENT + DONE == response.read()
    assert 1 == len(ports)
    assert ["complete"] * 3 == [summary.end_reason for summary in library.summaries()]


def test_a_slow_client_slows_the_upstream(library: Library) -> None:
    """What it does not read stays with the upstream: backpressure goes through the proxy."""
    large = make_recording(*[b"x" * 65536] * 400)
    with serve([large], speed=0) as server, proxying(library, server.url) as proxy:
        host, port = proxy.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as slow:
            slow.sendall(
                b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            )
            assert b"HTTP/1.1" == slow.recv(8)
            waiting = threading.Event()
            for _ in range(500):
                if any(c._exchange and c._exchange.is_paused for c in server._listener.connections):
                    break
                waiting.wait(0.01)
            else:
                pytest.fail("the upstream was never told to wait")
            received = 8
            while piece := slow.recv(1 << 20):
                received += len(piece)
    assert received > 400 * 65536
    assert large.body == only(library).body


def test_http_1_0_clients_get_a_bare_body(library: Library) -> None:
    """They know no chunks."""
    acts = [send(HEAD + CHUNK + CHUNK + b"0\r\n\r\n")]
    with raw_server.raw_server(*acts) as url, proxying(library, url) as proxy:
        received, _ = talk(proxy, b"GET / HTTP/1.0\r\n\r\n")
    head, _, body = received.partition(b"\r\n\r\n")
    assert EVENT * 2 == body
    assert b"transfer-encoding" not in head.lower()


def served_body(entry: dict[str, Any], coding: str) -> Recording:
    """A body of the corpus in `coding`, flushed where it is cut, and each piece a read."""
    body = (CORPUS / entry["file"]).read_bytes()
    pieces = [body[at : at + 1000] for at in range(0, len(body), 1000)]
    headers = (("Content-Type", kind_of_entry(entry).media_type), ("Transfer-Encoding", "chunked"))
    if coding:
        pieces = [piece for piece in encoded(coding, pieces) if piece]
        headers = (*headers, ("Content-Encoding", coding))
    name = entry["id"]
    return make_recording(
        *pieces, url=f"http://a/{name}", method="GET", body=b"", headers=headers, recording_id=name
    )


@needs_corpus
def test_every_body_of_the_corpus_survives_and_has_the_events_that_a_scan_saw(
    library: Library,
) -> None:
    """SSE, NDJSON, AWS event streams, JSON arrays, encoded and not: out as they came in, stored so;
    and what is read in the stored recording is what independent parsers read in the body."""
    bodies = {
        entry["id"]: (entry, served_body(entry, coding))
        for entry, coding in zip(entries(), cycle(["", "gzip", "deflate", "br", "zstd"]))
    }
    assert len(bodies) > 300
    with (
        serve([served for _, served in bodies.values()], speed=0) as server,
        proxying(library, server.url, keep_encoding=True) as proxy,
        httpx.Client(base_url=proxy) as client,
    ):
        for name, (entry, _) in bodies.items():
            plain = (CORPUS / entry["file"]).read_bytes()
            assert plain == client.get(f"/{name}").content, name
    stored = {summary.url.rpartition("/")[2]: summary.id for summary in library.summaries()}
    scanned = scans()
    for name, (entry, served) in bodies.items():
        recording = library.load(stored[name])
        assert served.body == recording.body, name
        found, scan = seen(recording, kind_of_entry(entry)), scanned[name]
        differing = {key: (found[key], scan[key]) for key in found if found[key] != scan[key]}
        expected = {key: values[:2] for key, values in DIFFERENCES.get(name, {}).items()}
        assert expected == differing, name


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_chunked_bodies_are_taken_apart_in_any_split(step: int) -> None:
    """The pieces of each HTTP chunk, and the end, wherever the bytes are cut."""
    wire = b"3;ext=1\r\nabc\r\n00A\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\nrest"
    body = ChunkedBody()
    pieces = [p for at in range(0, len(wire), step) for p in body.feed(wire[at : at + step])]
    assert (b"abc0123456789", "complete") == (b"".join(pieces), body.state)
    if step == 1000:
        assert [b"abc", b"0123456789"] == pieces


@pytest.mark.parametrize(
    "wire",
    [b"zz\r\n", b"\r\n", b"-1\r\n", b"0x3\r\n", b"3\r\nabcd\r\n", b"f" * 17 + b"\r\n",
     b"1" * 20_000, b"0\r\n" + b"X: y\r\n" * 20_000],
    ids=["letters", "nothing", "negative", "prefix", "longer", "too large", "endless", "trailers"],
)  # fmt: skip
def test_broken_chunked_bodies_say_how(wire: bytes) -> None:
    """And what came before is kept."""
    body = ChunkedBody()
    assert [b"ok"] == body.feed(b"2\r\nok\r\n")
    body.feed(wire)
    assert "broken" == body.state
    assert body.detail


@pytest.mark.parametrize("length", ["x", "-1", "1, 2", "", "²"])
def test_bad_lengths_are_refused(length: str) -> None:
    """A relay that guesses is how requests are smuggled."""
    with pytest.raises(ValueError, match="Content-Length"):
        body_reader("GET", 200, None, length)


@pytest.mark.parametrize(
    "texts", [[], ["api.example"], ["ftp://a"], ["a=http://a", "a=http://b"], ["http://a:x"]]
)
def test_bad_upstreams(texts: list[str]) -> None:
    """Said before anything listens."""
    with pytest.raises(InputError) as caught:
        parse_upstreams(texts)
    assert caught.value.hint
