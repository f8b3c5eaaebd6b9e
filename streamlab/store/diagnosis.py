"""What can be wrong inside a library, and how one sees it."""

import sqlite3
from dataclasses import dataclass
from typing import Final

__all__ = ["Diagnosis", "diagnose"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Something wrong: where, what, and what to do about it."""

    place: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class _Check:
    """A query whose rows (recording id, number) are what is wrong."""

    sql: str
    message: str
    hint: str


_REINDEX: Final = "`streamlab reindex` makes what is derived anew"
_EVIDENCE: Final = "the reads are kept as they are; export what you need and record it again"

_CHECKS: Final = (
    _Check(
        """select 'number ' || recording, count(*) from (
               select recording from read_rows union all select recording from new_reads)
           where recording not in (select number from recordings) group by 1""",
        "{} reads without their recording",
        "they cannot be shown; `streamlab rm` never leaves any, so something else wrote here",
    ),
    _Check(
        """select recording_id, count(*) from (
               select recording_id, at_ns - lag(at_ns) over (
                   partition by recording_id order by seq) as gap_ns from reads)
           where gap_ns < 0 group by 1""",
        "{} reads whose time goes back",
        _EVIDENCE,
    ),
    _Check(
        """select recording_id, max(seq) + 1 - count(*) from reads
           group by 1 having max(seq) + 1 <> count(*)""",
        "{} reads are missing between others",
        _EVIDENCE,
    ),
    _Check(
        "select id, 1 from recordings where end_reason is not null and metrics is null",
        "an ended recording without metrics",
        _REINDEX,
    ),
    _Check(
        """select recording_id, count(*) from events
           where recording_id is null group by 1""",
        "{} events without their recording",
        _REINDEX,
    ),
)


def diagnose(connection: sqlite3.Connection) -> list[Diagnosis]:
    """All that is wrong; nothing is changed."""
    found = [
        Diagnosis(place="file", message=problem, hint="copy what can be read: `streamlab export`")
        for (problem,) in connection.execute("pragma integrity_check")
        if problem != "ok"
    ]
    for check in _CHECKS:
        found += [
            Diagnosis(place=str(place), message=check.message.format(number), hint=check.hint)
            for place, number in connection.execute(check.sql)
        ]
    return found
