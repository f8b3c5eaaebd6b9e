"""Reads as they come, and reads in their place.

A recording's reads are found by an index, and an index has a place for each recording: a commit
with a read of each of many streams writes a page of it for each of them, which took four fifths of
what a recorder spent on storing. So reads come into `new_reads`, which has no index and is only
ever written at its end. When a recording has ended, and before anything is derived from it, its
reads are *filed*: moved to `read_rows`, in order. The column `is_filed` of a recording says where
its reads are: here or there, and never in both.
"""

import sqlite3
from contextlib import suppress
from typing import Final

__all__ = ["file_reads", "give_back"]

# To find the reads of one takes a look at all that are new: so others that have ended come along,
# as many as keep a recorder from its lock for no longer than it may wait.
_AT_ONCE: Final = 50


def file_reads(connection: sqlite3.Connection, recording_id: str) -> None:
    """File the reads of a recording that has ended, unless they are, within the caller's
    transaction; and with them those of others that have."""
    ended = [
        (str(found), int(number))
        for found, number in connection.execute(
            """select id, number from recordings where is_filed = 0 and end_reason is not null
               order by id <> ? limit ?""",
            (recording_id, _AT_ONCE),
        )
    ]
    if recording_id not in dict(ended):
        return
    numbers = [number for _, number in ended]
    these = f"({', '.join('?' * len(numbers))})"
    for sql in (
        f"""insert into read_rows (recording, seq, at_ns, data)
            select recording, seq, at_ns, data from new_reads
            where recording in {these} order by recording, seq""",  # noqa: S608 - question marks
        f"delete from new_reads where recording in {these}",  # noqa: S608 - likewise
        f"update recordings set is_filed = 1 where number in {these}",  # noqa: S608 - likewise
    ):
        connection.execute(sql, numbers)


def give_back(connection: sqlite3.Connection) -> None:
    """Make the file smaller by what new reads have left free in it.

    For a recorder that stops: the next one to come would use it. Files that were made without
    `auto_vacuum` stay as they are (https://sqlite.org/pragma.html#pragma_incremental_vacuum).
    """
    # A file that is locked, or a disk that is full, keeps what is free: nothing is lost by that.
    with suppress(sqlite3.OperationalError):
        # It goes on page by page, for as long as it is asked to, which `execute` does once.
        connection.executescript("PRAGMA incremental_vacuum")
