"""Opening a library file: its tables, its locks, and what can be wrong with it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from streamlab.errors import StoreError

__all__ = ["APPLICATION_ID", "MIGRATION_NAMES", "open_library", "store_errors", "transaction"]

# "slab" in ASCII, in the file's header (https://sqlite.org/fileformat2.html#application_id).
APPLICATION_ID: Final = 0x736C6162
# What this version knows (see `schema`); a library with others was written by a newer one.
MIGRATION_NAMES: Final = frozenset(
    {
        "m001_initial",
        "m002_derived_by",
        "m003_findings",
        "m004_model",
        "m005_compact",
        "m006_new_reads",
    }
)

_TABLES: Final = "select name from sqlite_master where type = 'table'"
# Another recorder holds the write lock for milliseconds; a stuck one should not block for ever.
_LOCK_TIMEOUT_S: Final = 10.0


def open_library(path: Path, *, create: bool) -> sqlite3.Connection:
    """An open, migrated library in WAL mode, in autocommit (every BEGIN is ours).

    StoreError if there is none (and `create` is False), or if the file is something else.
    """
    if not create and not path.exists():
        hint = "record something first, or name the library with --db or STREAMLAB_DB"
        raise StoreError(f"there is no library at {path}", hint)
    with store_errors(path):
        connection = sqlite3.connect(
            path, timeout=_LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    _check_ours(connection, path)
    # Before anything is written: what makes room in the file can then give it back (`give_back`).
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    # Readers and a writer do not block each other, and a crash loses at most what was not committed
    # yet (https://sqlite.org/wal.html).
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    if MIGRATION_NAMES - _applied(connection):
        # Two recorders may open a new library at once: the second waits here and finds it made.
        with transaction(connection):
            _migrate(connection)
    if _applied(connection) - MIGRATION_NAMES:
        hint = "upgrade streamlab-toolkit to read it"
        raise StoreError(f"{path} was written by a newer streamlab", hint)


def _applied(connection: sqlite3.Connection) -> set[str]:
    """The migrations that the file has seen, from the table in which sqlite-utils notes them."""
    if not connection.execute(_TABLES + " and name = '_sqlite_migrations'").fetchone():
        return set()
    sql = "select name from _sqlite_migrations where migration_set = 'streamlab'"
    return {name for (name,) in connection.execute(sql)}


def _migrate(connection: sqlite3.Connection) -> None:
    # 100 ms of import, needed once in a library's life.
    from sqlite_utils import Database  # noqa: PLC0415

    from streamlab.store.schema import MIGRATIONS  # noqa: PLC0415

    MIGRATIONS.apply(Database(connection, execute_plugins=False))


def _check_ours(connection: sqlite3.Connection, path: Path) -> None:
    if not connection.execute(_TABLES).fetchone():
        return
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if application_id != APPLICATION_ID:
        hint = "choose another file with --db, streamlab makes a new one there"
        raise StoreError(f"{path} is a SQLite database, but no library of streamlab", hint)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A write transaction that holds the lock from its start, so that it never fails half way."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # on a full disk SQLite has rolled back by itself
            connection.execute("ROLLBACK")
        raise


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """SQLite's errors as `StoreError`, with the file and the next step."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}", _hint(error)) from error


def _hint(error: sqlite3.Error) -> str:
    match getattr(error, "sqlite_errorcode", None):
        case sqlite3.SQLITE_NOTADB:
            return "this file is no SQLite database; choose another one with --db"
        case sqlite3.SQLITE_BUSY:
            return "another process holds a lock on it; try again when that one is done"
        case sqlite3.SQLITE_FULL:
            return "the disk is full; what was stored before is safe"
        case sqlite3.SQLITE_CANTOPEN:
            return "check that the folder exists and may be written to"
        case sqlite3.SQLITE_READONLY:
            return "the file or its folder may not be written to"
    return "check the file with `sqlite3 FILE 'pragma integrity_check'`"
