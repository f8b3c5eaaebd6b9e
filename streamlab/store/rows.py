"""Recordings as rows and back, and the rows derived from them: pure functions."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from streamlab.analysis import MEASURED, Analysis, ReadEvent
from streamlab.dialect import main_delta
from streamlab.finding import Finding
from streamlab.json_text import utf8_text
from streamlab.recording import End, Header, Mark, Read, Recording, Request, Response

__all__ = [
    "ReadRow",
    "Row",
    "end_columns",
    "event_row",
    "finding_rows",
    "marks_column",
    "metric_rows",
    "metrics",
    "read_rows",
    "recording_from_row",
    "recording_row",
    "response_columns",
]

Row = dict[str, Any]
# Plain tuples, in the order (recording_id, seq, at_ns, data): there are many, and they come fast.
ReadRow = tuple[str, int, int, bytes]

_FINDING_COLUMNS = (
    "code", "slug", "severity", "message", "cause", "hint", "text", "start", "stop", "at_ns",
    "event",
)  # fmt: skip


def recording_row(recording: Recording, recorder: str) -> Row:
    """The row of `recordings`, without derived columns."""
    request = recording.request
    return {
        "id": recording.id,
        "name": recording.name,
        "source": recording.source,
        "tags": json.dumps(recording.tags),
        "started_at": recording.started_at,
        "method": request.method,
        "url": request.url,
        "request_headers": _headers_column(request.headers),
        "request_body": request.body,
        "recorder": recorder,
        "marks": marks_column(recording.marks),
        **response_columns(recording.response),
        **end_columns(recording.end),
    }


def response_columns(response: Response | None) -> Row:
    """The columns that the response head fills."""
    return {
        "status": response.status if response else None,
        "http_version": response.http_version if response else None,
        "response_headers": _headers_column(response.headers) if response else None,
        "response_at_ns": response.at_ns if response else None,
    }


def end_columns(end: End | None) -> Row:
    """The columns that the end fills."""
    return {
        "end_at_ns": end.at_ns if end else None,
        "end_reason": end.reason if end else None,
        "end_detail": end.detail if end else None,
    }


def marks_column(marks: Iterable[Mark]) -> str:
    """Marks as JSON."""
    return json.dumps([[mark.name, mark.at_ns] for mark in marks])


def _headers_column(headers: tuple[Header, ...]) -> str:
    return json.dumps(headers)


def recording_from_row(row: Mapping[str, Any], reads: tuple[Read, ...]) -> Recording:
    """The recording of a row and its reads."""
    return Recording(
        id=row["id"],
        name=row["name"],
        source=row["source"],
        tags=tuple(json.loads(row["tags"])),
        started_at=row["started_at"] or "",
        request=Request(
            method=row["method"],
            url=row["url"],
            headers=_headers(row["request_headers"]),
            body=row["request_body"] or b"",
        ),
        response=_response(row),
        marks=tuple(Mark(name=n, at_ns=at_ns) for n, at_ns in json.loads(row["marks"] or "[]")),
        reads=reads,
        end=_end(row),
    )


def _headers(column: str | None) -> tuple[Header, ...]:
    return tuple((name, value) for name, value in json.loads(column or "[]"))


def _response(row: Mapping[str, Any]) -> Response | None:
    if row["status"] is None:
        return None
    return Response(
        status=row["status"],
        http_version=row["http_version"],
        headers=_headers(row["response_headers"]),
        at_ns=row["response_at_ns"],
    )


def _end(row: Mapping[str, Any]) -> End | None:
    if row["end_reason"] is None:
        return None
    return End(at_ns=row["end_at_ns"], reason=row["end_reason"], detail=row["end_detail"] or "")


def read_rows(recording_id: str, reads: Iterable[Read]) -> list[ReadRow]:
    """Rows of `reads`."""
    return [(recording_id, seq, read.at_ns, read.data) for seq, read in enumerate(reads)]


def event_row(recording_id: str, seq: int, event: ReadEvent) -> Row:
    """A row of `events`."""
    arrival = event.arrival
    main = main_delta(event.deltas)
    return {
        "recording_id": recording_id,
        "seq": seq,
        "at_ns": arrival.at_ns,
        "first_at_ns": arrival.first_at_ns,
        "read_seq": arrival.read_index,
        "type": event.event.type,
        "data": event.event.data,
        "start": event.event.start,
        "stop": event.event.stop,
        "kind": main.kind,
        "text": utf8_text(main.text),
    }


def metrics(analysis: Analysis, findings: Sequence[Finding]) -> dict[str, float]:
    """What was measured, by name."""
    severities = Counter(finding.severity for finding in findings)
    values = {name: getattr(analysis, name) for name in MEASURED} | {
        "gap_p50_ns": analysis.gaps.p50_ns,
        "gap_p99_ns": analysis.gaps.p99_ns,
        "gap_max_ns": analysis.gaps.max_ns,
        "stalls": len(analysis.stalls),
        "failures": len(analysis.errors),
        "has_end_marker": int(analysis.has_end_marker),
        "errors": severities["error"],
        "warnings": severities["warning"],
    }
    return {name: value for name, value in values.items() if value is not None}


def metric_rows(analysis: Analysis, findings: Sequence[Finding]) -> list[Row]:
    """The rows of `metrics`; what was not measured has none."""
    return [
        {"recording_id": analysis.id, "name": name, "value": value}
        for name, value in metrics(analysis, findings).items()
    ]


def finding_rows(recording_id: str, findings: Sequence[Finding]) -> list[Row]:
    """The rows of `findings`."""
    return [
        {"recording_id": recording_id, "seq": seq}
        | {column: getattr(finding, column) for column in _FINDING_COLUMNS}
        for seq, finding in enumerate(findings)
    ]
