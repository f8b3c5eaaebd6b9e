"""Many streams at once, and recorders that die or cannot store: nothing committed is lost, nothing
that passes is disturbed. Through a `streamlab proxy` of its own process, as people run it."""

import asyncio
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from streamlab.store import Library
from tests.conftest import DONE, chat_event
from tests.raw_server import HEAD, http_chunk

REQUEST = b"GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
LAST = http_chunk(DONE) + b"0\r\n\r\n"
PATIENCE_S = 60
# The command line, in a process whose files may grow to so many bytes.
LIMITED = """
import resource, sys
from streamlab.cli import main
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
main()
"""
MB = 1_000_000


@dataclass
class Proxy:
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def stop(self) -> int:
        """Ctrl-C; the exit code, once all is stored."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_S)

    def descriptors(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.process.pid}/fd").iterdir())

    def memory_bytes(self) -> int:
        asked = ["ps", "-o", "rss=", "-p", str(self.process.pid)]
        return int(subprocess.run(asked, capture_output=True, check=True).stdout) * 1024


@contextmanager
def proxy_process(
    db: Path, upstream_port: int, *, file_bytes: int | None = None
) -> Iterator[Proxy]:
    """`streamlab proxy` on a free port; its files may grow to `file_bytes`."""

    upstream = f"http://127.0.0.1:{upstream_port}"
    command = [sys.executable, "-c", LIMITED, str(file_bytes or resource.RLIM_INFINITY)]
    command += ["proxy", "--upstream", upstream, "--port", "0"]
    log = db.with_suffix(".log")
    with (
        log.open("wb") as said,
        subprocess.Popen([*command, "--db", db], stdout=subprocess.PIPE, stderr=said) as process,
    ):
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        try:
            yield Proxy(process, int(url.rpartition(":")[2]), log)
        finally:
            process.kill()


Answer = Callable[[asyncio.StreamWriter, int], Awaitable[None]]


@asynccontextmanager
async def upstream(answer: Answer) -> AsyncIterator[int]:
    """A server whose n-th connection is answered by `answer(writer, n)`; its port."""
    count = 0

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        number, count = count, count + 1
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer, number)
        except ConnectionError:
            pass  # the proxy was killed, or hung up
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=4096)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def ask(port: int, on_data: Callable[[bytes], object] = lambda _: None) -> bytes:
    """The whole answer to one request; what there is, if the connection is reset."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = bytearray()
    try:
        writer.write(REQUEST)
        while data := await reader.read(65536):
            received += data
            on_data(data)
    except ConnectionError:
        pass
    finally:
        writer.close()
    return bytes(received)


def ends(db: Path) -> dict[tuple[str | None, int], int]:
    """How often each (end reason, number of reads) is in the library."""
    with closing(sqlite3.connect(db)) as connection:
        rows = connection.execute(
            """select end_reason, (select count(*) from reads where recording_id = id) as reads,
               count(*) from recordings group by 1, 2"""
        )
        return {(reason, reads): count for reason, reads, count in rows}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors in /proc")
def test_a_thousand_streams_at_once(tmp_path: Path) -> None:
    """All complete, in bounded memory, and every descriptor is given back."""
    streams, db = 1000, tmp_path / "many.db"
    chunks = [http_chunk(chat_event(str(number))) for number in range(5)]
    whole = b"".join(chunks) + LAST

    async def run() -> None:
        all_there = asyncio.Event()
        waiting = 0

        async def answer(writer: asyncio.StreamWriter, _: int) -> None:
            nonlocal waiting
            writer.write(HEAD + chunks[0])
            waiting += 1
            await all_there.wait()
            for chunk in chunks[1:]:
                writer.write(chunk)
                await asyncio.sleep(0)
            writer.write(LAST)
            await writer.drain()

        async with upstream(answer) as upstream_port:
            with proxy_process(db, upstream_port) as proxy:
                base_descriptors, base_bytes = proxy.descriptors(), proxy.memory_bytes()
                async with asyncio.TaskGroup() as group:
                    asked = [group.create_task(ask(proxy.port)) for _ in range(streams)]
                    await until(lambda: waiting == streams)
                    assert proxy.descriptors() >= 2 * streams
                    all_there.set()
                answers = {task.result().partition(b"\r\n\r\n")[2] for task in asked}
                assert {whole} == answers
                assert proxy.memory_bytes() - base_bytes < 100 * MB
                # The deriver's pipe is new, and the like; no socket is.
                await until(lambda: proxy.descriptors() <= base_descriptors + 5)
                assert 0 == proxy.stop()

    asyncio.run(asyncio.wait_for(run(), PATIENCE_S))
    assert {("complete", 6): streams} == ends(db)
    with Library(db) as library:
        assert [] == library.diagnose()
        assert {5} == {summary.output_tokens for summary in library.summaries()}


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - what another process does sets no event here
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("turn", range(10))
def test_kill_9_under_twenty_streams(tmp_path: Path, turn: int) -> None:
    """At most the last 100 ms of reads are missing, nothing that was committed is, and the library
    is whole. Ten times in a row."""
    streams, db = 20, tmp_path / "killed.db"
    received: dict[int, list[tuple[int, int]]] = {number: [] for number in range(streams)}

    def event(stream: int, number: int) -> bytes:
        return b"data: %d %d\n\n" % (stream, number)

    async def answer(writer: asyncio.StreamWriter, stream: int) -> None:
        writer.write(HEAD)
        number = 0
        while True:
            writer.write(http_chunk(event(stream, number)))
            await writer.drain()
            await asyncio.sleep(0.005)
            number += 1

    def take(data: bytes) -> None:
        now_ns = time.monotonic_ns()
        for line in data.split(b"\n"):
            if line.startswith(b"data: "):
                stream, number = line[6:].split()
                received[int(stream)].append((int(number), now_ns))

    async def run() -> tuple[int, int]:
        async with upstream(answer) as upstream_port:
            with proxy_process(db, upstream_port) as proxy:
                asked = [asyncio.create_task(ask(proxy.port, take)) for _ in range(streams)]
                many = 20 + random.Random(turn).randrange(30)
                await until(lambda: all(len(times) >= many for times in received.values()))
                committed = count_reads(db)
                proxy.process.kill()
                killed_ns = time.monotonic_ns()
                await asyncio.gather(*asked)
                return committed, killed_ns

    committed, killed_ns = asyncio.run(asyncio.wait_for(run(), PATIENCE_S))
    assert committed > 0
    assert count_reads(db) >= committed
    with Library(db) as library:
        assert [] == library.diagnose()
        recordings = library.load_all(summary.id for summary in library.summaries())
    assert {"recorder_died"} == {r.end.reason for r in recordings if r.end is not None}
    assert streams == len(recordings)
    for recording in recordings:
        lines = [read.data for read in recording.reads]
        stream = int(lines[0].split()[1])
        assert [event(stream, number) for number in range(len(lines))] == lines
        due = [number for number, at_ns in received[stream] if at_ns < killed_ns - 100_000_000]
        assert len(lines) >= len(due)


def count_reads(db: Path) -> int:
    with closing(sqlite3.connect(db)) as connection:
        return int(connection.execute("select count(*) from reads").fetchone()[0])


def test_a_file_that_cannot_grow_stops_the_recording_and_not_the_stream(tmp_path: Path) -> None:
    """As on a full disk: the stream passes whole, the proxy says what happened, and what was stored
    before is there."""
    db, big = tmp_path / "full.db", http_chunk(b"data: " + b"x" * 50_000 + b"\n\n")

    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(HEAD + (big * 100 if number else b"") + LAST)
        await writer.drain()

    async def run() -> tuple[bytes, bytes, int, str]:
        async with upstream(answer) as upstream_port:
            with proxy_process(db, upstream_port, file_bytes=2 * MB) as proxy:
                small = await ask(proxy.port)
                await until(lambda: ends(db) == {("complete", 1): 1})
                large = await ask(proxy.port)
                code = proxy.stop()
            return small, large, code, proxy.log.read_text()

    small, large, code, said = asyncio.run(asyncio.wait_for(run(), PATIENCE_S))
    assert LAST == small.partition(b"\r\n\r\n")[2]
    assert big * 100 + LAST == large.partition(b"\r\n\r\n")[2]
    assert 0 != code
    assert 1 == said.count("recording has stopped, streams still pass")
    assert f"error: {db}: disk I/O error" in said, "as it was, and not what came of it"
    assert "Traceback" not in said
    with Library(db) as library:
        assert [] == library.diagnose()
        assert "complete" == library.summaries()[0].end_reason
