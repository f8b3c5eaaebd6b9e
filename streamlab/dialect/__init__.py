"""Dialects: what one provider's events say, as `Delta`s.

One file per wire format. To add one, write a file with a `Dialect` and put it into `DIALECTS`, the
more specific before the more general. A dialect is recognised with stated evidence and is always a
guess: it reads events and never changes them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final
from urllib.parse import urlsplit

from streamlab.dialect.delta import OUTPUT_KINDS, Clue, Delta, DeltaKind, Dialect, Usage, parse_json
from streamlab.dialect.fastgpt import FASTGPT
from streamlab.dialect.one_field import ONE_FIELD
from streamlab.dialect.openai_chat import OPENAI_CHAT
from streamlab.dialect.openai_completions import OPENAI_COMPLETIONS
from streamlab.dialect.raw_text import RAW_TEXT
from streamlab.sse import Event

__all__ = [
    "DIALECTS",
    "EVENTS_LOOKED_AT",
    "OUTPUT_KINDS",
    "Clue",
    "Delta",
    "DeltaKind",
    "Detection",
    "Dialect",
    "Usage",
    "detect",
    "main_delta",
    "parse_json",
    "read",
]

DIALECTS: Final[tuple[Dialect, ...]] = (
    FASTGPT,
    OPENAI_CHAT,
    OPENAI_COMPLETIONS,
    ONE_FIELD,
    RAW_TEXT,
)

# A stream that has not shown what it is in its first events will not show it later.
EVENTS_LOOKED_AT: Final = 50

# Which delta stands for an event that carries several: what a reader would want to see first.
_PRIORITY: Final[tuple[DeltaKind, ...]] = (
    "malformed", "error", "text", "reasoning", "tool_call", "refusal", "finish", "usage", "status",
    "end", "empty", "other",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """A dialect and the evidence for it, in words."""

    dialect: Dialect
    evidence: str


def detect(url: str, events: Iterable[Event]) -> Detection | None:
    """The first dialect of `DIALECTS` for which an early event gives evidence, or None."""
    path = urlsplit(url).path
    clues = [
        Clue(url_path=path, event=event, payload=parse_json(event.data)[0])
        for event in islice(events, EVENTS_LOOKED_AT)
    ]
    for dialect in DIALECTS:
        for clue in clues:
            if evidence := dialect.detect(clue):
                return Detection(dialect=dialect, evidence=evidence)
    return None


def read(detection: Detection | None, event: Event) -> tuple[Delta, ...]:
    """The deltas of an event, at least one.

    Where the dialect is not known they are `other`; but what opens a JSON object and is no JSON is
    malformed in any dialect.
    """
    if detection is not None:
        return detection.dialect.read(event)
    malformed = parse_json(event.data)[1] if event.data.lstrip().startswith("{") else None
    return (malformed or Delta(kind="other"),)


def main_delta(deltas: tuple[Delta, ...]) -> Delta:
    """The one that stands for the event; of two of a kind the one with text."""
    return min(deltas, key=lambda delta: (_PRIORITY.index(delta.kind), not delta.text))
