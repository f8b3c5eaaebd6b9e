"""How one JSON value differs from another, in lines that may be shown to anybody."""

import json
import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, Final, NamedTuple

from streamlab.json_text import json_text
from streamlab.redaction import REDACTED, is_secret_name, redact_text

__all__ = ["Difference", "differences", "shown_difference", "shown_pair", "spelled_path"]

_ABSENT: Final = object()
_NAME: Final = re.compile(r"[A-Za-z_][0-9A-Za-z_]*")
_SHOWN_CHARS: Final = 60
# How much of what is the same is shown before what is not.
_CONTEXT_CHARS: Final = 12


class Difference(NamedTuple):
    """What one value has at a place and what the other one has there."""

    place: tuple[str | int, ...]
    asked: Any
    recorded: Any


def differences(
    asked: Any,  # noqa: ANN401 - any JSON value
    recorded: Any,  # noqa: ANN401
    place: tuple[str | int, ...] = (),
) -> Iterator[Difference]:
    """Where two JSON values differ, as deep inside as can be said. RecursionError if they are
    nested too deeply."""
    if isinstance(asked, dict) and isinstance(recorded, dict):
        for name in {**asked, **recorded}:
            pair = asked.get(name, _ABSENT), recorded.get(name, _ABSENT)
            yield from differences(*pair, (*place, name))
    elif isinstance(asked, list) and isinstance(recorded, list):
        for index, pair in enumerate(zip_longest(asked, recorded, fillvalue=_ABSENT)):
            yield from differences(*pair, (*place, index))
    elif _ABSENT in (asked, recorded) or json.dumps(asked) != json.dumps(recorded):
        yield Difference(place, asked, recorded)


def spelled_path(difference: Difference) -> str:
    """The JSON path of its place, in the form that `parse_path` takes."""
    return "$" + "".join(map(_segment, difference.place))


def shown_difference(difference: Difference) -> str:
    """`path: asked != recorded`, all shortened and without credentials."""
    is_secret = any(is_secret_name(str(step)) for step in difference.place)
    pair = (difference.asked, difference.recorded)
    asked, recorded = (_text(value, is_secret=is_secret) for value in pair)
    return shown_pair(spelled_path(difference), asked, recorded)


def shown_pair(name: str, asked: str, recorded: str) -> str:
    """`name: asked != recorded`, all shortened and without what looks like a key."""
    name, asked, recorded = map(redact_text, (name, asked, recorded))
    pairs = enumerate(zip(asked, recorded, strict=False))
    same = next((index for index, (one, other) in pairs if one != other), 0)
    return f"{_excerpt(name, 0)}: {_excerpt(asked, same)} != {_excerpt(recorded, same)}"


def _segment(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _NAME.fullmatch(step) else f"[{json_text(step)}]"


def _text(value: Any, *, is_secret: bool) -> str:  # noqa: ANN401 - any JSON value
    """The value as JSON, and nothing in it that goes by a secret name."""
    if value is _ABSENT:
        return "nothing"
    return json_text(REDACTED if is_secret else _without_secrets(value))


def _without_secrets(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {
            name: REDACTED if is_secret_name(name) else _without_secrets(each)
            for name, each in value.items()
        }
    return [_without_secrets(each) for each in value] if isinstance(value, list) else value


def _excerpt(text: str, same: int) -> str:
    """At most so many characters of it, from shortly before the place where it differs."""
    if len(text) <= _SHOWN_CHARS:
        return text
    start = max(0, min(same - _CONTEXT_CHARS, len(text) - _SHOWN_CHARS))
    stop = start + _SHOWN_CHARS
    return "…" * bool(start) + text[start:stop] + "…" * (stop < len(text))
