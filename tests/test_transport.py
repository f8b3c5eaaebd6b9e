"""The recording transports: what passes through them is what would pass without them, and kept."""

import asyncio
import collections
import gc
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import httpx2
import pytest

from streamlab import AsyncRecordingTransport, RecordingTransport, serve
from streamlab.cassette import read_cassette
from streamlab.clock import ManualClock
from streamlab.errors import StoreError
from streamlab.recording import Recording
from streamlab.store import Library
from tests import raw_server
from tests.conftest import FIXTURES, chat_event
from tests.raw_server import HEAD, Act, http_chunk, send

EVENT = chat_event("a")
CHUNK = http_chunk(EVENT)
LAST = b"0\r\n\r\n"
STORE = "transport.db"  # in the test's own folder, which is the working directory

libraries = pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
colours = pytest.mark.parametrize("colour", ["sync", "async"])


@dataclass
class Seen:
    """All that a program sees of a response."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    pieces: list[Any] = field(default_factory=list)
    error: tuple[type, str] | None = None


def look(
    library: ModuleType,
    colour: str,
    url: str,
    *,
    how: str = "raw",
    recorded: bool = True,
    on_piece: Callable[[], object] = lambda: None,
    **options: Any,
) -> Seen:
    """Ask `url` and read the response by `iter_<how>`, with or without a recording transport."""
    seen = Seen()
    timeout = library.Timeout(20, read=options.pop("silence_s", 20))

    def take(piece: Any) -> None:
        seen.pieces.append(piece)
        on_piece()

    def ask() -> None:
        transport = RecordingTransport(STORE, **options) if recorded else None
        with (
            library.Client(transport=transport, timeout=timeout) as client,
            client.stream("POST", url, content=b"{}") as response,
        ):
            seen.status, seen.headers = response.status_code, response.headers.raw
            if how == "read":
                take(response.read())
            else:
                for piece in getattr(response, f"iter_{how}")():
                    take(piece)

    async def aask() -> None:
        transport = AsyncRecordingTransport(STORE, **options) if recorded else None
        async with (
            library.AsyncClient(transport=transport, timeout=timeout) as client,
            client.stream("POST", url, content=b"{}") as response,
        ):
            seen.status, seen.headers = response.status_code, response.headers.raw
            if how == "read":
                take(await response.aread())
            else:
                async for piece in getattr(response, f"aiter_{how}")():
                    take(piece)

    try:
        ask() if colour == "sync" else asyncio.run(aask())
    except library.HTTPError as error:
        seen.error = (type(error), str(error))
    return seen


def stored(store: str = STORE) -> list[Recording]:
    """What the library holds, oldest first."""
    with Library(store) as library:
        return [library.load(summary.id) for summary in library.summaries()]


def the_end(recording: Recording) -> tuple[list[bytes], str]:
    assert recording.end is not None
    return [read.data for read in recording.reads], recording.end.reason


LENGTH_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


@libraries
@colours
@pytest.mark.parametrize(
    ("acts", "reads", "reason"),
    [
        ([send(HEAD + CHUNK + LAST)], [EVENT], "complete"),
        ([send(HEAD + CHUNK + CHUNK), raw_server.close], [EVENT, EVENT], "truncated"),
        ([send(HEAD + CHUNK + b"zz\r\n"), raw_server.close], [EVENT], "protocol_error"),
        ([send(LENGTH_HEAD + b"abc"), raw_server.close], [b"abc"], "truncated"),
        ([send(b"HTTP/1.1 200 OK\r\n\r\nabc"), raw_server.close], [b"abc"], "complete"),
        ([raw_server.close], [], "truncated"),
        ([raw_server.reset], [], "reset"),
        ([send(b"this is not HTTP\r\n\r\n")], [], "protocol_error"),
    ],
    ids=[
        "last chunk", "cut between chunks", "bad chunk size", "shorter than its length",
        "until it closes", "no response", "reset before the response", "not HTTP",
    ],
)  # fmt: skip
def test_every_end_passes_and_is_recorded(
    library: ModuleType, colour: str, acts: list[Act], reads: list[bytes], reason: str
) -> None:
    """Status, headers, reads, the exception's type and words: as without the transport."""
    seen = []
    for recorded in (False, True):
        with raw_server.raw_server(*acts) as url:
            seen.append(look(library, colour, url, recorded=recorded))
    assert seen[0] == seen[1]
    assert reads == seen[1].pieces
    (recording,) = stored()
    assert (reads, reason) == the_end(recording)
    assert (seen[1].error is None) == (reason == "complete")
    assert recording.end is not None
    if seen[1].error is not None:
        kind, words = seen[1].error
        assert f"{kind.__name__}: {words}".removesuffix(": ") == recording.end.detail


@libraries
@colours
def test_a_reset_within_the_stream(library: ModuleType, colour: str) -> None:
    """What came before it is kept; the server waits until that has arrived."""
    gate = threading.Event()
    acts = [send(HEAD + CHUNK), raw_server.wait_for(gate), raw_server.reset]
    with raw_server.raw_server(*acts) as url:
        seen = look(library, colour, url, on_piece=gate.set)
    assert seen.error is not None
    assert library.ReadError is seen.error[0]
    assert ([EVENT], "reset") == the_end(stored()[0])


@libraries
@colours
@pytest.mark.parametrize("said", [b"", HEAD, HEAD + CHUNK], ids=["nothing", "head", "an event"])
def test_silence_is_a_timeout(library: ModuleType, colour: str, said: bytes) -> None:
    """ReadTimeout reaches the caller, however far the response had come."""
    with raw_server.raw_server(send(said), raw_server.wait_until_left) as url:
        seen = look(library, colour, url, silence_s=0.1)
    assert seen.error is not None
    assert library.ReadTimeout is seen.error[0]
    assert ([EVENT] if CHUNK in said else [], "timeout") == the_end(stored()[0])


@libraries
@colours
@pytest.mark.parametrize("how", ["raw", "bytes", "text", "lines"])
def test_an_event_reaches_the_caller_before_the_next_is_sent(
    library: ModuleType, colour: str, how: str
) -> None:
    """The server sends the second event only when the caller has the first."""
    gate = threading.Event()
    acts = [send(HEAD + CHUNK), raw_server.wait_for(gate), send(CHUNK + LAST)]
    with raw_server.raw_server(*acts) as url:
        look(library, colour, url, how=how, on_piece=gate.set)
    assert ([EVENT, EVENT], "complete") == the_end(stored()[0])


@libraries
@colours
@pytest.mark.parametrize("how", ["bytes", "text", "lines", "read"])
def test_every_way_to_read_gives_the_same(library: ModuleType, colour: str, how: str) -> None:
    """Piece for piece, of a real stream with non-ASCII text, replayed without waiting."""
    (recording,) = read_cassette(FIXTURES / "llama.cpp/non-ascii.jsonl")
    with serve([recording], speed=0) as server:
        url = f"{server.url}/v1/chat/completions"
        plain, taped = (
            look(library, colour, url, how=how, recorded=recorded) for recorded in (False, True)
        )
    assert b"".join(read.data for read in stored()[0].reads) == recording.body
    joined = type(plain.pieces[0])().join
    assert (plain.status, joined(plain.pieces)) == (taped.status, joined(taped.pieces))
    assert "complete" == the_end(stored()[0])[1]


@libraries
@colours
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ConnectError", None), ("ConnectTimeout", None), ("PoolTimeout", None),
        ("ProxyError", None), ("UnsupportedProtocol", None), ("LocalProtocolError", None),
        ("ReadTimeout", "timeout"), ("WriteTimeout", "timeout"), ("ReadError", "reset"),
        ("WriteError", "reset"), ("RemoteProtocolError", "protocol_error"),
    ],
)  # fmt: skip
def test_the_same_exception_object_passes(
    library: ModuleType, colour: str, name: str, reason: str | None
) -> None:
    """Nothing was sent: no recording. Otherwise its end says what it was."""
    error = getattr(library, name)("words")

    def fail(_: Any) -> Any:
        raise error

    def ask() -> None:
        with library.Client(transport=RecordingTransport(STORE, inner=inner)) as client:
            client.get("http://a/")

    async def aask() -> None:
        transport = AsyncRecordingTransport(STORE, inner=inner)
        async with library.AsyncClient(transport=transport) as client:
            await client.get("http://a/")

    inner = library.MockTransport(fail)
    with pytest.raises(library.TransportError) as caught:
        ask() if colour == "sync" else asyncio.run(aask())
    assert error is caught.value
    ends = [recording.end.reason for recording in stored() if recording.end]
    assert ([reason] if reason else []) == ends


@libraries
@colours
def test_nobody_there_leaves_no_recording(library: ModuleType, colour: str) -> None:
    """A real refused connection."""
    plain, taped = (
        look(library, colour, "http://127.0.0.1:1/", recorded=recorded)
        for recorded in (False, True)
    )
    assert plain == taped
    assert [] == stored()


@libraries
def test_leaving_early_is_recorded_as_our_sides_end(library: ModuleType) -> None:
    """By leaving the block, by closing the response, by closing the generator, by an exception."""

    def leave(response: Any) -> None:
        for _ in response.iter_raw():
            break

    def close(response: Any) -> None:
        next(response.iter_raw())
        response.close()

    def close_generator(response: Any) -> None:
        reads = response.iter_raw()
        next(reads)
        reads.close()

    def fail(response: Any) -> None:
        for _ in response.iter_raw():
            raise KeyError("the program's own")

    for way in (leave, close, close_generator, fail):
        acts = [send(HEAD + CHUNK), raw_server.wait_until_left]
        expected: AbstractContextManager[Any] = (
            pytest.raises(KeyError) if way is fail else nullcontext()
        )
        with (
            raw_server.raw_server(*acts) as url,
            library.Client(transport=RecordingTransport(STORE)) as client,
            expected,
            client.stream("GET", url) as response,
        ):
            way(response)
    assert [([EVENT], "client_closed")] * 4 == [the_end(recording) for recording in stored()]


@libraries
@pytest.mark.parametrize("said", [b"", HEAD + CHUNK], ids=["before", "within"])
def test_a_cancelled_task_is_our_sides_end(library: ModuleType, said: bytes) -> None:
    """Whether it waits for the response or for its next bytes; CancelledError passes."""

    async def run(url: str) -> None:
        transport = AsyncRecordingTransport(STORE)
        async with library.AsyncClient(transport=transport, timeout=20) as client:

            async def ask() -> None:
                async with client.stream("POST", url, content=b"{}") as response:
                    async for _ in response.aiter_raw():
                        has_begun.set()

            has_begun = asyncio.Event()
            task = asyncio.create_task(ask())
            if said:
                await has_begun.wait()
            else:
                await asyncio.to_thread(asked.wait, 20)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asked = threading.Event()
    acts: list[Act] = [lambda _: asked.set(), send(said), raw_server.wait_until_left]
    with raw_server.raw_server(*acts) as url:
        asyncio.run(run(url))
    (recording,) = stored()
    assert ([EVENT] if said else [], "client_closed") == the_end(recording)
    assert recording.end is not None
    assert recording.end.detail.startswith("CancelledError")


@libraries
def test_a_task_that_stops_reading_and_closes(library: ModuleType) -> None:
    """`aclose` of the response."""

    async def run(url: str) -> None:
        async with (
            library.AsyncClient(transport=AsyncRecordingTransport(STORE)) as client,
            client.stream("GET", url) as response,
        ):
            await anext(response.aiter_raw())
            await response.aclose()

    with raw_server.raw_server(send(HEAD + CHUNK), raw_server.wait_until_left) as url:
        asyncio.run(run(url))
    assert ([EVENT], "client_closed") == the_end(stored()[0])


def test_what_nobody_read_ends_with_the_transport(library: Library) -> None:
    """A response that is dropped unread is closed with its client; the library stays open."""
    with raw_server.raw_server(send(HEAD + CHUNK), raw_server.wait_until_left) as url:
        client = httpx.Client(transport=RecordingTransport(library))
        response = client.send(client.build_request("GET", url), stream=True)
        client.close()
    (summary,) = library.summaries()
    assert "client_closed" == summary.end_reason
    response.close()


def reader(library: ModuleType, take: Callable[[bytes], None]) -> Any:
    """A transport that takes the request's body piece by piece."""

    class Reader(library.BaseTransport, library.AsyncBaseTransport):  # type: ignore[name-defined,misc]
        def handle_request(self, request: Any) -> Any:
            collections.deque(map(take, request.stream), maxlen=0)
            return library.Response(200)

        async def handle_async_request(self, request: Any) -> Any:
            async for piece in request.stream:
                take(piece)
            return library.Response(200)

    return Reader()


@libraries
@colours
def test_a_streamed_request_passes_once(library: ModuleType, colour: str) -> None:
    """Each piece is taken when it is sent, and recorded."""
    taken: list[bytes] = []
    received: list[bytes] = []

    def pieces() -> Iterator[bytes]:
        for piece in (b"one", b"two"):
            taken.append(piece)
            yield piece

    async def apieces() -> AsyncIterator[bytes]:
        for piece in pieces():
            yield piece

    def take(piece: bytes) -> None:
        assert piece == taken[-1]
        received.append(piece)

    async def aask() -> None:
        transport = AsyncRecordingTransport(STORE, inner=reader(library, take))
        async with library.AsyncClient(transport=transport) as client:
            await client.post("http://a/", content=apieces())

    if colour == "sync":
        with library.Client(
            transport=RecordingTransport(STORE, inner=reader(library, take))
        ) as client:
            client.post("http://a/", content=pieces())
    else:
        asyncio.run(aask())
    assert [b"one", b"two"] == taken == received
    assert b"onetwo" == stored()[0].request.body


@libraries
def test_an_upload_that_fails_is_kept_as_far_as_it_got(library: ModuleType) -> None:
    """The program's exception passes; the server had the first piece."""

    def pieces() -> Iterator[bytes]:
        yield b"one"
        raise KeyError("no more")

    with (
        raw_server.raw_server(raw_server.wait_until_left) as url,
        library.Client(transport=RecordingTransport(STORE)) as client,
        pytest.raises(KeyError, match="no more"),
    ):
        client.post(url, content=pieces())
    (recording,) = stored()
    assert (b"one", "client_closed") == (recording.request.body, the_end(recording)[1])


@libraries
@colours
def test_marks_are_recorded_and_the_programs_trace_still_called(
    library: ModuleType, colour: str
) -> None:
    """httpcore has one place for a trace: the program's own keeps hearing."""
    heard: list[str] = []

    async def atrace(event: str, _: Any) -> None:
        heard.append(event)

    async def aask(url: str) -> None:
        async with library.AsyncClient(transport=AsyncRecordingTransport(STORE)) as client:
            await client.post(url, content=b"{}", extensions={"trace": atrace})

    with raw_server.raw_server(send(HEAD + CHUNK + LAST)) as url:
        if colour == "sync":
            with library.Client(transport=RecordingTransport(STORE)) as client:
                extensions = {"trace": lambda event, _: heard.append(event)}
                client.post(url, content=b"{}", extensions=extensions)
        else:
            asyncio.run(aask(url))
    (recording,) = stored()
    assert ["connected", "request_sent"] == [mark.name for mark in recording.marks]
    assert "connection.connect_tcp.started" in heard


def test_names_tags_and_times_come_from_outside(library: Library) -> None:
    """What is given at construction is on every recording; times come from the clock."""
    clock = ManualClock(now_ns=1_000)

    def answer(_: httpx.Request) -> httpx.Response:
        clock.advance_ns(200)
        return httpx.Response(200, stream=Slow())

    class Slow(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for _ in range(3):
                clock.advance_ns(50)
                yield b"x"

    transport = RecordingTransport(
        library, inner=httpx.MockTransport(answer), name="n", tags=("t",), clock=clock
    )
    with httpx.Client(transport=transport) as client:
        client.get("http://a.example/?key=secret-123", headers={"Authorization": "Bearer secret"})
    recording = library.load("n")
    assert ("n", ("t",), "transport") == (recording.name, recording.tags, recording.source)
    assert recording.response is not None
    assert 200 == recording.response.at_ns
    assert [250, 300, 350] == [read.at_ns for read in recording.reads]
    assert "secret" not in repr(recording)


def test_one_transport_for_both_libraries(library: Library) -> None:
    """And an open writer stays open: it belongs to whoever opened it."""
    with library.open_writer() as writer:
        for module in (httpx, httpx2):
            transport = RecordingTransport(writer)
            with (
                raw_server.raw_server(send(HEAD + CHUNK + LAST)) as url,
                module.Client(transport=transport) as client,
            ):
                assert EVENT == client.post(url, content=b"{}").content
            assert "complete" == library.summaries()[-1].end_reason, "closing has flushed it"
        assert writer.error is None
    assert 2 == len(library.summaries())


@pytest.mark.parametrize("transport", [RecordingTransport, AsyncRecordingTransport])
def test_a_transport_has_no_base_of_httpx(transport: type) -> None:
    """The SDK of Anthropic refuses such a transport, if the SDKs imported before it let it see."""
    bases = [base.__module__.partition(".")[0] for base in transport.__mro__]
    assert ["streamlab", "streamlab", "builtins"] == bases


def test_every_request_of_a_redirection_is_a_recording() -> None:
    """The request's stream is read once for each, and the program's request stays its own."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/old":
            return httpx.Response(307, headers={"Location": "/new"})
        return httpx.Response(200, content=request.read())

    transport = RecordingTransport(STORE, inner=httpx.MockTransport(answer))
    with httpx.Client(transport=transport, follow_redirects=True) as client:
        request = client.build_request("POST", "http://a/old", content=b"{}")
        extensions = dict(request.extensions)
        assert b"{}" == client.send(request).content
    assert extensions == request.extensions
    assert ["http://a/old", "http://a/new"] == [r.request.url for r in stored()]
    assert [b"{}", b"{}"] == [r.request.body for r in stored()]


@colours
def test_a_response_that_is_in_memory_already(colour: str) -> None:
    """As mocks answer: nobody asks its stream for anything, so it is recorded at once."""

    async def aask() -> bytes:
        transport = AsyncRecordingTransport(STORE, inner=inner)
        async with httpx.AsyncClient(transport=transport) as client:
            return (await client.get("http://a/")).content

    inner = httpx.MockTransport(lambda _: httpx.Response(200, content=EVENT))
    if colour == "sync":
        with httpx.Client(transport=RecordingTransport(STORE, inner=inner)) as client:
            assert EVENT == client.get("http://a/").content
    else:
        assert EVENT == asyncio.run(aask())
    assert ([EVENT], "complete") == the_end(stored()[0])


def test_a_library_that_cannot_be_written_costs_no_stream(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One warning says what was lost; who opened the writer gets it raised."""
    monkeypatch.setattr("streamlab.store.connect._LOCK_TIMEOUT_S", 0.05)
    writer = library.open_writer()
    lock = sqlite3.connect(library.path, isolation_level=None)
    lock.execute("begin immediate")
    inner = httpx.MockTransport(lambda _: httpx.Response(200, content=EVENT))
    client = httpx.Client(transport=RecordingTransport(writer, inner=inner))
    assert EVENT == client.get("http://a/").content
    with pytest.warns(RuntimeWarning, match="stopped recording.*locked") as warned:
        client.close()
    client = httpx.Client(transport=RecordingTransport(writer, inner=inner))
    with pytest.warns(RuntimeWarning, match="stopped recording"):
        assert EVENT == client.get("http://a/").content
    client.close()
    assert 1 == len(warned)
    with pytest.raises(StoreError, match="locked"):
        writer.close()
    lock.execute("rollback")
    lock.close()


def test_a_library_that_cannot_be_opened_is_told_at_once(tmp_path: Path) -> None:
    """Before anything is sent."""
    with pytest.raises(StoreError, match="unable to open"):
        RecordingTransport(tmp_path / "no" / "folder.db")


FORGETFUL = """
import sys, httpx
from streamlab import RecordingTransport
inner = httpx.MockTransport(lambda _: httpx.Response(200, content=b"x" * 100))
client = httpx.Client(transport=RecordingTransport(sys.argv[1], inner=inner))
for _ in range(50):
    client.get("http://a/")
print("httpx2" in sys.modules)
"""


@pytest.mark.parametrize(
    ("preamble", "has_httpx2"), [("", "True"), ("import sys; sys.modules['httpx2'] = None", "True")]
)
def test_forgetting_to_close_loses_nothing(preamble: str, has_httpx2: str) -> None:
    """The program ends at once, and what it was given is there; httpx2 need not be installed."""
    command = [sys.executable, "-W", "error", "-c", preamble + FORGETFUL, STORE]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (0, "", has_httpx2) == (ran.returncode, ran.stderr, ran.stdout.strip())
    assert [([b"x" * 100], "complete")] * 50 == [the_end(recording) for recording in stored()]


def test_a_forgotten_transport_lets_its_thread_go() -> None:
    """But not before the stream that still uses it has ended."""

    def open_stream() -> Iterator[bytes]:
        inner = httpx.MockTransport(lambda _: httpx.Response(200, stream=Two()))
        client = httpx.Client(transport=RecordingTransport(STORE, inner=inner))
        return client.send(client.build_request("GET", "http://a/"), stream=True).iter_raw()

    class Two(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield from (b"one", b"two")

    before = set(threading.enumerate())
    reads = open_stream()
    (thread,) = set(threading.enumerate()) - before
    assert [b"one", b"two"] == list(reads)
    del reads
    gc.collect()  # httpx's responses are cycles
    thread.join(20)
    assert not thread.is_alive()
    assert ([b"one", b"two"], "complete") == the_end(stored()[0])


def test_importing_streamlab_imports_no_http_library() -> None:
    """Not before a transport is asked for."""
    code = "import sys, streamlab; print({'httpx', 'httpx2'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "set()" == ran.stdout.strip()
    code = "import sys, streamlab.record; print('httpx2' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "False" == ran.stdout.strip()


CHAT = read_cassette(FIXTURES / "llama.cpp/short.jsonl")[0]
DOCS = Path(__file__).parents[1] / "docs/transports.md"
BLOCKS = [
    block
    for block in re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    if "ReplayTransport(" not in block
]


@pytest.mark.parametrize("block", BLOCKS)
def test_docs_examples_work(block: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As they stand, but for the host, which is a replay server here."""
    with serve([CHAT], speed=0) as server:
        code = block.replace("https://api.example", server.url)
        exec(compile(code, str(DOCS), "exec"), {})
    printed = capsys.readouterr().out
    if "block_network" in block:
        assert "`" + printed.strip() + "`" in DOCS.read_text("utf-8")
    else:
        assert printed
        assert CHAT.body == stored("streamlab.db")[0].body
