"""What every dialect is read into: deltas, and the JSON they come from."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, NoReturn

from streamlab.sse import Event

__all__ = [
    "OUTPUT_KINDS",
    "Chunk",
    "Clue",
    "Delta",
    "DeltaKind",
    "Dialect",
    "Step",
    "Usage",
    "as_count",
    "as_json",
    "as_list",
    "as_ms",
    "as_object",
    "as_text",
    "chunk",
    "parse_json",
    "piece",
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
# Beyond that a number is no duration; and an int may be too large for a float.
_MAX_S: Final = 1e11
# What a library can hold; a count beyond is none.
_MAX_COUNT: Final = 2**63 - 1


class Usage(NamedTuple):
    """Token counts as the provider states them; None where it does not.

    `completion_tokens` holds the reasoning, as in OpenAI's API.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None


class Step(NamedTuple):
    """A step of an agent or workflow (a node, a tool's run) that begins or ends; or that ended some
    time ago and is only `stated` now.

    `id` pairs these; "" where the protocol has none: then the step's label does, which is the
    delta's `text`, of a tool call its `name`. `stated_ms` is how long it took by the server's own
    account.
    """

    phase: Literal["begin", "end", "stated"]
    id: str = ""
    stated_ms: float | None = None


class Delta(NamedTuple):
    """The increment that one event carries for one choice.

    `call_id` and `call_index` say which tool call a piece belongs to, as far as it says so itself.
    A text that `is_cumulative` is all there is so far of its choice and kind, and one that
    `is_whole` repeats at the end what came in pieces, if any came; `Reader` makes an increment of
    both. Where several texts are written at once, `name` says which one a piece belongs to.
    """

    kind: DeltaKind
    text: str = ""
    name: str = ""
    choice: int = 0
    finish_reason: str | None = None
    usage: Usage | None = None
    call_id: str = ""
    call_index: int | None = None
    step: Step | None = None
    is_cumulative: bool = False
    is_whole: bool = False

    @property
    def is_output(self) -> bool:
        """Whether a reader sees something of it: non-empty text, reasoning, refusal, arguments."""
        return self.kind in OUTPUT_KINDS and self.text != ""


class Chunk(NamedTuple):
    """An event and the JSON in its data, parsed once; `payload` is None where it is none, and
    `malformed` says why."""

    event: Event
    payload: object
    malformed: Delta | None


class Clue(NamedTuple):
    """What a dialect is recognised by: the path of the URL, the response's media type and headers
    (names in lower case), and one event with its JSON."""

    url_path: str
    media_type: str
    headers: Mapping[str, str]
    event: Event
    payload: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One wire format.

    `detect` answers with the evidence in words, or None; `read` turns an event into its deltas (at
    least one) and never raises. `ends` says in Markdown what ends a healthy stream.
    """

    name: str
    detect: Callable[[Clue], str | None]
    read: Callable[[Chunk], tuple[Delta, ...]]
    ends: str = ""


class _NonFiniteError(ValueError):
    """NaN or Infinity, which Python's json reads and RFC 8259 forbids."""


def _refuse_constant(constant: str) -> NoReturn:
    raise _NonFiniteError(constant)


def chunk(event: Event) -> Chunk:
    """The event with its JSON."""
    return Chunk(event, *parse_json(event.data))


_JSON: Final = json.JSONDecoder(parse_constant=_refuse_constant)
# A value and where it ends; StopIteration where none begins. (Typeshed does not know it.)
_scan: Final[Callable[[str, int], tuple[object, int]]] = _JSON.scan_once  # type: ignore[attr-defined]


def parse_json(text: str) -> tuple[object, Delta | None]:
    """The JSON value of `text`, and a `malformed` delta if it is none (RFC 8259)."""
    try:  # without looking for white space around it, which hardly anybody sends
        value, stop = _scan(text, 0)
        if stop == len(text):
            return value, None
    except (StopIteration, ValueError, RecursionError):
        pass
    try:
        return _JSON.decode(text), None
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
    chunk: Chunk, read_object: Callable[[dict[str, object]], tuple[Delta, ...]]
) -> tuple[Delta, ...]:
    """The deltas of an event whose data is `[DONE]` or a JSON object."""
    event, payload, malformed = chunk
    if isinstance(payload, dict):
        return read_object(payload) or (Delta(kind="other"),)
    if event.data.strip() == "[DONE]":
        return (Delta(kind="end"),)
    if malformed is not None:
        return (malformed,)
    cause = f"a JSON object was expected, this is {event.data[:_EXCERPT_CHARS]}"
    return (Delta(kind="malformed", name="json-not-object", text=cause),)


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
    """The value if it is a whole number from 0 up that fits into 64 bits, else None."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= _MAX_COUNT else None


def as_ms(seconds: object) -> float | None:
    """A number of seconds from 0 up to some thousand years in milliseconds, else None."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return round(seconds * 1000.0, 3) if 0 <= seconds < _MAX_S else None


def as_json(value: object) -> str:
    """The value as JSON text; "" if it is nested too deeply to be written."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return ""


def piece(kind: DeltaKind, text: str, choice: int = 0) -> Delta:
    """A piece of output, or an empty delta where there is none of it."""
    return Delta(kind if text else "empty", text, choice=choice)
