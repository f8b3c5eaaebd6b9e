"""What was read in a stream, by whoever read it."""

import json
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Calls", "Said", "value_of"]


@dataclass
class Said:
    """The first choice: its text and reasoning, names and arguments of its calls, counts of tokens
    and why it ended; `error` is what the API, or the SDK, says went wrong."""

    text: str = ""
    reasoning: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    finish_reason: str | None = None
    error: str = ""


class Calls:
    """Calls whose arguments come in pieces, by whatever tells which call a piece is of."""

    def __init__(self) -> None:
        self._names: dict[object, str] = {}
        self._pieces: dict[object, str] = {}

    def add(self, key: object, name: str | None, piece: str | None) -> None:
        self._names[key] = self._names.get(key) or name or ""
        self._pieces[key] = self._pieces.get(key, "") + (piece or "")

    def whole(self) -> list[tuple[str, Any]]:
        return [(name, value_of(self._pieces[key])) for key, name in self._names.items()]


def value_of(arguments: str) -> Any:
    """The JSON value of a call's arguments: {} where there are none, the text if it is no JSON."""
    try:
        return json.loads(arguments or "{}")
    except ValueError:
        return arguments
