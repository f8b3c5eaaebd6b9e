"""Analyses and recordings as JSON values, for `--json`: times in integer `_ns`, unmeasured null."""

import base64
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from streamlab.analysis import Analysis, read_stream
from streamlab.dialect import main_delta
from streamlab.finding import Finding
from streamlab.recording import Read, Recording

__all__ = ["analysis_json", "events_json", "findings_json", "reads_json"]


def analysis_json(analysis: Analysis, findings: Sequence[Finding]) -> dict[str, Any]:
    """All fields of an analysis, under their names, and what is wrong."""
    return asdict(analysis) | {"findings": findings_json(findings)}


def findings_json(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """All fields of findings, under their names."""
    return [finding._asdict() for finding in findings]


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
