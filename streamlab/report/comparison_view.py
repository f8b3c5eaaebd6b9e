"""Two streams on one time line: the runs of both side by side, drawn to one scale, and below them
where they part, what came later, what came together, and which headers differ."""

from collections.abc import Iterator
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from streamlab.analysis import Analysis
from streamlab.comparison import Coalesced, Delay, Parting, Piece, RunPair, StreamComparison
from streamlab.comparison.event_runs import Run
from streamlab.report.show_text import format_ns, one_line
from streamlab.report.terminal import end_text, plain_table, status_text

__all__ = ["StreamsView", "added_text", "said_of", "side_name"]

_LEVELS: Final = " ▁▂▃▄▅▆▇█"
_OTHER_COLUMNS: Final = 40  # all but the strips and what the runs are: times, and what is between
_LEAST_COLUMNS: Final = 6
_MOST_COLUMNS: Final = 32
_WHAT_CHARS: Final = 20
_ROWS: Final = 60
_HEADER_CHARS: Final = 60


class StreamsView:
    """`streamlab compare` of two recordings."""

    def __init__(self, comparison: StreamComparison) -> None:
        self._comparison = comparison

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        comparison = self._comparison
        yield _heads(comparison)
        yield from _time_line(comparison, options.max_width)
        yield _marks(comparison)
        yield Group(*_sentences(comparison))
        if comparison.headers:
            yield _headers(comparison)


def side_name(analysis: Analysis) -> str:
    """What a recording goes by."""
    return one_line(analysis.name, 40) if analysis.name else analysis.id


def _heads(comparison: StreamComparison) -> Table:
    table = plain_table()
    table.show_header = False
    for side, each in (("a", comparison.a), ("b", comparison.b)):
        end = end_text(each.end.reason if each.end else None)
        name = Text(side_name(each), "bold")
        table.add_row(side, each.id, name, each.dialect or "-", status_text(each.status), end)
    return table


def _time_line(comparison: StreamComparison, width: int) -> Iterator[RenderableType]:
    """A row for each pair of runs; of a run the first time, and how many events came when."""
    shown = comparison.runs[:_ROWS]
    spare = width - _OTHER_COLUMNS - max((_what(pair).cell_len for pair in shown), default=0)
    columns = max(_LEAST_COLUMNS, min(_MOST_COLUMNS, spare // 2))
    runs = [run for pair in shown for run in pair if run is not None]
    ends_ns = [each.end.at_ns for each in (comparison.a, comparison.b) if each.end]
    span_ns = max([*ends_ns, *(run.times_ns[-1] for run in runs), 1])
    most = max((max(_cells(run, span_ns, columns)) for run in runs), default=1)
    table = plain_table()
    for name in ("", "\n"):
        table.add_column(name, no_wrap=True)
    for name in ("a", "b"):
        table.add_column(f"\n{name}", justify="right", no_wrap=True)
        table.add_column("", width=columns, no_wrap=True)
    table.add_column("\nadded", justify="right", no_wrap=True)
    marked = _marked(comparison)
    for number, pair in enumerate(shown):
        at_ns = [None if each is None else each.times_ns[0] for each in pair]
        row: list[Text] = [_sign(pair, is_marked=number == marked), _what(pair)]
        for each in pair:
            row.append(Text("" if each is None else format_ns(each.times_ns[0])))
            row.append(Text(_strip(each, span_ns, columns, most), "cyan"))
        added = None if None in at_ns else at_ns[1] - at_ns[0]  # type: ignore[operator]
        table.add_row(*row, added_text(added) if added is not None else Text())
    yield table
    if len(comparison.runs) > _ROWS:
        yield Text(f"… {len(comparison.runs) - _ROWS:,} more", "dim")


def _sign(pair: RunPair, *, is_marked: bool) -> Text:
    if is_marked:
        return Text("≠", "bold yellow")
    return Text("-", "red") if pair.b is None else Text("+", "green") if pair.a is None else Text()


def _what(pair: RunPair) -> Text:
    """The type, where it says something, and kind; how many events there are, in both if that
    differs."""
    run = pair.a or pair.b
    assert run is not None  # a pair has one at least
    name = run.kind if run.type in ("message", "", run.kind) else f"{run.type} {run.kind}"
    counts = [len(each.times_ns) for each in pair if each is not None]
    count = "/".join(f"{each:,}" for each in dict.fromkeys(counts))
    shown = f" ×{count}" if count != "1" else ""  # noqa: RUF001 - times
    return Text(one_line(name, max(4, _WHAT_CHARS - len(shown))) + shown)


def _marked(comparison: StreamComparison) -> int | None:
    """The row in which the first channel parts."""
    if not comparison.partings:
        return None
    parting = comparison.partings[0]
    rows = [
        number
        for number, pair in enumerate(comparison.runs)
        if any(
            run is not None
            and piece is not None
            and run.kind == parting.kind
            and run.first <= piece.event
            for run, piece in zip(pair, (parting.a, parting.b), strict=True)
        )
    ]
    return rows[-1] if rows else None


def _cells(run: Run, span_ns: int, columns: int) -> list[int]:
    """How many events came in each part of the time."""
    counts = [0] * columns
    for at_ns in run.times_ns:
        counts[min(at_ns * columns // span_ns, columns - 1)] += 1
    return counts


def _strip(run: Run | None, span_ns: int, columns: int, most: int) -> str:
    if run is None:
        return ""
    cells = _cells(run, span_ns, columns)
    return "".join(_LEVELS[-(-count * 8 // most)] for count in cells).rstrip()


def added_text(added_ns: int | None) -> Text:
    """How much later, with its sign."""
    if added_ns is None:
        return Text("-", "dim")
    return Text(f"{'+' if added_ns >= 0 else ''}{format_ns(added_ns)}")


def _marks(comparison: StreamComparison) -> Table:
    table = plain_table()
    table.add_column("\nfrom t0", style="dim", no_wrap=True)
    for name in ("a", "b", "added"):
        table.add_column(f"\n{name}", justify="right", no_wrap=True)
    for mark in comparison.marks:
        times = format_ns(mark.a_ns), format_ns(mark.b_ns)
        table.add_row(mark.name.replace("_", " "), *times, added_text(mark.added_ns))
    for name, a, b in _counts(comparison):
        added = Text(f"{b - a:+,}" if a != b else "", "dim")
        table.add_row(name, f"{a:,}", f"{b:,}", added)
    return table


def _counts(comparison: StreamComparison) -> Iterator[tuple[str, int, int]]:
    a, b = comparison.a, comparison.b
    yield "reads", a.reads, b.reads
    yield "events", a.events, b.events
    yield "coalesced events", a.coalesced_events, b.coalesced_events
    for item in comparison.items:
        if item.a != item.b:
            name = item.kind if item.type in ("message", "") else f"{item.type} {item.kind}"
            yield one_line(name, 32), item.a, item.b


def _sentences(comparison: StreamComparison) -> Iterator[Text]:
    yield Text()
    for line in said_of(comparison):
        yield Text(line, overflow="fold")


def said_of(comparison: StreamComparison) -> Iterator[str]:
    """What is to be said in words, safe to show."""
    if not comparison.partings:
        chars = sum(len(answer.text) for answer in comparison.a.answers)
        yield f"The output is the same; it has {chars:,} characters of text."
    for parting in comparison.partings:
        yield from _parting_lines(parting)
    if comparison.delay is not None:
        yield _delay_line(comparison.delay)
    for (side, other), coalesced in (
        ("ab", comparison.coalesced_in_a),
        ("ba", comparison.coalesced_in_b),
    ):
        if coalesced.reads:
            yield _coalesced_line(side, other, coalesced)


def _parting_lines(parting: Parting) -> Iterator[str]:
    of = f", choice {parting.choice}" if parting.choice else ""
    after = f" after “{one_line(parting.before, 40)}”" if parting.before else ""
    yield f"The {parting.kind.replace('_', ' ')}{of} parts at character {parting.offset:,}{after}:"
    yield f"  a  {_place(parting.a, parting.text_a, parting.chars_a)}"
    yield f"  b  {_place(parting.b, parting.text_b, parting.chars_b)}"


def _place(piece: Piece | None, text: str, chars: int) -> str:
    if piece is None:
        return f"ends after {chars:,} characters"
    return f"event {piece.event} at {format_ns(piece.at_ns)}  “{one_line(text, 48)}”"


def _delay_line(delay: Delay) -> str:
    found = delay.delays
    parts = [("p50", found.p50_ns), ("p90", found.p90_ns), ("p99", found.p99_ns)]
    shown = [f"{name} {_added(ns)}" for name, ns in parts if ns is not None]
    shown.append(f"max {_added(found.max_ns)}")
    what = "The same output" if delay.aligned_by == "text" else "The n-th output (the texts differ)"
    drift = f"; from start to end that changed by {_added(delay.drift_ns)}"
    grown = "" if delay.drift_ns is None else drift
    return f"{what} came in b, against a: {', '.join(shown)}, of {found.n:,} pieces{grown}."


def _added(added_ns: int | None) -> str:
    return added_text(added_ns).plain


def _coalesced_line(side: str, other: str, coalesced: Coalesced) -> str:
    held = format_ns(coalesced.longest_ns)
    reads = "1 read" if coalesced.reads == 1 else f"{coalesced.reads:,} reads"
    return (
        f"{reads} of {side} brought what came in {coalesced.of_reads:,} reads of {other}, over up "
        f"to {held}."
    )


def _headers(comparison: StreamComparison) -> Table:
    table = plain_table()
    table.add_column("\nheader", style="dim", overflow="fold")
    for name in ("a", "b"):
        table.add_column(f"\n{name}", overflow="fold")
    for name, *values in comparison.headers:
        table.add_row(Text(one_line(name, 40)), *map(_header_value, values))
    return table


def _header_value(value: str | None) -> Text:
    return Text("-", "dim") if value is None else Text(one_line(value, _HEADER_CHARS))
