"""Recordings as the numbers that reports are made of."""

import json
import sqlite3
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from streamlab.analysis import analyze, read_stream
from streamlab.dialect import asked_model
from streamlab.finding import find
from streamlab.latency import METRICS, Sample, find_outcome, host
from streamlab.recording import UNTIMED, Recording
from streamlab.store.rows import Row, metrics, recording_row
from streamlab.store.statements import select_rows

__all__ = ["sample_of", "select_samples"]

_COLUMNS: Final = "id, name, tags, url, model, dialect, started_at, status, end_reason, metrics"
# What samples have, but for `failed`, which is made of the outcome.
_WANTED: Final = tuple(m.stored for m in METRICS.values() if m.name != "failed")


def sample_of(recording: Recording) -> Sample:
    """The sample of a recording that is in no library."""
    stream = read_stream(recording)
    analysis = analyze(recording, stream=stream)
    found = find(recording, stream=stream, analysis=analysis)
    derived = {"model": asked_model(recording.request), "dialect": analysis.dialect}
    row = recording_row(recording, recorder="") | derived
    return _sample(row, metrics(analysis, found))


def select_samples(connection: sqlite3.Connection, ids: Iterable[str] | None) -> list[Sample]:
    """The samples of all recordings or of those with these ids, oldest first."""
    # As one parameter, since there may be more ids than a statement takes.
    among = "id in (select value from json_each(?))"
    where, given = ("1", ()) if ids is None else (among, (json.dumps(list(ids)),))
    rows = select_rows(
        connection,
        f"select {_COLUMNS} from recordings where {where} order by started_at, number",  # noqa: S608
        given,
    )
    return [_sample(row, json.loads(row["metrics"] or "{}")) for row in rows]


@lru_cache(maxsize=1024)  # many recordings have the same, mostly none
def _tags(column: str) -> tuple[str, ...]:
    return tuple(json.loads(column))


def _sample(row: Row, measured: dict[str, float]) -> Sample:
    """The sample of a row of `recordings` and of all that was measured."""
    tags = _tags(row["tags"])
    numbers = {name: measured[name] for name in _WANTED if name in measured}
    outcome = find_outcome(
        row["status"],
        row["end_reason"],
        has_end_marker=bool(measured.get("has_end_marker")),
        reports_failure=bool(measured.get("failures")),
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
