"""The events of two streams as runs, set side by side."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Final, NamedTuple

from streamlab.analysis import Stream
from streamlab.dialect import main_delta
from streamlab.sse import Blank, Comment, Event, Retry

__all__ = ["ItemCount", "Run", "RunPair", "count_items", "pair_runs", "runs_of"]

# Above so many possible pairs a difference of runs is not looked into: it would take a second.
_PAIRS: Final = 250_000


@dataclass(frozen=True, slots=True)
class Run:
    """Events of one type and kind one after the other: the number of the first, counted from 0, and
    when each came."""

    type: str
    kind: str
    first: int
    times_ns: tuple[int, ...]

    @property
    def label(self) -> tuple[str, str]:
        """What a run has to share with its counterpart."""
        return self.type, self.kind


class RunPair(NamedTuple):
    """A run of `a` and its counterpart in `b`; one of them None where the other one has none."""

    a: Run | None
    b: Run | None


class ItemCount(NamedTuple):
    """How many items of a type and kind each stream has; the type is "" for what is no event."""

    type: str
    kind: str
    a: int
    b: int


def runs_of(stream: Stream) -> tuple[Run, ...]:
    """The runs of a stream. What says nothing (a ping, a comment) is in none, and ends none: where
    keep-alives stand is up to clocks."""
    said = [
        (event.event.type, main_delta(event.deltas).kind, number, event.arrival.at_ns)
        for number, event in enumerate(stream.events)
    ]
    found = []
    for (type_, kind), group in groupby(
        (each for each in said if each[1] != "empty"), key=lambda each: each[:2]
    ):
        members = list(group)
        found.append(Run(type_, kind, members[0][2], tuple(each[3] for each in members)))
    return tuple(found)


def pair_runs(a: Sequence[Run], b: Sequence[Run]) -> tuple[RunPair, ...]:
    """The runs of both in one order, those of the same type and kind together."""
    shortest = min(len(a), len(b))
    head = next((n for n in range(shortest) if a[n].label != b[n].label), shortest)
    rest = shortest - head
    tail = next((n for n in range(rest) if a[-1 - n].label != b[-1 - n].label), rest)
    inside = _different(a[head : len(a) - tail], b[head : len(b) - tail])
    first = [RunPair(*each) for each in zip(a[:head], b[:head], strict=True)]
    last = zip(a[len(a) - tail :], b[len(b) - tail :], strict=True)
    return (*first, *inside, *(RunPair(*each) for each in last))


def _different(a: Sequence[Run], b: Sequence[Run]) -> list[RunPair]:
    labels = [run.label for run in a], [run.label for run in b]
    if len(a) * len(b) > _PAIRS:
        return [*(RunPair(run, None) for run in a), *(RunPair(None, run) for run in b)]
    pairs: list[RunPair] = []
    matcher = SequenceMatcher(None, *labels, autojunk=False)
    for tag, start_a, stop_a, start_b, stop_b in matcher.get_opcodes():
        of_a, of_b = a[start_a:stop_a], b[start_b:stop_b]
        if tag == "equal":
            pairs += [RunPair(*each) for each in zip(of_a, of_b, strict=True)]
        else:
            pairs += [*(RunPair(run, None) for run in of_a), *(RunPair(None, run) for run in of_b)]
    return pairs


def count_items(a: Stream, b: Stream) -> tuple[ItemCount, ...]:
    """How many there are of each, in the order in which they first appear."""
    of_a, of_b = Counter(_labels(a)), Counter(_labels(b))
    return tuple(ItemCount(*label, of_a[label], of_b[label]) for label in {**of_a, **of_b})


def _labels(stream: Stream) -> list[tuple[str, str]]:
    events = [(event.event.type, main_delta(event.deltas).kind) for event in stream.events]
    others = [arrival.item for arrival in stream.arrived if not isinstance(arrival.item, Event)]
    return [*events, *(("", _kind(item)) for item in others if not isinstance(item, Blank))]


def _kind(item: object) -> str:
    if isinstance(item, Comment):
        return "comment"
    return "retry" if isinstance(item, Retry) else "issue"
