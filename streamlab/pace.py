"""A pace for recordings that have none: times made up for the reads of an untimed recording.

A body that was saved without times (by `curl`, by a test's cassette) can still be served as a
stream. The times are drawn from a seed, so the same seed gives the same stream every time.
"""

from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import accumulate
from typing import Final

from streamlab.recording import UNTIMED, End, Read, Recording

__all__ = ["Pace", "is_untimed", "paced", "uniform"]

_NS_PER_MS: Final = 1_000_000
_NS_PER_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a made-up stream is.

    The first read comes after `ttft_ms`, each further one `itl_ms` after the one before, or at
    `tps` reads a second. `jitter` is the largest relative deviation of each wait: 0.2 makes 20 ms
    anything from 16 to 24 ms, evenly. ValueError if one is out of range, or both `itl_ms` and `tps`
    are given.
    """

    ttft_ms: float = 0.0
    itl_ms: float | None = None
    tps: float | None = None
    jitter: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.itl_ms is not None and self.tps is not None:
            raise ValueError("itl_ms and tps say the same thing: give one of them")
        for name, value in (("ttft_ms", self.ttft_ms), ("itl_ms", self.itl_ms)):
            if value is not None and not 0 <= value < _LONGEST_MS:
                raise ValueError(f"{name} must be from 0 to an hour, not {value}")
        if self.tps is not None and not _SLOWEST_TPS < self.tps < _FASTEST_TPS:
            raise ValueError(f"tps must be above 0, up to a million, not {self.tps}")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"jitter must be from 0 to 1, not {self.jitter}")

    @property
    def gap_ns(self) -> float:
        """The mean wait between two reads."""
        if self.tps is not None:
            return _NS_PER_S / self.tps
        return (self.itl_ms or 0.0) * _NS_PER_MS


_LONGEST_MS: Final = 3_600_000.001
_SLOWEST_TPS: Final = 1e-4
_FASTEST_TPS: Final = 1_000_000.001


def is_untimed(recording: Recording) -> bool:
    """Whether the times of its reads mean nothing."""
    return UNTIMED in recording.tags


def paced(recording: Recording, pace: Pace) -> Recording:
    """The recording with the times of its reads made up; bytes, boundaries and end stay.

    Each wait depends on the seed, the recording's id and the number of the read, on nothing else:
    a stream that is cut short keeps the times of what is left.
    """
    waits = [
        _wait_ns(pace, recording.id, number, pace.gap_ns if number else pace.ttft_ms * _NS_PER_MS)
        for number in range(len(recording.reads))
    ]
    times = list(accumulate(waits))
    first_ns, last_ns = (times[0], times[-1]) if times else (0, 0)
    response, end = recording.response, recording.end
    return replace(
        recording,
        response=response and replace(response, at_ns=min(response.at_ns, first_ns)),
        marks=tuple(replace(mark, at_ns=min(mark.at_ns, first_ns)) for mark in recording.marks),
        reads=tuple(
            Read(at_ns=at_ns, data=read.data)
            for at_ns, read in zip(times, recording.reads, strict=True)
        ),
        end=end and End(at_ns=last_ns, reason=end.reason, detail=end.detail),
    )


def _wait_ns(pace: Pace, recording_id: str, number: int, mean_ns: float) -> int:
    deviation = pace.jitter * (2 * uniform(f"{pace.seed}:{recording_id}:{number}") - 1)
    return round(mean_ns * (1 + deviation))


def uniform(text: str) -> float:
    """A number from 0 to 1 that depends on the text alone."""
    return int.from_bytes(sha256(text.encode()).digest()[:8]) / 2**64
