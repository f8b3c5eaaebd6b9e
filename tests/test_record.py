"""The one-shot recorder, against real sockets: every end is recorded as what it was."""

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import respx

from streamlab.cassette import dumps
from streamlab.clock import ManualClock
from streamlab.errors import InputError, NetworkError
from streamlab.record.once import Options, record_once
from streamlab.recording import Header, Read, Recording, Request, Response
from streamlab.store import Library
from tests import raw_server
from tests.conftest import DONE, chat_event
from tests.raw_server import HEAD, Act, http_chunk, send

SECRETS = ("sk-secret-0123456789", "query-secret-123", "cookie-secret-123", "basic-secret-123")


def record_url(
    library: Library, url: str, headers: tuple[Header, ...] = (), silence_s: float = 20.0
) -> Recording:
    """Record one request; what the store holds is what was returned."""
    request = Request(method="POST", url=url, headers=headers, body=b"{}")
    with library.open_writer() as writer:
        recording = record_once(request, writer, options=Options(name="n", silence_s=silence_s))
    assert recording == library.load(recording.id)
    return recording


def described(recording: Recording) -> tuple[list[bytes], str]:
    assert recording.end is not None
    return [read.data for read in recording.reads], recording.end.reason


EVENT = chat_event("a")
CHUNK = http_chunk(EVENT)
LENGTH_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


@pytest.mark.parametrize(
    ("acts", "reads", "reason"),
    [
        ([send(HEAD + CHUNK + b"0\r\n\r\n")], [EVENT], "complete"),
        ([send(HEAD + CHUNK + CHUNK), raw_server.close], [EVENT, EVENT], "truncated"),
        ([send(HEAD + CHUNK), raw_server.reset], [EVENT], "reset"),
        ([send(HEAD + CHUNK + b"zz\r\n"), raw_server.close], [EVENT], "protocol_error"),
        ([send(LENGTH_HEAD + b"abc"), raw_server.close], [b"abc"], "truncated"),
        ([send(b"HTTP/1.1 200 OK\r\n\r\nabc"), raw_server.close], [b"abc"], "complete"),
        ([raw_server.close], [], "truncated"),
        ([raw_server.reset], [], "reset"),
        ([send(b"this is not HTTP\r\n\r\n")], [], "protocol_error"),
    ],
    ids=[
        "last chunk", "cut between chunks", "reset", "bad chunk size", "shorter than its length",
        "until it closes", "no response", "reset before the response", "not HTTP",
    ],
)  # fmt: skip
def test_every_end_is_recorded(
    library: Library, acts: list[Act], reads: list[bytes], reason: str
) -> None:
    """The reads that came are kept, with the reason why no more did."""
    with raw_server.raw_server(*acts) as url:
        recording = record_url(library, url)
    assert (reads, reason) == described(recording)
    assert (reason == "complete") == (recording.end is not None and not recording.end.detail)


@pytest.mark.parametrize("said", [b"", HEAD, HEAD + CHUNK], ids=["nothing", "head", "an event"])
def test_silence_is_recorded_as_a_timeout(library: Library, said: bytes) -> None:
    """However far the response had come."""
    with raw_server.raw_server(send(said), raw_server.wait_until_left) as url:
        recording = record_url(library, url, silence_s=0.05)
    assert ([EVENT] if CHUNK in said else [], "timeout") == described(recording)


def test_a_read_is_what_the_transport_yields(library: Library) -> None:
    """Two HTTP chunks of one segment are two reads; one in two segments is two reads as well."""
    gate = threading.Event()

    class Opener:
        def on_response(self, response: Response) -> None:
            assert 200 == response.status

        def on_read(self, read: Read) -> None:
            gate.set()

    half = len(CHUNK) // 2
    acts = [send(HEAD + CHUNK + CHUNK + CHUNK[:half]), raw_server.wait_for(gate)]
    with (
        raw_server.raw_server(*acts, send(CHUNK[half:] + b"0\r\n\r\n")) as url,
        library.open_writer() as writer,
    ):
        request = Request(method="POST", url=url, body=b"{}")
        recording = record_once(request, writer, listener=Opener())
    assert [EVENT, EVENT] == [read.data for read in recording.reads[:2]]
    assert EVENT * 3 == recording.body
    assert len(recording.reads) >= 4


def test_marks_and_times_are_in_order(library: Library) -> None:
    """connected, request_sent, head, reads, end."""
    with raw_server.raw_server(send(HEAD + CHUNK + b"0\r\n\r\n")) as url:
        recording = record_url(library, url)
    assert ["connected", "request_sent"] == [mark.name for mark in recording.marks]
    assert recording.response is not None
    assert recording.end is not None
    times_ns = [mark.at_ns for mark in recording.marks]
    times_ns += [recording.response.at_ns, recording.reads[0].at_ns, recording.end.at_ns]
    assert sorted(times_ns) == times_ns
    assert times_ns[0] > 0


def test_no_credential_reaches_a_file(library: Library, tmp_path: Path) -> None:
    """Not the database, its WAL, or a cassette: their bytes are searched."""
    headers = (
        ("Authorization", f"Bearer {SECRETS[0]}"),
        ("X-Api-Key", SECRETS[0]),
        ("Cookie", f"a={SECRETS[2]}"),
    )
    body = http_chunk(EVENT) + b"0\r\n\r\n"
    with raw_server.raw_server(send(HEAD + body)) as url:
        authority = url.replace("http://", f"user:{SECRETS[3]}@")
        target = f"/v1?api_key={SECRETS[1]}&alt=sse"
        recording = record_url(library, f"http://{authority}{target}", headers)
    (tmp_path / "x.jsonl").write_text(dumps([recording]), "utf-8")
    library.close()
    files = [path for path in tmp_path.iterdir() if path.is_file()]
    assert len(files) >= 2
    content = b"".join(path.read_bytes() for path in files)
    assert b"alt=sse" in content
    assert [] == [secret for secret in SECRETS if secret.encode() in content]


def test_the_request_still_carries_them(library: Library) -> None:
    """Only what is stored is redacted, not what is sent."""
    received: list[bytes] = []
    listener = threading.Event()

    def serve() -> None:
        import socket

        with socket.create_server(("127.0.0.1", 0)) as server:
            ports.append(server.getsockname()[1])
            listener.set()
            connection, _ = server.accept()
            with connection:
                received.append(raw_server.read_request(connection))
                connection.sendall(HEAD + b"0\r\n\r\n")

    ports: list[int] = []
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert listener.wait(20)
    headers = (("Authorization", f"Bearer {SECRETS[0]}"),)
    record_url(library, f"http://127.0.0.1:{ports[0]}/?key={SECRETS[1]}", headers)
    thread.join(20)
    assert SECRETS[0].encode() in received[0]
    assert SECRETS[1].encode() in received[0]
    assert b"Accept-Encoding: identity" in received[0]


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:1/", NetworkError),
        ("http://no-such-host.invalid/", NetworkError),
        ("ftp://127.0.0.1/", InputError),
        ("no url", InputError),
        ("http://[::1", InputError),
        ("", InputError),
    ],
)
def test_what_cannot_be_sent_leaves_no_trace(
    library: Library, url: str, error: type[Exception]
) -> None:
    """Nothing was sent, so nothing is recorded; the error says what to do."""
    with pytest.raises(error) as caught:
        record_url(library, url)
    assert caught.value.hint  # type: ignore[attr-defined]
    assert [] == library.summaries()


def test_a_deaf_listener_does_not_cost_the_stream(library: Library) -> None:
    """A full disk behind stdout is raised when the recording is over, and complete."""

    class Full:
        def on_response(self, response: Response) -> None:
            pass

        def on_read(self, read: Read) -> None:
            raise OSError(28, "No space left on device")

    with raw_server.raw_server(send(HEAD + CHUNK + CHUNK + b"0\r\n\r\n")) as url:
        request = Request(method="GET", url=url)
        with library.open_writer() as writer, pytest.raises(OSError, match="No space"):
            record_once(request, writer, listener=Full())
    (summary,) = library.summaries()
    assert ([EVENT, EVENT], "complete") == described(library.load(summary.id))


def test_interrupting_hangs_up(library: Library) -> None:
    """Ctrl-C is the client's end of the stream."""

    class Interrupter:
        def on_response(self, response: Response) -> None:
            pass

        def on_read(self, read: Read) -> None:
            raise KeyboardInterrupt

    acts = [send(HEAD + CHUNK), raw_server.wait_until_left]
    with raw_server.raw_server(*acts) as url, library.open_writer() as writer:
        request = Request(method="GET", url=url)
        recording = record_once(request, writer, listener=Interrupter())
    assert ([EVENT], "client_closed") == described(recording)


@respx.mock
def test_a_patched_transport_is_recorded_too(library: Library) -> None:
    """Where a test patches httpx with respx, the recorder sees what respx answers."""
    stream = httpx.ByteStream(EVENT + DONE)
    respx.post("https://api.example/v1").mock(
        return_value=httpx.Response(
            200, headers={"Content-Type": "text/event-stream"}, stream=stream
        )
    )
    recording = record_url(library, "https://api.example/v1")
    assert ([EVENT + DONE], "complete") == described(recording)


def test_times_come_from_the_clock(library: Library) -> None:
    """t0 is the handing over of the request; reads are stamped when they are yielded."""
    clock = ManualClock(now_ns=1_000)

    class Slow(httpx.SyncByteStream):
        def __iter__(self):
            for _ in range(3):
                clock.advance_ns(50)
                yield b"x"

    def answer(_: httpx.Request) -> httpx.Response:
        clock.advance_ns(200)
        return httpx.Response(200, stream=Slow())

    with library.open_writer() as writer:
        request = Request(method="GET", url="http://a.example/")
        transport = httpx.MockTransport(answer)
        recording = record_once(request, writer, clock=clock, transport=transport)
    assert recording.response is not None
    assert 200 == recording.response.at_ns
    assert [250, 300, 350] == [read.at_ns for read in recording.reads]
    assert clock.utc_now() == recording.started_at


KILLED = """
import sys
from streamlab.record.once import record_once
from streamlab.recording import Request
from streamlab.store import Library

class Teller:
    def on_response(self, response): pass
    def on_read(self, read): print("read", flush=True)

with Library(sys.argv[1], create=True) as library, library.open_writer() as writer:
    record_once(Request(method="POST", url=sys.argv[2], body=b"{}"), writer, listener=Teller())
"""


def stored_reads(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("select count(*) from reads").fetchone()[0]
    finally:
        connection.close()


def wait_until(condition: Callable[[], bool]) -> None:
    """Ask again and again; the condition ends the wait, the bound only a broken program."""
    patience = threading.Event()
    for _ in range(2000):
        if condition():
            return
        patience.wait(0.01)
    raise AssertionError("it never happened")


EVENTS_BY_TYPE = "select type, count(*) from events group by type"


def test_kill_9_leaves_what_was_read(tmp_path: Path) -> None:
    """The library opens, with the reads so far, events to query, and an end that says so."""
    path = tmp_path / "killed.db"
    gate = threading.Event()
    acts = [send(HEAD + CHUNK + CHUNK), raw_server.wait_for(gate)]
    with raw_server.raw_server(*acts) as url:
        command = [sys.executable, "-c", KILLED, str(path), url]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as recorder:
            assert recorder.stdout is not None
            assert [b"read\n", b"read\n"] == [recorder.stdout.readline() for _ in range(2)]
            wait_until(lambda: stored_reads(path) == 2)
            with Library(path) as library:
                (live,) = library.summaries()
                assert live.end_reason is None, "it is still being recorded"
            connection = sqlite3.connect(path)
            by_type = connection.execute(EVENTS_BY_TYPE)
            assert [] == by_type.fetchall(), "events come at the end"
            connection.close()
            recorder.kill()
        gate.set()
    with Library(path) as library:
        (summary,) = library.summaries()
        recording = library.load(summary.id)
        assert [] == library.diagnose()
    connection = sqlite3.connect(path)
    assert [("message", 2)] == connection.execute(EVENTS_BY_TYPE).fetchall()
    connection.close()
    assert ([EVENT, EVENT], "recorder_died") == described(recording)
    assert recording.end is not None
    assert recording.reads[-1].at_ns == recording.end.at_ns
    assert "ended without a word" in recording.end.detail
    assert json.loads(recording.reads[0].data[6:])["object"] == "chat.completion.chunk"
