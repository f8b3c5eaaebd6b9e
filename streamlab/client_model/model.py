"""What a model of a client is, and the program that each has around it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn

from streamlab.client_model.body import Body
from streamlab.client_model.transport import Transport

__all__ = [
    "ClientModel",
    "DiedError",
    "Found",
    "JsonRule",
    "Piece",
    "Reason",
    "Seen",
    "node_json",
    "python_json",
    "run",
]


class Piece(NamedTuple):
    """Data that a client hands on as one event, and the bytes it made it of. None: an event that
    the client means to keep to itself, such as a ping."""

    data: str | None
    start: int
    stop: int


class Reason(NamedTuple):
    """Why a client sees something else than the standard says, and the bytes that make it so."""

    text: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What became of a body: the pieces in order, the name of the exception that ended it (None if
    it ended well), and the offset up to which the client came. `has_stopped`: the program left at
    the end marker; `asks_again`: the client does so by itself, and its program gets both answers.
    """

    pieces: tuple[Piece, ...]
    error: str | None
    at: int
    reasons: tuple[Reason, ...] = ()
    has_stopped: bool = False
    asks_again: bool = False

    @property
    def events(self) -> tuple[str, ...]:
        """The data that was handed on, in order."""
        return tuple(piece.data for piece in self.pieces if piece.data is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientModel:
    """A client: what `read` says that it sees of a body is what the client in these `versions` was
    seen to do. `applies` tells whether the client is used for such streams at all."""

    name: str
    title: str
    versions: str
    source: str
    read: Callable[[Body], Seen]
    applies: Callable[[Body], bool] = lambda _: True


class DiedError(Exception):
    """The client raised: the exception's name, and why. It never leaves this package."""

    def __init__(self, name: str, why: str, start: int, stop: int) -> None:
        super().__init__(name)
        self.name = name
        self.reason = Reason(why, start, stop)


Found = Iterator[Piece | Reason]
"""What a client makes of a body, in order; it raises DiedError where the client raises."""

JsonRule = Callable[[str], str | None]
"""The name of the exception that parsing a text as JSON raises, None if it raises none."""


def python_json(text: str) -> str | None:
    """json.loads: it takes NaN and Infinity."""
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        return type(error).__name__
    return None


def node_json(text: str) -> str | None:
    """JSON.parse: numbers of any length and any depth, but no NaN."""
    try:
        json.loads(text, parse_constant=_refuse, parse_int=str)
    except ValueError:
        return "SyntaxError"
    except RecursionError:
        return None
    return None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


END_MARKER: Final = "[DONE]"


def is_end_marker(data: str) -> bool:
    """As the programs test it: to the letter."""
    return data == END_MARKER


def run(
    body: Body,
    found: Found,
    transport: Transport,
    *,
    json_rule: JsonRule | None = None,
    is_end: Callable[[str], bool] = is_end_marker,
) -> Seen:
    """The program around a client: it stops at the end marker, and parses the data with `json_rule`
    where the API speaks JSON. After all that was found, the transport ends as it does."""
    pieces: list[Piece] = []
    reasons: list[Reason] = []
    length = len(body.data)

    def seen(error: str | None, at: int, *, has_stopped: bool = False) -> Seen:
        return Seen(
            pieces=tuple(pieces),
            error=error,
            at=at,
            reasons=tuple(reasons),
            has_stopped=has_stopped,
        )

    try:
        for each in found:
            if isinstance(each, Reason):
                reasons.append(each)
                continue
            if each.data is not None and is_end(each.data):
                if each.stop < length:
                    reasons.append(Reason("it stops at [DONE]", each.stop, length))
                return seen(None, each.stop, has_stopped=True)
            if json_rule is not None and body.is_json and each.data is not None:
                _parse(each, json_rule)
            pieces.append(each)
    except DiedError as died:
        reasons.append(died.reason)
        return seen(died.name, died.reason.start)
    if body.broken is not None:
        reasons.append(Reason(transport.why(body.broken), length, length))
    return seen(transport.error(body.broken), length)


def _parse(piece: Piece, json_rule: JsonRule) -> None:
    assert piece.data is not None
    error = json_rule(piece.data)
    if error is not None:
        why = "it is handed on, and is no JSON" if piece.data else "it is empty, which is no JSON"
        raise DiedError(error, why, piece.start, piece.stop)
