"""How fast does `sse.Decoder` parse? By size of read, beside httpx-sse if that is there.

Run: python bench/decoder.py

10 MB of events of 230 bytes in reads of 64 KiB, of 256 bytes and of an event each, and 1 MB byte by
byte. The decoders take turns. httpx-sse is measured as it is used, through an `httpx.Response` that
is given the same reads; it keeps no spans, reports no issues, and httpx decodes the text for it.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec

import httpx
from harness import Figure, print_figures, stream

from streamlab.sse import Decoder, Event

REPEATS = 3


def measure() -> Iterator[Figure]:
    """The figures of this benchmark."""
    recording = stream(range(1000))
    times = 10_000_000 // len(recording.body)
    body = recording.body * times
    yield from _compare("reads of 64 KiB", _pieces(body, 65536))
    yield from _compare("reads of 256 bytes", _pieces(body, 256))
    yield from _compare("reads of an event", [read.data for read in recording.reads] * times)
    yield from _compare("reads of 1 byte", _pieces(body[: len(body) // 10], 1), repeats=1)


def _pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def _compare(what: str, reads: Sequence[bytes], repeats: int = REPEATS) -> Iterator[Figure]:
    peer = _httpx_sse if find_spec("httpx_sse") else None
    ours_s, peer_s, events = [], [], 0
    for _ in range(repeats):
        seconds, events = _time(_streamlab, reads)
        ours_s.append(seconds)
        if peer:
            seconds, peer_events = _time(peer, reads)
            peer_s.append(seconds)
            assert peer_events == events, f"{peer_events} events, not {events}"
    yield Figure(
        f"{what}, streamlab",
        _rate(min(ours_s), reads, events),
        f"best of {repeats}" if repeats > 1 else "one run",
    )
    if peer:
        ratio = f"streamlab takes {min(ours_s) / min(peer_s):.2f} times as long"
        yield Figure(f"{what}, httpx-sse", _rate(min(peer_s), reads, events), ratio)


def _time(decode: Callable[[Sequence[bytes]], int], reads: Sequence[bytes]) -> tuple[float, int]:
    start_s = time.perf_counter()
    events = decode(reads)
    return time.perf_counter() - start_s, events


def _streamlab(reads: Sequence[bytes]) -> int:
    decoder = Decoder()
    events = 0
    for read in reads:
        for item in decoder.feed(read):
            events += isinstance(item, Event)
    return events


def _httpx_sse(reads: Sequence[bytes]) -> int:
    from httpx_sse import EventSource  # noqa: PLC0415 - may not be there

    headers = {"Content-Type": "text/event-stream"}
    response = httpx.Response(200, headers=headers, content=iter(reads))
    return sum(1 for _ in EventSource(response).iter_sse())


def _rate(seconds: float, reads: Sequence[bytes], events: int) -> str:
    megabytes = sum(map(len, reads)) / 1e6
    return f"{megabytes / seconds:.1f} MB/s, {seconds / events * 1e6:.1f} µs an event"


if __name__ == "__main__":
    print_figures(measure)
