"""What `make bench` writes: docs/benchmarks.md, and its summary in the README."""

import datetime
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import peers
import quiet
from table import OURS, Column, Goal, Section, Table, Verdict, aim, is_met, number, ratio

import streamlab

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
README = ROOT / "README.md"
BEGIN, END = "<!-- written by make bench -->", "<!-- end of what make bench writes -->"
_HEAD = """\
# Benchmarks

*Written by {command} on {date}, in {minutes:.0f} minutes; do not edit.*

streamlab beside other tools, on the same streams, in one run in which they take turns. `make bench`
installs those tools, each in an environment of its own under `bench/.peers`, measures, and writes
this page; nothing is fetched from the network while it measures. Each table has
[a script](../bench/README.md) that runs alone.

{machine}

{versions}

## In short

{summary}

Where streamlab is not ahead of each peer:

{behind}

## How to read it

Read ratios between lines of one table, not times: another machine has other times, and a busy one
has other tails. What the machine itself adds is kept small, for all alike, as tests of real-time
systems do it: no core halts. With at most 200 streams, which leave the cores time, servers and
clients go before what else runs, where root may say so, and a load during which a hypervisor took
more than a per cent of a core away is measured again, twice at most; the least disturbed counts. A
cell is the median of the rounds and, in brackets, the least and the most of them. The last line of
a table compares streamlab with the peer that is best in that column: *ahead* and *not ahead* if no
round of the one is within the rounds of the other (with a single round: if they differ by more than
a fifth), else *not told apart*. Rows in italics are no tools: they tell what the machine and the
load client do without one, and nothing can be measured that is better than they are: the best of
them is the *floor* of a column.
"""


_QUICK = (
    "`python bench/run.py --quick --peers --write` (a run in tiny sizes, whose figures say nothing "
    "about speed; `make bench` replaces it)"
)


def write(sections: Sequence[Section], *, took_s: float, load: str, quick: bool) -> None:
    """The page, and the README's part of it if there are figures that mean something."""
    command = _QUICK if quick else "`make bench`"
    PAGE.write_text(page(sections, took_s=took_s, load=load, command=command), "utf-8")
    if quick:
        return
    README.write_text(with_summary(README.read_text("utf-8"), summary(sections)), "utf-8")


def page(
    sections: Sequence[Section], *, took_s: float, load: str, command: str = "`make bench`"
) -> str:
    """docs/benchmarks.md."""
    head = _HEAD.format(
        command=command,
        date=datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        minutes=took_s / 60,
        machine=_machine(load),
        versions=_versions(),
        summary=summary(sections),
        behind="\n".join(behind(sections)) or "nowhere.",
    )
    return "\n".join([head, *(section.markdown() for section in sections)])


def summary(sections: Sequence[Section]) -> str:
    """The goals, and whether they are met: what the README shows, too. A figure near the floor,
    which is what comes out without any tool, tells of the machine."""
    lines = [
        _line("what", "streamlab", "the best peer", "times", "floor", "goal"),
        _line(*["---"] * 6),
    ]
    for table, column, verdict in _verdicts(sections):
        if column.goal is None or verdict.ours is None:
            continue
        ours, times, theirs = number(verdict.ours), "-", "-"
        if verdict.aimed_at is not None:
            peer = column.goal.peer or verdict.peer
            theirs = f"{number(verdict.aimed_at)} ({peer})"
            share = ratio(verdict.ours, verdict.aimed_at)
            times = "-" if share is None else number(share)
        lines.append(
            _line(column.goal.headline, ours, theirs, times, _floor(table, column),
                  _judged(column.goal, column, verdict))
        )  # fmt: skip
    return "\n".join(lines)


def _floor(table: Table, column: Column) -> str:
    floor = table.floor(column)
    return "-" if floor is None else number(floor)


def _judged(goal: Goal, column: Column, verdict: Verdict) -> str:
    if goal.share is None and goal.figure is None:
        return "-"
    met = {True: "met", False: "**missed**", None: "no peer to compare with"}
    return f"{aim(goal, column)}: {met[is_met(column, verdict)]}"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def behind(sections: Sequence[Section]) -> list[str]:
    """A line per column in which a peer is ahead."""
    return [
        f"- {section.title}, {table.title}: {column.name}: "
        + (
            f"{number(verdict.ours)}, {verdict.peer} {number(verdict.best)}"
            if verdict.ours is not None and verdict.best is not None
            else "a peer has it"
        )
        for section in sections
        for table, column, verdict in _verdicts([section])
        if verdict.word == "behind"
    ]


def _verdicts(sections: Sequence[Section]) -> Iterator[tuple[Table, Column, Verdict]]:
    for section in sections:
        for table in section.tables:
            for column in table.columns:
                if verdict := table.verdict(column):
                    yield table, column, verdict


def with_summary(readme: str, text: str) -> str:
    """The README with this between its two marks."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"README.md lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def load_average() -> str:
    """How busy the machine is with other things."""
    return f"{os.getloadavg()[0]:.1f}"


def _machine(load: str) -> str:
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    release = ".".join(platform.release().split(".")[:2])
    return (
        f"Machine: {os.cpu_count()} cores ({platform.machine()}), {gigabytes:.0f} GiB, "
        f"{platform.system()} {release}, {platform.python_implementation()} "
        f"{platform.python_version()}{_node()}; {quiet.said()}; load average before the run {load}."
    )


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        return ""
    ran = subprocess.run([node, "--version"], check=True, capture_output=True, text=True)
    return f", Node {ran.stdout.strip().removeprefix('v')}"


def _versions() -> str:
    named = {OURS: streamlab.__version__, **peers.versions()}
    return f"Versions: {', '.join(f'{name} {version}' for name, version in named.items())}."
