"""Where a body may be cut: pure functions of its bytes.

A cut is an offset in the body, above 0 and below its length; cuts are ascending tuples of them.
"""

import random
import re
from collections.abc import Callable, Iterator
from typing import Final

__all__ = ["Cuts", "every_cuts", "fewest", "inside_characters", "inside_line_ends"]

Cuts = tuple[int, ...]

_CONTINUATION: Final = re.compile(rb"[\x80-\xbf]")
_CRLF: Final = re.compile(rb"\r(?=\n)")
_RANDOM_MAX: Final = 64


def inside_characters(body: bytes) -> Cuts:
    """Before each byte that goes on with a character of UTF-8."""
    return tuple(match.start() for match in _CONTINUATION.finditer(body) if match.start())


def inside_line_ends(body: bytes) -> Cuts:
    """Between each CR and its LF."""
    return tuple(match.end() for match in _CRLF.finditer(body))


def every_cuts(body: bytes, *, seed: int, limit: int) -> Iterator[Cuts]:
    """At most `limit` ways to cut a body, each once, the telling ones first.

    At every byte; inside every character; inside every line end; at one place, those inside
    characters and around line ends before all others; and, if there are ways left, at several
    places that are drawn.
    """
    seen: set[Cuts] = {()}
    for cuts in _ways(body, random.Random(seed)):  # noqa: S311 - a repeatable choice, no secret
        if len(seen) > limit:
            return
        if cuts not in seen:
            seen.add(cuts)
            yield cuts


def _ways(body: bytes, draw: random.Random) -> Iterator[Cuts]:
    places = range(1, len(body))
    if not places:
        return
    characters, line_ends = inside_characters(body), inside_line_ends(body)
    yield tuple(places)
    yield characters
    yield line_ends
    around = {stop for match in re.finditer(rb"[\r\n:]", body) for stop in match.span()}
    telling = [*characters, *line_ends, *sorted(around & set(places))]
    draw.shuffle(telling)
    yield from ((place,) for place in telling)
    yield from ((place,) for place in draw.sample(places, len(places)))
    # Of a body so short that this repeats itself there is nothing more to be had.
    for _ in range(10 * len(places)):
        count = draw.randint(2, _RANDOM_MAX)
        yield tuple(sorted(draw.sample(places, min(count, len(places)))))


def fewest(cuts: Cuts, fails: Callable[[Cuts], bool]) -> Cuts:
    """The fewest of `cuts` with which it still fails, none of which can be left out alone."""
    size = (len(cuts) + 1) // 2
    while cuts and size:
        start = 0
        while start < len(cuts):
            fewer = cuts[:start] + cuts[start + size :]
            if fewer and fails(fewer):
                cuts = fewer
            else:
                start += size
        size = size // 2 if size > 1 else 0
    return cuts
