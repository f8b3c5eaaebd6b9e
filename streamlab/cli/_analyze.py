"""What `analyze` says of a recording, as it was asked to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rich.console import Group, RenderableType
from rich.text import Text

from streamlab.analysis import (
    TOOLS,
    Analysis,
    Deadlines,
    Explained,
    Score,
    Tool,
    analyze,
    explain,
    read_stream,
    score,
)
from streamlab.errors import InputError
from streamlab.finding import Finding, Limits, find
from streamlab.recording import Recording
from streamlab.report import analysis_json, analysis_view, definitions_view, explain_view, plain

__all__ = ["Analyzed", "Asked", "analyzed", "analyzed_json", "analyzed_view", "parse_deadlines"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a recording is asked for; `definitions` are those of a tool, or "all"."""

    stall_ns: int
    deadlines: Deadlines | None
    definitions: Tool | Literal["all"] | None
    explain: bool

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The tools whose definitions are asked for."""
        return tuple(tool for tool in TOOLS if self.definitions in (tool, "all"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyzed:
    """The analysis of a recording, its findings, what other tools would report of it, and what set
    its numbers; the latter two are empty unless asked for."""

    analysis: Analysis
    findings: tuple[Finding, ...]
    scores: tuple[Score, ...]
    explained: tuple[Explained, ...]


def parse_deadlines(text: str) -> Deadlines | None:
    """`FIRST,NEXT` in ms; None if empty. InputError if it is not two numbers above 0."""
    if not text:
        return None
    try:
        first_ns, next_ns = (round(float(number) * 1_000_000) for number in text.split(","))
    except (ValueError, OverflowError):
        first_ns, next_ns = 0, 0
    if first_ns <= 0 or next_ns <= 0:
        hint = "two numbers above 0, for example: --deadlines-ms 500,50"
        raise InputError(f"--deadlines-ms {text!r} is not FIRST,NEXT", hint)
    return Deadlines(first_ns=first_ns, next_ns=next_ns)


def analyzed(recording: Recording, asked: Asked) -> Analyzed:
    """The body is read once, whatever is asked."""
    stream = read_stream(recording)
    limits = Limits(stall_ns=asked.stall_ns)
    analysis = analyze(recording, stall_ns=asked.stall_ns, deadlines=asked.deadlines, stream=stream)
    return Analyzed(
        analysis=analysis,
        findings=find(recording, stream=stream, analysis=analysis, limits=limits),
        scores=tuple(score(stream, analysis, tool) for tool in asked.tools),
        explained=explain(recording, stream, analysis) if asked.explain else (),
    )


def analyzed_json(each: Analyzed) -> dict[str, Any]:
    """The fields of the analysis; `definitions` and `explain` beside them where asked for."""
    asked = {"definitions": each.scores, "explain": each.explained}
    extra = {name: plain(values) for name, values in asked.items() if values}
    return analysis_json(each.analysis, each.findings) | extra


def analyzed_view(analyses: Sequence[Analyzed]) -> RenderableType:
    """What was asked for instead of the numbers, a recording after the other; else the numbers."""
    parts: list[RenderableType] = []
    for each in analyses:
        name = each.analysis.name or each.analysis.id
        if each.scores:
            parts += [definitions_view(name, each.scores), Text()]
        if each.explained:
            parts += [explain_view(name, each.explained), Text()]
    if parts:
        return Group(*parts[:-1])
    return analysis_view([each.analysis for each in analyses], [each.findings for each in analyses])
