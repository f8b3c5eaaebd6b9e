"""What does storing cost a stream? The writer's throughput, its delay, the recorder's own time.

Run: python bench/store.py

Reads are handed over as fast as they come, and then at a paced 1,000 a second. When a read is
committed is seen from a second process, which asks the file in a loop what is there; both
processes read the same monotonic clock.
"""

import select
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from harness import BODY, MS, PATH, Figure, percentiles, print_figures, second_process, stream

from streamlab.clock import SystemClock
from streamlab.record.active import ActiveRecording, Labels
from streamlab.recording import Request
from streamlab.store import Library, Writer
from streamlab.store.connect import open_library, transaction
from streamlab.store.statements import insert_reads

REPEATS = 3
FLOOD_READS = 20_000
PACED_READS = 3_000
STREAMS = 50
COMMITS = 400


def measure() -> Iterator[Figure]:
    """The figures of this benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        floods = [_flood(Path(folder) / f"flood{number}.db") for number in range(REPEATS)]
        rate = FLOOD_READS / min(seconds for seconds, _ in floods)
        read_us = min(seconds for _, seconds in floods) / FLOOD_READS * 1e6
        yield Figure(
            "reads stored, without a pause",
            f"{rate:,.0f} reads/s",
            f"one event a read, events stored as well; best of {REPEATS} x {FLOOD_READS:,}",
        )
        yield Figure("ActiveRecording.read, without a pause", f"{read_us:.0f} µs a read", "mean")
        added_s = _add(Path(folder) / "add.db")
        yield Figure(
            "Library.add of 200 events",
            f"{added_s * 1000:.1f} ms",
            "median of 20; what the end of a recording costs the writer, and inserting its reads",
        )
        yield from _paced(Path(folder) / "paced.db")
        yield from _side_by_side(Path(folder) / "side.db")


def _flood(path: Path) -> tuple[float, float]:
    """Seconds until all reads are stored, and until all were handed over."""
    reads = stream(range(FLOOD_READS - 1)).reads
    Library(path, create=True).close()
    writer = Writer(path, recorder="bench:0")
    active = _begin(writer)
    start_s = time.perf_counter()
    for read in reads:
        active.read(read.data)
    handed_s = time.perf_counter() - start_s
    writer.close()
    return time.perf_counter() - start_s, handed_s


def _add(path: Path) -> float:
    """Seconds to store a finished recording and all that is derived from it."""
    recording = stream(range(200))
    times_s = []
    with Library(path, create=True) as library:
        for number in range(20):
            start_s = time.perf_counter()
            library.add([replace(recording, id=f"bench{number}")])
            times_s.append(time.perf_counter() - start_s)
    return statistics.median(times_s)


def _paced(path: Path) -> Iterator[Figure]:
    reads = stream(range(PACED_READS - 1)).reads
    handed_ns, spent_ns = [], []
    Library(path, create=True).close()
    with second_process() as watcher, Writer(path, recorder="bench:0") as writer:
        active = _begin(writer)
        committed = watcher.submit(_watch, path, active.build().id, len(reads))
        start_ns = time.monotonic_ns() + 200 * MS
        for number, read in enumerate(reads):
            _wait_until_ns(start_ns + number * MS)
            handed_ns.append(time.monotonic_ns())
            active.read(read.data)
            spent_ns.append(time.monotonic_ns() - handed_ns[-1])
        committed_ns = committed.result()
    delays_ns = [late - early for early, late in zip(handed_ns, committed_ns, strict=True)]
    note = f"{PACED_READS:,} reads at 1,000 a second; p50 / p99 / max"
    yield Figure("committed after", percentiles(delays_ns), note)
    yield Figure("ActiveRecording.read", percentiles(spent_ns, unit="µs"), note)


def _side_by_side(path: Path) -> Iterator[Figure]:
    """CPU time of commits that hold a read of each of many streams, as new reads and in their place
    (`store/filing.py`)."""
    data = stream(range(1)).reads[0].data
    with closing(open_library(path, create=True)) as connection:
        for table in ("new_reads", "read_rows"):
            start_s = time.process_time()
            for seq in range(COMMITS):
                with transaction(connection):
                    rows = [(number, seq, seq, bytearray(data)) for number in range(STREAMS)]
                    insert_reads(connection, rows, table)
            cpu_us = (time.process_time() - start_s) / COMMITS / STREAMS * 1e6
            note = f"{COMMITS:,} commits of a read of each of {STREAMS} streams; mean CPU time"
            yield Figure(f"committed into {table}", f"{cpu_us:.1f} µs a read", note)


def _begin(writer: Writer) -> ActiveRecording:
    request = Request(method="POST", url=f"http://127.0.0.1{PATH}", body=BODY)
    active = ActiveRecording(request, Labels(), writer, SystemClock())
    active.respond(200, (("Content-Type", "text/event-stream"),), "HTTP/1.1")
    return active


def _wait_until_ns(due_ns: int) -> None:
    if (wait_ns := due_ns - time.monotonic_ns()) > 0:
        select.select([], [], [], wait_ns / 1e9)


def _watch(path: Path, recording_id: str, count: int) -> list[int]:
    """When each of `count` reads was first seen by another connection."""
    connection = sqlite3.connect(path)
    sql = "select max(seq) + 1 from reads where recording_id = ?"
    seen_ns: list[int] = []
    while len(seen_ns) < count:
        (stored,) = connection.execute(sql, (recording_id,)).fetchone()
        now_ns = time.monotonic_ns()
        seen_ns += [now_ns] * ((stored or 0) - len(seen_ns))
    connection.close()
    return seen_ns


if __name__ == "__main__":
    print_figures(measure)
