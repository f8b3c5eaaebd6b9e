"""Redaction from the wire to the file: what a rule names is in no byte of the library."""

import asyncio
import gzip
import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from streamlab import AsyncRecordingTransport, RecordingTransport, Redaction
from streamlab.errors import InputError, StoreError
from streamlab.record.once import Options, record_once
from streamlab.recording import BODIES_REDACTED, Read, Recording, Request, Response
from streamlab.replay import serve
from streamlab.schedule import SendHead, schedule
from streamlab.store import Library
from tests import raw_server
from tests.cli_runner import fails_well, run
from tests.conftest import DONE, chat_event, make_recording
from tests.proxying import proxying
from tests.raw_server import HEAD, http_chunk, send
from tests.test_proxy import talk

SECRET = b"SECRET-123"
RULES = Redaction(headers=("X-Team",), json_paths=("$..user",), regexes=(r"SECRET-\d+",))
OPTIONS = (
    "--redact-header",
    "x-team",
    "--redact-json-path",
    "$..user",
    "--redact-regex",
    r"SECRET-\d+",
)
SENT = b'{"user": {"name": "SECRET-123"}, "q": "my SECRET-123", "n": 1.0}'
KEPT = b'{"user": "[redacted]", "q": "my [redacted]", "n": 1.0}'
PIECES = (b'data: {"user": "SECR', b'ET-123", "a": "x', b' SECRET-123"}\n\n', DONE)
LEFT = [b'data: {"user": "[redacted]"', b', "a": "x', b' [redacted]"}\n\n', DONE]
TEAM_HEAD = HEAD.replace(b"\r\n\r\n", b"\r\nx-team: SECRET-123\r\n\r\n")
LAST = b"0\r\n\r\n"


@pytest.fixture
def upstream() -> Iterator[str]:
    """Sends `PIECES`, each as an HTTP chunk."""
    chunks = b"".join(map(http_chunk, PIECES))
    with raw_server.raw_server(send(TEAM_HEAD + chunks + LAST)) as url:
        yield url


def raw_bytes(path: Path) -> bytes:
    """All that is on disk of a library."""
    return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))


def check(path: Path, recording: Recording) -> None:
    """It is redacted everywhere, and the file holds nothing of what was."""
    assert SECRET not in raw_bytes(path)
    assert LEFT == [read.data for read in recording.reads]
    assert KEPT == recording.request.body
    assert BODIES_REDACTED in recording.tags
    assert recording.response is not None
    for headers in (recording.request.headers, recording.response.headers):
        assert "[redacted]" in [value for name, value in headers if name.lower() == "x-team"]


def only(path: Path) -> Recording:
    with Library(path) as library:
        (summary,) = library.summaries()
        return library.load(summary.id)


def test_one_request(tmp_path: Path, upstream: str) -> None:
    """`record`: what is printed is what came, what is kept is redacted."""
    command = ("record", upstream, "--raw", "-H", "X-Team: SECRET-123", "-d", SENT.decode())
    ran = run(*command, *OPTIONS)
    assert 0 == ran.returncode, ran.stderr
    assert b"".join(PIECES).decode() == ran.stdout
    check(tmp_path / "streamlab.db", only(tmp_path / "streamlab.db"))


def test_every_read_is_heard_at_once_and_stored_late(library: Library) -> None:
    """The listener has each read when it comes; what is stored has the same times."""
    heard: list[Read] = []
    gates = [threading.Event() for _ in PIECES]

    class Listener:
        def on_response(self, response: Response) -> None:
            assert 200 == response.status

        def on_read(self, read: Read) -> None:
            writer.flush()
            assert b"SECR" not in raw_bytes(library.path)
            gates[len(heard)].set()
            heard.append(read)

    acts = [send(TEAM_HEAD)]
    for piece, gate in zip(PIECES, gates, strict=True):
        acts += [send(http_chunk(piece)), raw_server.wait_for(gate)]
    with raw_server.raw_server(*acts, send(LAST)) as url, library.open_writer() as writer:
        request = Request(method="POST", url=url, headers=(("X-Team", "SECRET-123"),), body=SENT)
        options = Options(redact=RULES)
        recording = record_once(request, writer, options=options, listener=Listener())
    assert list(PIECES) == [read.data for read in heard]
    assert [read.at_ns for read in heard] == [read.at_ns for read in recording.reads]
    assert recording == library.load(recording.id)
    check(library.path, recording)


def test_the_proxy(library: Library, upstream: str) -> None:
    """The upstream and the client see everything; the library does not."""
    request = (
        b"POST /v1/chat HTTP/1.1\r\nHost: proxy\r\nX-Team: SECRET-123\r\nConnection: close\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(SENT), SENT)
    )
    with proxying(library, upstream, redact=RULES) as proxy:
        answer, _ = talk(proxy, request)
    assert b"".join(map(http_chunk, PIECES)) + LAST == answer.partition(b"\r\n\r\n")[2]
    check(library.path, only(library.path))


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("is_streamed", [False, True], ids=["body", "streamed body"])
def test_the_transports(tmp_path: Path, upstream: str, colour: str, is_streamed: bool) -> None:
    """The program reads what came; a body that is sent in pieces is redacted as a whole."""
    path = tmp_path / "transport.db"
    headers = {"X-Team": "SECRET-123", "Content-Length": str(len(SENT))}
    halves = (SENT[:25], SENT[25:])

    def ask() -> bytes:
        content = iter(halves) if is_streamed else SENT
        with httpx.Client(transport=RecordingTransport(path, redact=RULES)) as client:
            return client.post(upstream, content=content, headers=headers).content

    async def aask() -> bytes:
        async def pieces() -> AsyncIterator[bytes]:
            for half in halves:
                yield half

        content = pieces() if is_streamed else SENT
        transport = AsyncRecordingTransport(path, redact=RULES)
        async with httpx.AsyncClient(transport=transport) as client:
            return (await client.post(upstream, content=content, headers=headers)).content

    assert b"".join(PIECES) == (ask() if colour == "sync" else asyncio.run(aask()))
    check(path, only(path))


def test_a_command(tmp_path: Path, upstream: str) -> None:
    """Behind its proxy."""
    script = f"curl -sN $OPENAI_BASE_URL/x -H 'X-Team: SECRET-123' -d '{SENT.decode()}'"
    command = [sys.executable, "-m", "streamlab", "record", *OPTIONS, "--", "sh", "-c", script]
    environment = {**os.environ, "OPENAI_BASE_URL": upstream}
    ran = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert b"".join(PIECES) == ran.stdout
    check(tmp_path / "streamlab.db", only(tmp_path / "streamlab.db"))


def test_repeated_requests(tmp_path: Path) -> None:
    """Each of them."""
    served = make_recording(*PIECES, url="http://a/x")
    with serve([served], speed=0) as server:
        options = (f"{server.url}/x", "-d", SENT.decode(), "--repeat", "3", "--concurrency", "2")
        assert 0 == run("record", *options, *OPTIONS).returncode
    assert SECRET not in raw_bytes(tmp_path / "streamlab.db")
    with Library("streamlab.db") as library:
        assert {BODIES_REDACTED} == {tag for r in library.load_all(ids(library)) for tag in r.tags}


def ids(library: Library) -> list[str]:
    return [summary.id for summary in library.summaries()]


@pytest.mark.parametrize(
    ("acts", "reason"),
    [
        ([raw_server.close], "truncated"),
        ([raw_server.reset], "reset"),
        ([send(b"SECR\r\n")], "protocol_error"),
        ([raw_server.wait_until_left], "timeout"),
    ],
)
def test_a_stream_that_is_cut(library: Library, acts: list[raw_server.Act], reason: str) -> None:
    """What was held back is stored, redacted as far as it came."""
    gate = threading.Event()

    class Opener:
        def on_response(self, response: Response) -> None: ...

        def on_read(self, read: Read) -> None:
            gate.set()

    said = send(HEAD + http_chunk(b'data: {"b": 1, "user": "SECR'))
    with (
        raw_server.raw_server(said, raw_server.wait_for(gate), *acts) as url,
        library.open_writer() as writer,
    ):
        options = Options(redact=RULES, silence_s=0.1 if reason == "timeout" else 20.0)
        recording = record_once(
            Request(method="GET", url=url), writer, options=options, listener=Opener()
        )
    assert recording.end is not None
    assert (b'data: {"b": 1, "user": "[redacted]"', reason) == (
        recording.body,
        recording.end.reason,
    )
    assert recording == library.load(recording.id)
    assert b"SECR" not in raw_bytes(library.path)


def test_a_transport_that_is_closed_by_another_thread(library: Library) -> None:
    """While the program reads on: it reads, and nothing of the rest is stored."""
    acts = [send(HEAD + b"".join(map(http_chunk, PIECES)) + LAST)]
    with raw_server.raw_server(*acts) as url, library.open_writer() as writer:
        transport = RecordingTransport(writer, redact=RULES)
        with httpx.Client(transport=transport) as client, client.stream("GET", url) as response:
            reads = response.iter_raw()
            first = next(reads)
            thread = threading.Thread(target=transport._recorder.settle)
            thread.start()
            thread.join(20)
            assert b"".join(PIECES) == first + b"".join(reads)
    recording = only(library.path)
    assert recording.end is not None
    assert "client_closed" == recording.end.reason
    assert (PIECES[0], LEFT[:1]) == (first, [read.data for read in recording.reads])


def test_compressed_bodies_are_withheld(tmp_path: Path) -> None:
    """The program decodes what it always did; the library has the mark where the bytes were."""
    body = gzip.compress(PIECES[0] + PIECES[1] + PIECES[2])
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    path = tmp_path / "a.db"
    with (
        raw_server.raw_server(send(head + body)) as url,
        httpx.Client(transport=RecordingTransport(path, redact=RULES)) as client,
    ):
        assert SECRET in client.get(url).content
    recording = only(path)
    assert {b"[redacted]"} == {read.data for read in recording.reads}
    assert body[:40] not in raw_bytes(path)


def test_without_rules_for_bodies_reads_are_what_they_were(tmp_path: Path, upstream: str) -> None:
    """Read for read, and no tag."""
    ran = run("record", upstream, "-q", "--redact-header", "x-team")
    assert 0 == ran.returncode, ran.stderr
    recording = only(tmp_path / "streamlab.db")
    assert (list(PIECES), ()) == ([read.data for read in recording.reads], recording.tags)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["record", "http://a/", "--redact-json-path", "a.b"], ["'a.b'", "start with $"]),
        (["record", "http://a/", "--redact-regex", "("], ["'('", "position 0"]),
        (["record", "--redact-regex", "(", "--", "sh", "-c", "exit"], ["'('", "position 0"]),
        (["redact", "latest", "--redact-header", "a: b"], ["'a: b'"]),
        (["redact", "nothing", "--db", "one.db"], ["no recording 'nothing'"]),
        (["proxy", "--upstream", "http://a", "--keep-encoding", "--redact-regex", "a"],
         ["compressed", "--keep-encoding"]),
    ],
)  # fmt: skip
def test_bad_input(tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    """Is said before anything is sent, served or changed."""
    Library(tmp_path / "one.db", create=True).close()
    fails_well(run(*arguments), *words)
    assert not Path("streamlab.db").exists()


def store_secrets(path: Path, count: int = 3) -> None:
    """A library in which secrets have been stored, moved and deleted."""
    recordings = [
        make_recording(
            *PIECES,
            chat_event("SECRET-123 " * 200),
            body=SENT,
            recording_id=f"{number:012x}",
            headers=(("Content-Type", "text/event-stream"), ("X-Team", "SECRET-123")),
        )
        for number in range(count + 20)
    ]
    with Library(path, create=True) as library:
        library.add(recordings)
        # As SQLite deletes by default, and not every system's: the bytes stay in free pages.
        library._connection.execute("PRAGMA secure_delete = OFF")
        library.remove(recording.id for recording in recordings[count:])


def test_what_is_stored_can_be_redacted(tmp_path: Path) -> None:
    """Nothing of it is left in any byte of the file; all else is as it was."""
    path = tmp_path / "streamlab.db"
    store_secrets(path)
    with Library(path) as library:
        before = library.load_all(ids(library))
    assert SECRET in raw_bytes(path)
    would = run("redact", *(each.id for each in before), *OPTIONS, "--dry-run")
    assert "would replace 615 values in 3 of 3" in would.stderr
    with Library(path) as library:
        assert before == library.load_all(ids(library))
    ran = run("redact", *(each.id for each in before), *OPTIONS)
    assert (0, "") == (ran.returncode, ran.stdout), ran.stderr
    assert "replaced 615 values in 3 of 3" in ran.stderr
    assert SECRET not in raw_bytes(path)
    with Library(path) as library:
        for old, new in zip(before, library.load_all(ids(library)), strict=True):
            assert KEPT == new.request.body
            assert LEFT == [read.data for read in new.reads[:4]]
            assert [read.at_ns for read in old.reads] == [read.at_ns for read in new.reads]
            assert (old.id, old.end, BODIES_REDACTED) == (new.id, new.end, *new.tags)
        assert [] == library.diagnose()
    with sqlite3.connect(path) as connection:
        (data,) = connection.execute("select data from events order by seq").fetchone()
        assert {"user": "[redacted]", "a": "x [redacted]"} == json.loads(data)
    connection.close()
    again = run("redact", before[0].id, *OPTIONS, "--json")
    assert [{"id": before[0].id, "replaced": 0}] == json.loads(again.stdout)


def test_while_the_library_is_open_elsewhere(tmp_path: Path) -> None:
    """An idle recorder is no obstacle; one who reads keeps the old pages, and that is said."""
    path = tmp_path / "a.db"
    store_secrets(path)
    with Library(path) as library, Library(path) as other, other.open_writer():
        library.redact(ids(library), RULES)
        assert SECRET not in raw_bytes(path)


def test_a_reader_keeps_old_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is said, and done again it is well."""
    path = tmp_path / "a.db"
    store_secrets(path)
    monkeypatch.setattr("streamlab.store.connect._LOCK_TIMEOUT_S", 0.01)
    reader = sqlite3.connect(path)
    with Library(path) as library:
        reader.execute("begin")
        reader.execute("select count(*) from reads").fetchone()
        with pytest.raises(StoreError, match="another process reads it") as caught:
            library.redact(ids(library), RULES)
        assert "again" in caught.value.hint
        reader.close()
        assert {0} == set(library.redact(ids(library), RULES).values())
        assert SECRET not in raw_bytes(path)


def test_what_is_being_recorded_is_refused(library: Library) -> None:
    """And nothing else is changed either."""
    (done,) = library.add([make_recording(*PIECES)])
    begun = make_recording(recording_id="b" * 12)
    with library.open_writer() as writer:
        writer.begin(Recording(id=begun.id, request=begun.request))
        writer.flush()
        with pytest.raises(InputError, match="still being recorded"):
            library.redact([done, begun.id], RULES)
    assert SECRET in library.load(done).body


def test_a_redacted_body_is_replayed_whole() -> None:
    """Content-Length says what it is now; one that was cut still promises more than it has."""
    headers = (("Content-Length", "99"), ("Content-Type", "text/plain"))
    for reason, length in (("complete", "10"), ("truncated", "11")):
        for tags, expected in (((BODIES_REDACTED,), length), ((), "99")):
            recording = make_recording(b"[redacted]", headers=headers, reason=reason)
            head = schedule(replace(recording, tags=tags)).actions[0]
            assert isinstance(head, SendHead)
            assert ("Content-Length", expected) in head.headers


DOCS = Path(__file__).parents[1] / "docs/redaction.md"


def test_the_docs_example_works(capsys: pytest.CaptureFixture[str]) -> None:
    """As it stands, but for the host, which is a replay server here."""
    (block,) = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    served = make_recording(b'{"user": "Ada", "id": "123-45-6789"}', url="http://a/x", headers=())
    with serve([served], speed=0) as server:
        exec(compile(block.replace("https://api.example", server.url), str(DOCS), "exec"), {})
    assert served.body.decode() == capsys.readouterr().out.strip()
    recording = only(Path("streamlab.db"))
    assert b'{"user":"[redacted]","n":1}' == recording.request.body
    assert b'{"user": "[redacted]", "id": "[redacted]"}' == recording.body
