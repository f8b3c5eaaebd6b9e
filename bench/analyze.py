"""How many recordings a second can be analysed, and does the time grow with the events only?

Run: python bench/analyze.py

`finding.find`, which reads and analyzes them first, on recordings in memory of 200, 2,000 and
20,000 events, one event a read.
"""

import time
from collections.abc import Iterator

from harness import MS, Figure, print_figures, stream

from streamlab.finding import find

REPEATS = 3
EVENTS_A_REPEAT = 20_000


def measure() -> Iterator[Figure]:
    """The figures of this benchmark."""
    for events in (200, 2_000, 20_000):
        recording = stream(range(0, events * 20 * MS, 20 * MS))
        rounds = EVENTS_A_REPEAT // events
        times_s = []
        for _ in range(REPEATS):
            start_s = time.perf_counter()
            for _ in range(rounds):
                assert find(recording)
            times_s.append((time.perf_counter() - start_s) / rounds)
        best_s = min(times_s)
        yield Figure(
            f"recordings of {events:,} events",
            f"{1 / best_s:,.1f} recordings/s, {best_s / events * 1e6:.1f} µs an event",
            f"best of {REPEATS}",
        )


if __name__ == "__main__":
    print_figures(measure)
