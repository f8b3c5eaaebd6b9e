"""8: what is stored. Its size against the raw bytes, and how fast it is written and read.

Run: python bench/table_store.py [--quick] [--peers]
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import upstream
from harness import PATH, numbered, stream
from peers import AIMOCK, program
from process import free_port, running
from table import OURS, Column, Goal, Section, Table, print_section
from tools import (
    STREAMLAB,
    Tool,
    aimock_recorder,
    contestants,
    mitmproxy_recorder,
    reel_recorder,
    streamlab_proxy,
)

from streamlab import Library, write_cassette

_HERE = Path(__file__).parent
_CASSETTE = f"{OURS}, cassette"
_SIZE = Column("of the raw bytes", "less", Goal("library, of the raw bytes", figure=1.6))
_RECORDED = Column("recorded, events/s", "more")
_READ = Column("read, events/s", "more")
_COLUMNS = (Column("kB per 1,000 events", "less"), _SIZE, _RECORDED, _READ)
_HOW = """
{streams} streams of {events} events of 230 bytes, one event a read, no two streams alike, recorded
by each tool one after the other and without a pause, from bare sockets. *Size*: all the files it
leaves, when it has ended, against the bytes of the bodies; streamlab's library with all that `ls`
derives from them, and its text form, the cassette, which lives in git. *Recorded*: from the first
request until the tool has ended and all is stored. *Read*: all streams into the tool's own
objects, the best of 3 in a process. aimock keeps the answers' text and reads it with its server.
{rounds} rounds, in which the tools take turns; in brackets the least and the most of them.
"""


@dataclass(frozen=True, slots=True)
class _Store:
    """A tool: what it leaves, the Python that reads that; a proxy, or in the client's process."""

    name: str
    program: Path
    files: str
    python: Path | None
    record: Callable[[str, int, Path], Tool] | None = None


STORES = (
    _Store(OURS, Path(sys.executable), "bench.db*", Path(sys.executable), streamlab_proxy),
    _Store("aimock", AIMOCK, "recorded/**/*.json", None, aimock_recorder),
    _Store("reel", program("reel"), "reel.jsonl", program("reel"), reel_recorder),
    _Store(
        "mitmproxy", program("mitmproxy"), "flows", program("mitmproxy"), mitmproxy_recorder
    ),
    _Store("vcrpy", program("vcrpy"), "inside.yaml", program("vcrpy")),
    _Store("cassetter", program("cassetter"), "inside.yaml", program("cassetter")),
)  # fmt: skip


def measure(*, quick: bool = False, peers: bool = True) -> Section:
    """The table, all tools in it."""
    streams, events, rounds = (4, 50, 1) if quick else (50, 200, 2)
    recordings = [stream(range(events - 1), seed=number) for number in range(streams)]
    raw = sum(len(recording.body) for recording in recordings)
    table = Table("What is stored", _COLUMNS)
    stores = STORES if peers else STORES[:1]
    installed = contestants([table], [Tool(each.name, [each.program]) for each in stores])
    names = {tool.name for tool in installed}
    with upstream.canned(*map(upstream.answer, recordings)) as (port, _):
        for _ in range(rounds):
            for store in stores:
                if store.name in names:
                    with table.attempt(store.name), tempfile.TemporaryDirectory() as folder:
                        _measure(store, table, Path(folder), port, streams, events, raw)
    how = _HOW.format(streams=streams, events=events, rounds=rounds)
    return Section("8. Store", how, [table])


def _measure(
    store: _Store, table: Table, folder: Path, port: int, streams: int, events: int, raw: int
) -> None:
    with _recording(store, f"http://127.0.0.1:{port}", folder) as url:
        start_s = time.perf_counter()
        _ask(store, url, folder, streams)
    recorded_s = time.perf_counter() - start_s
    table.add(store.name, _RECORDED.name, streams * events / recorded_s)
    if store.name == OURS:
        _derive_all(folder / "bench.db", streams)
        with Library(folder / "bench.db") as library:
            write_cassette(folder / "text.jsonl", library.load_all(library.ids()))
        _add(table, _CASSETTE, [folder / "text.jsonl"], Path(sys.executable), streams, events, raw)
    files = sorted(folder.glob(store.files))
    _add(table, store.name, files, store.python, streams, events, raw)


@contextmanager
def _recording(store: _Store, upstream_url: str, folder: Path) -> Iterator[str]:
    """Where to ask; at the end of the block all is stored."""
    if store.record is None:
        yield upstream_url
        return
    port = free_port()
    with running(store.record(upstream_url, port, folder).command, port):
        yield f"http://127.0.0.1:{port}"


def _ask(store: _Store, url: str, folder: Path, streams: int) -> None:
    inside = "none" if store.record else store.name
    python = sys.executable if store.record else store.program
    program = [python, _HERE / "stream_client.py", inside, "record", folder / "inside.yaml"]
    bodies = json.dumps([numbered(number).decode() for number in range(streams)])
    command = [*program, url + PATH, bodies]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    said = json.loads(ran.stdout.splitlines()[-1])
    assert all(answer["end"] == "complete" for answer in said["answers"]), said["answers"]


def _derive_all(db: Path, streams: int) -> None:
    subprocess.run([*STREAMLAB, "ls", "--db", db], check=True, capture_output=True)
    with Library(db) as library:
        stored = [each.end_reason for each in library.summaries()]
    assert stored == ["complete"] * streams, stored


def _add(
    table: Table, name: str, files: list[Path], python: Path | None, streams: int, events: int,
    raw: int,
) -> None:  # fmt: skip
    size = sum(file.stat().st_size for file in files)
    table.add(name, _COLUMNS[0].name, size / 1000 / (streams * events) * 1000)
    table.add(name, _SIZE.name, size / raw)
    if python is None:
        return
    command = [python, _HERE / "load_store.py", name, files[0], "3"]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    said = json.loads(ran.stdout)
    assert said["streams"] == streams, f"{said['streams']} of {streams} are stored"
    table.add(name, _READ.name, streams * events / min(said["seconds"]))


if __name__ == "__main__":
    print_section(measure)
