"""Which streams of two sets belong together."""

from collections import defaultdict, deque
from collections.abc import Hashable, Sequence

__all__ = ["pairs"]


def pairs(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The positions of equal keys in both: the n-th with a key in `a` goes with the n-th in `b`.
    Those without a counterpart are left out."""
    waiting: defaultdict[Hashable, deque[int]] = defaultdict(deque)
    for index, key in enumerate(b):
        waiting[key].append(index)
    return [(index, waiting[key].popleft()) for index, key in enumerate(a) if waiting[key]]
