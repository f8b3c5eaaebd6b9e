"""The tables of a library, as numbered migrations.

`recordings` and `reads` are the evidence, which only a redaction changes. `events`, `metrics` and
`findings` are derived from them, are there so that people can ask SQL, and can be rebuilt.
`reads`, `events` and `metrics` are views: their rows are many, and so is what they have in common
(docs/design.md, decision 34).
A new migration also goes into `connect.MIGRATION_NAMES`.
"""

from typing import Final

from sqlite_utils import Database, Migrations

from streamlab.store.connect import APPLICATION_ID

__all__ = ["MIGRATIONS"]

MIGRATIONS: Final = Migrations("streamlab")


@MIGRATIONS()
def m001_initial(db: Database) -> None:
    """All tables."""
    db.create_table(
        "recordings",
        {
            "id": str,
            "name": str,
            "source": str,
            "tags": str,  # JSON array
            "started_at": str,  # UTC, ISO 8601
            "method": str,
            "url": str,
            "request_headers": str,  # JSON array of [name, value]
            "request_body": bytes,
            "status": int,
            "http_version": str,
            "response_headers": str,  # JSON array of [name, value]
            "response_at_ns": int,
            "marks": str,  # JSON array of [name, at_ns]
            "end_at_ns": int,
            "end_reason": str,  # null while it is being recorded
            "end_detail": str,
            "recorder": str,  # host:pid of the recording process
            "dialect": str,  # derived
        },
        pk="id",
        not_null={"name", "source", "tags", "method", "url"},
    ).create_index(["name"])
    _create_part(db, "reads", {"at_ns": int, "data": bytes})
    _create_part(
        db,
        "events",
        {
            "at_ns": int,  # when the read that completed it came
            "first_at_ns": int,  # when the read with its first byte came
            "read_seq": int,
            "type": str,
            "data": str,
            "start": int,  # byte offsets in the body, decoded if it has a content coding
            "stop": int,
            "kind": str,
            "text": str,
        },
    )
    _create_part(
        db,
        "findings",
        {"code": str, "at_ns": int, "start": int, "stop": int, "text": str, "cause": str},
    )
    db.create_table(
        "metrics",
        {"recording_id": str, "name": str, "value": float},
        pk=("recording_id", "name"),
        foreign_keys=[("recording_id", "recordings", "id")],
    )
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")


@MIGRATIONS()
def m002_derived_by(db: Database) -> None:
    """Which recordings lack what is derived: until now, all that have ended had it."""
    db.execute("alter table recordings add column derived_by text")  # a version of streamlab
    db.execute("update recordings set derived_by = '0.1.0' where end_reason is not null")
    db.execute("create index underived on recordings (recorder) where derived_by is null")


@MIGRATIONS()
def m003_findings(db: Database) -> None:
    """Findings of rules with ids, instead of what was malformed: all are derived anew."""
    db["findings"].drop()
    columns = {
        "code": str,  # SL301
        "slug": str,
        "severity": str,  # error, warning, info
        "message": str,
        "cause": str,
        "hint": str,
        "text": str,
        "start": int,
        "stop": int,
        "at_ns": int,
        "event": int,  # seq of the event, null if it is about none
    }
    _create_part(db, "findings", columns)
    db.execute("delete from metrics where name = 'malformed'")
    _derive_anew(db)


@MIGRATIONS()
def m004_model(db: Database) -> None:
    """The model that a request asks for, and metrics that reports need: all are derived anew."""
    db.execute("alter table recordings add column model text")  # derived
    _derive_anew(db)


@MIGRATIONS()
def m005_compact(db: Database) -> None:
    """Parts know their recording by a number, events do not repeat their reads, and metrics are one
    column: half the size. What is derived is derived anew."""
    _number_recordings(db)
    db["events"].drop()
    db["metrics"].drop()
    db.execute("alter table reads rename to old_reads")
    db.create_table(
        "read_rows",
        {"recording": int, "seq": int, "at_ns": int, "data": bytes},
        pk=("recording", "seq"),
        foreign_keys=[("recording", "recordings", "number")],
    )
    db.execute(
        """insert into read_rows (recording, seq, at_ns, data)
           select number, seq, at_ns, data from old_reads join recordings on id = recording_id
           order by number, seq"""
    )
    db["old_reads"].drop()
    db.execute(_EVENT_ROWS)
    for name, select in _VIEWS.items():
        db.create_view(name, select)
    _derive_anew(db)


@MIGRATIONS()
def m006_new_reads(db: Database) -> None:
    """Reads come into a table without an index (see `filing`); those that are there are filed."""
    db.create_table("new_reads", {"recording": int, "seq": int, "at_ns": int, "data": bytes})
    db.execute("alter table recordings add column is_filed integer not null default 1")
    db.execute("create index unfiled on recordings (end_reason) where is_filed = 0")
    db["reads"].drop()
    db.create_view("reads", _READS)


def _number_recordings(db: Database) -> None:
    """Give each recording a number; its rowid is none, a VACUUM may change it."""
    db.execute("drop index underived")
    db.execute("alter table recordings add column metrics text")  # derived, a JSON object
    columns = ", ".join(db["recordings"].columns_dict)
    types = db["recordings"].columns_dict | {"number": int}
    db.execute("alter table recordings rename to old_recordings")
    numbered = db.create_table("recordings", types, pk="number", column_order=["number"])
    db.execute(
        f"""insert into recordings (number, {columns})
            select rowid, {columns} from old_recordings order by rowid"""  # noqa: S608 - our names
    )
    db["old_recordings"].drop()
    numbered.create_index(["id"], unique=True)
    numbered.create_index(["name"])
    db.execute("create index underived on recordings (recorder) where derived_by is null")


# Small rows, which need no index beside them (https://sqlite.org/withoutrowid.html).
_EVENT_ROWS: Final = """
    create table event_rows (
        recording integer references recordings(number),
        seq integer,
        read_seq integer, -- the read that completed it
        first_at_ns integer, -- null: as that read
        start integer,
        stop integer,
        type text,
        data_start integer, -- where its data stands in that read, and how long it is
        data_bytes integer,
        data text, -- null: as it stands there
        kind text,
        text text,
        primary key (recording, seq)
    ) without rowid"""

# Not a join with the union: with SQLite before 3.39 each question would read all of it.
_READS: Final = " union all ".join(
    f"""select recordings.id as recording_id, read.seq, read.at_ns, read.data
        from {table} as read left join recordings on recordings.number = read.recording"""  # noqa: S608
    for table in ("read_rows", "new_reads")
)

# A left join of what a query does not ask for costs it nothing
# (https://sqlite.org/optoverview.html#omitjoin).
_VIEWS: Final = {
    "reads": """
        select recordings.id as recording_id, read.seq, read.at_ns, read.data
        from read_rows as read left join recordings on recordings.number = read.recording""",
    "events": """
        select recordings.id as recording_id, event.seq, read.at_ns,
            coalesce(event.first_at_ns, read.at_ns) as first_at_ns, event.read_seq, event.type,
            coalesce(event.data, cast(
                substr(read.data, event.data_start + 1, event.data_bytes) as text)) as data,
            event.start, event.stop, event.kind, event.text
        from event_rows as event
        left join recordings on recordings.number = event.recording
        left join read_rows as read
            on read.recording = event.recording and read.seq = event.read_seq""",
    "metrics": """
        select recordings.id as recording_id, each.key as name, cast(each.value as real) as value
        from recordings, json_each(recordings.metrics) as each""",
}


def _derive_anew(db: Database) -> None:
    """Whoever recorded them is done with them, on this host or another: the next to open derives
    what belongs to recordings that have ended."""
    db.execute(
        "update recordings set derived_by = null, recorder = '' where end_reason is not null"
    )


def _create_part(db: Database, table: str, columns: dict[str, type]) -> None:
    """A table of numbered parts of a recording."""
    db.create_table(
        table,
        {"recording_id": str, "seq": int, **columns},
        pk=("recording_id", "seq"),
        foreign_keys=[("recording_id", "recordings", "id")],
    )
