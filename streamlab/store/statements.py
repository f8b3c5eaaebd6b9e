"""The statements that the library and its writer share: recordings and rows by plain SQL."""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

from streamlab.recording import Read, Recording
from streamlab.store.rows import ReadRow, Row, recording_from_row

__all__ = [
    "DERIVED",
    "delete",
    "delete_parts",
    "insert_reads",
    "insert_rows",
    "load",
    "select_rows",
    "update_recording",
]

# Four parameters each; SQLite takes 999 in all, or many more since 3.32.
_ROWS_A_STATEMENT: Final = 240

DERIVED = ("events", "metrics", "findings")


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


def delete(connection: sqlite3.Connection, recording_id: str) -> None:
    """Delete a recording with its reads and what was derived from them."""
    delete_parts(connection, recording_id, (*DERIVED, "reads"))
    connection.execute("delete from recordings where id = ?", (recording_id,))


def delete_parts(
    connection: sqlite3.Connection, recording_id: str, tables: tuple[str, ...]
) -> None:
    """Delete the rows of a recording in these tables."""
    for table in tables:
        connection.execute(f"delete from {table} where recording_id = ?", (recording_id,))  # noqa: S608


def insert_reads(connection: sqlite3.Connection, rows: Sequence[ReadRow]) -> None:
    """Insert rows of `reads`.

    Many with one statement: `executemany` gives the interpreter's lock away and takes it back for
    each row, which costs a recorder's thread more than the inserting does.
    """
    for first in range(0, len(rows), _ROWS_A_STATEMENT):
        some = rows[first : first + _ROWS_A_STATEMENT]
        values = ", ".join(["(?, ?, ?, ?)"] * len(some))
        connection.execute(
            f"insert into reads (recording_id, seq, at_ns, data) values {values}",  # noqa: S608
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
