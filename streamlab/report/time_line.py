"""One stream event by event, or read by read, with the gaps drawn to scale."""

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from streamlab.analysis import read_stream
from streamlab.content_coding import ContentDecoder, Defect, content_codings
from streamlab.dialect import Delta, main_delta
from streamlab.recording import Recording
from streamlab.report.show_text import format_bytes, format_ns, one_line, visible
from streamlab.report.terminal import plain_table
from streamlab.sse import Blank, Comment, Event, Issue, Retry
from streamlab.timeline import Arrival

__all__ = ["Row", "event_rows", "events_view", "reads_view", "row_line"]

_GAP_COLUMNS: Final = 12
_TEXT_CHARS: Final = 100
_WHAT_COLUMNS: Final = 18
_KIND_COLUMNS: Final = 14
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"

_KIND_STYLES: Final = {
    "text": "", "reasoning": "italic", "tool_call": "magenta", "refusal": "yellow",
    "status": "blue", "error": "bold red", "malformed": "bold red", "finish": "green",
    "usage": "green", "end": "green",
}  # fmt: skip

Row = tuple[int, Text, Text, Text]  # at_ns, what, kind, text


def events_view(recording: Recording, types: Collection[str] = ()) -> RenderableType:
    """The time line of a recording's items; of the event types in `types` only, unless empty."""
    return _time_line(event_rows(recording, types))


def event_rows(recording: Recording, types: Collection[str] = ()) -> list[Row]:
    """The rows of `events_view` in the order of their times; a recording that grows adds some."""
    stream = read_stream(recording)
    deltas = {event.event: event.deltas for event in stream.events}
    rows = [
        _row(arrival, deltas)
        for arrival in stream.arrived
        if not isinstance(arrival.item, Blank) and _is_wanted(arrival, types)
    ]
    rows = _head_rows(recording) + rows + _end_rows(recording)
    return sorted(rows, key=lambda row: row[0])


def _is_wanted(arrival: Arrival, types: Collection[str]) -> bool:
    return not types or (isinstance(arrival.item, Event) and arrival.item.type in types)


def _row(arrival: Arrival, deltas: dict[Event, tuple[Delta, ...]]) -> Row:
    match arrival.item:
        case Event() as event:
            main = main_delta(deltas[event])
            style = _KIND_STYLES.get(main.kind, "dim")
            shown = _shown(main, event)
            return arrival.at_ns, _name(event.type), Text(main.kind, style), Text(shown, style)
        case Comment(text=text):
            return arrival.at_ns, Text(":", "dim"), Text("comment", "dim"), _dim(text)
        case Retry(retry_ms=retry_ms):
            return arrival.at_ns, Text("retry", "dim"), Text("retry", "dim"), _dim(f"{retry_ms} ms")
        case Issue(code=code, detail=detail):
            return arrival.at_ns, Text("!", "red"), Text(code, "bold red"), Text(_cut(detail))
        case Defect(code=code, cause=cause):
            return arrival.at_ns, Text("!", "red"), Text(code, "bold red"), Text(_cut(cause))
        case Blank():
            return arrival.at_ns, Text(), Text(), Text()


def _shown(main: Delta, event: Event) -> str:
    """What of an event is worth reading: its text, else what it states, else its data."""
    if main.kind == "malformed":
        return _cut(f"{main.text}  {event.data}")
    if main.kind == "finish":
        return _cut(main.finish_reason or "")
    if main.kind == "usage" and main.usage is not None:
        return f"{main.usage.prompt_tokens} in, {main.usage.completion_tokens} out"
    if main.kind in ("text", "reasoning", "refusal"):
        return _cut(f"“{main.text}”")
    name = "" if main.name == event.type else main.name
    return _cut(f"{name} {main.text}".strip() or event.data)


def _cut(text: str) -> str:
    return one_line(text, _TEXT_CHARS)


def _dim(text: str) -> Text:
    return Text(_cut(text), "dim")


def _name(event_type: str) -> Text:
    return Text(one_line(event_type, 16), "dim" if event_type == "message" else "cyan")


def _head_rows(recording: Recording) -> list[Row]:
    rows = [
        (mark.at_ns, Text("·", "dim"), Text(mark.name, "dim"), Text()) for mark in recording.marks
    ]
    if (response := recording.response) is not None:
        status = Text(f"head {response.status}", "green" if response.status < 400 else "red")
        types = [value for name, value in response.headers if name.lower() == "content-type"]
        said = ", ".join([*types, *content_codings(response.headers)])
        rows.append((response.at_ns, Text("·", "dim"), status, _dim(said)))
    return rows


def _end_rows(recording: Recording) -> list[Row]:
    if (end := recording.end) is None:
        return []
    style = "green" if end.reason == "complete" else "red"
    return [(end.at_ns, Text("·", "dim"), Text(end.reason, style), _dim(end.detail))]


def reads_view(recording: Recording) -> RenderableType:
    """The time line of a recording's reads: how many bytes, and what they say, decoded if the body
    has a content coding. What is no UTF-8 is escaped."""
    content = ContentDecoder(recording.response.headers if recording.response else ())
    rows = [
        (
            read.at_ns,
            Text(str(index), "dim"),
            Text(format_bytes(len(read.data))),
            _bytes(b"".join(content.feed(read.data))),
        )
        for index, read in enumerate(recording.reads)
    ]
    return _time_line(_head_rows(recording) + rows + _end_rows(recording))


def _bytes(data: bytes) -> Text:
    text = data[: 4 * _TEXT_CHARS].decode("utf-8", "backslashreplace").replace("\r", "␍")
    return Text(_cut(visible(text)))


def row_line(row: Row, gap_ns: int) -> Text:
    """A row as a line of its own, for a time line whose rest is not known yet: no bar."""
    at_ns, what, kind, text = row
    gap = f"+{format_ns(gap_ns)}" if gap_ns else ""
    line = Text.assemble(f"{format_ns(at_ns):>8}  ", (f"{gap:>9}  ", "dim"), what)
    line.pad_right(_WHAT_COLUMNS - what.cell_len)
    line.append_text(kind)
    line.pad_right(_KIND_COLUMNS - kind.cell_len)
    return line.append_text(text)


def _time_line(rows: Sequence[Row]) -> Table:
    """Rows in the order of their times, with the gap before each as a bar to one scale."""
    table = plain_table()
    # What does not fit is cut from the text, never from the times.
    table.expand = True
    table.add_column("at", justify="right", no_wrap=True)
    table.add_column("gap", justify="right", no_wrap=True)
    table.add_column("", width=_GAP_COLUMNS, no_wrap=True)
    table.add_column("what", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    table.add_column("", no_wrap=True, overflow="ellipsis", ratio=1)
    times_ns = [0, *(at_ns for at_ns, *_ in rows)]
    gaps_ns = [later - earlier for earlier, later in pairwise(times_ns)]
    longest_ns = max(gaps_ns, default=0)
    for (at_ns, what, kind, text), gap_ns in zip(rows, gaps_ns, strict=True):
        bar = _bar(gap_ns, longest_ns)
        gap = Text(f"+{format_ns(gap_ns)}" if gap_ns else "", "dim")
        table.add_row(format_ns(at_ns), gap, Text(bar, "cyan"), what, kind, text)
    return table


def _bar(gap_ns: int, longest_ns: int) -> str:
    eighths = gap_ns * _GAP_COLUMNS * 8 // longest_ns if longest_ns else 0
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
