"""The replay transports: in the program itself a client meets what it would meet on a socket."""

import asyncio
import gc
import gzip
import re
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

import anthropic
import groq
import httpx
import httpx2
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab import (
    AsyncRecordingTransport,
    AsyncReplayTransport,
    RecordingTransport,
    ReplayTransport,
    serve,
)
from streamlab.analysis import analyze
from streamlab.cassette import read_cassette
from streamlab.clock import ManualClock, SystemClock
from streamlab.errors import InputError
from streamlab.recording import END_REASONS, Recording, Response
from streamlab.store import Library
from tests.conftest import CASSETTES, DONE, FIXTURES, chat_event, make_recording
from tests.sdk_streams import STREAMS, TEXTS

CHAT = read_cassette(FIXTURES / "llama.cpp/short.jsonl")[0]
ANSWER = STREAMS["anthropic-messages"]
MESSAGES: Any = [{"role": "user", "content": "Hi"}]
URL = "https://api.example/v1/chat/completions"
EVENTS = (chat_event("a"), chat_event("b"), DONE)
T0_NS = 7_000_000_000

libraries = pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
colours = pytest.mark.parametrize("colour", ["sync", "async"])


@dataclass
class Seen:
    """All that a program sees of a response, and how long after it asked."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    head_at_ns: int = -1
    reads: list[tuple[int, bytes]] = field(default_factory=list)
    error: tuple[type, str] | None = None
    end_at_ns: int = -1


@dataclass
class Program:
    """Asks with a client of one library and colour, and reads what comes.

    It gives up after `read_timeout_s` of silence, takes `pause_ns` over each read, and leaves at
    `leaves_at_ns` once it has `leaves_after` reads.
    """

    library: ModuleType
    colour: str
    read_timeout_s: float | None = None
    pause_ns: int = 0
    leaves_after: int = -1
    leaves_at_ns: int = 0
    clock: ManualClock = field(default_factory=lambda: ManualClock(T0_NS))

    def ask(self, recording: Recording, wrap: Callable[[Any], Any] | None = None, **o: Any) -> Seen:
        """Ask what was asked when `recording` was made, a transport made with the options `o`."""
        kind = ReplayTransport if self.colour == "sync" else AsyncReplayTransport
        transport = kind([recording], clock=self.clock, **o)
        self._seen = Seen()
        self._t0_ns = self.clock.now_ns()
        ask = self._ask if self.colour == "sync" else self._aask
        try:
            ask(wrap(transport) if wrap else transport, recording)
        except self.library.TransportError as error:
            self._seen.error = (type(error), str(error))
        return self._seen

    def _ask(self, transport: Any, recording: Recording) -> None:
        with self.library.Client(transport=transport) as client:
            try:
                with client.stream(**self._request(recording)) as response:
                    if self._has_left(response):
                        return
                    for data in response.iter_raw():
                        if self._has_left(response, data):
                            return
            finally:
                self._seen.end_at_ns = self._elapsed_ns()

    def _aask(self, transport: Any, recording: Recording) -> None:
        async def ask() -> None:
            async with self.library.AsyncClient(transport=transport) as client:
                try:
                    async with client.stream(**self._request(recording)) as response:
                        if self._has_left(response):
                            return
                        async for data in response.aiter_raw():
                            if self._has_left(response, data):
                                return
                finally:
                    self._seen.end_at_ns = self._elapsed_ns()

        asyncio.run(ask())

    def _request(self, recording: Recording) -> dict[str, Any]:
        asked = recording.request
        timeout = self.library.Timeout(5, read=self.read_timeout_s)
        return {"method": asked.method, "url": asked.url, "content": asked.body, "timeout": timeout}

    def _elapsed_ns(self) -> int:
        return self.clock.now_ns() - self._t0_ns

    def _has_left(self, response: Any, data: bytes | None = None) -> bool:
        """The head has come, or a read."""
        if data is None:
            self._seen.status = response.status_code
            self._seen.headers = [(n.decode(), v.decode()) for n, v in response.headers.raw]
            self._seen.head_at_ns = self._elapsed_ns()
        else:
            self._seen.reads.append((self._elapsed_ns(), data))
            self.clock.advance_ns(self.pause_ns)
        if len(self._seen.reads) != self.leaves_after:
            return False
        self.clock.wait_until_ns(self._t0_ns + self.leaves_at_ns)
        return True


def fixtures() -> list[Recording]:
    return list(chain.from_iterable(read_cassette(path) for path in CASSETTES))


def timed(recording: Recording) -> list[tuple[int, bytes]]:
    return [(read.at_ns, read.data) for read in recording.reads]


@libraries
@colours
@pytest.mark.parametrize("speed", [1, 2, 0])
def test_a_program_sees_the_recording_at_its_times(
    library: ModuleType, colour: str, speed: float
) -> None:
    """Status, headers, each read as it was, and the end, to the nanosecond."""

    def scaled(at_ns: int) -> int:
        return round(at_ns / speed) if speed else 0

    seen = Program(library, colour).ask(CHAT, speed=speed)
    assert CHAT.response is not None
    assert CHAT.end is not None
    assert (CHAT.response.status, list(CHAT.response.headers)) == (seen.status, seen.headers)
    assert scaled(CHAT.response.at_ns) == seen.head_at_ns
    assert [(scaled(at_ns), data) for at_ns, data in timed(CHAT)] == seen.reads
    assert (scaled(CHAT.end.at_ns), None) == (seen.end_at_ns, seen.error)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 10**10), st.binary(min_size=1, max_size=9)), max_size=6),
    st.integers(0, 10**9),
)
def test_any_reads_come_back(gaps: list[tuple[int, bytes]], pause_ns: int) -> None:
    """At their times, or when a program that takes its time asks for them."""
    at_ns, reads, expected, free_ns = 5_000_000, [], [], 5_000_000
    for gap_ns, data in gaps:
        at_ns += gap_ns
        reads.append(make_recording(data).reads[0]._replace(at_ns=at_ns))
        expected.append((max(at_ns, free_ns), data))
        free_ns = expected[-1][0] + pause_ns
    recording = replace(make_recording(), reads=tuple(reads))
    recording = replace(recording, end=replace(recording.end, at_ns=at_ns))  # type: ignore[type-var]
    assert expected == Program(httpx, "sync", pause_ns=pause_ns).ask(recording).reads


def ended(reason: str, framing: str = "chunked") -> Recording:
    """A recording that ended so, with a body framed so, or without any response."""
    # Hanging up after the end marker is no end of its own.
    events = EVENTS[:-1] if reason == "client_closed" else EVENTS
    length = len(b"".join(events)) + (0 if reason == "complete" else 10)
    headers = {
        "chunked": (("Transfer-Encoding", "chunked"),),
        "length": (("Content-Length", str(length)),),
    }
    recording = make_recording(*events, reason=reason, headers=headers.get(framing, ()))
    if framing == "no response":
        recording = replace(recording, response=None, reads=())
    return recording


ENDS = [
    (reason, framing)
    for reason in END_REASONS
    for framing in ("chunked", "length", "close", "no response")
    if (reason, framing) != ("complete", "no response")  # a complete stream has a response
]


def body(seen: Seen) -> bytes:
    return b"".join(data for _, data in seen.reads)


def path(reason: str, framing: str) -> str:
    return f"/{reason}/{framing}".replace(" ", "-")


@pytest.fixture(scope="module")
def sockets() -> Iterator[str]:
    """The URL of a replay server that has a path for each end."""
    recordings = []
    for reason, framing in ENDS:
        recording = ended(reason, framing)
        url = f"http://a{path(reason, framing)}"
        request = replace(recording.request, url=url)
        recordings.append(replace(recording, id=url, request=request))
    with serve(recordings, speed=0) as server:
        yield server.url


def met_on_a_socket(library: ModuleType, url: str, *, patience_s: float) -> Seen:
    """What a client gets."""
    seen = Seen()
    with library.Client(timeout=patience_s, verify=False) as client:
        try:
            with client.stream("POST", url, content=b"{}") as response:
                for data in response.iter_raw():
                    seen.reads.append((0, data))
        except library.TransportError as error:
            seen.error = (type(error), str(error))
    return seen


@libraries
@pytest.mark.parametrize(("reason", "framing"), ENDS)
def test_it_ends_as_it_does_on_a_socket(
    sockets: str, library: ModuleType, reason: str, framing: str
) -> None:
    """The body, and the exception's type and words, are those of a real connection."""
    hangs = reason in ("timeout", "client_closed")
    patience_s = 0.02 if hangs else 20
    real = met_on_a_socket(library, sockets + path(reason, framing), patience_s=patience_s)
    if (reason, framing) == ("unreachable", "no response"):
        real.error = (library.ConnectError, "All connection attempts failed")
    if reason == "protocol_error":
        # What the server sends instead of HTTP is its own, and none in a body that is not framed.
        real.error = (library.RemoteProtocolError, "the bytes received are not HTTP")
    for colour in ("sync", "async"):
        program = Program(library, colour, read_timeout_s=patience_s)
        seen = program.ask(ended(reason, framing), speed=0)
        assert real.error == seen.error
        # So little patience may be over before anything has come, on a machine that is busy.
        if not hangs:
            assert body(real) == body(seen)


def recorded_again(library: Library, recording: Recording) -> Iterator[Recording | None]:
    """What the recording transports make of the replay, for a program as patient as the first."""
    end = recording.end
    assert end is not None
    times_ns = [read.at_ns for read in (recording.response, *recording.reads) if read]
    silence_ns = end.at_ns - max(times_ns, default=0)
    for colour, kind in (("sync", RecordingTransport), ("async", AsyncRecordingTransport)):
        program = Program(
            httpx,
            colour,
            read_timeout_s=silence_ns / 1e9 if end.reason == "timeout" else None,
            leaves_after=len(recording.reads) if end.reason == "client_closed" else -1,
            leaves_at_ns=end.at_ns,
        )
        before = len(library.summaries())
        program.ask(recording, partial(taped, kind, library, program.clock))
        summaries = library.summaries()[before:]
        yield library.load(summaries[0].id) if summaries else None


def taped(kind: Any, library: Library, clock: ManualClock, inner: Any) -> Any:
    return kind(library, inner=inner, clock=clock)


def assert_same(first: Recording, again: Recording | None, reason: str) -> None:
    assert again is not None
    assert first.end is not None
    assert again.end is not None
    assert first.reads == again.reads
    assert first.response == again.response
    assert (reason, first.end.at_ns) == (again.end.reason, again.end.at_ns)
    assert (first.request.url, first.request.body) == (again.request.url, again.request.body)


@pytest.mark.parametrize("recorded", fixtures(), ids=lambda recording: recording.name)
def test_recording_a_replay_gives_the_recording(library: Library, recorded: Recording) -> None:
    """Reads, times, head and end, and what the transport said of that."""
    assert recorded.end is not None
    for again in recorded_again(library, recorded):
        assert_same(recorded, again, recorded.end.reason)
        if again and again.end and again.end.reason != "client_closed":
            assert recorded.end.detail == again.end.detail


@pytest.mark.parametrize(("reason", "framing"), ENDS)
def test_recording_every_end_gives_it_again(library: Library, reason: str, framing: str) -> None:
    """But for what was never sent, which leaves no recording, and what nobody knows."""
    if (reason, framing) == ("client_closed", "no response"):
        return  # nobody is there yet who could leave
    expected = {"recorder_died": "truncated", "unreachable": "truncated"}.get(reason, reason)
    if expected == "truncated" and framing == "close":
        expected = "complete"  # nobody can tell them apart (RFC 9112, 8)
    recording = ended(reason, framing)
    for again in recorded_again(library, recording):
        if (reason, framing) == ("unreachable", "no response"):
            assert again is None
        else:
            assert_same(recording, again, expected)


@colours
@pytest.mark.parametrize(
    ("name", "detail", "words"),
    [
        ("protocol_error", "RemoteProtocolError: illegal status line", "illegal status line"),
        ("protocol_error", "no chunk size: b'zz'", "no chunk size: b'zz'"),
        ("reset", "ReadError", "[Errno "),
        ("reset", "ReadError: it broke", "it broke"),
        ("unreachable", "cannot reach http://a: no", "cannot reach http://a: no"),
    ],
)
def test_what_the_recording_says_of_its_end_is_said_again(
    colour: str, name: str, detail: str, words: str
) -> None:
    """Without the exception's name, which is the exception's already."""
    recording = ended(name, "no response")
    assert recording.end is not None
    recording = replace(recording, end=replace(recording.end, detail=detail))
    seen = Program(httpx, colour).ask(recording)
    assert seen.error is not None
    assert seen.error[1].startswith(words)


# Silence.


def silent(head_ns: int, read_ns: int, end_ns: int) -> Recording:
    """A head, a read and an end at these times."""
    recording = make_recording(b"a")
    assert recording.response is not None
    assert recording.end is not None
    return replace(
        recording,
        response=replace(recording.response, at_ns=head_ns),
        reads=(recording.reads[0]._replace(at_ns=read_ns),),
        end=replace(recording.end, at_ns=end_ns),
    )


@libraries
@colours
@pytest.mark.parametrize(
    ("times_ns", "gives_up_ns", "reads"),
    [
        ((101, 101, 101), 100, 0),
        ((100, 201, 201), 200, 0),
        ((100, 200, 301), 300, 1),
        ((100, 200, 300), None, 1),
    ],
    ids=["before the head", "before a read", "before the end", "just not"],
)
def test_silence_longer_than_the_read_timeout_raises(
    library: ModuleType, colour: str, times_ns: tuple[int, int, int], gives_up_ns: int, reads: int
) -> None:
    """At the moment it is over, wherever the recording is silent."""
    seen = Program(library, colour, read_timeout_s=100e-9).ask(silent(*times_ns))
    assert reads == len(seen.reads)
    if gives_up_ns is None:
        assert (300, None) == (seen.end_at_ns, seen.error)
    else:
        assert (gives_up_ns, (library.ReadTimeout, "timed out")) == (seen.end_at_ns, seen.error)


@colours
def test_the_read_timeout_runs_only_while_the_program_waits(colour: str) -> None:
    """A program that takes its time has given the server that time, as on a socket."""
    recording = silent(0, 0, 1_000)
    assert Program(httpx, colour, read_timeout_s=100e-9).ask(recording).error is not None
    assert Program(httpx, colour, read_timeout_s=100e-9, pause_ns=900).ask(recording).error is None


@libraries
@colours
@pytest.mark.parametrize("framing", ["chunked", "no response"])
def test_a_stream_that_hangs_for_ever_is_told_of(
    library: ModuleType, colour: str, framing: str
) -> None:
    """Where no clock of the machine lets the program wait, it hears why it would."""
    with pytest.raises(InputError, match=r"0123456789ab hangs here.*no read timeout") as caught:
        Program(library, colour).ask(ended("timeout", framing))
    assert "timeout=" in caught.value.hint


def started(call: Callable[[], object]) -> tuple[threading.Thread, list[Exception]]:
    """A thread that does not outlive the tests, and what is raised in it."""
    raised: list[Exception] = []

    def run() -> None:
        try:
            call()
        except httpx.TransportError as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, raised


@pytest.mark.parametrize("way", ["response", "client"])
def test_closing_ends_the_waiting_of_another_thread(way: str) -> None:
    """On the machine's clock a stream that hangs is waited for until somebody closes it."""
    transport = ReplayTransport([ended("timeout")], speed=0)
    client = httpx.Client(transport=transport, timeout=None)
    response = client.send(client.build_request("POST", URL), stream=True)
    reads = response.iter_raw()
    assert list(EVENTS) == [next(reads) for _ in EVENTS]
    thread, raised = started(lambda: next(reads))
    (response if way == "response" else client).close()
    thread.join(20)
    assert [httpx.ReadError] == [type(error) for error in raised]
    client.close()


def test_closing_ends_the_waiting_for_a_head() -> None:
    """No response is there yet that could be closed: the client is, whenever that is."""
    transport = ReplayTransport([ended("timeout", "no response")])
    client = httpx.Client(transport=transport, timeout=None)
    thread, raised = started(lambda: client.post(URL))
    while thread.is_alive() and not transport._bodies:
        thread.join(0.001)
    client.close()
    thread.join(20)
    assert [httpx.ReadError] == [type(error) for error in raised]


@pytest.mark.parametrize("way", ["response", "client", "cancel", "timeout"])
def test_a_task_that_waits_for_ever_can_be_ended(way: str) -> None:
    """By closing from another task, by cancelling, and by asyncio's own timeout."""

    async def run() -> None:
        transport = AsyncReplayTransport([ended("timeout")], speed=0)
        client = httpx.AsyncClient(transport=transport, timeout=None)
        response = await client.send(client.build_request("POST", URL), stream=True)

        async def read() -> None:
            async with limit:
                async for _ in response.aiter_raw():
                    come.release()

        come, limit = asyncio.Semaphore(0), asyncio.timeout(None)
        task = asyncio.create_task(read())
        for _ in EVENTS:
            await come.acquire()
        await asyncio.sleep(0)
        if way == "cancel":
            task.cancel()
        elif way == "timeout":
            limit.reschedule(0)  # long ago
        else:
            await (response if way == "response" else client).aclose()
        expected = {"cancel": asyncio.CancelledError, "timeout": TimeoutError}
        with pytest.raises(expected.get(way, httpx.ReadError)):
            await asyncio.wait_for(task, 20)
        await client.aclose()

    asyncio.run(run())


@colours
def test_a_response_that_was_closed_yields_nothing_more(colour: str) -> None:
    """Its reads are not waited for either."""

    async def arun(clock: ManualClock) -> None:
        async with httpx.AsyncClient(transport=AsyncReplayTransport([CHAT], clock=clock)) as client:
            response = await client.send(client.build_request("POST", CHAT_URL), stream=True)
            reads = response.aiter_raw()
            await anext(reads)
            await response.aclose()
            with pytest.raises(httpx.ReadError):
                await anext(reads)

    def run(clock: ManualClock) -> None:
        with httpx.Client(transport=ReplayTransport([CHAT], clock=clock)) as client:
            response = client.send(client.build_request("POST", CHAT_URL), stream=True)
            reads = response.iter_raw()
            next(reads)
            response.close()
            with pytest.raises(httpx.ReadError):
                next(reads)

    clock = ManualClock()
    run(clock) if colour == "sync" else asyncio.run(arun(clock))
    assert CHAT.reads[0].at_ns == clock.now_ns()


def test_nothing_is_left_of_what_was_dropped() -> None:
    """The transport does not hold on to its responses."""
    transport = ReplayTransport([CHAT], speed=0)
    with httpx.Client(transport=transport) as client:
        response = client.send(client.build_request("POST", CHAT_URL), stream=True)
        next(response.iter_raw())
        dropped = weakref.ref(response)
        assert 1 == len(transport._bodies)
        del response
        gc.collect()  # httpx's responses are cycles
        assert dropped() is None
        assert 0 == len(transport._bodies)


def test_the_machines_clock_is_waited_for() -> None:
    """Each read not before its time, for threads and for tasks."""
    clock = SystemClock()
    recording = make_recording(b"a", b"b", gap_ns=2_000_000)

    async def aask() -> list[int]:
        async with (
            httpx.AsyncClient(transport=AsyncReplayTransport([recording])) as client,
            client.stream("POST", URL) as response,
        ):
            return [clock.now_ns() async for _ in response.aiter_raw()]

    def ask() -> list[int]:
        with (
            httpx.Client(transport=ReplayTransport([recording])) as client,
            client.stream("POST", URL) as response,
        ):
            return [clock.now_ns() for _ in response.iter_raw()]

    for run in (ask, lambda: asyncio.run(aask())):
        t0_ns = clock.now_ns()
        first_ns, second_ns = run()
        assert first_ns - t0_ns >= 2_000_000
        assert second_ns - t0_ns >= 4_000_000


# Which recording answers, and what was asked.


@libraries
@colours
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/embeddings"), ("GET", "/v1/models?a=1"), ("POST", "/v1/models")],
)
def test_what_no_recording_answers_is_answered_as_by_the_server(
    library: ModuleType, colour: str, method: str, path: str
) -> None:
    """503 with what there is, or the models that were asked for."""
    url = f"https://api.example{path}"
    with serve([CHAT]) as server:
        real = httpx.request(method, f"{server.url}{path}", verify=False)

    async def aask() -> Any:
        async with library.AsyncClient(transport=AsyncReplayTransport([CHAT])) as client:
            return await client.request(method, url)

    with library.Client(transport=ReplayTransport([CHAT])) as client:
        seen = client.request(method, url) if colour == "sync" else asyncio.run(aask())
    assert (real.status_code, real.json()) == (seen.status_code, seen.json())
    assert real.headers == dict(seen.headers)


@libraries
@colours
def test_what_was_asked_is_kept_without_credentials(library: ModuleType, colour: str) -> None:
    """Method, target, headers, body, and the recording that answered; in that order."""
    headers = {"Authorization": "Bearer secret-123", "X-Team": "a"}

    async def aask(transport: AsyncReplayTransport) -> None:
        async with library.AsyncClient(transport=transport) as client:
            await client.post(f"{URL}?key=secret-123&b=1", content=pieces(), headers=headers)
            await client.get("https://api.example/nothing")

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"one", b"two"):
            yield piece

    def ask(transport: ReplayTransport) -> None:
        with library.Client(transport=transport) as client:
            body = iter((b"one", b"two"))
            client.post(f"{URL}?key=secret-123&b=1", content=body, headers=headers)
            client.get("https://api.example/nothing")

    recording = make_recording(*EVENTS)
    transport: Any
    if colour == "sync":
        ask(transport := ReplayTransport([recording], speed=0))
    else:
        asyncio.run(aask(transport := AsyncReplayTransport([recording], speed=0)))
    first, second = transport.requests
    assert ("POST", "/v1/chat/completions?key=%5Bredacted%5D&b=1") == (first.method, first.target)
    assert (b"onetwo", recording.id) == (first.body, first.recording_id)
    asked = {name.lower(): value for name, value in first.headers}
    assert ("Bearer [redacted]", "a") == (asked["authorization"], asked["x-team"])
    assert ("GET", "/nothing", b"", "") == (
        second.method, second.target, second.body, second.recording_id
    )  # fmt: skip


def test_a_request_stays_the_programs_own() -> None:
    """It can be sent again, as redirections do."""
    moved = make_recording(status=307, headers=(("Location", "/v1/new"),), url="https://a/v1/old")
    there = make_recording(b"x", url="https://a/v1/new", recording_id="2" * 12)
    transport = ReplayTransport([moved, there], speed=0)
    with httpx.Client(transport=transport, follow_redirects=True) as client:
        request = client.build_request("POST", "https://a/v1/old", content=b"{}")
        extensions = dict(request.extensions)
        assert [b"x", b"x"] == [client.send(request).content for _ in range(2)]
    assert extensions == request.extensions
    assert [b"{}"] * 4 == [asked.body for asked in transport.requests]


def test_content_codings_are_left_to_the_client() -> None:
    """The encoded reads are handed on as they are; httpx decodes them."""
    encoded = gzip.compress(b"".join(EVENTS))
    headers = (("Content-Encoding", "gzip"), ("Content-Length", str(len(encoded))))
    recording = make_recording(encoded[:9], encoded[9:], headers=headers)
    assert timed(recording) == Program(httpx, "sync").ask(recording).reads
    with httpx.Client(transport=ReplayTransport([recording], speed=0)) as client:
        assert b"".join(EVENTS) == client.post(URL).content


def test_a_head_is_the_recorded_one() -> None:
    """Its version, its bytes, and no cookie that was redacted."""
    headers = (("X-Name", "J\xf6rg"), ("Set-Cookie", "[redacted]"), ("X-Any", "\u20ac"))
    recording = replace(
        make_recording(),
        response=Response(status=299, http_version="HTTP/2", headers=headers, at_ns=0),
    )
    with httpx.Client(transport=ReplayTransport([recording], speed=0)) as client:
        response = client.post(URL)
    assert (299, "HTTP/2") == (response.status_code, response.http_version)
    assert [(b"X-Name", b"J\xf6rg"), (b"X-Any", b"?")] == response.headers.raw


def test_a_negative_speed_is_refused() -> None:
    """By each of them, when it is made."""
    for kind in (ReplayTransport, AsyncReplayTransport):
        with pytest.raises(InputError, match="0 or more"):
            kind([], speed=-1)


# Many at once.


def test_many_threads_share_a_transport() -> None:
    """Each request gets its own recording, whole; each is kept."""
    recordings = [make_recording(bytes([n]) * 9, recording_id=str(n)) for n in range(8)]
    transport = ReplayTransport(recordings, speed=0)
    with httpx.Client(transport=transport) as client, ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(client.post, URL) for _ in range(160)]
        bodies = [answer.result(20).content for answer in answers]
    assert sorted([bytes([n]) * 9 for n in range(8)] * 20) == sorted(bodies)
    assert 160 == len(transport.requests)


def test_many_tasks_each_see_the_times_of_their_own_recording() -> None:
    """Offsets from the moment each of them asked, however the others lie between."""
    clock = ManualClock(T0_NS)
    chosen = [r for r in fixtures() if r.end and r.end.reason == "complete"]
    transport = AsyncReplayTransport(chosen, clock=clock)

    async def run() -> None:
        async with httpx.AsyncClient(transport=transport, timeout=60) as client:

            async def ask(recording: Recording, at_ns: int) -> None:
                await clock.await_until_ns(at_ns)
                asked = recording.request
                async with client.stream(asked.method, asked.url, content=asked.body) as response:
                    assert recording.response is not None
                    assert recording.response.at_ns == clock.now_ns() - at_ns
                    async for data in response.aiter_raw():
                        seen[at_ns].append((clock.now_ns() - at_ns, data))

            seen: dict[int, list[tuple[int, bytes]]] = {}
            tasks = []
            for number, recording in enumerate(chosen[::3]):
                at_ns = T0_NS + number * 33_000_000
                seen[at_ns] = []
                tasks.append(ask(recording, at_ns))
            await asyncio.gather(*tasks)
            assert [timed(recording) for recording in chosen[::3]] == list(seen.values())

    asyncio.run(run())


# The SDKs.

CHAT_URL = CHAT.request.url


def ask_openai(http_client: Any, retries: int = 0) -> list[str]:
    with openai.OpenAI(
        base_url="https://api.example/v1", api_key="none", max_retries=retries,
        http_client=http_client,
    ) as client:  # fmt: skip
        stream = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        return [choice.delta.content or "" for chunk in stream for choice in chunk.choices]


def ask_async_openai(http_client: Any, retries: int = 0) -> list[str]:
    async def ask() -> list[str]:
        async with openai.AsyncOpenAI(
            base_url="https://api.example/v1", api_key="none", max_retries=retries,
            http_client=http_client,
        ) as client:  # fmt: skip
            stream = await client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
            return [choice.delta.content or "" async for c in stream for choice in c.choices]

    return asyncio.run(ask())


def ask_groq(http_client: Any, retries: int = 0) -> list[str]:
    with groq.Groq(api_key="none", max_retries=retries, http_client=http_client) as client:
        stream = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        return [choice.delta.content or "" for chunk in stream for choice in chunk.choices]


def ask_anthropic(http_client: Any, retries: int = 0) -> list[str]:
    options: Any = {"api_key": "none", "max_retries": retries, "http_client": http_client}
    asked: Any = {"model": "m", "messages": MESSAGES, "max_tokens": 9}
    with anthropic.Anthropic(**options) as client, client.messages.stream(**asked) as stream:
        return list(stream.text_stream)


def http_client(ask: Any, recordings: list[Recording], **options: Any) -> Any:
    """A client of the kind that this SDK stands on."""
    library = httpx if ask is ask_groq else httpx2
    if ask is ask_async_openai:
        return library.AsyncClient(transport=AsyncReplayTransport(recordings, **options))
    return library.Client(transport=ReplayTransport(recordings, **options))


sdks = pytest.mark.parametrize(
    ("ask", "sdk", "served", "text"),
    [
        (ask_openai, openai, CHAT, analyze(CHAT).text),
        (ask_async_openai, openai, CHAT, analyze(CHAT).text),
        (ask_groq, groq, CHAT, analyze(CHAT).text),
        (ask_anthropic, anthropic, ANSWER, TEXTS["anthropic-messages"]),
    ],
    ids=["openai", "openai async", "groq", "anthropic"],
)


@sdks
def test_sdks_read_the_recorded_text(
    ask: Any, sdk: ModuleType, served: Recording, text: str
) -> None:
    """In none of the time that it took."""
    clock = ManualClock()
    assert text == "".join(ask(http_client(ask, [served], clock=clock)))
    assert served.reads[-1].at_ns <= clock.now_ns()


@sdks
@pytest.mark.parametrize(
    ("reason", "name"),
    [
        ("unreachable", "APIConnectionError"),
        ("reset", "APIConnectionError"),
        ("truncated", "APIConnectionError"),
        ("timeout", "APITimeoutError"),
    ],
)
def test_sdks_raise_their_own_errors(
    ask: Any, sdk: ModuleType, served: Recording, text: str, reason: str, name: str
) -> None:
    """For an API that cannot be reached, drops the request, or leaves it without an answer."""
    dropped = replace(ended(reason, "no response"), request=served.request)
    clock = ManualClock()
    with pytest.raises(getattr(sdk, name)) as caught:
        ask(http_client(ask, [dropped], clock=clock))
    assert name == type(caught.value).__name__
    assert caught.value.__cause__ is not None


@sdks
def test_a_stream_that_is_dropped_reaches_the_program(
    ask: Any, sdk: ModuleType, served: Recording, text: str
) -> None:
    """In the middle of it, as the SDK hands such an error on."""
    assert served.end is not None
    dropped = replace(served, reads=served.reads[:4], end=replace(served.end, reason="truncated"))
    library = httpx if ask is ask_groq else httpx2
    with pytest.raises((sdk.APIConnectionError, library.RemoteProtocolError)) as caught:
        ask(http_client(ask, [dropped], clock=ManualClock()))
    error = caught.value.__cause__ or caught.value
    assert isinstance(error, library.RemoteProtocolError)


@sdks
def test_an_sdk_that_tries_again_gets_the_next_recording(
    ask: Any, sdk: ModuleType, served: Recording, text: str
) -> None:
    """Two of one route: a 429 first. The SDK waits by itself, for the millisecond it is told to."""
    limited = replace(
        served,
        id="limited",
        response=Response(status=429, headers=(("Retry-After-Ms", "1"),), at_ns=0),
        reads=(),
    )
    client = http_client(ask, [limited, served], clock=ManualClock())
    transport = client._transport
    assert text == "".join(ask(client, 1))
    assert ["limited", served.id] == [asked.recording_id for asked in transport.requests]


@sdks
def test_a_miss_is_not_asked_again(ask: Any, sdk: ModuleType, served: Recording, text: str) -> None:
    """An SDK that would retry a 503 does not, and says what there is."""
    other = make_recording(method="GET", url="https://api.example/other")
    client = http_client(ask, [other])
    transport = client._transport
    with pytest.raises(sdk.InternalServerError, match="recorded routes: GET /other"):
        ask(client, 3)
    assert 1 == len(transport.requests)


DOCS = Path(__file__).parents[1] / "docs/transports.md"
BLOCKS = [
    block
    for block in re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    if "ReplayTransport(" in block
]


@pytest.mark.parametrize("block", BLOCKS)
def test_docs_examples_work(
    block: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As they stand, in the checkout."""
    monkeypatch.chdir(DOCS.parents[1])
    exec(compile(block, str(DOCS), "exec"), {})
    assert capsys.readouterr().out
