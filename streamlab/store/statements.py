"""The statements that the library and its writer share: recordings and rows by plain SQL."""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final, Literal

from streamlab.recording import Read, Recording
from streamlab.store.rows import EVENT_COLUMNS, EventRows, ReadRow, Row, recording_from_row

__all__ = [
    "delete",
    "delete_derived",
    "delete_reads",
    "insert_events",
    "insert_reads",
    "insert_recording",
    "insert_rows",
    "load",
    "number_of",
    "select_rows",
    "update_recording",
]

# Four parameters each; SQLite takes 999 in all, or many more since 3.32.
_ROWS_A_STATEMENT: Final = 240
# In one statement, since somebody may file them between two.
_UNFILED_READS: Final = """
    select at_ns, data from (
        select seq, at_ns, data from read_rows where recording = :number
        union all select seq, at_ns, data from new_reads where recording = :number)
    order by seq"""


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
    sql = "select at_ns, data from read_rows where recording = :number order by seq"
    reads = connection.execute(sql if rows[0]["is_filed"] else _UNFILED_READS, rows[0])
    return recording_from_row(rows[0], tuple(map(Read._make, reads)))


def number_of(connection: sqlite3.Connection, recording_id: str) -> int | None:
    """What the parts of a recording know it by, or None if it is not there."""
    sql = "select number from recordings where id = ?"
    row = connection.execute(sql, (recording_id,)).fetchone()
    return None if row is None else int(row[0])


def delete(connection: sqlite3.Connection, recording_id: str) -> None:
    """Delete a recording with its reads and what was derived from them."""
    number = number_of(connection, recording_id)
    if number is not None:
        delete_derived(connection, recording_id, number)
        delete_reads(connection, number)
        connection.execute("delete from recordings where number = ?", (number,))


def delete_reads(connection: sqlite3.Connection, number: int) -> None:
    """Delete the reads of a recording."""
    for table in ("read_rows", "new_reads"):
        connection.execute(f"delete from {table} where recording = ?", (number,))  # noqa: S608


def delete_derived(connection: sqlite3.Connection, recording_id: str, number: int) -> None:
    """Delete the rows derived from a recording."""
    connection.execute("delete from event_rows where recording = ?", (number,))
    connection.execute("delete from findings where recording_id = ?", (recording_id,))


def insert_recording(connection: sqlite3.Connection, row: Row) -> int:
    """Insert a row of `recordings`; its number."""
    insert_rows(connection, "recordings", [row])
    (number,) = connection.execute("select last_insert_rowid()").fetchone()
    return int(number)


def insert_events(connection: sqlite3.Connection, rows: EventRows) -> None:
    """Insert rows of events."""
    for key, columns in EVENT_COLUMNS.items():
        values = ", ".join("?" * len(columns))
        connection.executemany(
            f"insert into event_rows ({', '.join(columns)}) values ({values})",  # noqa: S608
            rows[key],
        )


def insert_reads(
    connection: sqlite3.Connection,
    rows: Sequence[ReadRow],
    table: Literal["read_rows", "new_reads"] = "read_rows",
) -> None:
    """Insert rows of reads: in their place, or as new ones (see `filing`).

    Many with one statement: `executemany` gives the interpreter's lock away and takes it back for
    each row, which costs a recorder's thread more than the inserting does.
    """
    for first in range(0, len(rows), _ROWS_A_STATEMENT):
        some = rows[first : first + _ROWS_A_STATEMENT]
        values = ", ".join(["(?, ?, ?, ?)"] * len(some))
        connection.execute(
            f"insert into {table} (recording, seq, at_ns, data) values {values}",  # noqa: S608
            list(chain.from_iterable(some)),
        )


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
