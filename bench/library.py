"""How long does it take to analyze a library, to derive it anew, to list it and to report on it?

Run: python bench/library.py [RECORDINGS]

10,000 recordings of 200 events of 230 bytes. Storing them is not measured, and derives nothing. The
analysis alone, on all cores: recordings are loaded, read and measured, and nothing is written. Then
`streamlab reindex`, which also looks for findings and stores all of it, with the most memory that
one of its processes had (Linux); `ls`; and `report`, the second time.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

from harness import MS, Figure, print_figures, stream

from streamlab.analysis import analyze
from streamlab.store import Library
from streamlab.store.connect import open_library, transaction
from streamlab.store.reindex import collect_less
from streamlab.store.rows import read_rows, recording_row
from streamlab.store.statements import insert_reads, insert_recording, load

RECORDINGS = 10_000
EVENTS = 200
SHARE = 50


def measure(recordings: int = RECORDINGS) -> Iterator[Figure]:
    """The figures of this benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        db = Path(folder) / "bench.db"
        _store(db, recordings)
        events = recordings * EVENTS
        seconds = _analyze_all(db)
        note = f"{seconds / events * 1e6:.1f} µs an event; {os.cpu_count()} processes"
        yield Figure(f"analysis of {recordings:,} recordings", f"{seconds:.1f} s", note)
        seconds = _seconds("reindex", db)
        peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        note = f"{seconds / events * 1e6:.1f} µs an event; at most {peak_mb:.0f} MB a process"
        yield Figure(f"reindex of {recordings:,} recordings", f"{seconds:.1f} s", note)
        yield Figure(f"ls of {recordings:,} recordings", f"{_seconds('ls', db):.2f} s")
        _seconds("report", db)
        yield Figure(f"report on {recordings:,} recordings", f"{_seconds('report', db):.2f} s")
        size = db.stat().st_size
        raw = recordings * len(stream(range(0, EVENTS * 20 * MS, 20 * MS)).body)
        yield Figure("size of the library", f"{size / raw:.2f} of the bodies' bytes")


def _analyze_all(db: Path) -> float:
    start_s = time.perf_counter()
    with Library(db) as library:
        ids = library.ids()
    shares = [ids[start : start + SHARE] for start in range(0, len(ids), SHARE)]
    with ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=collect_less) as pool:
        measured = sum(pool.map(_analyze, repeat(db), shares))
    assert measured == len(ids)
    return time.perf_counter() - start_s


def _analyze(db: Path, ids: list[str]) -> int:
    with closing(open_library(db, create=False)) as connection:
        recordings = (load(connection, each) for each in ids)
        return sum(analyze(each).ttft_ns is not None for each in recordings if each is not None)


def _store(db: Path, count: int) -> None:
    recording = stream(range(0, EVENTS * 20 * MS, 20 * MS))
    Library(db, create=True).close()
    with closing(open_library(db, create=False)) as connection, transaction(connection):
        for number in range(count):
            each = replace(recording, id=f"{number:012x}")
            row = recording_row(each, recorder="elsewhere:1:1")
            number_there = insert_recording(connection, row)
            insert_reads(connection, read_rows(number_there, each.reads))


def _seconds(verb: str, db: Path) -> float:
    start_s = time.perf_counter()
    command = [sys.executable, "-m", "streamlab", verb, "--db", str(db)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start_s


if __name__ == "__main__":
    asked = [int(each) for each in sys.argv[1:]]
    print_figures(lambda: measure(*asked))
