"""The text of a stream as it grew: with times where it paused, and at each so many events."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from rich.console import Console, ConsoleOptions, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from streamlab.dialect import Delta, DeltaKind
from streamlab.report.fold import goes_on, pause_ns
from streamlab.report.layout import Layout, Selection
from streamlab.report.show_text import format_ns, one_line, visible
from streamlab.report.terminal import plain_table
from streamlab.report.time_line import end_rows

__all__ = ["Grown", "Growth", "grown"]

_STEP_EVENTS: Final = 20
_NAME_CHARS: Final = 60
_STYLES: Final[dict[DeltaKind, str]] = {"reasoning": "dim italic", "refusal": "yellow"}


class Grown(NamedTuple):
    """What came from `at_ns` to `until_ns` without a pause; `first` is the delta it began with, and
    `events` the numbers of the first and the last event."""

    at_ns: int
    until_ns: int
    events: tuple[int, int]
    first: Delta
    text: str


def grown(layout: Layout, selection: Selection) -> list[Grown]:
    """The steps in which the output that is selected came."""
    outputs = list(_outputs(layout, selection))
    longest_ns = pause_ns([at_ns for _, at_ns, _ in outputs])
    steps: list[list[tuple[int, int, Delta]]] = []
    for output in outputs:
        step = steps[-1] if steps else []
        if step and output[1] - step[-1][1] < longest_ns and _adds(step, output):
            step.append(output)
        else:
            steps.append([output])
    return [_step(step) for step in steps]


def _outputs(layout: Layout, selection: Selection) -> Iterator[tuple[int, int, Delta]]:
    """Of each delta with output the number of its event, its time, and itself."""
    events = iter(layout.stream.events)
    for entry in layout.entries:
        if entry.number is None:
            continue
        event = next(events)
        types, kinds = selection.types, selection.kinds
        if not selection.holds(entry) or (types and event.event.type not in types):
            continue
        for delta in event.deltas:
            # A tool call may begin with its name alone.
            is_named = delta.kind == "tool_call" and bool(delta.name)
            if (delta.is_output or is_named) and (not kinds or delta.kind in kinds):
                yield entry.number, entry.arrival.at_ns, delta


def _adds(step: Sequence[tuple[int, int, Delta]], output: tuple[int, int, Delta]) -> bool:
    number, _, delta = output
    return goes_on(step[0][2], delta) and number - step[0][0] < _STEP_EVENTS


def _step(step: Sequence[tuple[int, int, Delta]]) -> Grown:
    (first, at_ns, delta), (last, until_ns, _) = step[0], step[-1]
    return Grown(at_ns, until_ns, (first, last), delta, "".join(each.text for *_, each in step))


class Growth:
    """`streamlab show --as growth`: reasoning named and dimmed, tool calls boxed."""

    def __init__(self, layout: Layout, selection: Selection) -> None:
        found = grown(layout, selection)
        self._steps = found[: selection.limit]
        self._left = len(found) - len(self._steps)
        self._ends = end_rows(layout.recording) if selection.has_end(layout) else []

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        before_ns = 0
        for group in _groups(self._steps):
            table = _table(group, before_ns)
            before_ns = group[-1].until_ns
            first = group[0].first
            yield _boxed(table, first) if first.kind == "tool_call" else table
        if self._left:
            yield Text(f"… {self._left:,} more", "dim")
            return
        for row in self._ends:
            gap = f"+{format_ns(row.at_ns - before_ns)}" if row.at_ns > before_ns else ""
            table = _empty_table()
            table.add_row(format_ns(row.at_ns), Text(gap, "dim"), row.kind)
            yield table


def _groups(steps: Sequence[Grown]) -> list[list[Grown]]:
    """Steps that go into one table: of one tool call, or of anything else."""
    groups: list[list[Grown]] = []
    for step in steps:
        last = groups[-1] if groups else []
        if last and _is_one(last[0].first, step.first):
            last.append(step)
        else:
            groups.append([step])
    return groups


def _is_one(first: Delta, delta: Delta) -> bool:
    if "tool_call" in (first.kind, delta.kind):
        return goes_on(first, delta)
    return True


def _empty_table() -> Table:
    table = plain_table()
    table.show_header = False
    table.expand = True
    table.add_column(justify="right", no_wrap=True, min_width=8, style="dim")
    table.add_column(justify="right", no_wrap=True, min_width=9)
    table.add_column(ratio=1, overflow="fold")
    return table


def _table(steps: Sequence[Grown], before_ns: int) -> Table:
    table = _empty_table()
    for step in steps:
        gap_ns, before_ns = step.at_ns - before_ns, step.until_ns
        gap = Text(f"+{format_ns(gap_ns)}" if gap_ns > 0 else "", "dim")
        table.add_row(format_ns(step.at_ns), gap, _text(step))
    return table


def _text(step: Grown) -> Text:
    choice = f"choice {step.first.choice}  " if step.first.choice else ""
    kind = f"{step.first.kind}  " if step.first.kind in _STYLES else ""
    shown = visible(step.text).replace("\t", "⇥")
    return Text.assemble((choice + kind, "blue"), (shown, _STYLES.get(step.first.kind, "")))


def _boxed(table: Table, first: Delta) -> Panel:
    said = " ".join(part for part in (first.name, first.call_id) if part)
    title = Text(one_line(said or "tool call", _NAME_CHARS), "magenta")
    return Panel(table, title=title, title_align="left", border_style="magenta")
