"""Comparisons as JSON values, for `--json`: times in integer `_ns`, what was not measured null."""

from dataclasses import fields
from typing import Any

from streamlab.analysis import Analysis
from streamlab.comparison import Run, SetComparison, StreamComparison
from streamlab.report.as_json import plain

__all__ = ["sets_json", "streams_json"]


def sets_json(comparison: SetComparison, names: tuple[str, str]) -> dict[str, Any]:
    """All fields; the sets go by `names`."""
    return {"a": names[0], "b": names[1]} | dict(plain(comparison))


def streams_json(comparison: StreamComparison) -> dict[str, Any]:
    """All fields; of the recordings what they are and how many of what, of runs their first and
    last time."""
    values = {field.name: plain(getattr(comparison, field.name)) for field in _plain_fields()}
    values["marks"] = [mark | {"added_ns": pair.added_ns} for mark, pair in _marks(comparison)]
    runs = [{"a": _run(pair.a), "b": _run(pair.b)} for pair in comparison.runs]
    return {"a": _side(comparison.a), "b": _side(comparison.b)} | values | {"runs": runs}


def _plain_fields() -> list[Any]:
    return [each for each in fields(StreamComparison) if each.name not in ("a", "b", "runs")]


def _marks(comparison: StreamComparison) -> list[tuple[dict[str, Any], Any]]:
    return [(plain(pair), pair) for pair in comparison.marks]


def _side(analysis: Analysis) -> dict[str, Any]:
    return {
        "id": analysis.id,
        "name": analysis.name,
        "dialect": analysis.dialect,
        "status": analysis.status,
        "end": plain(analysis.end),
        "reads": analysis.reads,
        "events": analysis.events,
        "output_events": analysis.output_events,
        "coalesced_events": analysis.coalesced_events,
    }


def _run(run: Run | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "type": run.type,
        "kind": run.kind,
        "first": run.first,
        "count": len(run.times_ns),
        "start_ns": run.times_ns[0],
        "stop_ns": run.times_ns[-1],
    }
