"""One stream event by event, or read by read, with the gaps drawn to scale."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from streamlab.analysis import analyze
from streamlab.content_coding import Defect, content_codings
from streamlab.dialect import Delta
from streamlab.recording import Recording
from streamlab.report.fold import FOLDED_FROM, runs
from streamlab.report.layout import Entry, Layout, Selection, lay_out
from streamlab.report.show_text import format_bytes, format_ns, one_line, visible
from streamlab.report.terminal import plain_table
from streamlab.sse import Blank, Comment, Event, Issue, Retry

__all__ = [
    "Row",
    "TimeLine",
    "end_rows",
    "entry_row",
    "entry_text",
    "event_rows",
    "events_view",
    "reads_view",
    "row_line",
]

_GAP_COLUMNS: Final = 12
_NARROW_GAP_COLUMNS: Final = 6
_NARROW: Final = 100
_TEXT_CHARS: Final = 100
_WHAT_COLUMNS: Final = 18
_KIND_COLUMNS: Final = 14
_SAYS_NOTHING: Final = frozenset({"message", "retry", "·", "!", ":"})
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"

_KIND_STYLES: Final = {
    "text": "", "reasoning": "italic", "tool_call": "magenta", "refusal": "yellow",
    "status": "blue", "error": "bold red", "malformed": "bold red", "finish": "green",
    "usage": "green", "end": "green",
}  # fmt: skip


class Row(NamedTuple):
    """A line of a time line: `number` is an event's or a read's; `until_ns` the time of the last
    event of a run, where it stands for one."""

    at_ns: int
    what: Text
    kind: Text
    text: Text
    number: Text = Text()
    until_ns: int | None = None


def events_view(layout: Layout, selection: Selection) -> "TimeLine":
    """The time line of what is selected of a stream's items, runs folded, stalls told."""
    entries, stalls = selection.entries(layout), _stall_rows(layout)
    if selection.is_whole:
        rows = [entry_row(entry) for entry in entries]
    else:
        found = runs(entries, {stall.at_ns for stall in stalls})
        rows = [row for run in found for row in _run_rows(run)]
    rows = _with_ends(layout, selection, rows)
    first_ns, last_ns = (rows[0].at_ns, rows[-1].at_ns) if rows else (0, 0)
    told = [stall for stall in stalls if first_ns <= stall.at_ns <= last_ns]
    rows = sorted(told + rows, key=lambda row: row.at_ns)
    return TimeLine(rows, limit=selection.limit, since_ns=_since_ns(layout, selection))


def event_rows(
    recording: Recording, types: Iterable[str] = (), kinds: Iterable[str] = ()
) -> list[Row]:
    """A row for each of a recording's items, in the order of their times; a recording that grows
    adds some."""
    layout = lay_out(recording)
    selection = Selection(types=frozenset(types), kinds=frozenset(kinds))
    rows = [entry_row(entry) for entry in selection.entries(layout)]
    return _with_ends(layout, selection, rows)


def reads_view(layout: Layout, selection: Selection) -> "TimeLine":
    """The time line of the reads: how many bytes, how many events they completed, and what they
    say, decoded if the body has a content coding. What is no UTF-8 is escaped."""
    completed = [0] * len(layout.reads)
    for entry in layout.entries:
        completed[entry.arrival.read_index] += entry.number is not None
    rows = [
        Row(
            read.at_ns,
            Text(format_bytes(read.size_bytes)),
            Text(_events(completed[read.number]), "dim"),
            _bytes(read.data),
            Text(str(read.number), "dim"),
        )
        for read in selection.reads(layout)
    ]
    rows = _with_ends(layout, selection, rows)
    return TimeLine(rows, limit=selection.limit, since_ns=_since_ns(layout, selection))


def _since_ns(layout: Layout, selection: Selection) -> int:
    """When something came last before what is selected."""
    if selection.has_begin:
        return 0
    return max((read.at_ns for read in layout.reads if read.stop <= selection.start), default=0)


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events" if count else ""


def _with_ends(layout: Layout, selection: Selection, rows: list[Row]) -> list[Row]:
    """The rows between those of the head and the end, where these are selected."""
    if selection.has_begin:
        rows = _head_rows(layout.recording) + rows
    if selection.has_end(layout):
        rows += end_rows(layout.recording)
    return sorted(rows, key=lambda row: row.at_ns)


def _run_rows(run: Sequence[Entry]) -> list[Row]:
    if len(run) < FOLDED_FROM:
        return [entry_row(entry) for entry in run]
    first, last = run[0], run[-1]
    at_ns, until_ns = first.arrival.at_ns, last.arrival.at_ns
    row = entry_row(first)
    number = "" if first.number is None else f"{first.number}-{last.number}"
    kind = Text.assemble(row.kind, (f" ×{len(run):,}", "bold"))  # noqa: RUF001 - times
    apart_ns = (until_ns - at_ns) // (len(run) - 1)
    text = Text(f"{format_ns(apart_ns)} apart " if apart_ns else "", "dim")
    said = "".join(entry.main.text for entry in run if entry.main is not None)
    text.append(_cut(f"“{said}”") if said else "…", _KIND_STYLES.get(first.kind, "dim"))
    return [
        row._replace(number=Text(number, "dim"), kind=kind, text=text, until_ns=until_ns),
    ]


def entry_row(entry: Entry) -> Row:
    """The row of one entry."""
    at_ns = entry.arrival.at_ns
    number = Text("" if entry.number is None else str(entry.number), "dim")
    match entry.arrival.item:
        case Event(type=type_):
            style = _KIND_STYLES.get(entry.kind, "dim")
            text = Text(entry_text(entry), style)
            return Row(at_ns, _name(type_), Text(entry.kind, style), text, number)
        case Comment(text=said):
            return Row(at_ns, Text(":", "dim"), Text("comment", "dim"), _dim(said))
        case Retry(retry_ms=retry_ms):
            return Row(at_ns, Text("retry", "dim"), Text("retry", "dim"), _dim(f"{retry_ms} ms"))
        case Issue(code=code, detail=said) | Defect(code=code, cause=said):
            return Row(at_ns, Text("!", "red"), Text(code, "bold red"), Text(_cut(said)))
        case Blank():
            return Row(at_ns, Text(), Text(), Text())


def entry_text(entry: Entry) -> str:
    """What of an event is worth reading, on one line: its text, else what it states, else its
    data."""
    item = entry.arrival.item
    if entry.main is None or not isinstance(item, Event):
        return ""
    return _cut(_said(entry.main, item))


def _said(main: Delta, event: Event) -> str:
    if main.kind == "malformed":
        return f"{main.text}  {event.data}"
    if main.kind == "finish":
        return main.finish_reason or ""
    if main.kind == "usage" and main.usage is not None:
        return f"{main.usage.prompt_tokens} in, {main.usage.completion_tokens} out"
    if main.kind in ("text", "reasoning", "refusal"):
        return f"“{main.text}”"
    name = "" if main.name == event.type else main.name
    return f"{name} {main.text}".strip() or event.data


def _cut(text: str) -> str:
    return one_line(text, _TEXT_CHARS)


def _dim(text: str) -> Text:
    return Text(_cut(text), "dim")


def _name(event_type: str) -> Text:
    return Text(one_line(event_type, 16), "dim" if event_type == "message" else "cyan")


def _head_rows(recording: Recording) -> list[Row]:
    rows = [
        Row(mark.at_ns, Text("·", "dim"), Text(one_line(mark.name, 20), "dim"), Text())
        for mark in recording.marks
    ]
    if (response := recording.response) is not None:
        status = Text(f"head {response.status}", "green" if response.status < 400 else "red")
        types = [value for name, value in response.headers if name.lower() == "content-type"]
        said = ", ".join([*types, *content_codings(response.headers)])
        rows.append(Row(response.at_ns, Text("·", "dim"), status, _dim(said)))
    return rows


def end_rows(recording: Recording) -> list[Row]:
    """The row of a recording's end, if it has one."""
    if (end := recording.end) is None:
        return []
    style = "green" if end.reason == "complete" else "red"
    return [Row(end.at_ns, Text("·", "dim"), Text(end.reason, style), _dim(end.detail))]


def _stall_rows(layout: Layout) -> list[Row]:
    """What `analyze` calls a stall, told before the event that ends it."""
    stalls = analyze(layout.recording, stream=layout.stream).stalls
    return [
        Row(
            stall.stop_ns,
            Text("!", "red"),
            Text("stall", "bold red"),
            Text(f"no output for {format_ns(stall.stop_ns - stall.start_ns)}", "red"),
        )
        for stall in stalls
    ]


def _bytes(data: bytes) -> Text:
    text = data[: 4 * _TEXT_CHARS].decode("utf-8", "backslashreplace").replace("\r", "␍")
    return Text(_cut(visible(text)))


def row_line(row: Row, gap_ns: int) -> Text:
    """A row as a line of its own, for a time line whose rest is not known yet: no bar."""
    gap = f"+{format_ns(gap_ns)}" if gap_ns else ""
    line = Text.assemble(f"{format_ns(row.at_ns):>8}  ", (f"{gap:>9}  ", "dim"), row.what)
    line.pad_right(_WHAT_COLUMNS - row.what.cell_len)
    line.append_text(row.kind)
    line.pad_right(_KIND_COLUMNS - row.kind.cell_len)
    return line.append_text(row.text)


class TimeLine:
    """Rows in the order of their times, with the gap before each as a bar to one scale: the first
    `limit` of them, if there is a limit. The first gap is the time since `since_ns`."""

    def __init__(self, rows: Sequence[Row], *, limit: int | None = None, since_ns: int = 0) -> None:
        self._rows = rows[:limit]
        self._since_ns = since_ns
        self._left = len(rows) - len(self._rows)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        is_narrow = options.max_width < _NARROW
        bar_columns = _NARROW_GAP_COLUMNS if is_narrow else _GAP_COLUMNS
        has_names = not is_narrow or any(row.what.plain not in _SAYS_NOTHING for row in self._rows)
        table = plain_table()
        # What does not fit is cut from the text, never from the times.
        table.expand = True
        table.add_column("#", justify="right", no_wrap=True)
        table.add_column("at", justify="right", no_wrap=True)
        table.add_column("gap", justify="right", no_wrap=True)
        table.add_column("", width=bar_columns, no_wrap=True)
        if has_names:
            table.add_column("what", no_wrap=True)
        table.add_column("kind", no_wrap=True)
        table.add_column("", no_wrap=True, overflow="ellipsis", ratio=1)
        gaps_ns = _gaps_ns(self._rows, self._since_ns)
        longest_ns = max(gaps_ns, default=0)
        for row, gap_ns in zip(self._rows, gaps_ns, strict=True):
            gap = Text(f"+{format_ns(gap_ns)}" if gap_ns else "", "dim")
            bar = Text(_bar(gap_ns, longest_ns, bar_columns), "cyan")
            at = format_ns(row.at_ns)
            what = [row.what] if has_names else []
            table.add_row(row.number, at, gap, bar, *what, row.kind, row.text)
        yield table
        if self._left:
            yield Text(f"… {self._left:,} more", "dim")


def _gaps_ns(rows: Sequence[Row], since_ns: int) -> list[int]:
    """The time before each row since the one before it, or since the end of its run."""
    ends_ns = [since_ns, *(row.at_ns if row.until_ns is None else row.until_ns for row in rows)]
    return [max(0, row.at_ns - end_ns) for row, end_ns in zip(rows, ends_ns, strict=False)]


def _bar(gap_ns: int, longest_ns: int, columns: int) -> str:
    eighths = gap_ns * columns * 8 // longest_ns if longest_ns else 0
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
