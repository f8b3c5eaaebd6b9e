"""Compares recordings, or sets of them, and prints what differs."""

from collections.abc import Sequence
from math import isfinite

from streamlab.analysis import analyze
from streamlab.cli._console import print_json, print_text, show
from streamlab.comparison import Criteria, SetComparison, compare_sets, compare_streams, pairs
from streamlab.errors import InputError
from streamlab.recording import Recording
from streamlab.replay.key import RequestKey, request_key
from streamlab.report import (
    StreamsView,
    sets_json,
    sets_markdown,
    sets_view,
    streams_json,
    streams_markdown,
)

__all__ = ["print_sets", "print_streams", "read_criteria"]


def read_criteria(min_change: str, min_ms: float, alpha: float) -> Criteria:
    """What the options say. InputError where the least change is no percentage."""
    try:
        percent = float(min_change.strip().removesuffix("%"))
    except ValueError:
        percent = -1.0
    if not isfinite(percent) or percent < 0:
        hint = "a number of percent, for example: --min-change 10%"
        raise InputError(f"--min-change {min_change!r} is no percentage", hint)
    return Criteria(min_change=percent / 100, min_ns=min_ms * 1e6, alpha=alpha)


def print_streams(a: Recording, b: Recording, form: str) -> None:
    """Print what differs between two recordings, as `text`, `json` or `md`."""
    comparison = compare_streams(a, b)
    if form == "json":
        print_json(streams_json(comparison))
    elif form == "md":
        print_text(streams_markdown(comparison))
    else:
        show(StreamsView(comparison))


def print_sets(
    a: Sequence[Recording],
    b: Sequence[Recording],
    names: tuple[str, str],
    form: str,
    *,
    criteria: Criteria,
    paired: bool,
    seed: int,
) -> SetComparison:
    """Print what differs between two sets, likewise; what that is."""
    if paired:
        a, b = _paired(a, b)
    of_a, of_b = [*map(analyze, a)], [*map(analyze, b)]
    comparison = compare_sets(of_a, of_b, paired=paired, criteria=criteria, seed=seed)
    if form == "json":
        print_json(sets_json(comparison, names))
    elif form == "md":
        print_text(sets_markdown(comparison, names))
    else:
        show(sets_view(comparison, names))
    return comparison


def _paired(
    a: Sequence[Recording], b: Sequence[Recording]
) -> tuple[list[Recording], list[Recording]]:
    """Those of the same request, in one order. InputError where there are none."""
    found = pairs([*map(_key, a)], [*map(_key, b)])
    if not found:
        hint = "pairs have the same method, path, query and body; without --paired all are compared"
        raise InputError("no request of A is one of B", hint)
    return [a[index] for index, _ in found], [b[index] for _, index in found]


def _key(recording: Recording) -> RequestKey:
    request = recording.request
    return request_key(request.method, request.url, request.body)
