"""What is derived from a recording's evidence, and which recordings still lack it.

The column `derived_by` of a recording names the version of streamlab that derived its events,
metrics and findings; null says that it is yet to be done. So whoever comes next can do it: the
recorder's writer, its deriver, or, when both are gone, whoever opens the library.
"""

import json
import sqlite3
from collections.abc import Iterable
from typing import Final, NamedTuple

from streamlab.analysis import analyze, read_stream
from streamlab.dialect import asked_model
from streamlab.finding import find
from streamlab.store.connect import transaction
from streamlab.store.filing import file_reads
from streamlab.store.rows import EventRows, Row, event_rows, finding_rows, metrics
from streamlab.store.statements import (
    delete_derived,
    insert_events,
    insert_rows,
    load,
    number_of,
    update_recording,
)
from streamlab.version import __version__

__all__ = ["derive", "derive_anew", "derive_ended", "next_underived"]


# Enough for a commit to cost little, and few enough for nobody to wait long for the lock.
_EVENTS_A_TRANSACTION: Final = 10_000


class _Derived(NamedTuple):
    """What is derived from a recording, as rows and columns."""

    recording_id: str
    number: int
    events: EventRows
    findings: list[Row]
    columns: Row

    @property
    def event_count(self) -> int:
        return sum(map(len, self.events.values()))


def derive(connection: sqlite3.Connection, recording_id: str) -> None:
    """Make what is derived from a recording anew, within the caller's transaction."""
    file_reads(connection, recording_id)
    derived = _derived(connection, recording_id)
    if derived is not None:
        _replace(connection, derived)


def derive_anew(connection: sqlite3.Connection, ids: Iterable[str]) -> None:
    """The same of several, a few in a transaction, which begins when they are worked out: nobody
    waits for the lock meanwhile."""
    pending: list[_Derived] = []
    for recording_id in ids:
        derived = _derived(connection, recording_id)
        if derived is not None:
            pending.append(derived)
        if sum(each.event_count for each in pending) > _EVENTS_A_TRANSACTION:
            _replace_all(connection, pending)
            pending = []
    _replace_all(connection, pending)


def _replace_all(connection: sqlite3.Connection, pending: Iterable[_Derived]) -> None:
    with transaction(connection):
        for derived in pending:
            _replace(connection, derived)


def derive_ended(connection: sqlite3.Connection, recording_id: str) -> None:
    """Make what a recording lacks. It is worked out before the transaction begins, so that nobody
    waits for the lock meanwhile; if somebody else was faster, theirs stays."""
    with transaction(connection):
        file_reads(connection, recording_id)
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
    number = number_of(connection, recording_id)
    recording = load(connection, recording_id)
    if recording is None or number is None:
        return None
    stream = read_stream(recording)
    analysis = analyze(recording, stream=stream)
    findings = find(recording, stream=stream, analysis=analysis)
    columns = {
        "dialect": analysis.dialect,
        "model": asked_model(recording.request),
        "metrics": json.dumps(metrics(analysis, findings)),
        "derived_by": __version__,
    }
    events = event_rows(number, recording.reads, stream.events)
    return _Derived(recording_id, number, events, finding_rows(recording_id, findings), columns)


def _replace(connection: sqlite3.Connection, derived: _Derived) -> None:
    if number_of(connection, derived.recording_id) != derived.number:
        return  # deleted since it was loaded
    # Its recorder may have left that to us: to derive anew is faster.
    file_reads(connection, derived.recording_id)
    delete_derived(connection, derived.recording_id, derived.number)
    insert_events(connection, derived.events)
    insert_rows(connection, "findings", derived.findings)
    update_recording(connection, derived.recording_id, derived.columns)
