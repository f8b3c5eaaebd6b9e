"""What every dialect is read into: deltas, and the JSON they come from."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, NoReturn

from streamlab.sse import Event

__all__ = [
    "OUTPUT_KINDS",
    "Clue",
    "Delta",
    "DeltaKind",
    "Dialect",
    "Usage",
    "as_count",
    "as_list",
    "as_object",
    "as_text",
    "parse_json",
    "read_json",
]

DeltaKind = Literal[
    "text",  # a piece of the answer
    "reasoning",  # a piece of the model's thinking
    "tool_call",  # a piece of a tool's arguments; `name` is the tool's, where the piece says it
    "refusal",  # a piece of a refusal
    "empty",  # a delta that carries nothing to read: a role, "", a heartbeat
    "finish",  # `finish_reason` is set
    "usage",  # `usage` is set
    "status",  # progress, not output; `name` says of what
    "error",  # the API reports a failure; `text` is its message
    "end",  # the end marker, [DONE]
    "malformed",  # not what the dialect calls for; `name` is a code, `text` the cause
    "other",  # well formed, and nothing this dialect knows
]

OUTPUT_KINDS: Final[frozenset[DeltaKind]] = frozenset({"text", "reasoning", "tool_call", "refusal"})

_EXCERPT_CHARS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Token counts as the provider states them; None where it does not."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """The increment that one event carries for one choice."""

    kind: DeltaKind
    text: str = ""
    name: str = ""
    choice: int = 0
    finish_reason: str | None = None
    usage: Usage | None = None

    @property
    def is_output(self) -> bool:
        """Whether a reader sees something of it: non-empty text, reasoning, refusal, arguments."""
        return self.kind in OUTPUT_KINDS and self.text != ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """What a dialect is recognised by: one event, its JSON (None if it is none), the URL."""

    url_path: str
    event: Event
    payload: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One wire format.

    `detect` answers with the evidence in words, or None; `read` turns an event into its deltas (at
    least one) and never raises.
    """

    name: str
    detect: Callable[[Clue], str | None]
    read: Callable[[Event], tuple[Delta, ...]]


class _NonFiniteError(ValueError):
    """NaN or Infinity, which Python's json reads and RFC 8259 forbids."""


def _refuse_constant(constant: str) -> NoReturn:
    raise _NonFiniteError(constant)


def parse_json(text: str) -> tuple[object, Delta | None]:
    """The JSON value of `text`, and a `malformed` delta if it is none (RFC 8259)."""
    try:
        return json.loads(text, parse_constant=_refuse_constant), None
    except json.JSONDecodeError as error:
        cause = f"{error.msg} at character {error.pos}: {_excerpt(text, error.pos)}"
        return None, Delta(kind="malformed", name="json-invalid", text=cause)
    except _NonFiniteError as error:
        cause = f"{error} is not a JSON number"
        return None, Delta(kind="malformed", name="json-nonfinite", text=cause)
    except (ValueError, RecursionError) as error:
        cause = f"not readable as JSON: {error}"
        return None, Delta(kind="malformed", name="json-invalid", text=cause)


def _excerpt(text: str, position: int) -> str:
    before = text[max(0, position - _EXCERPT_CHARS) : position]
    return f"{before} ⟪here⟫ {text[position : position + _EXCERPT_CHARS]}"


def read_json(
    event: Event, read_object: Callable[[dict[str, object]], tuple[Delta, ...]]
) -> tuple[Delta, ...]:
    """The deltas of an event whose data is `[DONE]` or a JSON object."""
    if event.data.strip() == "[DONE]":
        return (Delta(kind="end"),)
    payload, malformed = parse_json(event.data)
    if malformed is not None:
        return (malformed,)
    if not isinstance(payload, dict):
        cause = f"a JSON object was expected, this is {event.data[:_EXCERPT_CHARS]}"
        return (Delta(kind="malformed", name="json-not-object", text=cause),)
    return read_object(payload) or (Delta(kind="other"),)


def as_object(value: object) -> dict[str, object]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """The value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """The value if it is a string, else ""."""
    return value if isinstance(value, str) else ""


def as_count(value: object) -> int | None:
    """The value if it is a whole number from 0 up, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
