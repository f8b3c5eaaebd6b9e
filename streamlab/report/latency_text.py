"""The words and numbers that all forms of a latency report share."""

from typing import Final

from streamlab.latency import Outcome, Overview, Spread, Summary, Verdict
from streamlab.latency.metric import Metric, Unit
from streamlab.report.show_text import format_ns, format_range_ns, format_rate, one_line

__all__ = [
    "KEY_CHARS",
    "format_interval",
    "format_value",
    "key_text",
    "outcome_text",
    "outcomes_text",
    "shown_metrics",
    "verdict_text",
]

KEY_CHARS: Final = 40
"""How much of a group's key is shown."""


def format_value(value: float | None, unit: Unit) -> str:
    """A value with three digits and its unit; - if there is none."""
    if value is None:
        return "-"
    if unit == "ns":
        return format_ns(round(value))
    if unit == "1/s":
        return format_rate(value)
    return f"{value:,.0f}" if value == round(value) else f"{value:,.{2 if value < 10 else 1}f}"


def format_interval(interval: tuple[float, float] | None, unit: Unit) -> str:
    """From one value to another; "" if there is no interval."""
    if interval is None:
        return ""
    low, high = interval
    if unit == "ns":
        return format_range_ns(round(low), round(high))
    return f"{format_value(low, unit).removesuffix('/s')}–{format_value(high, unit)}"  # noqa: RUF001


def key_text(key: tuple[str, ...], max_chars: int = KEY_CHARS) -> str:
    """A group's key on a line; `(none)` for what a recording has none of."""
    parts = [part or "(none)" for part in key]
    if sum(map(len, parts)) + 2 * len(parts) > max_chars:  # of each something, so that they differ
        each = max(2, max_chars // max(1, len(parts)) - 2)
        parts = [one_line(part, each) for part in parts]
    return one_line(", ".join(parts), max_chars)


def outcome_text(outcome: Outcome) -> str:
    """An outcome as people read it."""
    return outcome.replace("_", " ")


def outcomes_text(summary: Summary) -> str:
    """How many had which outcome: `8 complete, 1 truncated`."""
    parts = [f"{count:,} {outcome_text(each)}" for each, count in summary.outcomes.items()]
    return ", ".join(parts) or "none"


def shown_metrics(summary: Summary, metrics: tuple[Metric, ...]) -> list[tuple[Metric, Spread]]:
    """Those of `metrics` that were measured; the first answer only if it is not the first token."""
    spreads = summary.spreads
    return [
        (metric, spreads[metric.name])
        for metric in metrics
        if spreads[metric.name].n
        and not (metric.name == "ttfat" and spreads["ttfat"] == spreads["ttft"])
        and not (metric.name == "thinking" and not spreads["thinking"].max)
    ]


def verdict_text(verdict: Verdict, overview: Overview) -> str:
    """What a gate found: its value, of how many, and whether that is many enough."""
    gate = verdict.gate
    where = f" [{key_text(verdict.group)}]" if overview.groups else ""
    if verdict.value is None:
        return f"{gate.text}{where}: nothing measured in {_recordings(verdict.recordings)}"
    if gate.aggregate == "rate":
        value = f"{verdict.value:.2%}"
    else:
        value = format_value(
            verdict.value, "count" if gate.aggregate == "count" else gate.metric.unit
        )
    text = f"{gate.text}{where}: {value} (n {verdict.n:,} of {verdict.recordings:,}"
    if verdict.n < verdict.least_n:
        text += f"; uncertain below {verdict.least_n:,}"
    return text + ")"


def _recordings(count: int) -> str:
    return "1 recording" if count == 1 else f"{count:,} recordings"
