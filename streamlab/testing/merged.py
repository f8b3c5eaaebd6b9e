"""What a cassette holds once it has been recorded anew."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace

from streamlab.recording import Recording

__all__ = ["rewritten"]


def rewritten(
    old: Iterable[Recording],
    new: Sequence[Recording],
    key: Callable[[Recording], Hashable],
) -> list[Recording]:
    """The new ones, in the order and under the ids of the old ones, so that a diff shows what the
    API says otherwise: the n-th of a request takes the place of the n-th of it. Those of requests
    that are new come last."""
    again: defaultdict[Hashable, list[Recording]] = defaultdict(list)
    for recording in new:
        again[key(recording)].append(recording)
    replaced = [replace(again[key(each)].pop(0), id=each.id) for each in old if again[key(each)]]
    return [*replaced, *(each for each in new if each in again[key(each)])]
