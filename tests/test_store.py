"""The library: what is stored comes back, and nothing that is stored gets lost."""

import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from streamlab.analysis import Stream, read_stream
from streamlab.cassette import read_cassette
from streamlab.errors import NotFoundError, StoreError
from streamlab.recording import End, Read, Recording, RecordingBuilder, Request
from streamlab.store import Library
from streamlab.store.connect import MIGRATION_NAMES
from streamlab.store.process import is_alive, this_process
from streamlab.store.rows import recording_row
from streamlab.store.schema import MIGRATIONS
from tests.conftest import CASSETTES, DONE, FIXTURES, chat_event, make_recording


def counts(path: Path) -> dict[str, int]:
    connection = sqlite3.connect(path)
    tables = ("recordings", "reads", "events", "metrics", "findings")
    found = {t: connection.execute(f"select count(*) from {t}").fetchone()[0] for t in tables}
    connection.close()
    return found


@pytest.mark.parametrize("cassette", CASSETTES, ids=lambda path: path.stem)
def test_what_is_added_is_loaded(library: Library, cassette: Path) -> None:
    """load(add(x)) == x, for every fixture."""
    recordings = read_cassette(cassette)
    assert recordings == [library.load(recording_id) for recording_id in library.add(recordings)]


def test_a_recording_is_named_by_id_prefix_name_or_latest(library: Library) -> None:
    """Of several with one name `load` takes the newest, `load_all` all of them."""
    ids = ["aaaa00000000", "aaab00000000", "b*c_%0000000"]
    recordings = [
        replace(
            make_recording(DONE, recording_id=recording_id, name=name),
            started_at=f"2026-01-0{day}T00:00:00.000Z",
        )
        for recording_id, name, day in zip(ids, ("x", "x", "y"), (3, 1, 2), strict=True)
    ]
    library.add(recordings)
    assert ids[1] == library.load("aaab").id
    assert ids[0] == library.load("x").id
    assert [ids[1], ids[0]] == [recording.id for recording in library.load_all(["x"])]
    assert ids[0] == library.load("latest").id
    assert ids[2] == library.load("b*").id
    with pytest.raises(NotFoundError, match="begins the ids of 2") as caught:
        library.load("aaa")
    assert ids[0] in caught.value.hint
    for unknown in ("nothing", "%", "*", "a_", "", "' or 1 --"):
        with pytest.raises(NotFoundError):
            library.load(unknown)


@pytest.mark.parametrize("cassette", CASSETTES, ids=lambda path: path.stem)
def test_an_event_in_sql_is_the_event_that_was_read(library: Library, cassette: Path) -> None:
    """Its data and times, though a library holds these once: in the reads."""
    for recording in read_cassette(cassette):
        (recording_id,) = library.add([recording])
        rows = library._query(
            """select data, at_ns, first_at_ns, read_seq from events
               where recording_id = ? order by seq""",
            (recording_id,),
        )
        read = [
            (each.event.data, each.arrival.at_ns, each.arrival.first_at_ns, each.arrival.read_index)
            for each in read_stream(recording).events
        ]
        assert read == [tuple(row.values()) for row in rows]


@pytest.mark.parametrize(
    ("pieces", "is_there"),
    [
        ((b"data: one\n\ndata: two\n\ndata:\n\n",), [True, True, True]),
        ((b"data: a", b"b\n\ndata: b\n\n"), [False, True]),
        ((b"data: a\ndata: b\n\n",), [False]),
        (("data: ä".encode()[:-1], "data: ä".encode()[-1:] + b"\n\n"), [False]),
        ((b"data: \xff\n\n",), [False]),
    ],
)
def test_data_is_held_once_where_it_stands_in_a_read(
    library: Library, pieces: tuple[bytes, ...], is_there: list[bool]
) -> None:
    """And by itself only where it does not."""
    library.add([make_recording(*pieces)])
    rows = library._query("select data is null as is_there from event_rows order by seq")
    assert is_there == [bool(row["is_there"]) for row in rows]


def test_adding_again_changes_nothing_and_never_overwrites(library: Library) -> None:
    """The same recording is left out; another with its id gets an id of its own."""
    recording = make_recording(DONE)
    other = make_recording(chat_event("a"))
    assert [recording.id] * 2 == library.add([recording]) + library.add([recording])
    (new_id,) = library.add([other])
    assert new_id != recording.id
    assert recording == library.load(recording.id)
    assert other.reads == library.load(new_id).reads


def test_adding_is_all_or_nothing(library: Library) -> None:
    """A recording that cannot be stored takes those before it back."""
    broken = replace(make_recording(DONE, recording_id="bad"), name=object())  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        library.add([make_recording(DONE), broken])
    assert [] == library.summaries()


def test_tables_can_be_asked_in_sql(library: Library) -> None:
    """Events by type, findings and metrics, for people with sqlite-utils or Datasette."""
    library.add(read_cassette(FIXTURES / "systems/fastgpt-detail.jsonl"))
    library.add(read_cassette(FIXTURES / "systems/assisters-malformed.jsonl"))
    database = Database(library.path)
    by_type = {
        row["type"]: row["n"]
        for row in database.query("select type, count(*) n from events group by type")
    }
    assert by_type["flowNodeStatus"] >= 2
    (finding,) = database.query(
        "select code, event, start, stop from findings where code like 'SL3%'"
    )
    assert ("SL301", 23) == (finding["code"], finding["event"])
    joined = """select e.data from events e join findings f
                on f.recording_id = e.recording_id and f.event = e.seq where f.code = 'SL301'"""
    assert "chatcmpl-abc" in next(database.query(joined))["data"]
    ttft = "select value from metrics where name = 'ttft_ns' order by value"
    assert [256907312, 11068424 * 1000] == [
        pytest.approx(row["value"], rel=1e-4) for row in database.query(ttft)
    ]
    kinds = "select distinct kind from events where kind in ('text', 'reasoning', 'status')"
    assert 3 == len(list(database.query(kinds)))
    database.close()


def test_the_library_can_be_asked_while_recording(library: Library) -> None:
    """A reader is never locked out, and sees the reads of a stream that goes on; its events, when
    it has ended."""
    recording = replace(make_recording(), end=None, response=None, reads=())
    with library.open_writer() as writer:
        stored = writer.begin(recording)
        response = make_recording().response
        assert response is not None
        stored.respond(response)
        for number in range(5):
            stored.read(Read(at_ns=10 + number, data=chat_event(str(number))))
        writer.flush()
        (live,) = library.summaries()
        assert (None, 5) == (live.end_reason, live.reads)
        stored.finish(End(at_ns=99, reason="complete"))
        writer.flush()
        command = [sys.executable, "-m", "sqlite_utils", str(library.path),
                   "select type, count(*) as n from events group by type"]  # fmt: skip
        asked = subprocess.run(command, capture_output=True, text=True, check=True)
        assert '[{"type": "message", "n": 5}]' == asked.stdout.strip()
    (ended,) = library.summaries()
    assert ("complete", "openai.chat", 5) == (ended.end_reason, ended.dialect, ended.output_tokens)


@pytest.mark.parametrize("apart", [False, True], ids=["by the writer", "by the deriver"])
def test_a_recorded_stream_is_derived_like_an_added_one(library: Library, apart: bool) -> None:
    """Whoever derives: the rows of both recordings are the same."""
    (whole,) = read_cassette(FIXTURES / "systems/savegate-express.jsonl")
    library.add([whole])
    live = replace(whole, id="ffffffffffff", reads=(), end=None, response=None, marks=())
    with library.open_writer(derives_apart=apart) as writer:
        stored = writer.begin(live)
        for mark in whole.marks:
            stored.mark(mark)
        assert whole.response is not None
        assert whole.end is not None
        stored.respond(whole.response)
        for read in whole.reads:
            stored.read(read)
        stored.finish(whole.end)
        # Before the writer is closed, which would do it itself.
        wait_until(lambda: is_derived(library.path, live.id))
    assert replace(whole, id=live.id) == library.load(live.id)
    connection = sqlite3.connect(library.path)
    for table in ("events", "metrics", "findings"):
        rows = [
            [row[1:] for row in connection.execute(
                f"select * from {table} where recording_id = ? order by 2", (recording_id,))]
            for recording_id in (whole.id, live.id)
        ]  # fmt: skip
        assert rows[0] == rows[1]
    connection.close()


def underived(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    rows = connection.execute("select id from recordings where derived_by is null").fetchall()
    connection.close()
    return [recording_id for (recording_id,) in rows]


def is_derived(path: Path, recording_id: str) -> bool:
    connection = sqlite3.connect(path)
    found = connection.execute("select derived_by from recordings where id = ?", (recording_id,))
    row = found.fetchone()
    connection.close()
    return row is not None and row[0] is not None


def wait_until(condition: Callable[[], bool]) -> None:
    patience = threading.Event()
    for _ in range(2000):
        if condition():
            return
        patience.wait(0.01)
    raise AssertionError("it never happened")


def test_what_a_dead_recorder_left_undone_is_done_on_opening(library: Library) -> None:
    """It ended a recording and died before it could derive anything."""
    library.add([make_recording(chat_event("a"), DONE)])
    connection = sqlite3.connect(library.path)
    connection.executescript(
        f"update recordings set recorder = '{socket.gethostname()}:1:1';"
        "update recordings set derived_by = null, dialect = null;"
        "update recordings set metrics = null; delete from event_rows;"
    )
    connection.close()
    with Library(library.path) as opened:
        (summary,) = opened.summaries()
    assert ("complete", "openai.chat") == (summary.end_reason, summary.dialect)
    assert 2 == counts(library.path)["events"]
    assert not underived(library.path)


def test_a_builder_redacts_before_the_store(library: Library) -> None:
    """The store gets what the builder made of it."""
    request = Request(method="GET", url="http://a/?key=secret-1", headers=(("Cookie", "secret-2"),))
    built = RecordingBuilder(id="1", request=request)
    built.finish(1, "reset", "Bearer secret-3-4567")
    library.add([built.build()])
    library.close()
    stored = b"".join(p.read_bytes() for p in library.path.parent.glob("library.db*"))
    assert b"secret" not in stored


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"this is not a database, but it is long enough to be looked at" * 20, "not a database"),
        (None, "no library of streamlab"),
    ],
)
def test_another_kind_of_file_is_left_alone(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    """Neither read nor written; the error says what it is and what to do."""
    path = tmp_path / "other.db"
    if content is None:
        database = Database(path)
        database.create_table("cats", {"id": int})
        database.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    for create in (False, True):
        with pytest.raises(StoreError, match=message) as caught:
            Library(path, create=create)
        assert "--db" in caught.value.hint
    assert before == path.read_bytes()


def test_a_missing_library_is_not_made_by_reading(tmp_path: Path) -> None:
    """Only recorders and imports make one; its folder must be there."""
    with pytest.raises(StoreError, match="there is no library"):
        Library(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(StoreError, match="unable to open"):
        Library(tmp_path / "no" / "folder.db", create=True)


def test_a_newer_library_is_refused(library: Library) -> None:
    """Its tables may mean something else."""
    database = Database(library.path)
    migrations = database["_sqlite_migrations"]
    migrations.insert({"migration_set": "streamlab", "name": "m999", "applied_at": ""})
    database.close()
    with pytest.raises(StoreError, match="newer streamlab"):
        Library(library.path)


def test_migration_names_are_those_of_the_migrations(library: Library) -> None:
    """A new library has exactly what this version knows."""
    database = Database(library.path)
    assert set(MIGRATION_NAMES) == {m.name for m in MIGRATIONS.applied(database)}
    database.close()


MANY = """
import sys
sys.path.insert(0, sys.argv[2])
from streamlab.store import Library
from streamlab.recording import End, Read
from tests.conftest import make_recording, chat_event
with Library(sys.argv[1], create=True) as library, library.open_writer() as writer:
    for number in range(10):
        recording = make_recording(recording_id=sys.argv[3] + str(number))
        stored = writer.begin(recording)
        for at_ns in range(20):
            stored.read(Read(at_ns=at_ns, data=chat_event("a")))
        stored.finish(End(at_ns=30, reason="complete"))
"""


def test_several_processes_write_a_new_library_at_once(tmp_path: Path) -> None:
    """Each makes it if it is not there, none loses anything."""
    path = tmp_path / "shared.db"
    root = str(Path(__file__).parents[1])
    writers = [
        subprocess.Popen([sys.executable, "-c", MANY, str(path), root, name]) for name in "abcd"
    ]
    assert [0, 0, 0, 0] == [writer.wait(60) for writer in writers]
    found = counts(path)
    assert (40, 800, 800) == (found["recordings"], found["reads"], found["events"])


def test_a_locked_library_stops_the_recording_and_not_the_stream(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handing over never fails; closing says what was lost, and what was stored before is safe."""
    library.add([make_recording(DONE)])
    monkeypatch.setattr("streamlab.store.connect._LOCK_TIMEOUT_S", 0.05)
    writer = library.open_writer()
    lock = sqlite3.connect(library.path, isolation_level=None)
    lock.execute("begin immediate")
    stored = writer.begin(make_recording(recording_id="f" * 12))
    stored.read(Read(at_ns=1, data=b"x"))
    with pytest.raises(StoreError, match="locked") as caught:
        writer.close()
    lock.execute("rollback")
    lock.close()
    assert "lock" in caught.value.hint
    assert 1 == len(library.summaries())


def test_a_library_can_be_copied_after_closing(library: Library, tmp_path: Path) -> None:
    """One file is enough: closing leaves nothing in the WAL."""
    library.add([make_recording(DONE)])
    library.close()
    shutil.copy(library.path, tmp_path / "copy.db")
    with Library(tmp_path / "copy.db") as copy:
        assert 1 == len(copy.summaries())


def test_processes_are_told_apart() -> None:
    """This one lives, a finished one does not, nor a zombie; another host's is taken to."""
    assert is_alive(this_process())
    host, pid, _ = this_process().split(":")
    with subprocess.Popen([sys.executable, "-c", "print()"], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.read()
        zombie = child.pid
        patience = threading.Event()
        for _ in range(500):
            if not is_alive(f"{host}:{zombie}:"):
                break
            patience.wait(0.01)
        assert not is_alive(f"{host}:{zombie}:")
    assert not is_alive(f"{host}:not a number:")
    assert not is_alive(f"{host}:{10**30}:")
    assert is_alive(f"elsewhere:{pid}:")
    if sys.platform == "linux":
        assert not is_alive(f"{host}:{pid}:123"), "a later process with the same number"


def test_removing_takes_everything_of_a_recording_and_nothing_else(library: Library) -> None:
    """No rows are left behind in any table."""
    (kept,) = library.add(read_cassette(FIXTURES / "systems/assisters-chat.jsonl"))
    before = counts(library.path)
    library.add(read_cassette(FIXTURES / "systems/assisters-malformed.jsonl"))
    library.remove(library.resolve(["assisters-malformed", "assisters-malformed"]))
    assert before == counts(library.path)
    assert [kept] == [summary.id for summary in library.summaries()]
    with pytest.raises(NotFoundError):
        library.resolve(["assisters-malformed"])


def test_reindexing_makes_what_is_derived_anew(library: Library) -> None:
    """From the evidence alone; the same rows as before."""
    ids = library.add(read_cassette(FIXTURES / "systems/fastgpt-detail.jsonl"))
    library.add(read_cassette(FIXTURES / "systems/assisters-malformed.jsonl"))
    before = counts(library.path)
    other = sqlite3.connect(library.path)
    for table in ("event_rows", "findings"):
        other.execute(f"delete from {table}")
    other.execute("update recordings set dialect = null, metrics = null")
    other.commit()
    other.close()
    assert 1 == library.reindex(ids)
    assert 0 < counts(library.path)["events"] < before["events"]
    assert 2 == library.reindex()
    assert before == counts(library.path)
    assert {"fastgpt", "openai.chat"} == {summary.dialect for summary in library.summaries()}


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        ("delete from recordings where id = 'x'", "2 reads without their recording"),
        ("update read_rows set at_ns = 1 where seq = 1", "1 reads whose time goes back"),
        ("delete from read_rows where seq = 0", "1 reads are missing"),
        ("update recordings set metrics = null", "an ended recording without metrics"),
    ],
)
def test_the_doctor_sees_what_is_wrong(library: Library, harm: str, message: str) -> None:
    """A whole library gives nothing; each harm gives its diagnosis with a hint."""
    library.add([make_recording(chat_event("a"), DONE, recording_id="x")])
    assert [] == library.diagnose()
    other = sqlite3.connect(library.path)
    other.execute(harm)
    other.commit()
    other.close()
    found = library.diagnose()
    assert message in [diagnosis.message[: len(message)] for diagnosis in found]
    assert all(diagnosis.hint for diagnosis in found)


def test_an_older_library_is_migrated(tmp_path: Path) -> None:
    """What it holds is kept; what a new version finds in it is derived on opening."""
    path = tmp_path / "older.db"
    database = Database(path)
    MIGRATIONS.apply(database, stop_before="m002_derived_by")
    database["recordings"].insert(
        {"id": "a", "name": "old", "source": "", "tags": "[]", "method": "GET", "url": "http://a/",
         "request_headers": "[]", "marks": "[]", "end_at_ns": 1, "end_reason": "complete",
         "dialect": "as it was", "recorder": ""}
    )  # fmt: skip
    database.close()
    with Library(path) as library:
        (summary,) = library.summaries()
        assert "old" == library.load("a").name
    assert summary.dialect is None
    assert not underived(path)


def test_a_library_from_before_its_parts_had_numbers_keeps_its_reads(tmp_path: Path) -> None:
    """Of several recordings, one of them still without an end."""
    path = tmp_path / "older.db"
    database = Database(path)
    MIGRATIONS.apply(database, stop_before="m005_compact")
    whole = [make_recording(chat_event(each), DONE, recording_id=each) for each in "ab"]
    begun = replace(make_recording(chat_event("c"), recording_id="c"), end=None)
    for recording in (*whole, begun):
        database["recordings"].insert(recording_row(recording, this_process()))
        database["reads"].insert_all(
            {"recording_id": recording.id, "seq": seq, "at_ns": read.at_ns, "data": read.data}
            for seq, read in enumerate(recording.reads)
        )
    database.execute("delete from recordings where id = 'a'")
    database.execute("delete from reads where recording_id = 'a'")
    database.conn.commit()
    database.close()
    with Library(path) as library:
        assert [whole[1], begun] == [library.load(each) for each in "bc"]
        assert 2 == len(library._query("select * from events where recording_id = 'b'"))
        assert 1 == len(library._query("select * from reads where recording_id = 'c'"))
        assert [] == library.diagnose()


def test_what_was_deleted_meanwhile_is_not_derived(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording that somebody deletes while it is read leaves no events behind."""
    library.add([make_recording(chat_event("a"), DONE)])

    def read_slowly(recording: Recording) -> Stream:
        with Library(library.path) as other:
            other.remove([recording.id])
        return read_stream(recording)

    monkeypatch.setattr("streamlab.store.derivation.read_stream", read_slowly)
    library.reindex()
    assert {0} == set(counts(library.path).values())
    assert [] == library._query("select * from event_rows")
