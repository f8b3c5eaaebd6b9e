"""Analyses and recordings as JSON values, for `--json`: times in integer `_ns`, unmeasured null."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from streamlab.analysis import Analysis
from streamlab.finding import Finding
from streamlab.report.around import near, region
from streamlab.report.growth import grown
from streamlab.report.hex_dump import odd_characters, sections
from streamlab.report.layout import Entry, Layout, Selection
from streamlab.report.place import Place
from streamlab.sse import Blank

__all__ = [
    "analysis_json",
    "around_json",
    "body_json",
    "both_json",
    "bytes_json",
    "events_json",
    "findings_json",
    "growth_json",
    "plain",
    "reads_json",
]


def analysis_json(analysis: Analysis, findings: Sequence[Finding]) -> dict[str, Any]:
    """All fields of an analysis, under their names, and what is wrong; of each gap only how long it
    was."""
    values = {field.name: getattr(analysis, field.name) for field in fields(analysis)}
    values["gap_list"] = analysis.gaps_ns
    renamed = {"gaps_ns" if name == "gap_list" else name: values[name] for name in values}
    values = {name: plain(value) for name, value in renamed.items()}
    return values | {"findings": findings_json(findings)}


def plain(value: Any) -> Any:  # noqa: ANN401 - any value of an analysis, any JSON value
    """A value of an analysis as a JSON value: objects by the names of their fields."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        named = getattr(value, "_fields", None)
        if named is not None:
            return {name: plain(each) for name, each in zip(named, value, strict=True)}
        return [plain(each) for each in value]
    return value


def findings_json(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """All fields of findings, under their names."""
    return [finding._asdict() for finding in findings]


def events_json(layout: Layout, selection: Selection) -> list[dict[str, Any]]:
    """The items that are selected, in order: events with what they say, comments, issues; blank
    bytes too, unless types or kinds are asked for."""
    entries = selection.entries(layout)
    if not selection.is_filtered:
        blanks = [
            Entry(None, arrival, None)
            for arrival in layout.stream.arrived
            if isinstance(arrival.item, Blank)
        ]
        entries += filter(selection.holds, blanks)
        entries.sort(key=lambda entry: entry.stop)
    return _entries_json(entries[: selection.limit])


def _entries_json(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    return [_entry_json(entry) for entry in entries]


def _entry_json(entry: Entry) -> dict[str, Any]:
    arrival = entry.arrival
    listed = {
        "item": type(arrival.item).__name__.lower(),
        "first_at_ns": arrival.first_at_ns,
        "at_ns": arrival.at_ns,
        "read": arrival.read_index,
        **arrival.item._asdict(),
    }
    if entry.main is not None:
        listed |= {"number": entry.number, "kind": entry.main.kind, "text": entry.main.text}
    return listed


def reads_json(layout: Layout, selection: Selection) -> list[dict[str, Any]]:
    """The reads that are selected, as they came: bytes as text where they are UTF-8, as base64
    otherwise."""
    reads = [layout.recording.reads[read.number] for read in selection.reads(layout)]
    return [{"at_ns": read.at_ns, **_payload(read.data)} for read in reads[: selection.limit]]


def both_json(layout: Layout, selection: Selection) -> list[dict[str, Any]]:
    """The reads that are selected, decoded, each with the items that it completed."""
    completed: dict[int, list[Entry]] = {}
    for entry in selection.entries(layout):
        completed.setdefault(entry.arrival.read_index, []).append(entry)
    return [
        {
            "read": read.number,
            "at_ns": read.at_ns,
            "start": read.start,
            "stop": read.stop,
            **_payload(read.data),
            "completed": _entries_json(completed.get(read.number, ())),
        }
        for read in selection.reads(layout)[: selection.limit]
    ]


def bytes_json(layout: Layout, selection: Selection) -> list[dict[str, Any]]:
    """The spans of a dump, in hexadecimal, and what is odd in each."""
    return [
        {
            "start": start,
            "stop": stop,
            "hex": layout.body[start:stop].hex(),
            "odd": [
                {"start": each.start, "stop": each.stop, "what": each.oddity.name}
                for each in odd_characters(layout, [(start, stop)])
                if each.oddity is not None
            ],
        }
        for _, start, stop in sections(layout, selection)[: selection.limit]
    ]


def growth_json(layout: Layout, selection: Selection) -> list[dict[str, Any]]:
    """The steps in which output came."""
    return [
        {
            "at_ns": step.at_ns,
            "until_ns": step.until_ns,
            "first_event": step.events[0],
            "last_event": step.events[1],
            "kind": step.first.kind,
            "choice": step.first.choice,
            "name": step.first.name,
            "text": step.text,
        }
        for step in grown(layout, selection)[: selection.limit]
    ]


def around_json(layout: Layout, place: Place, context: int) -> dict[str, Any]:
    """A place, its bytes, and the items before it, at it and behind it."""
    before, meant, behind = near(layout, place, context)
    start, stop = region(layout, place, meant)
    return {
        "place": place._asdict(),
        "start": start,
        "stop": stop,
        **_payload(layout.body[start:stop]),
        "reads": [read.number for read in layout.reads if read.start < stop and read.stop > start],
        "before": _entries_json(before),
        "items": _entries_json(meant),
        "behind": _entries_json(behind),
    }


def body_json(layout: Layout) -> dict[str, Any]:
    """The body as it was sent."""
    return _payload(layout.recording.body)


def _payload(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}
