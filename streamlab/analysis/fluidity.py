"""How much of a stream was there when a reader needed it: the fluidity index of Etalon.

Source: Agrawal et al., "Etalon: Holistic Performance Evaluation Framework for LLM Inference
Systems", https://arxiv.org/abs/2407.07000.
"""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Deadlines", "fluidity_index"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long a reader waits for the first output, and then for each other, in ns, above 0."""

    first_ns: int
    next_ns: int


def fluidity_index(
    ttft_ns: int | None, gaps_ns: Iterable[int], deadlines: Deadlines
) -> float | None:
    """The share of deadlines that were met; None without output.

    What comes early leaves slack to what follows. What comes late has missed as many deadlines as
    would have passed meanwhile, and the slack is gone; a first output that is late misses one. All
    deadlines are counted, as the program of that paper does; the paper divides by the tokens.
    """
    if ttft_ns is None:
        return None
    met, missed, slack_ns = 0, 0, 0
    if ttft_ns <= deadlines.first_ns:
        met, slack_ns = 1, deadlines.first_ns - ttft_ns
    else:
        missed = 1
    for gap_ns in gaps_ns:
        over_ns = gap_ns - slack_ns
        if over_ns <= deadlines.next_ns:
            met += 1
            slack_ns = deadlines.next_ns - over_ns
        else:
            missed += over_ns // deadlines.next_ns
            slack_ns = 0
    return met / (met + missed)
