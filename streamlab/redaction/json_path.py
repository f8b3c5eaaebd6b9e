"""Paths into JSON documents: of RFC 9535 what names places, without filters and slices.

    $.a.b    ['a']    [0]    [*]    .*    ..name

An index counts from the beginning, since where an array ends is not known while it is read.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

from streamlab.errors import InputError

__all__ = ["Path", "Segment", "may_be_in", "parse_path", "step"]


@dataclass(frozen=True, slots=True)
class Segment:
    """One step of a path: to the member or element `key`, None for all of them.

    `is_deep` (`..`): from the value itself and from everything inside it.
    """

    key: str | int | None
    is_deep: bool


Path = tuple[Segment, ...]

# RFC 9535, 2.5: member-name-shorthand, and name, index and wildcard selectors in brackets.
_SEGMENT: Final = re.compile(
    r"""(?x)
    (?P<dots>\.\.?) (?: (?P<name>[A-Za-z_\u0080-\U0010ffff][0-9A-Za-z_\u0080-\U0010ffff]*) | \* )
    | (?P<deep>\.\.)? \[ \s* (?:
        (?P<quoted> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' ) | (?P<index>0|[1-9][0-9]*) | \*
      ) \s* \]
    """
)
# Characters that JSON spells either as they are or as \uXXXX.
_PLAIN_NAME: Final = re.compile(r"[^\"\\/\x00-\x1f]*")
_QUOTED_UNIT: Final = re.compile(r"\\.|\"")
_HINT: Final = (
    "a path is made of $ and then .name, ['name'], [0], [*], .* or ..name; "
    "there are no filters, slices and negative indexes"
)


def parse_path(text: str) -> Path:
    """The path that `text` spells. InputError says where it is none."""
    if not text.startswith("$"):
        raise InputError(f"JSON path {text!r} does not start with $", _HINT)
    segments: list[Segment] = []
    position = 1
    while position < len(text):
        match = _SEGMENT.match(text, position)
        if match is None:
            place = f"at character {position + 1}: {text[position:]}"
            raise InputError(f"JSON path {text!r} cannot be followed {place}", _HINT)
        is_deep = match["dots"] == ".." or match["deep"] is not None
        segments.append(Segment(_key(match, text), is_deep))
        position = match.end()
    return tuple(segments)


def _key(match: re.Match[str], path: str) -> str | int | None:
    if match["index"] is not None:
        return int(match["index"])
    if match["quoted"] is None:
        return match["name"]
    try:
        return str(json.loads(_as_json_string(match["quoted"])))
    except ValueError as error:
        hint = "a name is quoted as a JSON string is, or in single quotes"
        raise InputError(f"JSON path {path!r}: {match['quoted']} is no name", hint) from error


def _as_json_string(quoted: str) -> str:
    if quoted[0] == '"':
        return quoted
    spelled = {"\\'": "'", '"': '\\"'}
    body = _QUOTED_UNIT.sub(lambda unit: spelled.get(unit[0], unit[0]), quoted[1:-1])
    return f'"{body}"'


def may_be_in(path: Path, data: bytes) -> bool:
    """Whether `data`, JSON or not, may hold what the path names: every name on its way is there."""
    names = [segment.key for segment in path if isinstance(segment.key, str)]
    return b"\\u" in data or all(
        name.encode("utf-8", "surrogatepass") in data
        for name in names
        if _PLAIN_NAME.fullmatch(name)
    )


def step(paths: tuple[Path, ...], key: str | int) -> tuple[Path, ...]:
    """What is left of `paths` one step further in, at the member or element `key`.

    An empty path among them says that this is a place that was named.
    """
    left: dict[Path, None] = {}  # a set in order: deep segments give the same rest again and again
    for path in paths:
        if path and path[0].key in (None, key):
            left[path[1:]] = None
        if path and path[0].is_deep:
            left[path] = None
    return tuple(left)
