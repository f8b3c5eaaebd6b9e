"""The tables of a library, as numbered migrations.

`recordings` and `reads` are the evidence, which only a redaction changes. `events`, `metrics` and
`findings` are derived from them, are there so that people can ask SQL, and can be rebuilt.
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
