"""Many recordings, a line each, fitted to the terminal. Pure: nothing here prints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from streamlab.report.show_text import format_ns, one_line
from streamlab.report.terminal import end_text, status_text

__all__ = ["Listed", "ListingView"]


class Listed(Protocol):
    """A line of a listing; `store.Summary` is one."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def started_at(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def status(self) -> int | None: ...
    @property
    def end_reason(self) -> str | None: ...
    @property
    def dialect(self) -> str | None: ...
    @property
    def reads(self) -> int | None: ...
    @property
    def ttft_ns(self) -> int | None: ...
    @property
    def total_ns(self) -> int | None: ...
    @property
    def output_tokens(self) -> int | None: ...
    @property
    def errors(self) -> int | None: ...
    @property
    def warnings(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its title, its cells, and when it goes if there is no room (0: never)."""

    title: str
    cell: Callable[[Listed], Text]
    goes: int = 0
    is_number: bool = False


def _started(line: Listed) -> Text:
    return Text(line.started_at[:16].replace("T", " "), "dim")


def _tokens(line: Listed) -> Text:
    return Text("-" if line.output_tokens is None else f"{line.output_tokens:,}")


def _findings(line: Listed) -> Text:
    """How many errors and warnings: `2E 1W`."""
    counts = ((line.errors, "E", "red"), (line.warnings, "W", "yellow"))
    parts = [(f"{count}{letter}", style) for count, letter, style in counts if count]
    return Text(" ").join(Text(*part) for part in parts) if parts else Text("·", "dim")


_COLUMNS: Final = (
    _Column("id", lambda line: Text(line.id[:12], "cyan")),
    _Column("name", lambda line: Text(one_line(line.name, 24), "bold")),
    _Column("started (UTC)", _started, goes=3),
    _Column("status", lambda line: status_text(line.status), goes=5),
    _Column("end", lambda line: end_text(line.end_reason)),
    _Column("dialect", lambda line: Text(line.dialect or "-"), goes=4),
    _Column("reads", lambda line: Text(str(line.reads)), goes=2, is_number=True),
    _Column("tokens", _tokens, is_number=True),
    _Column("TTFT", lambda line: Text(format_ns(line.ttft_ns)), is_number=True),
    _Column("total", lambda line: Text(format_ns(line.total_ns)), is_number=True),
    _Column("findings", _findings, goes=6, is_number=True),
    _Column("request", lambda line: Text(one_line(f"{line.method} {line.url}", 60)), goes=1),
)
_COLUMN_GAP: Final = 2


class ListingView:
    """`streamlab ls`. Columns that do not fit go, the least telling first; no cell is cut.

    Lines are put together here: a table of rich's looks at each cell a dozen times, which is 2 ms a
    line.
    """

    def __init__(self, listed: Sequence[Listed]) -> None:
        self._listed = listed

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        cells = {column: [column.cell(line) for line in self._listed] for column in _COLUMNS}
        widths = {column: _width(column, texts) for column, texts in cells.items()}
        shown = _fitting(widths, options.max_width)
        sized = [(widths[column], column.is_number) for column in shown]
        yield _line([Text(column.title, "dim") for column in shown], sized)
        for row in zip(*(cells[column] for column in shown), strict=True):
            yield _line(row, sized)


def _width(column: _Column, texts: Sequence[Text]) -> int:
    return max([cell_len(column.title), *(text.cell_len for text in texts)])


def _line(cells: Sequence[Text], sized: Sequence[tuple[int, bool]]) -> Text:
    """The cells in their columns, numbers to the right."""
    line = Text(no_wrap=True)
    for index, (cell, (width, is_number)) in enumerate(zip(cells, sized, strict=True)):
        gap = " " * (_COLUMN_GAP if index else 0)
        blank = " " * (width - cell.cell_len)
        line.append(gap + blank if is_number else gap)
        line.append_text(cell)
        if not is_number and index + 1 < len(cells):
            line.append(blank)
    return line


def _fitting(widths: dict[_Column, int], max_columns: int) -> list[_Column]:
    shown = list(widths)
    for column in sorted((each for each in shown if each.goes), key=lambda each: each.goes):
        if sum(widths[each] + _COLUMN_GAP for each in shown) <= max_columns:
            break
        shown.remove(column)
    return shown
