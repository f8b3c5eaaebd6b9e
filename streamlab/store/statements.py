"""The statements that the library and its writer share: recordings and rows by plain SQL."""

import sqlite3
from collections.abc import Iterable

from streamlab.analysis import analyze, read_stream
from streamlab.recording import Read, Recording
from streamlab.store.rows import (
    Row,
    event_row,
    finding_rows,
    metric_rows,
    read_rows,
    recording_from_row,
)

__all__ = [
    "delete",
    "derive",
    "insert_rows",
    "load",
    "replace_reads",
    "select_rows",
    "update_recording",
]

_DERIVED = ("events", "metrics", "findings")


def select_rows(
    connection: sqlite3.Connection, sql: str, parameters: tuple[object, ...] = ()
) -> list[Row]:
    """The rows that a query gives, by column."""
    cursor = connection.execute(sql, parameters)
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, values, strict=True)) for values in cursor]


def load(connection: sqlite3.Connection, recording_id: str) -> Recording | None:
    """The recording with this id, or None."""
    rows = select_rows(connection, "select * from recordings where id = ?", (recording_id,))
    if not rows:
        return None
    reads = connection.execute(
        "select at_ns, data from reads where recording_id = ? order by seq", (recording_id,)
    )
    return recording_from_row(rows[0], tuple(Read(at_ns=at_ns, data=data) for at_ns, data in reads))


def derive(connection: sqlite3.Connection, recording_id: str) -> None:
    """Rebuild what is derived from a recording's evidence."""
    recording = load(connection, recording_id)
    if recording is None:
        return
    stream = read_stream(recording)
    analysis = analyze(recording, stream=stream)
    _delete_parts(connection, recording_id, _DERIVED)
    rows = [event_row(recording_id, seq, event) for seq, event in enumerate(stream.events)]
    insert_rows(connection, "events", rows)
    insert_rows(connection, "metrics", metric_rows(analysis))
    insert_rows(connection, "findings", finding_rows(analysis))
    update_recording(connection, recording_id, {"dialect": analysis.dialect})


def delete(connection: sqlite3.Connection, recording_id: str) -> None:
    """Delete a recording with its reads and what was derived from them."""
    _delete_parts(connection, recording_id, (*_DERIVED, "reads"))
    connection.execute("delete from recordings where id = ?", (recording_id,))


def replace_reads(connection: sqlite3.Connection, recording_id: str, reads: Iterable[Read]) -> None:
    """Store other reads instead of a recording's own, and derive the rest anew."""
    _delete_parts(connection, recording_id, ("reads",))
    insert_rows(connection, "reads", read_rows(recording_id, reads))
    derive(connection, recording_id)


def _delete_parts(
    connection: sqlite3.Connection, recording_id: str, tables: tuple[str, ...]
) -> None:
    for table in tables:
        connection.execute(f"delete from {table} where recording_id = ?", (recording_id,))  # noqa: S608


def insert_rows(connection: sqlite3.Connection, table: str, rows: Iterable[Row]) -> None:
    """Insert rows that all have the same columns."""
    rows = list(rows)
    if rows:
        columns = ", ".join(f'"{column}"' for column in rows[0])
        values = ", ".join(f":{column}" for column in rows[0])
        connection.executemany(f"insert into {table} ({columns}) values ({values})", rows)  # noqa: S608


def update_recording(connection: sqlite3.Connection, recording_id: str, columns: Row) -> None:
    """Set columns of a recording."""
    assignments = ", ".join(f'"{column}" = :{column}' for column in columns)
    connection.execute(
        f"update recordings set {assignments} where id = :id",  # noqa: S608 - our own names
        {**columns, "id": recording_id},
    )
