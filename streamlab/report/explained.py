"""Which event set each number, and what other tools would say. Pure: nothing here prints."""

from collections.abc import Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from streamlab.analysis import Cause, Explained, Instant, Score, Uncounted
from streamlab.report.show_text import format_bytes, format_ns, format_rate, one_line
from streamlab.report.terminal import plain_table

__all__ = ["definitions_view", "explain_view"]

_EXCERPT_CHARS: Final = 24
_MOST_UNCOUNTED: Final = 4


def explain_view(name: str, explained: Sequence[Explained]) -> RenderableType:
    """`streamlab analyze --explain`: a number a line, and under it what did not count for it."""
    table = plain_table()
    table.add_column("metric", no_wrap=True)
    table.add_column("value", no_wrap=True, justify="right")
    table.add_column("set by", overflow="fold")
    for each in explained:
        metric = Text(each.metric.removesuffix("_ns"), "bold")
        table.add_row(metric, Text(_value(each)), _set_by(each))
    return _titled(name, table)


def definitions_view(name: str, scores: Sequence[Score]) -> RenderableType:
    """`streamlab analyze --definitions`: a tool a line."""
    table = plain_table()
    table.add_column("tool", no_wrap=True)
    for title in ("TTFT", "latency", "per token"):
        table.add_column(title, no_wrap=True, justify="right")
    table.add_column("what counts", overflow="fold")
    for each in scores:
        table.add_row(
            Text.assemble((each.tool, "bold"), "\n", (f"  {each.version}", "dim")),
            _instant(each.ttft),
            _instant(each.latency),
            _per_token(each),
            _counts(each),
        )
    return _titled(name, table)


def _titled(name: str, table: Table) -> RenderableType:
    return Group(Text(one_line(name, 60), "bold"), table)


def _value(each: Explained) -> str:
    value = each.value
    if value is None:
        return "-"
    if each.metric.startswith("tps_"):
        return format_rate(value)
    if each.metric == "tokens_per_chunk":
        return f"{value:.2f}"
    return f"{value:,.0f}" if each.metric == "output_tokens" else format_ns(round(value))


def _set_by(each: Explained) -> Text:
    parts = [_cause(each.cause)] if each.cause else []
    if each.formula:
        numbers = (f" = {each.numbers}", "cyan") if each.numbers else ""
        parts.append(Text.assemble(each.formula, numbers))
    if each.value is None:
        parts.append(Text("no event counts", "yellow"))
    parts += [_uncounted(skipped) for skipped in each.uncounted[:_MOST_UNCOUNTED]]
    if (more := len(each.uncounted) - _MOST_UNCOUNTED) > 0:
        parts.append(Text(f"nor {more} more like these", "dim"))
    return Text("\n").join(parts)


def _cause(cause: Cause) -> Text:
    read = f"read {cause.read}" if cause.read is not None else ""
    at = f" at {format_ns(cause.at_ns)}"
    size = f", {format_bytes(cause.read_bytes)}" if cause.read_bytes is not None else ""
    if cause.event is None:
        return Text(f"{read or cause.what}{at}{size}")
    text = f" “{one_line(cause.text, _EXCERPT_CHARS)}”" if cause.text else ""
    return Text.assemble(
        f"event {cause.event} ", (f"{cause.kind}{text}", "green"), f" in {read}{at}{size}"
    )


def _uncounted(skipped: Uncounted) -> Text:
    numbers = f"event {skipped.first}"
    if skipped.last > skipped.first:
        numbers = f"events {skipped.first} to {skipped.last}"
    return Text(f"not {numbers}: {skipped.why}", "dim")


def _instant(mark: Instant | None) -> Text:
    text = Text(format_ns(mark.at_ns if mark else None))
    if mark is not None:
        text.append("\nthe end" if mark.event is None else f"\nevent {mark.event}", "dim")
    return text


def _per_token(score: Score) -> Text:
    lines = [
        Text.assemble(format_ns(each.value_ns), (f" {each.name}", "dim"))
        for each in score.per_token
    ]
    return Text("\n").join(lines)


def _counts(score: Score) -> Text:
    if not score.answer_name:
        return Text(score.counts)
    answer = format_ns(score.answer.at_ns if score.answer else None)
    return Text.assemble(score.counts, "\n", (f"{score.answer_name} {answer}", "dim"))
