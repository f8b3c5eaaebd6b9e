"""Findings as rich renderables: as a linter prints them, or grouped below an analysis. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.text import Text

from streamlab.finding import SEVERITIES, Finding, rank
from streamlab.report.show_text import format_ns, one_line

__all__ = ["FindingsView", "counts_text", "grouped_findings", "place_text"]

_STYLES: Final = {"error": "bold red", "warning": "bold yellow", "info": "bold blue"}
_MARK_STYLES: Final = {"error": "red", "warning": "yellow", "info": "blue"}
_SHOWN_PLACES: Final = 3
_INDENT: Final = 2
# Where nothing tells the width, a line of text is cut here.
_MAX_COLUMNS: Final = 120
_TEXT_CHARS: Final = 600


def counts_text(findings: Sequence[Finding]) -> Text:
    """`2 errors, 1 warning`; what there is none of is left out."""
    parts = []
    for severity in SEVERITIES:
        count = sum(finding.severity == severity for finding in findings)
        if count:
            plural = "" if count == 1 or severity == "info" else "s"
            parts.append(Text(f"{count:,} {severity}{plural}", _STYLES[severity]))
    return Text(", ").join(parts) if parts else Text("no findings", "green")


@dataclass(frozen=True, slots=True)
class FindingsView:
    """`streamlab check`: a block for each finding, with its place drawn under the text."""

    findings: Sequence[Finding]
    is_timed: bool = True

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = min(options.max_width, _MAX_COLUMNS)
        for finding in self.findings:
            yield from self._block(finding, columns)
            yield Text()

    def _block(self, finding: Finding, columns: int) -> RenderResult:
        yield _title(finding, is_timed=self.is_timed)
        yield _paragraph(finding.message, "")
        if finding.text:
            yield from _marked(finding, columns)
        yield _paragraph(f"cause: {finding.cause}", "dim")
        yield _paragraph(f"try:   {finding.hint}", "")


def _title(finding: Finding, *, is_timed: bool) -> Text:
    return Text.assemble(
        (f"{finding.severity.upper()} {finding.code}", _STYLES[finding.severity]),
        (f" {finding.slug}", "bold"),
        (f"  {place_text(finding, is_timed=is_timed)}", "dim"),
    )


def place_text(finding: Finding, *, is_timed: bool) -> str:
    """`event 7, bytes 1203-1260, at 1.32 s`, as far as there is such a place."""
    parts = [] if finding.event is None else [f"event {finding.event}"]
    is_span = finding.stop > finding.start
    parts.append(f"bytes {finding.start}-{finding.stop}" if is_span else f"byte {finding.start}")
    if is_timed:
        parts.append(f"at {format_ns(finding.at_ns)}")
    return ", ".join(parts)


def _paragraph(text: str, style: str) -> Padding:
    return Padding(Text(one_line(text, _TEXT_CHARS), style), (0, 0, 0, _INDENT))


def _marked(finding: Finding, columns: int) -> RenderResult:
    """The part of the text around its mark that fits on a line, with a caret below the mark."""
    room = max(20, columns - 2 * _INDENT)
    text, mark = finding.text, finding.mark
    first = 0
    if mark is not None and mark > room * 2 // 3:
        first = mark - room * 2 // 3
    before = "" if mark is None else one_line(text[first:mark], room)
    shown = one_line(text[first if mark is None else mark :], max(1, room - cell_len(before) - 1))
    lead = "…" if first else ""
    indent = " " * (2 * _INDENT - len(lead))
    style = _MARK_STYLES[finding.severity]
    line = Text(f"{indent}{lead}{before}{shown}", style, no_wrap=True, overflow="ellipsis")
    line.truncate(columns, overflow="ellipsis")
    yield line
    if mark is not None:
        yield Text(" " * (2 * _INDENT + cell_len(before)) + "^", _STYLES[finding.severity])


def grouped_findings(findings: Sequence[Finding], *, is_timed: bool = True) -> list[Text]:
    """A paragraph for each rule that struck, the worst first, with its first places; what is only
    worth knowing is left to `check`."""
    groups: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda each: rank(each.severity)):
        if finding.severity == "info":
            break
        groups.setdefault(finding.code, []).append(finding)
    return [_group(group, is_timed=is_timed) for group in groups.values()]


def _group(group: list[Finding], *, is_timed: bool) -> Text:
    first = group[0]
    text = Text.assemble(
        "\n",
        (f"{first.severity.upper()} {first.code}", _STYLES[first.severity]),
        (f" {first.slug}", "bold"),
    )
    for finding in group[:_SHOWN_PLACES]:
        text.append(f"\n  {place_text(finding, is_timed=is_timed)}: ", "dim")
        text.append(one_line(finding.message, 300))
        if finding.text:
            text.append(
                f"\n    {one_line(finding.text, _TEXT_CHARS)}", _MARK_STYLES[first.severity]
            )
    if len(group) > _SHOWN_PLACES:
        text.append(f"\n  … and {len(group) - _SHOWN_PLACES:,} more", "dim")
    return text.append(f"\n  try: {first.hint}", "dim")
