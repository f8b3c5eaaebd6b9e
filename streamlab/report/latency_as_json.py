"""A latency report for programs: JSON in the shape of aiperf's exports, and CSV. Times in ns."""

import csv
from collections.abc import Iterator
from typing import Any, Final

from streamlab.latency import METRICS, PERCENTS, Group, Metric, Overview, Spread, Verdict
from streamlab.latency.metric import Unit
from streamlab.report.show_text import visible

__all__ = ["latency_csv", "latency_json"]

SCHEMA_VERSION: Final = "1.0"
_AVERAGES: Final = ("avg", "min", "max", "std", "sum")
# With these first, a spreadsheet takes a text for a formula (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def latency_json(overview: Overview) -> dict[str, Any]:
    """`groups` where it was asked for groups, `gates` where for gates."""
    value = {"schema_version": SCHEMA_VERSION, **_group_json(overview.whole)}
    if overview.by:
        value["by"] = list(overview.by)
        value["groups"] = [
            {"group": dict(zip(overview.by, each.key, strict=True)), **_group_json(each)}
            for each in overview.groups
        ]
    if overview.verdicts:
        value["gates"] = [_verdict_json(verdict) for verdict in overview.verdicts]
    return value


def _group_json(group: Group) -> dict[str, Any]:
    summary = group.summary
    return {
        "recordings": summary.recordings,
        "outcomes": dict(summary.outcomes),
        "metrics": {
            metric.stored: _spread_json(metric, summary.spreads[metric.name])
            for metric in METRICS.values()
        },
    }


def _spread_json(metric: Metric, spread: Spread) -> dict[str, Any]:
    unit = metric.unit
    averages = {name: _number(getattr(spread, name), unit) for name in _AVERAGES}
    percentiles = {f"p{p}": _number(spread.percentiles[p], unit) for p in PERCENTS}
    intervals = {
        f"p{percent}": [_number(end, unit) for end in interval]
        for percent, interval in spread.intervals.items()
        if interval is not None
    }
    return {
        "unit": unit,
        "count": spread.n,
        **averages,
        **percentiles,
        "intervals": intervals,
    }


def _number(value: float | None, unit: Unit) -> float | None:
    """Whole ns, since that is what clocks gave."""
    return round(value) if value is not None and unit == "ns" else value


def _verdict_json(verdict: Verdict) -> dict[str, Any]:
    gate = verdict.gate
    unit: Unit = "count" if gate.aggregate in {"rate", "count"} else gate.metric.unit
    return {
        "gate": gate.text,
        "group": list(verdict.group),
        "passed": verdict.passed,
        "value": _number(verdict.value, unit),
        "limit": gate.limit,
        "count": verdict.n,
        "recordings": verdict.recordings,
        "least_count": verdict.least_n,
    }


class _Lines(list[str]):
    """What is written, line by line."""

    def write(self, text: str) -> None:
        self.append(text)


def latency_csv(overview: Overview) -> str:
    """A line for each metric of each group, or of everything where there are no groups; the line of
    titles is there in any case."""
    lines = _Lines()
    writer = csv.writer(lines, lineterminator="\n")
    intervals = [f"p{percent}_{end}" for percent in PERCENTS for end in ("low", "high")]
    percentiles = [f"p{percent}" for percent in PERCENTS]
    titles = ["metric", "unit", "recordings", "count", *_AVERAGES, *percentiles, *intervals]
    writer.writerow([*overview.by, *titles])
    for group in overview.groups if overview.by else (overview.whole,):
        writer.writerows(_csv_rows(group))
    return "".join(lines)


def _csv_rows(group: Group) -> Iterator[list[object]]:
    key = [_cell(part) for part in group.key]
    for metric in METRICS.values():
        spread, unit = group.summary.spreads[metric.name], metric.unit
        averages = [_number(getattr(spread, name), unit) for name in _AVERAGES]
        percentiles = [_number(spread.percentiles[percent], unit) for percent in PERCENTS]
        intervals = [
            _number(end, unit)
            for percent in PERCENTS
            for end in spread.intervals[percent] or (None, None)
        ]
        counts = [metric.stored, unit, group.summary.recordings, spread.n]
        yield [*key, *counts, *averages, *percentiles, *intervals]


def _cell(text: str) -> str:
    """A text that no spreadsheet runs."""
    shown = visible(text).replace("\n", " ")
    return f"'{shown}" if shown.startswith(_FORMULA_STARTS) else shown
