"""The library: a SQLite file of recordings."""

import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

from streamlab.errors import NotFoundError
from streamlab.latency import Sample
from streamlab.recording import End, Recording
from streamlab.redaction import Redaction
from streamlab.store.connect import open_library, store_errors, transaction
from streamlab.store.derivation import derive
from streamlab.store.diagnosis import Diagnosis, diagnose
from streamlab.store.process import is_alive, this_process
from streamlab.store.reindex import derive_all
from streamlab.store.rows import Row, end_columns, read_rows, recording_row
from streamlab.store.samples import select_samples
from streamlab.store.scrub import redact_stored, scrub
from streamlab.store.statements import (
    delete,
    insert_reads,
    insert_recording,
    load,
    select_rows,
    update_recording,
)
from streamlab.store.writer import OnError, Writer

__all__ = ["LATEST", "Field", "Library", "Summary"]

LATEST = "latest"

Field = Literal["tag", "name", "model"]
"""What recordings are searched by."""

_SEARCHED: Final[dict[Field, str]] = {
    "tag": "exists (select 1 from json_each(tags) where value glob ?)",
    "name": "name glob ?",
    "model": "model glob ?",
}

# Of each recording without an end, when the last came that is known of it.
_LAST_NS: Final = """
    select id, max(
        coalesce(response_at_ns, 0), coalesce(new.at_ns, 0),
        coalesce((select max(at_ns) from read_rows where recording = number), 0))
    from recordings left join (
        select recording, max(at_ns) as at_ns from new_reads group by 1
    ) as new on recording = number
    where end_reason is null"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One line of a listing; metrics are None where they were not measured."""

    id: str
    name: str
    started_at: str
    method: str
    url: str
    status: int | None
    end_reason: str | None
    dialect: str | None
    reads: int | None
    ttft_ns: int | None
    total_ns: int | None
    output_tokens: int | None
    errors: int | None
    warnings: int | None


class Library:
    """An open library; a context manager, or `close` it.

    Recordings are named by id, by a prefix of the id, by name, or as `latest`. StoreError where
    the file cannot be read or written, NotFoundError where a name is unknown.
    """

    def __init__(self, path: Path | str, *, create: bool = False) -> None:
        self.path = Path(path)
        self._connection = open_library(self.path, create=create)
        with store_errors(self.path):
            self._finish_for_the_dead()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def open_writer(
        self, *, derives_apart: bool = False, on_error: OnError | None = None
    ) -> Writer:
        """A writer that stores recordings while they happen; for the options see `Writer`."""
        return Writer(
            self.path, recorder=this_process(), derives_apart=derives_apart, on_error=on_error
        )

    def add(self, recordings: Iterable[Recording]) -> list[str]:
        """Store finished recordings, all or none; their ids.

        One whose id is taken gets another if it differs from what is stored, and is left out if it
        does not: nothing that is stored is ever overwritten.
        """
        with store_errors(self.path), transaction(self._connection):
            return [self._add(recording) for recording in recordings]

    def _add(self, recording: Recording) -> str:
        connection = self._connection
        recording_id = recording.id
        while (stored := self._load(recording_id)) is not None:
            if stored == recording:
                return recording_id
            recording_id = os.urandom(6).hex()
        row = recording_row(recording, recorder="") | {"id": recording_id}
        number = insert_recording(connection, row)
        insert_reads(connection, read_rows(number, recording.reads))
        derive(connection, recording_id)
        return recording_id

    def load(self, which: str) -> Recording:
        """The recording `which`; of several with that name the newest."""
        return self.load_all([which])[-1]

    def load_all(self, which: Iterable[str]) -> list[Recording]:
        """The recordings named, all with a name that several have; oldest first within a name."""
        return [
            recording
            for name in which
            for recording_id in self._resolve(name)
            if (recording := self._load(recording_id)) is not None
        ]

    def resolve(self, which: Iterable[str]) -> list[str]:
        """The ids of the recordings named, each once."""
        return list(dict.fromkeys(found for name in which for found in self._resolve(name)))

    def search(self, field: Field, pattern: str) -> list[str]:
        """The ids of the recordings with this tag, name or model (that their requests ask for),
        oldest first; `*` stands for any characters. NotFoundError where there are none."""
        found = self._ids(f"{_SEARCHED[field]} order by started_at, number", pattern)
        if not found:
            hint = "`streamlab ls` shows what is there; * stands for any characters"
            raise NotFoundError(f"no recording with {field} {pattern!r} in {self.path}", hint)
        return found

    def ids(self) -> list[str]:
        """The ids of all recordings, oldest first."""
        return self._ids("1 order by started_at, number")

    def remove(self, ids: Iterable[str]) -> None:
        """Delete recordings and all that belongs to them, all or none."""
        with store_errors(self.path), transaction(self._connection):
            for recording_id in ids:
                delete(self._connection, recording_id)

    def reindex(self, ids: Iterable[str] | None = None, *, jobs: int = 1) -> int:
        """Derive events, metrics and findings anew, of all ended recordings unless some are named.

        The number of recordings; what a dialect has learned since then shows in their rows. More
        than one of `jobs` are processes, which start anew (multiprocessing's `spawn`).
        """
        chosen = self._ids("end_reason is not null") if ids is None else list(ids)
        derive_all(self.path, chosen, jobs)
        return len(chosen)

    def redact(
        self, ids: Iterable[str], redact: Redaction, *, dry_run: bool = False
    ) -> dict[str, int]:
        """Redact stored recordings, by these rules and those for credentials; how many values that
        replaces in each. Nothing that was replaced is left in the file, old pages included.

        InputError if one of them has not ended; then nothing is changed.
        """
        with store_errors(self.path):
            replaced = redact_stored(self._connection, ids, redact, dry_run=dry_run)
            if not dry_run:
                scrub(self._connection, self.path)
        return replaced

    def diagnose(self) -> list[Diagnosis]:
        """What is wrong in the file; nothing is changed."""
        with store_errors(self.path):
            return diagnose(self._connection)

    def summaries(self) -> list[Summary]:
        """All recordings, oldest first."""
        measured = ", ".join(
            f"json_extract(metrics, '$.{name}') as {name}"
            for name in ("ttft_ns", "total_ns", "output_tokens", "errors", "warnings")
        )
        rows = self._query(
            f"""select id, name, started_at, method, url, status, end_reason, dialect,
                (select count(*) from read_rows where recording = number)
                + coalesce(new.reads, 0) as reads, {measured}
                from recordings left join (
                    select recording, count(*) as reads from new_reads group by 1
                ) as new on recording = number
                order by started_at, number"""  # noqa: S608 - our own names
        )
        return [Summary(**row) for row in rows]

    def samples(self, ids: Iterable[str] | None = None) -> list[Sample]:
        """The numbers of all recordings, or of those with these ids, oldest first. They come from
        the tables that are derived, so no body is read."""
        with store_errors(self.path):
            return select_samples(self._connection, ids)

    def _query(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[Row]:
        with store_errors(self.path):
            return select_rows(self._connection, sql, parameters)

    def _resolve(self, which: str) -> list[str]:
        if which == LATEST:
            found = self._ids("1 order by started_at desc, number desc limit 1")
        else:
            found = self._ids("id = ?", which) or self._ids(
                "name = ? order by started_at, number", which
            )
        if found:
            return found
        # GLOB treats *, ? and [ as patterns: compare the beginning literally instead.
        found = self._ids("substr(id, 1, length(?)) = ?", which, which) if which else []
        if len(found) == 1:
            return found
        if found:
            hint = "give more characters of the id: " + ", ".join(found[:5])
            raise NotFoundError(f"{which!r} begins the ids of {len(found)} recordings", hint)
        raise NotFoundError(
            f"no recording {which!r} in {self.path}", "`streamlab ls` shows what is there"
        )

    def _ids(self, where: str, *parameters: str) -> list[str]:
        sql = f"select id from recordings where {where}"  # noqa: S608 - `where` is ours
        return [row["id"] for row in self._query(sql, parameters)]

    def _load(self, recording_id: str) -> Recording | None:
        with store_errors(self.path):
            return load(self._connection, recording_id)

    def _finish_for_the_dead(self) -> None:
        """Do what recorders that are gone (kill -9, power cut) left undone: ends, derivations."""
        sql = "select id, recorder, end_reason from recordings where derived_by is null"
        dead = [row for row in self._query(sql) if not is_alive(row["recorder"])]
        unended = [row for row in dead if row["end_reason"] is None]
        if unended:
            with transaction(self._connection):
                _bury(self._connection, unended)
        for row in dead:
            with transaction(self._connection):
                derive(self._connection, row["id"])


def _bury(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Give an end to recordings whose recorders ended without a word."""
    last_ns = dict(connection.execute(_LAST_NS).fetchall())
    for row in rows:
        if row["id"] not in last_ns:
            continue  # somebody else who opens the library was faster
        detail = (
            f"the recording process ({row['recorder']}) ended without a word; "
            "the time is the last read's"
        )
        end = End(at_ns=last_ns[row["id"]], reason="recorder_died", detail=detail)
        update_recording(connection, row["id"], end_columns(end))
