"""Faults in how a body is cut: the same bytes in other pieces, each an HTTP chunk of its own."""

import re
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Final, Literal

from streamlab.fault.option import Bytes, Count, Ms
from streamlab.fault.pieces import NS_PER_MS
from streamlab.recut import body_of, event_stops, pieces_until, sends_of, with_sends
from streamlab.schedule import Schedule, Send

__all__ = ["merge", "slice_"]

_SLICE_BYTES: Final = 16
_LONGEST_RANDOM_BYTES: Final = 64
_MERGED_EVENTS: Final = 2
_WIDE_CHARACTER: Final = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")

Place = Literal["every_byte", "utf8", "crlf", "random"]


def slice_(
    schedule: Schedule,
    *,
    chance: Callable[[int], float],
    bytes_: Bytes | None = None,
    at: Place | None = None,
    gap_ms: Ms = 1,
) -> Schedule:
    """Pieces are cut into smaller ones: of `bytes` (16 where nothing is said), or `at` every byte,
    inside each character that UTF-8 writes in several, between each CR and its LF, or after 1 to 64
    bytes at random. Between any two pieces lie `gap_ms` at least, so that they arrive apart."""
    sends = sends_of(schedule)
    ends = _ends(sends)
    stops = _places(body_of(schedule), at, chance) if at else _steps(ends, bytes_ or _SLICE_BYTES)
    return with_sends(schedule, _apart(pieces_until(sorted({*ends, *stops}), sends), gap_ms))


def merge(
    schedule: Schedule, *, events: Count | None = None, bytes_: Bytes | None = None
) -> Schedule:
    """Pieces are glued together until they hold as many `events` (2 where nothing is said) or
    `bytes`; they leave when the last of them was due."""
    sends = sends_of(schedule)
    ends = _ends(sends)
    if bytes_ is not None:
        return with_sends(schedule, pieces_until(_filled(ends, bytes_), sends))
    count = events or _MERGED_EVENTS
    stops = event_stops(schedule)
    glued = (ends if stops is None else stops)[count - 1 :: count]
    return with_sends(schedule, pieces_until(glued, sends))


def _ends(sends: Sequence[Send]) -> list[int]:
    """The offsets in the body at which its pieces end."""
    return list(accumulate(len(send.data) for send in sends))


def _places(body: bytes, at: Place, chance: Callable[[int], float]) -> list[int]:
    match at:
        case "every_byte":
            return list(range(1, len(body)))
        case "utf8":
            return [match.start() + 1 for match in _WIDE_CHARACTER.finditer(body)]
        case "crlf":
            return [match.start() + 1 for match in re.finditer(rb"\r\n", body)]
        case "random":
            return _random(len(body), chance)


def _random(body_bytes: int, chance: Callable[[int], float]) -> list[int]:
    stops, stop = [], 0
    while stop < body_bytes:
        stop += 1 + int(chance(stop) * _LONGEST_RANDOM_BYTES)
        stops.append(stop)
    return stops


def _steps(ends: Sequence[int], step: int) -> list[int]:
    """Every `step` bytes, counted anew in each piece."""
    return [stop for start, end in pairwise([0, *ends]) for stop in range(start + step, end, step)]


def _filled(ends: Sequence[int], wanted_bytes: int) -> list[int]:
    """Those of the ends at which so many bytes have come together."""
    stops, start = [], 0
    for end in ends:
        if end - start >= wanted_bytes:
            stops.append(end)
            start = end
    return stops


def _apart(sends: Sequence[Send], gap_ms: float) -> list[Send]:
    """The pieces, each so much later than the one before it; later ones make up for it."""
    apart: list[Send] = []
    earliest_ns = 0
    for send in sends:
        at_ns = max(send.at_ns, earliest_ns)
        apart.append(Send(at_ns=at_ns, data=send.data))
        earliest_ns = at_ns + round(gap_ms * NS_PER_MS)
    return apart
