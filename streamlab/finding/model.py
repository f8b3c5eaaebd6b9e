"""Findings as plain values, and the limits above which something is one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

__all__ = ["SEVERITIES", "Finding", "Limits", "Severity", "is_clean", "rank"]

Severity = Literal[
    "error",  # the answer is broken, incomplete, or common clients fail on it
    "warning",  # some clients fail on it, or it is likely a mistake
    "info",  # legal, and worth knowing
]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)


class Finding(NamedTuple):
    """Something about a stream that is not as it should be, and its place.

    `message` says what, `cause` what is likely behind it, `hint` the next thing to try. `text` is
    the offending text (an excerpt, where it is long) and `mark` the character in it that it is
    about, if it is a single one. `start` and `stop` are offsets in the decoded body; what concerns
    the head stands at 0, what concerns the end at the body's end. `at_ns` is the time from t0 at
    which the bytes arrived. `event` is the number of the event, from 0 as in the table `events`.
    """

    code: str
    slug: str
    severity: Severity
    message: str
    cause: str
    hint: str
    text: str
    start: int
    stop: int
    at_ns: int
    event: int | None
    mark: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From where on something is a finding.

    The defaults are those that people notice (times) and that clients stop at (sizes).
    """

    stall_ns: int = 500_000_000
    """A silence between two events with output above this is a stall."""
    first_byte_ns: int = 10_000_000_000
    """A response head later than this is slow."""
    first_token_ns: int = 30_000_000_000
    """A first output later than this is slow."""
    hang_ns: int = 2_000_000_000
    """A connection that stays open for longer than this after the end of the stream hangs."""
    burst_ns: int = 1_000_000_000
    """All output in one read that comes later than this was buffered."""
    line_bytes: int = 64 * 1024
    """A longer line is too long for some clients."""


def rank(severity: Severity) -> int:
    """0 for the worst."""
    return SEVERITIES.index(severity)


def is_clean(findings: Sequence[Finding]) -> bool:
    """No error among them: exit code 0."""
    return all(finding.severity != "error" for finding in findings)
