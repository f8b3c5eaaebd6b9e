"""What is wrong with data that should be a JSON object: one word for each way to break it."""

import json
import re
from typing import Final, Literal, NamedTuple

from streamlab.dialect import Delta, parse_json

__all__ = ["Flaw", "FlawKind", "block_data", "flaw_of", "is_cut", "is_whole"]

FlawKind = Literal[
    "invalid",  # no JSON
    "truncated",  # it breaks off
    "several",  # more than one document
    "lines",  # more than one document, each on a data line of its own
    "nonfinite",  # NaN or Infinity
    "not-object",  # another value
    "blank",  # nothing
    "comment",  # a comment, sent as data
    "end-marker",  # an end marker in a form of its own
]


class Flaw(NamedTuple):
    """The kind, what is wrong in words, and the character that it is about (None: all of it)."""

    kind: FlawKind
    message: str
    mark: int | None = None


_END_MARKER: Final = re.compile(r"\s*[\"'\[(<\s]*done[\"'\])>\s]*\.?\s*", re.IGNORECASE)
_NONFINITE: Final = re.compile(r"-?\b(?:NaN|Infinity)\b")
_DECODER: Final = json.JSONDecoder()


def flaw_of(data: str, malformed: Delta) -> Flaw:
    """What is wrong with the data that its dialect calls malformed."""
    if not data.strip():
        return Flaw("blank", "the data is empty")
    if _END_MARKER.fullmatch(data):
        return Flaw("end-marker", f"the end marker is {data.strip()[:40]} and not [DONE]")
    if malformed.name == "json-not-object":
        return Flaw("not-object", "a JSON object was expected, and this is another value")
    if malformed.name == "json-nonfinite":
        found = _NONFINITE.search(data)
        mark = found.start() if found else None
        return Flaw("nonfinite", malformed.text, mark)
    if data.startswith(":"):
        return Flaw("comment", "the data is a comment: it starts with a colon", 0)
    return _syntax_flaw(data)


def _syntax_flaw(data: str) -> Flaw:
    try:
        _, stop = _DECODER.raw_decode(data.lstrip())
    except json.JSONDecodeError as error:
        at = error.pos + len(data) - len(data.lstrip())
        if _is_at_end(data, error, at):
            return Flaw("truncated", f"the JSON breaks off: {error.msg} at character {at}", at)
        return Flaw("invalid", f"{error.msg} at character {at}", at)
    except (ValueError, RecursionError) as error:
        return Flaw("invalid", f"not readable as JSON: {error}")
    stop += len(data) - len(data.lstrip())
    rest = data[stop:].lstrip()
    if rest.startswith(("{", "[")):
        mark = len(data) - len(rest)
        kind: FlawKind = "lines" if _is_line_by_line(data) else "several"
        return Flaw(kind, f"another JSON document starts at character {mark}", mark)
    return Flaw("invalid", f"text follows the JSON at character {stop}", stop)


def _is_at_end(data: str, error: json.JSONDecodeError, at: int) -> bool:
    """Whether the data is JSON as far as it goes."""
    starts_well = data.lstrip().startswith(("{", "["))
    return starts_well and (at >= len(data.rstrip()) or error.msg.startswith("Unterminated"))


def _is_line_by_line(data: str) -> bool:
    lines = [line for line in data.split("\n") if line.strip()]
    return len(lines) > 1 and all(_is_document(line) for line in lines)


def _is_document(line: str) -> bool:
    value, malformed = parse_json(line)
    return malformed is None and isinstance(value, dict | list)


def is_whole(block: bytes) -> bool:
    """Whether the block of an event, which lacks only its empty line, holds JSON or the marker."""
    data = block_data(block)
    return _END_MARKER.fullmatch(data) is not None or _is_document(data)


def block_data(block: bytes) -> str:
    """The data of a block that may end anywhere."""
    lines = re.split(r"\r\n|\r|\n", block.decode("utf-8", "replace"))
    fields = (line.removeprefix("data:") for line in lines if line.startswith("data:"))
    return "\n".join(field.removeprefix(" ") for field in fields)


def is_cut(data: str) -> bool:
    """Whether the data is the beginning of a JSON object or array, and no more."""
    if not data.lstrip().startswith(("{", "[")) or _END_MARKER.fullmatch(data):
        return False
    malformed = parse_json(data)[1]
    return malformed is not None and flaw_of(data, malformed).kind == "truncated"
