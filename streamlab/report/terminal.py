"""Analyses as rich renderables. Pure: nothing here prints.

All text of a recording goes through `visible` or `one_line` and into `Text`, never into markup.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from streamlab.analysis import Analysis, StepTime
from streamlab.finding import Finding
from streamlab.report.finding_view import grouped_findings
from streamlab.report.show_text import format_ns, format_range_ns, format_rate, one_line

__all__ = ["analysis_view", "end_text", "plain_table", "status_text"]

_BARS: Final = " ▁▂▃▄▅▆▇█"
_PACE_COLUMNS: Final = 20
_STEP_COLUMNS: Final = 14
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"
# What a workflow that goes round in circles shows of itself; --json has all.
_STEPS_SHOWN: Final = 20
_DEPTH_SHOWN: Final = 4
_END_STYLES: Final = {"complete": "green", "client_closed": "yellow"}


def plain_table() -> Table:
    """A table without lines."""
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")


def status_text(status: int | None) -> Text:
    """An HTTP status, red unless it is a 2xx."""
    if status is None:
        return Text("-", "red")
    return Text(str(status), "green" if 200 <= status < 300 else "red")


def end_text(reason: str | None) -> Text:
    """An end reason, red unless it is complete."""
    if reason is None:
        return Text("recording…", "blue")
    return Text(reason, _END_STYLES.get(reason, "red"))


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the analysis: the metric's name (if it has one), what it is, its value."""

    name: str
    label: str
    value: Callable[[Analysis], Text]


def _duration(field: str) -> Callable[[Analysis], Text]:
    return lambda analysis: Text(format_ns(getattr(analysis, field)))


def _tokens(analysis: Analysis) -> Text:
    if analysis.output_tokens is None:
        return Text("-")
    source = "counted" if analysis.token_source == "deltas" else "usage"  # noqa: S105
    return Text.assemble(f"{analysis.output_tokens:,} ", (f"({source})", "dim"))


def _per_chunk(analysis: Analysis) -> Text:
    if analysis.tokens_per_chunk is None:
        return Text("-")
    style = "yellow" if analysis.is_coarse else ""
    return Text(f"{analysis.tokens_per_chunk:.2f}", style)


def _gap(field: str) -> Callable[[Analysis], Text]:
    return lambda analysis: Text(format_ns(getattr(analysis.gaps, field)))


def _median(analysis: Analysis) -> Text:
    gaps = analysis.gaps
    text = Text(format_ns(gaps.p50_ns))
    if gaps.p50_interval_ns is not None:
        text.append(f"  {format_range_ns(*gaps.p50_interval_ns)}", "dim")
    return text


def _longest(analysis: Analysis) -> Text:
    if analysis.longest_gap is None:
        return Text("-")
    shown = format_ns(analysis.longest_gap.duration_ns)
    return Text.assemble(shown, (f"  event {analysis.longest_gap.event}", "dim"))


def _byte_silence(analysis: Analysis) -> Text:
    if analysis.byte_silence is None:
        return Text("-")
    shown = format_ns(analysis.byte_silence.duration_ns)
    return Text.assemble(shown, (f"  read {analysis.byte_silence.read}", "dim"))


def _is_silence_the_same(analysis: Analysis) -> bool:
    """Whether the longest silence of bytes is that of output, or near it."""
    if analysis.byte_silence is None or analysis.longest_gap is None:
        return True
    bytes_ns, output_ns = analysis.byte_silence.duration_ns, analysis.longest_gap.duration_ns
    return abs(bytes_ns - output_ns) * 10 <= max(bytes_ns, output_ns)


def _bursts(analysis: Analysis) -> Text:
    if not analysis.bursts:
        return Text("none")
    events = sum(burst.events for burst in analysis.bursts)
    return Text(f"{len(analysis.bursts)}, of {events:,} events", "yellow")


def _fluidity(analysis: Analysis) -> Text:
    if analysis.fluidity_index is None:
        return Text("-")
    return Text(f"{analysis.fluidity_index:.1%} in time")


def _stalls(analysis: Analysis) -> Text:
    if not analysis.stalls:
        return Text("none")
    return Text(f"{len(analysis.stalls)}, longest {format_ns(analysis.longest_stall_ns)}", "red")


def _pace(analysis: Analysis) -> Text:
    """Output over time: a column is a slice of the time to the last token, its height events."""
    if analysis.ttft_ns is None or not analysis.latency_ns:
        return Text("-")
    counts = [0] * _PACE_COLUMNS
    at_ns = analysis.ttft_ns
    for gap_ns in (0, *analysis.gaps_ns):
        at_ns += gap_ns
        counts[min(_PACE_COLUMNS - 1, at_ns * _PACE_COLUMNS // analysis.latency_ns)] += 1
    top = max(counts)
    levels = len(_BARS) - 1
    return Text("".join(_BARS[-(-count * levels // top)] for count in counts), "cyan")


def _count(field: str) -> Callable[[Analysis], Text]:
    return lambda analysis: Text(f"{getattr(analysis, field):,}")


def _tool_calls(analysis: Analysis) -> Text:
    names = Counter(call.name for answer in analysis.answers for call in answer.tool_calls)
    shown = ", ".join(f"{name or '?'} x{n}" if n > 1 else name or "?" for name, n in names.items())
    return Text(one_line(shown, 60) or "none")


def _rate(field: str) -> Callable[[Analysis], Text]:
    return lambda analysis: Text(format_rate(getattr(analysis, field)))


def _dialect(analysis: Analysis) -> Text:
    return Text(analysis.dialect) if analysis.dialect else Text("unknown", "yellow")


def _ended(analysis: Analysis) -> Text:
    text = end_text(analysis.end.reason if analysis.end else None)
    if analysis.finish_reasons:
        finish = ", ".join(dict.fromkeys(analysis.finish_reasons))
        text.append(f", {one_line(finish, 40)}", "dim")
    return text


_LINES: Final = (
    _Line("", "status", lambda a: status_text(a.status)),
    _Line("", "end", _ended),
    _Line("", "dialect", _dialect),
    _Line("ttfb", "response head", _duration("ttfb_ns")),
    _Line("ttfe", "first event", _duration("ttfe_ns")),
    _Line("ttft", "first token", _duration("ttft_ns")),
    _Line("ttfat", "first answer", _duration("ttfat_ns")),
    _Line("latency", "last token", _duration("latency_ns")),
    _Line("total", "end of stream", _duration("total_ns")),
    _Line("", "output tokens", _tokens),
    _Line("", "tool calls", _tool_calls),
    _Line("", "tokens a chunk", _per_chunk),
    _Line("tpot", "time per token", _duration("tpot_ns")),
    _Line("tps_user", "rate after the first", _rate("tps_user")),
    _Line("tps_e2e", "rate overall", _rate("tps_e2e")),
    _Line("gaps", "median", _median),
    _Line("", "90 % below", _gap("p90_ns")),
    _Line("", "longest, ended by", _longest),
    _Line("", "longest byte silence", _byte_silence),
    _Line("", "output over time", _pace),
    _Line("", "bursts", _bursts),
    _Line("", "fluidity index", _fluidity),
    _Line("", "stalls", _stalls),
    _Line("", "reads", _count("reads")),
    _Line("", "bytes", _count("bytes")),
    _Line("", "events", _count("events")),
    _Line("", "with output", _count("output_events")),
    _Line("", "sharing a read", _count("coalesced_events")),
    _Line("", "comments", _count("comments")),
)
# Lines that say something only when they differ from another, or are not zero.
_LINES_LEFT_OUT: Final[dict[str, Callable[[Analysis], bool]]] = {
    "first answer": lambda a: a.ttfat_ns == a.ttft_ns,
    "tool calls": lambda a: not any(answer.tool_calls for answer in a.answers),
    "tokens a chunk": lambda a: a.tokens_per_chunk is None or round(a.tokens_per_chunk, 1) == 1,
    "longest byte silence": _is_silence_the_same,
    "bursts": lambda a: not a.bursts,
    "fluidity index": lambda a: a.deadlines is None,
    "sharing a read": lambda a: not a.coalesced_events,
    "comments": lambda a: not a.comments,
}


def analysis_view(
    analyses: Sequence[Analysis], findings: Sequence[Sequence[Finding]]
) -> RenderableType:
    """`streamlab analyze`: a column per recording, then what is wrong with each."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", style="dim")
    table.add_column("", no_wrap=True)
    for analysis in analyses:
        table.add_column(_title(analysis), overflow="fold")
    for line in _LINES:
        left_out = _LINES_LEFT_OUT.get(line.label)
        if left_out is None or not all(map(left_out, analyses)):
            label = _stall_label(analyses) if line.label == "stalls" else line.label
            table.add_row(line.name, label, *(line.value(analysis) for analysis in analyses))
    parts: list[RenderableType] = [table]
    for analysis, found in zip(analyses, findings, strict=True):
        parts += _details(analysis, found, titled=len(analyses) > 1)
    return Group(*parts)


def _stall_label(analyses: Sequence[Analysis]) -> str:
    threshold_ns = analyses[0].stall_threshold_ns if analyses else None
    return f"stalls over {format_ns(threshold_ns)}"


def _title(analysis: Analysis) -> Text:
    return Text(one_line(analysis.name, 40) if analysis.name else analysis.id)


def _details(
    analysis: Analysis, findings: Sequence[Finding], *, titled: bool
) -> list[RenderableType]:
    parts: list[RenderableType] = []
    if len(analysis.event_types) > 1:
        parts.append(_event_types(analysis))
    if analysis.steps:
        parts += _steps(analysis)
    parts += grouped_findings(findings, is_timed=analysis.total_ns is not None)
    if parts and titled:
        parts.insert(0, Text.assemble("\n", _title(analysis), style="bold"))
    return parts


def _event_types(analysis: Analysis) -> Table:
    table = plain_table()
    table.add_column("\nevent type", vertical="bottom", overflow="fold")
    for name in ("count", "bytes", "first", "last", "gap p50", "gap max"):
        table.add_column(f"\n{name}", justify="right", no_wrap=True)
    for counted in analysis.event_types:
        table.add_row(
            Text(one_line(counted.type, 40)),
            f"{counted.count:,}",
            f"{counted.bytes:,}",
            format_ns(counted.first_at_ns),
            format_ns(counted.last_at_ns),
            format_ns(counted.gap_p50_ns),
            format_ns(counted.gap_max_ns),
        )
    return table


def _steps(analysis: Analysis) -> list[RenderableType]:
    """The steps with their times as bars, the column being all the time of the stream."""
    table = plain_table()
    table.add_column("\nstep", no_wrap=True, overflow="ellipsis")
    table.add_column("\n", no_wrap=True, overflow="ellipsis")
    for name in ("from", "took", "stated"):
        table.add_column(f"\n{name}", justify="right", no_wrap=True)
    table.add_column("\n", width=_STEP_COLUMNS, no_wrap=True)
    shown = analysis.steps[:_STEPS_SHOWN]
    last_ns = max(step.stop_ns or step.start_ns or 0 for step in analysis.steps)
    all_ns = max(last_ns, analysis.total_ns or 0)
    for step in shown:
        indent = "  " * min(step.depth, _DEPTH_SHOWN)
        table.add_row(
            Text(indent + one_line(step.label or step.name, 24 - len(indent))),
            Text(one_line(step.name, 16) if step.label else "", "dim"),
            format_ns(step.start_ns),
            _took(step),
            "" if step.stated_ms is None else format_ns(round(step.stated_ms * 1e6)),
            Text(_span_bar(step, all_ns), "cyan"),
        )
    rest = len(analysis.steps) - len(shown)
    return [table, Text(f"… and {rest:,} more", "dim")] if rest else [table]


def _took(step: StepTime) -> Text:
    if step.start_ns is None:
        return Text("-")
    if step.stop_ns is None:
        return Text("open", "yellow")
    return Text(format_ns(step.stop_ns - step.start_ns))


def _span_bar(step: StepTime, all_ns: int) -> str:
    """A bar as long as the step, to an eighth of a column, from the column in which it began; of
    one that is open to the end."""
    start_ns = step.stop_ns if step.start_ns is None else step.start_ns
    if start_ns is None or not all_ns:
        return ""
    first = min(start_ns * _STEP_COLUMNS // all_ns, _STEP_COLUMNS - 1)
    if step.stop_ns is None:
        return " " * first + "█" * (_STEP_COLUMNS - first)
    eighths = max(1, (step.stop_ns - start_ns) * _STEP_COLUMNS * 8 // all_ns)
    return " " * first + "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
