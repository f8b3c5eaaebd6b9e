"""Runs of alike entries, which a time line shows as one row.

A run goes on as long as events are of one type, kind, choice and tool call, and come at a pace: it
ends at a gap of five times the stream's median gap, but of 50 ms at least, and at any stall.
"""

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Final

from streamlab.analysis import DEFAULT_STALL_NS
from streamlab.dialect import Delta, DeltaKind
from streamlab.report.layout import Entry
from streamlab.sse import Event

__all__ = ["FOLDED_FROM", "goes_on", "pause_ns", "runs"]

FOLDED_FROM: Final = 5
"""So many entries in a run are shown as one row; fewer are shown as they are."""

_PAUSE_MEDIANS: Final = 5
_PAUSE_NS: Final = 50_000_000
# What each of is told: what went wrong, where the stream turns, what it says of itself.
_NEVER_FOLDED: Final[frozenset[DeltaKind]] = frozenset(
    {"malformed", "error", "finish", "usage", "end"}
)


def pause_ns(times_ns: Sequence[int]) -> int:
    """The gap from which on a stream that moves at these times has paused."""
    gaps_ns = sorted(later - earlier for earlier, later in pairwise(times_ns) if later > earlier)
    median_ns = gaps_ns[len(gaps_ns) // 2] if gaps_ns else 0
    return min(DEFAULT_STALL_NS, max(_PAUSE_NS, _PAUSE_MEDIANS * median_ns))


def runs(entries: Sequence[Entry], stalled_ns: Collection[int] = ()) -> list[list[Entry]]:
    """The entries in their order, each in its run; many runs have one entry only. `stalled_ns` are
    the times at which stalls ended."""
    longest_ns = pause_ns([entry.arrival.at_ns for entry in entries])
    found: list[list[Entry]] = []
    for entry in entries:
        run = found[-1] if found else []
        last_ns = run[-1].arrival.at_ns if run else 0
        is_after_stall = entry.arrival.at_ns in stalled_ns and entry.arrival.at_ns > last_ns
        if run and not is_after_stall and _is_alike(run[0], run[-1], entry, longest_ns):
            run.append(entry)
        else:
            found.append([entry])
    return found


def _is_alike(first: Entry, last: Entry, entry: Entry, longest_ns: int) -> bool:
    if entry.arrival.at_ns - last.arrival.at_ns >= longest_ns or first.kind != entry.kind:
        return False
    if first.main is None or entry.main is None:
        return entry.kind == "comment"
    is_foldable = first.main.kind not in _NEVER_FOLDED
    return is_foldable and _type(first) == _type(entry) and goes_on(first.main, entry.main)


def _type(entry: Entry) -> str:
    item = entry.arrival.item
    return item.type if isinstance(item, Event) else ""


def goes_on(first: Delta, delta: Delta) -> bool:
    """Whether a delta adds to what `first` began: a piece need not say its tool call again."""
    return (
        (delta.kind, delta.choice) == (first.kind, first.choice)
        and delta.name in ("", first.name)
        and delta.call_id in ("", first.call_id)
        and delta.call_index in (None, first.call_index)
    )
