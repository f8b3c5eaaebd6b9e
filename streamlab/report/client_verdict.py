"""What clients would see of recordings: as a table for each, and as JSON values."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from streamlab.client_model import Outcome, Reason, Verdict
from streamlab.report.show_text import one_line
from streamlab.report.terminal import plain_table

__all__ = ["client_view", "verdict_json"]

_STYLES: Final[dict[Outcome, str]] = {
    "whole": "green",
    "changes": "yellow",
    "merges": "yellow",
    "loses": "red",
    "dies": "bold red",
}
_NAME_CHARS: Final = 40
_ERROR_CHARS: Final = 60
_REASON_CHARS: Final = 200


def client_view(verdicts: Sequence[Verdict]) -> RenderableType:
    """`streamlab check --client`: a table for each recording, a line for each client."""
    parts: list[RenderableType] = []
    for _, group in groupby(verdicts, key=lambda verdict: verdict.recording_id):
        of_recording = list(group)
        if parts:
            parts.append(Text())
        parts += [_title(of_recording[0]), _table(of_recording)]
    return Group(*parts) if parts else Text("no answered event stream to judge", "dim")


def _title(verdict: Verdict) -> Text:
    name = one_line(verdict.recording_name, _NAME_CHARS) or verdict.recording_id
    return Text.assemble((name, "bold"), (f"  {_count(verdict.events, 'event')}", "dim"))


def _table(verdicts: Sequence[Verdict]) -> Table:
    table = plain_table()
    table.add_column("client", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    table.add_column("what it sees, and why", overflow="fold")
    for verdict in verdicts:
        outcome = Text(verdict.outcome, _STYLES[verdict.outcome])
        table.add_row(Text(verdict.client), outcome, _told(verdict))
    return table


def _told(verdict: Verdict) -> Text:
    """What fares badly on the first line, then a line for each reason."""
    lines = [_summary(verdict)] if verdict.outcome != "whole" else []
    lines += [_reason_line(reason) for reason in verdict.reasons]
    return Text("\n").join(lines)


def _summary(verdict: Verdict) -> Text:
    said = []
    if verdict.error is not None:
        said.append(f"{one_line(verdict.error, _ERROR_CHARS)} at byte {verdict.at:,}")
    for spans, what in (
        (verdict.lost, "lost"),
        (verdict.merged, "merged"),
        (verdict.changed, "changed"),
    ):
        if spans:
            said.append(f"{len(spans):,} {what}")
    return Text(", ".join(said) or "the answer comes twice")


def _reason_line(reason: Reason) -> Text:
    place = f"{reason.start:,}" if reason.start == reason.stop else _span(reason)
    return Text.assemble((f"{place}  ", "dim"), one_line(reason.text, _REASON_CHARS))


def _span(reason: Reason) -> str:
    return f"{reason.start:,}\u2013{reason.stop:,}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """All fields of a verdict, under their names; spans as `start` and `stop`."""
    spans = {
        field: [span._asdict() for span in getattr(verdict, field)]
        for field in ("lost", "merged", "changed", "reasons")
    }
    return asdict(verdict) | spans
