"""A place at which a rule strikes, and the text that is quoted there."""

from typing import Final, NamedTuple

from streamlab.finding.model import Severity

__all__ = ["TEXT_CHARS", "Spot", "clean", "quoted"]

TEXT_CHARS: Final = 2000
"""No finding quotes more than this."""


class Spot(NamedTuple):
    """A place at which a rule strikes: what a `Finding` has beyond its rule. `severity` and `cause`
    are None where they are the rule's."""

    message: str
    start: int
    stop: int
    at_ns: int
    text: str = ""
    event: int | None = None
    mark: int | None = None
    severity: Severity | None = None
    cause: str | None = None


def quoted(value: object) -> str:
    """A value of the stream on the way into a message: short, and without lone surrogates."""
    text = value if isinstance(value, str) else repr(value)
    return text[:80].encode("utf-8", "backslashreplace").decode()


def clean(text: str) -> str:
    """Text that is quoted: an excerpt, without lone surrogates."""
    return text[:TEXT_CHARS].encode("utf-8", "backslashreplace").decode()
