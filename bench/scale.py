"""The Parquet folders that docs/scale.md asks: three runs of 1,000 made-up streams, of two models.

Run: python bench/scale.py FOLDER [STREAMS]

It says how long the exports took and how much memory the largest had (Linux). Then the examples of
docs/scale.md run in that folder.
"""

import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from harness import MS, Figure, print_figures, stream

from streamlab.recording import Recording
from streamlab.store import Library
from streamlab.store.connect import open_library, transaction
from streamlab.store.rows import read_rows, recording_row
from streamlab.store.statements import insert_reads, insert_recording

RUNS = 3
STREAMS = 1000
EVENTS = 60
# The mean gap of each, and by how much it varies: both by a factor whose logarithm is normal.
MEAN_GAP_MS = {"small": 18.0, "large": 45.0}
SIGMA = 0.4


def measure(folder: Path, streams: int = STREAMS) -> Iterator[Figure]:
    """Make the folders."""
    chance = random.Random(1)
    start_s = time.perf_counter()
    for run in range(RUNS):
        db = folder / f"load{run}.db"
        _store(db, [_made_up(chance, run, number) for number in range(streams)])
        output = folder / "runs" / f"load{run}"
        streamlab = [sys.executable, "-m", "streamlab"]
        for verb in (["reindex"], ["export", "--all", "-o", output, "--format", "parquet"]):
            subprocess.run([*streamlab, *verb, "--db", db], check=True, stderr=subprocess.DEVNULL)
    peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    took_s = time.perf_counter() - start_s
    yield Figure(f"{RUNS} runs of {streams:,} streams", f"{took_s:.1f} s", f"{peak_mib:.0f} MiB")


def _made_up(chance: random.Random, run: int, number: int) -> Recording:
    model = chance.choice(tuple(MEAN_GAP_MS))
    at_ns, offsets_ns = 200 * MS, []
    for _ in range(EVENTS):
        at_ns += round(MEAN_GAP_MS[model] * MS * chance.lognormvariate(0, SIGMA))
        offsets_ns.append(at_ns)
    made = stream(offsets_ns, id=f"{run:02x}{number:010x}")
    body = made.request.body.replace(b'"m"', f'"{model}"'.encode())
    return replace(made, request=replace(made.request, body=body))


def _store(db: Path, recordings: list[Recording]) -> None:
    db.parent.mkdir(parents=True, exist_ok=True)
    Library(db, create=True).close()
    with closing(open_library(db, create=False)) as connection, transaction(connection):
        for each in recordings:
            number = insert_recording(connection, recording_row(each, recorder=""))
            insert_reads(connection, read_rows(number, each.reads))


if __name__ == "__main__":
    where, *asked = sys.argv[1:]
    print_figures(lambda: measure(Path(where), *map(int, asked)))
