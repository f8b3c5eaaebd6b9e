"""SL416 to SL418: tool calls in pieces."""

from collections.abc import Iterator
from typing import Final

from streamlab.dialect import parse_json
from streamlab.finding.example import DONE, FINISH, HEL, Example, tool
from streamlab.finding.rule import rule
from streamlab.finding.spot import Spot, quoted
from streamlab.finding.subject import Subject

__all__: list[str] = []

_CALL: Final = tool(
    b'{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}'
)
_FINISH: Final = FINISH.replace(b"stop", b"tool_calls")
_TWIN: Final = (HEL, _CALL, _FINISH, DONE)


def _calls(subject: Subject) -> Iterator[tuple[int, dict[str, object]]]:
    """The pieces of tool calls as they are written, with the numbers of their events."""
    if not subject.grammar.has_deltas or not subject.said("tool_call"):
        return
    for number, fields in subject.choices:
        delta = fields.get("delta")
        calls = delta.get("tool_calls") if isinstance(delta, dict) else None
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict):
                yield number, call


@rule(
    "SL416",
    "tool-index-missing",
    "error",
    cause="a server that is only compatible with the API",
    hint="send `index` in every piece of a tool call",
    example=Example(
        pieces=(HEL, _CALL.replace(b'{"index":0,"id"', b'{"id"'), _FINISH, DONE), twin=_TWIN
    ),
)
def _no_index(subject: Subject) -> Iterator[Spot]:
    """A piece of a tool call has no index: SDKs raise, or cannot tell calls apart."""
    for number, call in _calls(subject):
        if call.get("index") is None:
            yield subject.at_event(number, "a tool call has no index")


@rule(
    "SL417",
    "tool-null-fields",
    "warning",
    cause="a server writes all fields of a call into each piece",
    hint="leave out what does not change after the first piece",
    example=Example(
        pieces=(
            HEL,
            _CALL.replace(b'"{}"', b'"{"'),
            tool(b'{"index":0,"id":null,"function":{"name":null,"arguments":"}"}}'),
            _FINISH,
            DONE,
        ),
        twin=_TWIN,
    ),
)
def _null_fields(subject: Subject) -> Iterator[Spot]:
    """The id, type or name of a tool call is null: clients that validate or add up fail."""
    for number, call in _calls(subject):
        function = call.get("function")
        named = function if isinstance(function, dict) else {}
        fields = [name for name in ("id", "type") if call.get(name, "") is None]
        fields += [name for name in ("name",) if named.get(name, "") is None]
        if fields:
            yield subject.at_event(number, f"null in a tool call: {', '.join(fields)}")


@rule(
    "SL418",
    "tool-arguments-not-json",
    "error",
    cause="the model wrote them so, or pieces are missing or out of order",
    hint="look at the pieces; ask with a schema, if the API can be told to keep to it",
    example=Example(pieces=(HEL, _CALL.replace(b'"{}"', b'"{"'), _FINISH, DONE), twin=_TWIN),
)
def _arguments(subject: Subject) -> Iterator[Spot]:
    """The arguments of a finished tool call, put together, are no JSON."""
    if not subject.grammar.has_deltas:
        return
    for (choice, _), (number, text) in _whole_arguments(subject).items():
        if not text.strip() or choice not in subject.finished or _hit_limit(subject, choice):
            continue
        if (malformed := parse_json(text)[1]) is not None:
            message = f"these arguments are no JSON: {quoted(text[:40])}"
            yield subject.at_event(number, message)._replace(cause=quoted(malformed.text))


def _whole_arguments(subject: Subject) -> dict[tuple[int, object], tuple[int, str]]:
    """By choice and call, the last event of the call's arguments and all of them.

    A piece with another id is of another call, whatever its index, as for `analysis.assemble`.
    """
    pieces: dict[tuple[int, object], list[str]] = {}
    last: dict[tuple[int, object], int] = {}
    open_ids: dict[tuple[int, int | None], str] = {}
    for number, delta in subject.said("tool_call"):
        place = (delta.choice, delta.call_index)
        call_id = delta.call_id or open_ids.get(place, "")
        open_ids[place] = call_id
        key = (delta.choice, (delta.call_index, call_id))
        pieces.setdefault(key, []).append(delta.text)
        last[key] = number
    return {key: (last[key], "".join(texts)) for key, texts in pieces.items()}


def _hit_limit(subject: Subject, choice: int) -> bool:
    """Whether the answer was cut by its limit of tokens, so that arguments may be, too."""
    deltas = subject.events[subject.finished[choice]].deltas
    return any(each.finish_reason == "length" and each.choice == choice for each in deltas)
