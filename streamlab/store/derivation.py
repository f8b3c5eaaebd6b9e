"""What is derived from a recording's evidence, and which recordings still lack it.

The column `derived_by` of a recording names the version of streamlab that derived its events,
metrics and findings; null says that it is yet to be done. So whoever comes next can do it: the
recorder's writer, its deriver, or, when both are gone, whoever opens the library.
"""

import sqlite3
from dataclasses import dataclass

from streamlab.analysis import Analysis, Stream, analyze, read_stream
from streamlab.dialect import asked_model
from streamlab.finding import Finding, find
from streamlab.store.connect import transaction
from streamlab.store.rows import event_row, finding_rows, metric_rows
from streamlab.store.statements import DERIVED, delete_parts, insert_rows, load, update_recording
from streamlab.version import __version__

__all__ = ["derive", "derive_anew", "derive_ended", "next_underived"]


@dataclass(frozen=True, slots=True)
class _Derived:
    recording_id: str
    model: str | None
    stream: Stream
    analysis: Analysis
    findings: tuple[Finding, ...]


def derive(connection: sqlite3.Connection, recording_id: str) -> None:
    """Make what is derived from a recording anew, within the caller's transaction."""
    derived = _derived(connection, recording_id)
    if derived is not None:
        _replace(connection, derived)


def derive_anew(connection: sqlite3.Connection, recording_id: str) -> None:
    """The same in a transaction of its own, which begins when all is worked out: nobody waits for
    the lock meanwhile."""
    derived = _derived(connection, recording_id)
    if derived is not None:
        with transaction(connection):
            _replace(connection, derived)


def derive_ended(connection: sqlite3.Connection, recording_id: str) -> None:
    """Make what a recording lacks. It is worked out before the transaction begins, so that nobody
    waits for the lock meanwhile; if somebody else was faster, theirs stays."""
    derived = _derived(connection, recording_id)
    if derived is None:
        return
    with transaction(connection):
        lacking = "select 1 from recordings where id = ? and derived_by is null"
        if connection.execute(lacking, (recording_id,)).fetchone():
            _replace(connection, derived)


def next_underived(connection: sqlite3.Connection, recorder: str) -> str | None:
    """An ended recording of this process that lacks what is derived."""
    row = connection.execute(
        """select id from recordings
           where recorder = ? and derived_by is null and end_reason is not null limit 1""",
        (recorder,),
    ).fetchone()
    return None if row is None else str(row[0])


def _derived(connection: sqlite3.Connection, recording_id: str) -> _Derived | None:
    recording = load(connection, recording_id)
    if recording is None:
        return None
    stream = read_stream(recording)
    analysis = analyze(recording, stream=stream)
    findings = find(recording, stream=stream, analysis=analysis)
    model = asked_model(recording.request)
    return _Derived(recording_id, model, stream, analysis, findings)


def _replace(connection: sqlite3.Connection, derived: _Derived) -> None:
    recording_id, analysis = derived.recording_id, derived.analysis
    delete_parts(connection, recording_id, DERIVED)
    rows = [event_row(recording_id, seq, event) for seq, event in enumerate(derived.stream.events)]
    insert_rows(connection, "events", rows)
    insert_rows(connection, "metrics", metric_rows(analysis, derived.findings))
    insert_rows(connection, "findings", finding_rows(recording_id, derived.findings))
    columns = {
        "dialect": analysis.dialect,
        "model": derived.model,
        "derived_by": __version__,
    }
    update_recording(connection, recording_id, columns)
