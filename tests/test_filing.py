"""Reads come into a table without an index, and are put in their place when all are there."""

import socket
import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import pytest

from streamlab.recording import Recording
from streamlab.store import Library, RecordingWriter, Writer
from streamlab.store import library as library_module
from streamlab.store.filing import give_back
from streamlab.store.rows import Row
from tests.conftest import DONE, chat_event, make_recording


def recordings(count: int) -> list[Recording]:
    return [
        make_recording(*[chat_event(f"{number} {each}") for each in range(number % 5)], DONE,
                       recording_id=f"{number:012x}")
        for number in range(count)
    ]  # fmt: skip


def begin(writer: Writer, recording: Recording) -> RecordingWriter:
    stored = writer.begin(replace(recording, reads=(), end=None, response=None))
    assert recording.response is not None
    stored.respond(recording.response)
    return stored


def record_side_by_side(writer: Writer, chosen: list[Recording]) -> list[RecordingWriter]:
    """All of them at once, a read of each in turn."""
    stored = [begin(writer, recording) for recording in chosen]
    for turn in zip_longest(*[recording.reads for recording in chosen]):
        for each, read in zip(stored, turn, strict=True):
            if read is not None:
                each.read(read)
    return stored


def counts(path: Path) -> tuple[int, int, int]:
    """New reads, those that are filed, and recordings whose reads are."""
    connection = sqlite3.connect(path)
    (found,) = connection.execute(
        """select (select count(*) from new_reads), (select count(*) from read_rows),
                  (select count(*) from recordings where is_filed = 1)"""
    )
    connection.close()
    return found


def in_sql(library: Library) -> list[tuple[str, int, bytes]]:
    connection = sqlite3.connect(library.path)
    rows = connection.execute("select recording_id, seq, data from reads order by 1, 2").fetchall()
    connection.close()
    return rows


def rows_of(chosen: list[Recording]) -> list[tuple[str, int, bytes]]:
    return [
        (recording.id, seq, read.data)
        for recording in chosen
        for seq, read in enumerate(recording.reads)
    ]


def test_wherever_reads_are_they_are_the_recordings(library: Library) -> None:
    """While they come, when some have ended, when all have: loaded, listed, asked in SQL."""
    chosen = recordings(4)
    total = sum(len(recording.reads) for recording in chosen)
    with library.open_writer() as writer:
        stored = record_side_by_side(writer, chosen)
        writer.flush()
        assert (total, 0, 0) == counts(library.path)
        assert [replace(each, end=None) for each in chosen] == library.load_all(library.ids())
        assert rows_of(chosen) == in_sql(library)

        for each, recording in list(zip(stored, chosen, strict=True))[:2]:
            assert recording.end is not None
            each.finish(recording.end)
        writer.flush()
        filed = sum(len(recording.reads) for recording in chosen[:2])
        assert (total - filed, filed, 2) == counts(library.path)
        assert [*chosen[:2], *(replace(each, end=None) for each in chosen[2:])] == (
            library.load_all(library.ids())
        )
        assert rows_of(chosen) == in_sql(library)
        assert [len(each.reads) for each in chosen] == [row.reads for row in library.summaries()]
        assert [] == library.diagnose()

        for each, recording in list(zip(stored, chosen, strict=True))[2:]:
            assert recording.end is not None
            each.finish(recording.end)
    assert (0, total, 4) == counts(library.path)
    assert chosen == library.load_all(library.ids())
    assert rows_of(chosen) == in_sql(library)


def test_all_are_filed_however_many_end_at_once(library: Library) -> None:
    """More than are filed in one transaction."""
    chosen = recordings(120)
    with library.open_writer() as writer:
        for each, recording in zip(record_side_by_side(writer, chosen), chosen, strict=True):
            assert recording.end is not None
            each.finish(recording.end)
    assert (0, sum(len(each.reads) for each in chosen), 120) == counts(library.path)
    assert chosen == library.load_all(library.ids())
    assert [] == library.diagnose()


def test_new_reads_go_with_their_recording(library: Library) -> None:
    """Of a recording that is deleted before it has ended."""
    chosen = recordings(3)
    with library.open_writer() as writer:
        record_side_by_side(writer, chosen)
        writer.flush()
        library.remove([chosen[2].id])
        assert rows_of(chosen[:2]) == in_sql(library)
        assert [] == library.diagnose()


def test_the_reads_of_a_dead_recorder_are_filed_by_who_opens_the_library(library: Library) -> None:
    """Its streams end with their last reads."""
    chosen = recordings(60)
    writer = library.open_writer()
    record_side_by_side(writer, chosen)
    writer.flush()
    connection = sqlite3.connect(library.path)
    connection.execute(f"update recordings set recorder = '{socket.gethostname()}:1:1'")
    connection.commit()
    connection.close()
    with Library(library.path) as opened:
        found = opened.load_all(opened.ids())
    writer.close()
    assert [each.reads for each in chosen] == [each.reads for each in found]
    ends = [each.end for each in found if each.end is not None]
    assert {"recorder_died"} == {end.reason for end in ends}
    assert [each.reads[-1].at_ns for each in chosen] == [end.at_ns for end in ends]
    assert (0, sum(len(each.reads) for each in chosen), 60) == counts(library.path)


def test_who_derives_anew_files_what_its_recorder_has_not(library: Library) -> None:
    """Events stand in reads that are in their place."""
    chosen = recordings(4)
    library.add(chosen)
    connection = sqlite3.connect(library.path)
    connection.executescript(
        """insert into new_reads select * from read_rows; delete from read_rows;
           update recordings set is_filed = 0, derived_by = null; delete from event_rows;"""
    )
    connection.close()
    assert 4 == library.reindex()
    assert (0, sum(len(each.reads) for each in chosen), 4) == counts(library.path)
    connection = sqlite3.connect(library.path)
    (lost,) = connection.execute("select count(*) from events where at_ns is null").fetchone()
    connection.close()
    assert 0 == lost


def test_two_who_open_the_library_of_a_dead_recorder(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is second finds it done, and does nothing."""
    writer = library.open_writer()
    record_side_by_side(writer, recordings(3))
    writer.flush()
    connection = sqlite3.connect(library.path)
    connection.execute(f"update recordings set recorder = '{socket.gethostname()}:1:1'")
    connection.commit()
    connection.close()
    bury = library_module._bury

    def bury_after_another(connection: sqlite3.Connection, rows: list[Row]) -> None:
        """The other has the lock first."""
        bury(connection, rows)
        bury(connection, rows)

    monkeypatch.setattr(library_module, "_bury", bury_after_another)
    with Library(library.path) as opened:
        ends = [each.end for each in opened.load_all(opened.ids())]
    writer.close()
    assert {"recorder_died"} == {end.reason for end in ends if end is not None}
    assert 3 == len(ends)


def test_a_recorder_gives_back_what_new_reads_took(library: Library) -> None:
    """When it is done, its file has no free pages."""
    reads = [chat_event("x" * 500) for _ in range(500)]
    chosen = [make_recording(*reads, recording_id=f"{number:012x}") for number in range(3)]
    with library.open_writer() as writer:
        for each, recording in zip(record_side_by_side(writer, chosen), chosen, strict=True):
            assert recording.end is not None
            each.finish(recording.end)
    connection = sqlite3.connect(library.path)
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    connection.close()
    assert 0 == free


def test_what_cannot_be_given_back_stays_free(library: Library) -> None:
    """All is stored by then: a library that somebody else writes is no error."""
    library.add([make_recording(chat_event("x" * 20_000))])
    library.remove(library.ids())
    with closing(sqlite3.connect(library.path, isolation_level=None)) as other:
        other.execute("begin immediate")
        with closing(sqlite3.connect(library.path, timeout=0)) as connection:
            give_back(connection)
            (free,) = connection.execute("PRAGMA freelist_count").fetchone()
            assert free > 0
        other.execute("rollback")
        give_back(other)
        assert (0,) == other.execute("PRAGMA freelist_count").fetchone()
