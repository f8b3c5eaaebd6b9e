"""Redacts what is stored already, so that nothing of it is left in the file."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from streamlab.errors import InputError, StoreError
from streamlab.recording import redact_recording
from streamlab.redaction import Redaction
from streamlab.store.connect import transaction
from streamlab.store.derivation import derive
from streamlab.store.filing import file_reads
from streamlab.store.rows import read_rows, recording_row
from streamlab.store.statements import (
    delete_reads,
    insert_reads,
    load,
    number_of,
    update_recording,
)

__all__ = ["redact_stored", "scrub"]

# Which recording it is and who recorded it: a redaction changes neither.
_KEPT_COLUMNS: Final = frozenset({"id", "recorder"})


def redact_stored(
    connection: sqlite3.Connection, ids: Iterable[str], redact: Redaction, *, dry_run: bool
) -> dict[str, int]:
    """Redact recordings, each in a transaction; how many values that replaces in each.

    InputError if one of them has not ended: its recorder writes on, by rules of its own.
    """
    chosen = list(ids)
    for recording_id in chosen:
        recording = load(connection, recording_id)
        if recording is not None and recording.end is None:
            hint = "wait until it has ended, or stop its recorder"
            raise InputError(f"{recording_id} is still being recorded", hint)
    # What is deleted or written over becomes zeros (https://sqlite.org/pragma.html#pragma_secure_delete).
    connection.execute("PRAGMA secure_delete = ON")
    return {each: _redact(connection, each, redact, dry_run=dry_run) for each in chosen}


def _redact(
    connection: sqlite3.Connection, recording_id: str, redact: Redaction, *, dry_run: bool
) -> int:
    with transaction(connection):
        file_reads(connection, recording_id)
        recording = load(connection, recording_id)
        if recording is None:
            return 0
        redacted, replaced = redact_recording(recording, redact)
        if redacted != recording and not dry_run:
            row = recording_row(redacted, recorder="")
            columns = {name: row[name] for name in row.keys() - _KEPT_COLUMNS}
            update_recording(connection, recording_id, columns)
            number = number_of(connection, recording_id)
            assert number is not None
            delete_reads(connection, number)
            insert_reads(connection, read_rows(number, redacted.reads))
            derive(connection, recording_id)
    return replaced


def scrub(connection: sqlite3.Connection, path: Path) -> None:
    """Leave nothing in the file but what is stored.

    Pages were copied and freed before anybody asked for zeros, and the write-ahead log holds old
    ones: the file is written anew, and the log cut to nothing. StoreError if another process reads
    from the log and so keeps it.
    """
    connection.execute("VACUUM")
    (is_busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if is_busy:
        raise StoreError(
            f"{path} is redacted, but another process reads it: old bytes may still be in the file",
            "do the same again when that one is done",
        )
