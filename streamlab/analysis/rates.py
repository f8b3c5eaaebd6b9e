"""How many tokens there were, and how long each took. Durations are ns."""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Final, Literal, NamedTuple

from streamlab.analysis.answer import last_usage
from streamlab.analysis.marks import Instant, Marks
from streamlab.analysis.read_event import ReadEvent
from streamlab.dialect import Delta, Usage

__all__ = ["Rates", "TokenSource", "Tokens", "count_tokens", "rates"]

TokenSource = Literal["usage", "deltas"]

# Above so many tokens a chunk, gaps say little about tokens.
_COARSE: Final = 1.25


class Tokens(NamedTuple):
    """The tokens of a stream, and where the number of those of the output comes from. `in_first` is
    how many of them the first event with output brought, where it says so itself, else 1."""

    output: int | None
    source: TokenSource | None
    in_first: int
    usage: Usage


class Rates(NamedTuple):
    """Times per token and tokens per second; None where there are no tokens or times. Names as in
    `Analysis`."""

    tpot_ns: int | None  # (last output - first output) / (tokens - those of the first output)
    tpot_incl_first_ns: int | None  # latency / tokens
    ntpot_ns: int | None  # total / tokens
    tps_user: float | None  # 1 / tpot: per second, after the first
    tps_e2e: float | None  # tokens / latency: per second, from the request on
    tokens_per_chunk: float | None  # stated tokens / events with output
    is_coarse: bool  # above 1.25 of those


def count_tokens(
    events: Sequence[ReadEvent], deltas: Sequence[Delta], first: Instant | None
) -> Tokens:
    """The provider's own count, the last one it states, since repeated usage counts up; else the
    number of deltas with output: an approximation. `first` is the first output."""
    usage = _stated(deltas)
    if usage.completion_tokens is None:
        count = sum(delta.is_output for delta in deltas)
        return Tokens(count or None, "deltas" if count else None, 1, usage)
    in_first = _tokens_of(events, first)
    # Usage that comes once says nothing of its own event.
    if in_first is None or not 0 < in_first < usage.completion_tokens:
        in_first = 1
    return Tokens(usage.completion_tokens, "usage", in_first, usage)


def _tokens_of(events: Sequence[ReadEvent], first: Instant | None) -> int | None:
    """The tokens so far that the event of an instant states."""
    if first is None or first.event is None:
        return None
    return _stated(events[first.event].deltas).completion_tokens


def _stated(deltas: Iterable[Delta]) -> Usage:
    """Of each count the last one stated."""
    return reduce(last_usage, (d.usage for d in deltas if d.usage is not None), Usage())


def rates(marks: Marks, tokens: Tokens, output_events: int) -> Rates:
    """The rates of a stream with these marks and tokens."""
    count = tokens.output
    last_ns = marks.last_token.at_ns if marks.last_token else None
    tpot_ns = _tpot_ns(marks, tokens, output_events)
    is_counted = tokens.source == "usage" and output_events > 0
    per_chunk = count / output_events if is_counted and count is not None else None
    return Rates(
        tpot_ns=None if tpot_ns is None else round(tpot_ns),
        tpot_incl_first_ns=round(last_ns / count) if count and last_ns is not None else None,
        ntpot_ns=round(marks.eof.at_ns / count) if count and marks.eof else None,
        tps_user=1e9 / tpot_ns if tpot_ns else None,
        tps_e2e=count * 1e9 / last_ns if count and last_ns else None,
        tokens_per_chunk=per_chunk,
        is_coarse=per_chunk is not None and per_chunk > _COARSE,
    )


def _tpot_ns(marks: Marks, tokens: Tokens, output_events: int) -> float | None:
    first, last = marks.first_token, marks.last_token
    if first is None or last is None or tokens.output is None:
        return None
    if output_events < 2 or tokens.output < 2:
        return None
    return (last.at_ns - first.at_ns) / (tokens.output - tokens.in_first)
