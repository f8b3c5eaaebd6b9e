"""Recordings as rows and back, and the rows derived from them: pure functions."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

from streamlab.analysis import MEASURED, Analysis, ReadEvent
from streamlab.dialect import main_delta
from streamlab.finding import Finding
from streamlab.json_text import utf8_text
from streamlab.recording import End, Header, Mark, Read, Recording, Request, Response
from streamlab.sse import Event

__all__ = [
    "EVENT_COLUMNS",
    "EventRows",
    "ReadRow",
    "Row",
    "end_columns",
    "event_rows",
    "finding_rows",
    "marks_column",
    "metrics",
    "read_rows",
    "recording_from_row",
    "recording_row",
    "response_columns",
]

Row = dict[str, Any]
# Plain tuples, since they are many. `recording` is its number.
ReadRow = tuple[int, int, int, bytes | bytearray]  # (recording, seq, at_ns, data)
EventRow = tuple[int | str, ...]

_OF_ALL_EVENTS: Final = ("recording", "seq", "read_seq", "start", "stop", "type", "kind", "text")
# What rows have after these, by whether their data stands in one read, where nearly all do, and
# whether the event began in an earlier one. Columns that are null are left out: for each, sqlite3
# asks whether None is to be adapted, which takes longer than the rest of inserting the row.
EVENT_COLUMNS: Final = {
    (True, False): (*_OF_ALL_EVENTS, "data_start", "data_bytes"),
    (True, True): (*_OF_ALL_EVENTS, "data_start", "data_bytes", "first_at_ns"),
    (False, False): (*_OF_ALL_EVENTS, "data"),
    (False, True): (*_OF_ALL_EVENTS, "data", "first_at_ns"),
}
EventRows = dict[tuple[bool, bool], list[EventRow]]
"""Rows of events, by the key of their `EVENT_COLUMNS`."""

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


def read_rows(number: int, reads: Iterable[Read]) -> list[ReadRow]:
    """Rows of the reads of the recording with this number."""
    return [(number, seq, read.at_ns, read.data) for seq, read in enumerate(reads)]


def event_rows(number: int, reads: Sequence[Read], events: Iterable[ReadEvent]) -> EventRows:
    """Rows of the events that were read from `reads`, of the recording with this number."""
    rows: EventRows = {key: [] for key in EVENT_COLUMNS}
    starts = [0, *accumulate(len(read.data) for read in reads)]
    for seq, ((_, first_at_ns, at_ns, read_seq), event, _, deltas) in enumerate(events):
        main = main_delta(deltas)
        row: EventRow = (
            number, seq, read_seq, event.start, event.stop, event.type, main.kind,
            utf8_text(main.text),
        )  # fmt: skip
        data = _find_data(event, reads[read_seq].data, starts[read_seq])
        if first_at_ns == at_ns:
            rows[len(data) > 1, False].append(row + data)
        else:
            rows[len(data) > 1, True].append((*row, *data, first_at_ns))
    return rows


def _find_data(event: Event, read: bytes, read_start: int) -> tuple[int, int] | tuple[str]:
    """Where an event's data stands in the read that completed it, and how long it is; the data
    itself if it does not stand there as it is (several lines or reads, a content coding)."""
    data = event.data.encode()
    # Any place that holds these very bytes is right; where the event's are is only the likely one.
    start = max(event.start - read_start, 0)
    found = read.find(data, start, start + event.stop - event.start)
    return (event.data,) if found < 0 else (found, len(data))


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


def finding_rows(recording_id: str, findings: Sequence[Finding]) -> list[Row]:
    """The rows of `findings`."""
    return [
        {"recording_id": recording_id, "seq": seq}
        | {column: getattr(finding, column) for column in _FINDING_COLUMNS}
        for seq, finding in enumerate(findings)
    ]
