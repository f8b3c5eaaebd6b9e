"""Two recordings on one time line, both from t0: such as direct, and through a gateway."""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Final, Literal, NamedTuple

from streamlab.analysis import (
    Analysis,
    Distribution,
    Instant,
    Marks,
    analyze,
    distribution,
    read_stream,
)
from streamlab.comparison.event_runs import ItemCount, RunPair, count_items, pair_runs, runs_of
from streamlab.comparison.output import Aligned, Parting, align, output_of, partings
from streamlab.recording import UNTIMED, Header, Recording, Response

__all__ = ["Coalesced", "Delay", "HeaderPair", "MarkPair", "StreamComparison", "compare_streams"]

# The quarters whose medians make up the drift have at least two pieces each.
_DRIFT_N: Final = 8
# It differs between any two responses.
_ALWAYS_OTHER: Final = frozenset({"date"})


class MarkPair(NamedTuple):
    """A mark of both streams, in ns from t0; None where it was not met."""

    name: str
    a_ns: int | None
    b_ns: int | None

    @property
    def added_ns(self) -> int | None:
        """How much later it is in `b`."""
        return None if self.a_ns is None or self.b_ns is None else self.b_ns - self.a_ns


class HeaderPair(NamedTuple):
    """A response header that differs, its name in lower case, several values of it joined."""

    name: str
    a: str | None
    b: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """How much later the same output came in `b`: aligned by its text, or where that is another, by
    order. `drift_ns` is how much the delay grew: its median in the last quarter of the pieces less
    that in the first."""

    aligned_by: Literal["text", "order"]
    delays: Distribution
    first_ns: int
    last_ns: int
    drift_ns: int | None


class Coalesced(NamedTuple):
    """Reads of one stream with what came in several of the other: how many (`reads` with what
    `of_reads` held), and the longest that the first output of one had to wait for the last."""

    reads: int
    of_reads: int
    longest_ns: int


_NONE_COALESCED: Final = Coalesced(0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamComparison:
    """What differs between two streams. Times are None where one of them is untimed."""

    a: Analysis
    b: Analysis
    marks: tuple[MarkPair, ...]
    partings: tuple[Parting, ...]
    runs: tuple[RunPair, ...]
    items: tuple[ItemCount, ...]
    delay: Delay | None
    coalesced_in_a: Coalesced
    coalesced_in_b: Coalesced
    headers: tuple[HeaderPair, ...]


def compare_streams(a: Recording, b: Recording) -> StreamComparison:
    """What differs from `a` to `b`."""
    stream_a, stream_b = read_stream(a), read_stream(b)
    analysis_a, analysis_b = analyze(a, stream=stream_a), analyze(b, stream=stream_b)
    output_a, output_b = output_of(stream_a.events), output_of(stream_b.events)
    aligned_by, aligned = align(output_a, output_b)
    is_timed = UNTIMED not in (*a.tags, *b.tags)
    return StreamComparison(
        a=analysis_a,
        b=analysis_b,
        marks=_mark_pairs(analysis_a.marks, analysis_b.marks),
        partings=partings(output_a, output_b),
        runs=pair_runs(runs_of(stream_a), runs_of(stream_b)),
        items=count_items(stream_a, stream_b),
        delay=_delay(aligned_by, aligned) if is_timed and aligned else None,
        coalesced_in_a=_coalesced(*align(output_b, output_a)) if is_timed else _NONE_COALESCED,
        coalesced_in_b=_coalesced(aligned_by, aligned) if is_timed else _NONE_COALESCED,
        headers=_header_pairs(a.response, b.response),
    )


def _mark_pairs(a: Marks, b: Marks) -> tuple[MarkPair, ...]:
    """Those that at least one of the two has."""
    pairs = [
        MarkPair(mark.name, _at(getattr(a, mark.name)), _at(getattr(b, mark.name)))
        for mark in fields(Marks)
    ]
    return tuple(pair for pair in pairs if pair[1:] != (None, None))


def _at(mark: Instant | None) -> int | None:
    return None if mark is None else mark.at_ns


def _delay(aligned_by: Literal["text", "order"], aligned: Sequence[Aligned]) -> Delay:
    delays_ns = [each.delay_ns for each in aligned]
    quarter = len(delays_ns) // 4
    drift_ns = None
    if len(delays_ns) >= _DRIFT_N:
        late, early = (
            statistics.median(part) for part in (delays_ns[-quarter:], delays_ns[:quarter])
        )
        drift_ns = round(late - early)
    return Delay(
        aligned_by=aligned_by,
        delays=distribution(delays_ns),
        first_ns=delays_ns[0],
        last_ns=delays_ns[-1],
        drift_ns=drift_ns,
    )


def _coalesced(aligned_by: Literal["text", "order"], aligned: Iterable[Aligned]) -> Coalesced:
    """Of the reads of `b`. By order nothing shows: another text may come in other pieces."""
    if aligned_by == "order":
        return _NONE_COALESCED
    came_ns: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for a, b in aligned:
        came_ns[b.read][a.read] = a.at_ns
    several = [times.values() for times in came_ns.values() if len(times) > 1]
    return Coalesced(
        reads=len(several),
        of_reads=sum(map(len, several)),
        longest_ns=max((max(times) - min(times) for times in several), default=0),
    )


def _header_pairs(a: Response | None, b: Response | None) -> tuple[HeaderPair, ...]:
    of_a, of_b = (_values(response.headers if response else ()) for response in (a, b))
    names = sorted({*of_a, *of_b} - _ALWAYS_OTHER)
    pairs = [HeaderPair(name, of_a.get(name), of_b.get(name)) for name in names]
    return tuple(pair for pair in pairs if pair.a != pair.b)


def _values(headers: Iterable[Header]) -> dict[str, str]:
    values: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in headers:
        values[name.lower()].append(value)
    return {name: ", ".join(each) for name, each in values.items()}
