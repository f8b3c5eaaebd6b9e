"""A server that hangs, at each stage: the limit that ended it is named, and no other counts."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from streamlab.errors import NetworkError
from streamlab.record.once import Options, record_once
from streamlab.recording import Request
from streamlab.store import Library
from tests.cli_runner import fails_well, run
from tests.conftest import chat_event
from tests.raw_server import HEAD, http_chunk, raw_server, send, wait_until_left

EVENT = chat_event("a")
CHUNK = http_chunk(EVENT)
LONG = "3600"


@contextmanager
def no_handshake() -> Iterator[str]:
    """The URL of a server that takes connections (its kernel does) and says nothing of TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def unread() -> Iterator[str]:
    """The URL of a server that reads nothing of what it is sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def record(library: Library, url: str, options: Options, body: bytes = b"{}") -> tuple[str, str]:
    """Reason and detail of the end; nothing else is in the library."""
    with library.open_writer() as writer:
        request = Request(method="POST", url=url, body=body)
        recording = record_once(request, writer, options=options)
    assert recording.end is not None
    assert [recording.id] == [summary.id for summary in library.summaries()]
    return recording.end.reason, recording.end.detail


@pytest.mark.parametrize(
    "options",
    [Options(connect_s=0.05, first_byte_s=3600, silence_s=3600), Options(silence_s=0.05)],
    ids=["its own limit", "that of silence"],
)
def test_a_connection_that_does_not_come_is_recorded_as_such(
    library: Library, options: Options
) -> None:
    """Nothing was sent: an error that names the limit, and a recording of the waiting."""
    with no_handshake() as url, pytest.raises(NetworkError) as caught:
        record(library, url, options)
    assert f"cannot reach {url}: connect timeout after 0.05 s" == caught.value.message
    assert caught.value.hint
    (summary,) = library.summaries()
    end = library.load(summary.id).end
    assert end is not None
    assert ("unreachable", "connect timeout after 0.05 s") == (end.reason, end.detail)


@pytest.mark.parametrize(
    "options",
    [Options(connect_s=3600, first_byte_s=0.05, silence_s=3600), Options(silence_s=0.05)],
    ids=["its own limit", "that of silence"],
)
@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_a_response_that_does_not_come(library: Library, options: Options, said: bytes) -> None:
    """Until its head is whole."""
    with raw_server(send(said), wait_until_left) as url:
        end = record(library, url, options)
    assert ("timeout", "ReadTimeout: no byte of the response for 0.05 s") == end


@pytest.mark.parametrize(
    ("said", "body_bytes"),
    [(HEAD, 0), (HEAD + CHUNK, len(EVENT)), (HEAD + CHUNK + CHUNK[:20], len(EVENT) + 16)],
    ids=["a head", "an event", "part of an event"],
)
def test_a_silence_within_the_body(library: Library, said: bytes, body_bytes: int) -> None:
    """How long it was, and how much came before."""
    options = Options(connect_s=3600, first_byte_s=3600, silence_s=0.05)
    with raw_server(send(said), wait_until_left) as url:
        end = record(library, url, options)
    detail = f"ReadTimeout: silence of 0.05 s after {body_bytes} bytes of the body"
    assert ("timeout", detail) == end


def test_a_request_that_is_not_taken(library: Library) -> None:
    """Sending it has the limit of silence."""
    options = Options(connect_s=3600, first_byte_s=3600, silence_s=0.05)
    with unread() as url:
        end = record(library, url, options, body=b"x" * 8 * 1024 * 1024)
    detail = "WriteTimeout: the server took nothing of the request for 0.05 s"
    assert ("timeout", detail) == end


def test_the_limit_of_the_head_is_not_that_of_the_body(library: Library) -> None:
    """httpx has one for both; it is changed in between, before the body is asked for."""
    seen: list[float] = []

    class Body(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            seen.append(asked[0].extensions["timeout"]["read"])
            yield EVENT

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        seen.append(request.extensions["timeout"]["read"])
        return httpx.Response(200, stream=Body())

    asked: list[httpx.Request] = []
    with library.open_writer() as writer:
        request = Request(method="GET", url="http://a.example/")
        options = Options(first_byte_s=7, silence_s=5)
        transport = httpx.MockTransport(answer)
        record_once(request, writer, options=options, transport=transport)
    assert [7, 5] == seen


@pytest.mark.parametrize(
    ("options", "connect_s", "first_byte_s"),
    [
        (Options(), 10, 120),
        (Options(silence_s=5), 5, 5),
        (Options(silence_s=60, connect_s=30, first_byte_s=40), 30, 40),
    ],
)
def test_limits_that_are_not_given(options: Options, connect_s: float, first_byte_s: float) -> None:
    """As long as a silence may be; connecting never longer than ten seconds."""
    timeout = options.timeout()
    assert (connect_s, first_byte_s) == (timeout.connect, timeout.read)


@pytest.mark.parametrize("more", [(), ("--repeat", "2")])
def test_record_says_that_it_could_not_connect(more: tuple[str, ...]) -> None:
    """Once, too, where it was to be done twice."""
    with no_handshake() as url:
        ran = run("record", url, "--connect-timeout", "0.05", "--timeout", LONG, *more)
    fails_well(ran, "connect timeout after 0.05 s")


@pytest.mark.parametrize(
    ("limit", "said", "expected"),
    [
        ("--first-byte-timeout", b"", "no byte of the response for 0.05 s"),
        ("--timeout", HEAD + CHUNK, f"silence of 0.05 s after {len(EVENT)} bytes of the body"),
    ],
)
@pytest.mark.parametrize("curl", [True, False], ids=["--from-curl", "a URL"])
def test_record_says_which_limit_it_was(limit: str, said: bytes, expected: str, curl: bool) -> None:
    """In its closing lines; exit code 1."""
    limits = {"--connect-timeout": LONG, "--first-byte-timeout": LONG, "--timeout": LONG}
    words = [word for pair in {**limits, limit: "0.05"}.items() for word in pair]
    with raw_server(send(said), wait_until_left) as url:
        asked = ["--from-curl", f"curl {url}"] if curl else [url]
        ran = run("record", *asked, *words)
    assert 1 == ran.returncode, ran
    assert "timeout after" in ran.stderr
    assert expected in ran.stderr


def test_a_repeated_record_has_the_limits_too() -> None:
    """One of the two hangs in its body, one before its head."""
    with raw_server(send(HEAD + CHUNK), wait_until_left) as url:
        ran = run("record", url, "--repeat", "2", "--timeout", "0.05")
    assert 1 == ran.returncode, ran
    assert 2 == ran.stdout.count("timeout")


def test_the_proxy_command_has_a_limit_for_connecting() -> None:
    """Its client is told which."""
    with no_handshake() as url:
        words = ["proxy", "--upstream", url, "--port", "0", "--connect-timeout", "0.05"]
        command = [sys.executable, "-m", "streamlab", *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as proxy:
            assert proxy.stdout is not None
            try:
                answer = httpx.get(proxy.stdout.readline().strip(), timeout=20)
            finally:
                proxy.terminate()
    assert 502 == answer.status_code
    said = f"cannot reach {url}: connect timeout after 0.05 s"
    assert said == answer.json()["error"]["message"]
