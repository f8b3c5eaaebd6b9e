"""Analyses and recordings as JSON values, for `--json`: times in integer `_ns`, unmeasured null."""

import base64
from dataclasses import fields, is_dataclass
from typing import Any

from streamlab.analysis import Analysis, read_stream
from streamlab.dialect import main_delta
from streamlab.recording import Read, Recording

__all__ = ["analysis_json", "events_json", "reads_json"]


def analysis_json(analysis: Analysis) -> dict[str, Any]:
    """All fields of an analysis, under their names; of each gap only how long it was."""
    values = {field.name: getattr(analysis, field.name) for field in fields(analysis)}
    values["gap_list"] = analysis.gaps_ns
    renamed = {"gaps_ns" if name == "gap_list" else name: values[name] for name in values}
    return {name: plain(value) for name, value in renamed.items()}


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


def events_json(recording: Recording) -> list[dict[str, Any]]:
    """The items of a recording's body in order: events with what they say, comments, issues."""
    stream = read_stream(recording)
    deltas = {event.event: event.deltas for event in stream.events}
    listed = []
    for arrival in stream.arrived:
        item = arrival.item
        entry = {
            "item": type(item).__name__.lower(),
            "first_at_ns": arrival.first_at_ns,
            "at_ns": arrival.at_ns,
            "read": arrival.read_index,
            **item._asdict(),
        }
        if item in deltas:
            main = main_delta(deltas[item])
            entry |= {"kind": main.kind, "text": main.text}
        listed.append(entry)
    return listed


def reads_json(reads: tuple[Read, ...]) -> list[dict[str, Any]]:
    """The reads in order; bytes as text where they are UTF-8, as base64 otherwise."""
    return [{"at_ns": read.at_ns, **_payload(read.data)} for read in reads]


def _payload(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}
