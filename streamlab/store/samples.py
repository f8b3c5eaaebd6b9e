"""Recordings as the numbers that reports are made of."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Final

from streamlab.analysis import analyze, read_stream
from streamlab.dialect import asked_model
from streamlab.finding import find
from streamlab.latency import METRICS, Sample, find_outcome, host
from streamlab.recording import UNTIMED, Recording
from streamlab.store.rows import Row, metrics, recording_row
from streamlab.store.statements import select_rows

__all__ = ["sample_of", "select_samples"]

_COLUMNS: Final = "id, name, tags, url, model, dialect, started_at, status, end_reason"
# What outcomes are told by, and what samples have but for `failed`, which is made of that.
_TELLING: Final = ("failures", "has_end_marker")
_WANTED: Final = (*_TELLING, *(m.stored for m in METRICS.values() if m.name != "failed"))


def sample_of(recording: Recording) -> Sample:
    """The sample of a recording that is in no library."""
    stream = read_stream(recording)
    analysis = analyze(recording, stream=stream)
    found = find(recording, stream=stream, analysis=analysis)
    derived = {"model": asked_model(recording.request), "dialect": analysis.dialect}
    measured = metrics(analysis, found)
    wanted = {name: measured[name] for name in _WANTED if name in measured}
    return _sample(recording_row(recording, recorder="") | derived, wanted)


def select_samples(connection: sqlite3.Connection, ids: Iterable[str] | None) -> list[Sample]:
    """The samples of all recordings or of those with these ids, oldest first."""
    # As one parameter, since there may be more ids than a statement takes.
    chosen = None if ids is None else json.dumps(list(ids))
    among = "(select value from json_each(?))"
    where, given = ("1", ()) if chosen is None else (f"id in {among}", (chosen,))
    rows = select_rows(
        connection,
        f"select {_COLUMNS} from recordings where {where} order by started_at, rowid",  # noqa: S608
        given,
    )
    numbers: dict[str, dict[str, float]] = {row["id"]: {} for row in rows}
    names = ", ".join("?" * len(_WANTED))
    where = "1" if chosen is None else f"recording_id in {among}"
    measured = connection.execute(
        f"select recording_id, name, value from metrics where {where} and name in ({names})",  # noqa: S608
        (*given, *_WANTED),
    )
    for recording_id, name, value in measured:
        if recording_id in numbers:  # one may have come since
            numbers[recording_id][name] = value
    return [_sample(row, numbers[row["id"]]) for row in rows]


def _sample(row: Row, numbers: dict[str, float]) -> Sample:
    """The sample of a row of `recordings` and its metrics, which become the sample's."""
    tags = tuple(json.loads(row["tags"]))
    failures, has_end_marker = (numbers.pop(name, 0) for name in _TELLING)
    outcome = find_outcome(
        row["status"],
        row["end_reason"],
        has_end_marker=bool(has_end_marker),
        reports_failure=bool(failures),
    )
    if UNTIMED in tags:  # there is none, because there are no times
        numbers.pop("stalls", None)
    if outcome != "recording":
        numbers["failed"] = int(outcome != "complete")
    return Sample(
        id=row["id"],
        name=row["name"],
        tags=tags,
        model=row["model"],
        provider=host(row["url"]),
        dialect=row["dialect"],
        started_at=row["started_at"] or "",
        status=row["status"],
        end_reason=row["end_reason"],
        outcome=outcome,
        metrics=numbers,
    )
