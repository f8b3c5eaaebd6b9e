"""Tables of measurements, and what they say: the median of the rounds, the spread, who is ahead."""

import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from process import start_as_users_do
from quiet import awake

Better = Literal["less", "more", "yes"]
OURS = "streamlab"


@dataclass(frozen=True, slots=True)
class Goal:
    """What is aimed at: ours as a share of the best peer's, or of that `peer`'s, or a figure that
    counts by itself; `headline` is how the summary calls it. With neither it is only told there."""

    headline: str
    share: float | None = None
    figure: float | None = None
    peer: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """What is measured, with its unit; without `better` it is told and not compared."""

    name: str
    better: Better | None = None
    goal: Goal | None = None


@dataclass(slots=True)
class Row:
    """A tool, and its value of each round by column: numbers, or one text.

    `ground` is no tool, but what the machine and the load client do without one.
    """

    name: str
    ground: bool
    cells: dict[str, list[float] | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Ours beside the best peer's, in one column."""

    word: Literal["ahead", "level", "behind", "alone"]
    ours: float | None = None
    best: float | None = None
    peer: str = ""
    aimed_at: float | None = None  # the figure of the peer that the goal names, or the best one's


@dataclass(slots=True)
class Table:
    """Rows in the order in which they were first named."""

    title: str
    columns: Sequence[Column]
    rows: dict[str, Row] = field(default_factory=dict)

    def row(self, name: str, *, ground: bool = False) -> Row:
        """The row of that name, which is made if there is none."""
        return self.rows.setdefault(name, Row(name, ground))

    def add(self, name: str, column: str, value: float) -> None:
        """One more round's figure; one that is not a number is not known, and left out."""
        cell = self.row(name).cells.setdefault(column, [])
        if value == value and isinstance(cell, list):  # noqa: PLR0124 - NaN
            cell.append(value)

    def say(self, name: str, column: str, text: str) -> None:
        """A text in place of figures. A later round that says otherwise shows beside it."""
        cells = self.row(name).cells
        said = cells.get(column)
        cells[column] = f"{said}; {text}" if isinstance(said, str) and text not in said else text

    @contextmanager
    def attempt(self, name: str) -> Iterator[None]:
        """A peer that cannot be measured costs its figures of this round; ours costs the run."""
        self.row(name)
        try:
            yield
        except (Exception, SystemExit) as error:
            if name.startswith(OURS):
                raise
            self.say(name, self.columns[0].name, f"failed: {type(error).__name__}")
            print(f"{name}: {error!r}", file=sys.stderr)

    def verdict(self, column: Column) -> Verdict | None:
        """How ours compares; None where nothing of ours is compared."""
        tools = [row for row in self.rows.values() if not row.ground]
        ours = next((row.cells.get(column.name) for row in tools if row.name == OURS), None)
        if column.better is None or not ours:
            return None
        peers = {
            row.name: row.cells[column.name]
            for row in tools
            if not row.name.startswith(OURS) and row.cells.get(column.name)
        }
        if isinstance(ours, str):
            return _of_words(ours, [cell for cell in peers.values() if isinstance(cell, str)])
        return _of_figures(ours, {n: c for n, c in peers.items() if not isinstance(c, str)}, column)

    def floor(self, column: Column) -> float | None:
        """What can be had at best in a column: the best of the rows that are no tools."""
        cells = [row.cells.get(column.name) for row in self.rows.values() if row.ground]
        figures = [statistics.median(cell) for cell in cells if isinstance(cell, list) and cell]
        return (min if column.better == "less" else max)(figures, default=None)

    def is_measured(self) -> bool:
        """Has ours a figure or a word in each column that is compared?"""
        compared = [column.name for column in self.columns if column.better]
        return OURS in self.rows and all(self.rows[OURS].cells.get(name) for name in compared)

    def markdown(self) -> str:
        """The table, its last row the verdicts."""
        names = [column.name for column in self.columns]
        lines = [_line(["", *names]), _line(["---"] * (len(names) + 1))]
        for row in self.rows.values():
            name = f"**{row.name}**" if row.name == OURS else row.name
            name = f"*{name}*" if row.ground else name
            lines.append(_line([name, *(_cell(row.cells.get(each)) for each in names)]))
        lines.append(_line(["beside the best peer", *map(self._said, self.columns)]))
        return "\n".join([f"**{self.title}**", "", *lines])

    def _said(self, column: Column) -> str:
        verdict = self.verdict(column)
        if verdict is None:
            return ""
        said = WORDS[verdict.word]
        if (times := ratio(verdict.ours, verdict.best)) is not None:
            said = f"{number(times)} times {verdict.peer}'s: {said}"
        met = is_met(column, verdict)
        if met is None or column.goal is None:
            return said
        return f"{said}; goal {aim(column.goal, column)}: {'met' if met else '**missed**'}"


WORDS = {
    "ahead": "ahead",
    "level": "not told apart",
    "behind": "**not ahead**",
    "alone": "no peer has it",
}


def _of_words(ours: str, theirs: Sequence[str]) -> Verdict:
    has, others = _is_yes(ours), any(map(_is_yes, theirs))
    if has and not others:
        return Verdict("alone")
    return Verdict("level" if has == others else "behind")


def _is_yes(text: str) -> bool:
    """In each round."""
    return all(said.startswith("yes") for said in text.split("; "))


def _of_figures(ours: list[float], peers: dict[str, list[float]], column: Column) -> Verdict:
    """Ahead or behind if no round of the one is within the rounds of the other."""
    median = statistics.median(ours)
    if not peers:
        return Verdict("alone", median)
    medians = {name: statistics.median(figures) for name, figures in peers.items()}
    peer = (min if column.better == "less" else max)(medians, key=lambda name: medians[name])
    aimed_at = medians.get(column.goal.peer if column.goal else "", medians[peer])
    less, more = (
        _spread(ours)[1] < _spread(peers[peer])[0],
        _spread(ours)[0] > _spread(peers[peer])[1],
    )
    if not less and not more:
        return Verdict("level", median, medians[peer], peer, aimed_at)
    word = "ahead" if less == (column.better == "less") else "behind"
    return Verdict(word, median, medians[peer], peer, aimed_at)


def _spread(figures: list[float]) -> tuple[float, float]:
    """From the least to the most; of a single round, what another may well have been."""
    if len(figures) == 1:
        return figures[0] * 0.9, figures[0] * 1.1
    return min(figures), max(figures)


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """None where there is none: of differences that the noise covers, either may be below 0."""
    return ours / theirs if ours is not None and theirs and min(ours, theirs) > 0 else None


def is_met(column: Column, verdict: Verdict) -> bool | None:
    """Whether the column's goal is; None if it has none, or there is nothing to compare with."""
    goal = column.goal
    if goal is None or verdict.ours is None:
        return None
    if goal.figure is not None:
        aimed, is_so = goal.figure, verdict.ours
    else:
        times = ratio(verdict.ours, verdict.aimed_at)
        if goal.share is None or times is None:
            return None
        aimed, is_so = goal.share, times
    return is_so <= aimed if column.better == "less" else is_so >= aimed


def aim(goal: Goal, column: Column) -> str:
    """The goal in words."""
    bound = "at most" if column.better == "less" else "at least"
    if goal.share is None:
        return f"{bound} {number(goal.figure or 0)}"
    return f"{bound} {number(goal.share)} times {goal.peer or 'the best peer'}'s"


def number(value: float) -> str:
    """Three digits that mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _cell(cell: list[float] | str | None) -> str:
    if isinstance(cell, str):
        return cell
    if not cell:
        return "-"
    median = number(statistics.median(cell))
    low, high = number(min(cell)), number(max(cell))
    return median if low == high else f"{median} ({low} to {high})"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


@dataclass(frozen=True, slots=True)
class Section:
    """One of the eight: what is measured and how, and its tables."""

    title: str
    how: str
    tables: Sequence[Table]

    def markdown(self) -> str:
        """A chapter of docs/benchmarks.md."""
        tables = "\n\n".join(table.markdown() for table in self.tables)
        return f"## {self.title}\n\n{self.how.strip()}\n\n{tables}\n"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which so much of them is; not a number of none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


def print_section(measure: Callable[..., Section]) -> None:
    """What one of the eight does when it is run alone: `--quick` for the harness's sake, `--peers`
    to have them in a quick run as well."""
    start_as_users_do()
    quick = "--quick" in sys.argv
    with awake():
        section = measure(quick=quick, peers=not quick or "--peers" in sys.argv)
    print(section.markdown())
