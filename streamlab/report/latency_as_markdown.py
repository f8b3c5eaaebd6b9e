"""A latency report as Markdown, as GitHub renders it, and its gates as JUnit XML."""

import re
from collections.abc import Iterator
from html import escape
from typing import Final

from streamlab.latency import METRICS, Group, Metric, Overview, Spread, Verdict
from streamlab.report.latency_text import (
    format_interval,
    format_value,
    key_text,
    outcomes_text,
    shown_metrics,
    verdict_text,
)

__all__ = ["latency_markdown", "verdicts_junit"]

_HEAD: Final = "n | p50 | 95 % sure | avg | p90 | p95 | p99 | max |"
_RULE: Final = "--:|--:|---|--:|--:|--:|--:|--:|"
_COMPARED: Final = tuple(
    METRICS[name] for name in ("ttft", "ttfat", "latency", "tpot", "tps_user", "gap_p50")
)
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>#|~@&$])")
# What XML 1.0 cannot say (https://www.w3.org/TR/xml/#charsets), besides what is drawn before.
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def latency_markdown(overview: Overview) -> str:
    """A table of all metrics, one by group of the main ones, and the gates."""
    return "\n".join(_lines(overview)) + "\n"


def _lines(overview: Overview) -> Iterator[str]:
    summary = overview.whole.summary
    noun = "recording" if summary.recordings == 1 else "recordings"
    yield f"**{summary.recordings:,} {noun}**: {outcomes_text(summary)}"
    measured = shown_metrics(summary, tuple(METRICS.values()))
    if measured:
        yield from ("", f"| metric | | {_HEAD}", f"|---|---|{_RULE}")
        for metric, spread in measured:
            cells = _cells(metric, spread, overview.whole)
            yield f"| `{metric.name}` | {metric.title} | {cells} |"
    if overview.groups:
        yield from ("", f"| metric | {', '.join(overview.by)} | outcomes | {_HEAD}")
        yield f"|---|---|---|{_RULE}"
        for metric, _ in shown_metrics(summary, _COMPARED):
            for group in overview.groups:
                cells = _cells(metric, group.summary.spreads[metric.name], group)
                key, outcomes = _plain(key_text(group.key)), outcomes_text(group.summary)
                yield f"| `{metric.name}` | {key} | {outcomes} | {cells} |"
    if overview.verdicts:
        yield from ("", "| gate | |", "|---|---|")
        for verdict in overview.verdicts:
            mark = "✅ PASS" if verdict.passed else "❌ FAIL"
            yield f"| {mark} | {_plain(verdict_text(verdict, overview))} |"


def _cells(metric: Metric, spread: Spread, group: Group) -> str:
    unit, percentiles = metric.unit, spread.percentiles
    count = group.summary.recordings
    numbers = (spread.avg, percentiles[90], percentiles[95], percentiles[99], spread.max)
    cells = (
        f"{spread.n:,}" if spread.n == count else f"{spread.n:,}/{count:,}",
        format_value(percentiles[50], unit),
        format_interval(spread.intervals[50], unit),
        *(format_value(number, unit) for number in numbers),
    )
    return " | ".join(cells)


def _plain(text: str) -> str:
    """The text with no markup in it."""
    return _MARKUP.sub(r"\\\1", text)


def verdicts_junit(overview: Overview) -> str:
    """A test case for each gate and group, as build servers read them."""
    verdicts = overview.verdicts
    failures = sum(not verdict.passed for verdict in verdicts)
    counts = f'tests="{len(verdicts)}" failures="{failures}"'
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<testsuites name="streamlab report" {counts}>',
            f'  <testsuite name="streamlab report" {counts} errors="0" skipped="0">',
            *(_case(verdict, overview) for verdict in verdicts),
            "  </testsuite>",
            "</testsuites>",
            "",
        ]
    )


def _case(verdict: Verdict, overview: Overview) -> str:
    group = key_text(verdict.group) if overview.groups else "all"
    head = f'    <testcase classname="{_xml(group)}" name="{_xml(verdict.gate.text)}"'
    text = _xml(verdict_text(verdict, overview))
    if verdict.passed:
        return f"{head}><system-out>{text}</system-out></testcase>"
    return f'{head}><failure message="{text}"/></testcase>'


def _xml(text: str) -> str:
    return escape(_NO_XML.sub("\ufffd", text))
