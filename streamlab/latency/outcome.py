"""What became of a request: one word for its status, its end and what the stream says of itself."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal, get_args

from streamlab.analysis import Analysis
from streamlab.recording import EndReason

__all__ = ["OUTCOMES", "Outcome", "count_outcomes", "find_outcome", "outcome_of"]

Outcome = Literal[
    "complete",  # the stream ended as it should, or its client left after the end marker
    "http_error",  # a status of 400 or more
    "failed",  # the stream itself reports a failure
    "truncated",  # these are end reasons: see `recording.EndReason`
    "reset",
    "timeout",
    "protocol_error",
    "client_closed",
    "unreachable",
    "recorder_died",
    "recording",  # it goes on
]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


def find_outcome(
    status: int | None,
    end_reason: EndReason | None,
    *,
    has_end_marker: bool,
    reports_failure: bool,
) -> Outcome:
    """The first of these that holds. What the server says of a failure goes before how the
    connection ended after it."""
    if status is not None and status >= 400:
        return "http_error"
    if end_reason is None:
        return "recording"
    if reports_failure:
        return "failed"
    if end_reason == "client_closed" and has_end_marker:
        return "complete"
    return end_reason


def outcome_of(analysis: Analysis) -> Outcome:
    """That of a recording that was analyzed."""
    return find_outcome(
        analysis.status,
        analysis.end.reason if analysis.end else None,
        has_end_marker=analysis.has_end_marker,
        reports_failure=bool(analysis.errors),
    )


def count_outcomes(outcomes: Iterable[Outcome]) -> dict[Outcome, int]:
    """How often there is each, in the order of `OUTCOMES`; those that there are."""
    counts = Counter(outcomes)
    return {outcome: counts[outcome] for outcome in OUTCOMES if counts[outcome]}
