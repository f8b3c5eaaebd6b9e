"""Is a replay what was recorded? Bytes and read boundaries must be; times are measured.

Run: python bench/fidelity.py

A stream of 100 events (the first after 200 ms, then irregular gaps of 5 to 40 ms) is served by
`streamlab replay` in a second process and recorded from there with `record_once`: at speed 1 the
gaps should be within 1 ms at the median, at 10x the total within 5 % of a tenth. A bare socket in
place of the recorder shows how much of the error is the server's and the machine's. Exit code 1 if
bytes or boundaries differ.
"""

import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate, pairwise
from pathlib import Path
from urllib.parse import urlsplit

from harness import BODY, LAST_CHUNK, MS, PATH, Figure, percentiles, print_figures, stream

from streamlab.cassette import write_cassette
from streamlab.record.once import record_once
from streamlab.recording import Recording, Request
from streamlab.store import Library

RUNS = 5
BARE_RUNS = 3
EVENTS = 100


def measure() -> Iterator[Figure]:
    """The figures of this benchmark."""
    gaps = random.Random(7)
    at_ns = accumulate((gaps.randint(5 * MS, 40 * MS) for _ in range(EVENTS - 1)), initial=200 * MS)
    original = stream(list(at_ns))
    with tempfile.TemporaryDirectory() as folder:
        yield from _at_speed_1(original, Path(folder))
        yield from _at_10x(original, Path(folder))
        yield from _instant(original, Path(folder))


def _at_speed_1(original: Recording, folder: Path) -> Iterator[Figure]:
    times_ns = [read.at_ns for read in original.reads]
    recorded, bare_ns = [], []
    with _replay(original, folder, "realtime") as url:
        for number in range(RUNS):
            recorded.append(_record(url, folder))
            if number < BARE_RUNS:
                bare_ns.append(_arrivals_ns(url, original))
    for run in recorded:
        _check(original, run)
    errors_ns = [e for run in recorded for e in _gap_errors_ns(times_ns, _times_ns(run))]
    bare_errors_ns = [e for run in bare_ns for e in _gap_errors_ns(times_ns, run)]
    late_ns = [_times_ns(run)[0] - times_ns[0] for run in recorded]
    drift_ns = [_span_ns(_times_ns(run)) - _span_ns(times_ns) for run in recorded]
    median_ms = statistics.median(errors_ns) / MS
    verdict = "within" if median_ms <= 1 else "MISSES"
    yield Figure("bytes and read boundaries", "equal", f"{RUNS} runs at 1x")
    yield Figure(
        "error of a gap, recorder",
        percentiles(errors_ns),
        f"{RUNS} runs, p50 / p99 / max; {verdict} 1 ms at the median",
    )
    yield Figure(
        "error of a gap, bare socket",
        percentiles(bare_errors_ns),
        f"{BARE_RUNS} runs, p50 / p99 / max",
    )
    yield Figure(
        "first event later by",
        f"{statistics.median(late_ns) / MS:.2f} ms",
        "recorder, median; connecting included",
    )
    yield Figure(
        "first to last event longer by",
        f"{statistics.median(drift_ns) / MS:+.2f} ms",
        f"recorder, median, of {_span_ns(times_ns) / MS:,.0f} ms",
    )


def _at_10x(original: Recording, folder: Path) -> Iterator[Figure]:
    with _replay(original, folder, "10x") as url:
        recorded = [_record(url, folder) for _ in range(RUNS)]
    for run in recorded:
        _check(original, run)
    ratio = statistics.median(_total_ns(run) for run in recorded) / (_total_ns(original) / 10)
    verdict = "within" if abs(ratio - 1) <= 0.05 else "MISSES"
    yield Figure("10x: total / a tenth", f"{ratio:.3f}", f"{RUNS} runs, median; {verdict} 5 %")


def _instant(original: Recording, folder: Path) -> Iterator[Figure]:
    with _replay(original, folder, "instant") as url:
        recorded = [_record(url, folder) for _ in range(RUNS)]
    for run in recorded:
        if run.body != original.body:
            sys.exit("fidelity: the bytes of an instant replay differ")
    total_ns = statistics.median(_total_ns(run) for run in recorded)
    kept = sum(_boundaries(run) == _boundaries(original) for run in recorded)
    yield Figure(
        "instant: total",
        f"{total_ns / MS:.1f} ms",
        f"{RUNS} runs, median; recorder; read boundaries equal in {kept}",
    )


@contextmanager
def _replay(recording: Recording, folder: Path, speed: str) -> Iterator[str]:
    """The URL of `streamlab replay` in a process of its own."""
    cassette = folder / "original.jsonl"
    write_cassette(cassette, [recording])
    verb = ["replay", str(cassette), "--port", "0", "--speed", speed]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlab", *verb],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate()


def _record(url: str, folder: Path) -> Recording:
    request = Request(method="POST", url=url + PATH, body=BODY)
    with Library(folder / "bench.db", create=True) as library, library.open_writer() as writer:
        return record_once(request, writer)


def _arrivals_ns(url: str, original: Recording) -> list[int]:
    """When each HTTP chunk was complete, seen by a blocking socket."""
    request = f"POST {PATH} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(BODY)}\r\n\r\n"
    received, sizes, times_ns = b"", [], []
    with socket.create_connection(("127.0.0.1", urlsplit(url).port)) as connection:
        connection.sendall(request.encode() + BODY)
        while not received.endswith(LAST_CHUNK):
            received += connection.recv(65536)
            times_ns.append(time.monotonic_ns())
            sizes.append(len(received))
    head_size = received.index(b"\r\n\r\n") + 4
    chunk_sizes = (len(b"%x\r\n%b\r\n" % (len(r.data), r.data)) for r in original.reads)
    ends = list(accumulate(chunk_sizes, initial=head_size))[1:]
    return [times_ns[bisect_left(sizes, end)] for end in ends]


def _check(original: Recording, recorded: Recording) -> None:
    if recorded.body != original.body:
        sys.exit("fidelity: the bytes differ")
    if _boundaries(recorded) != _boundaries(original):
        sys.exit("fidelity: the read boundaries differ")


def _boundaries(recording: Recording) -> list[int]:
    return [len(read.data) for read in recording.reads]


def _times_ns(recording: Recording) -> list[int]:
    return [read.at_ns for read in recording.reads]


def _gap_errors_ns(original_ns: list[int], recorded_ns: list[int]) -> list[int]:
    return [
        abs((got[1] - got[0]) - (due[1] - due[0]))
        for due, got in zip(pairwise(original_ns), pairwise(recorded_ns), strict=True)
    ]


def _span_ns(times_ns: list[int]) -> int:
    return times_ns[-1] - times_ns[0]


def _total_ns(recording: Recording) -> int:
    return recording.end.at_ns


if __name__ == "__main__":
    print_figures(measure)
