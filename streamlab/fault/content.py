"""Faults in what events say: broken, lost, doubled, in another order, or an error among them.

They leave alone what is no event stream, and a body with a content coding.
"""

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Final, Literal

from streamlab.dialect import parse_json
from streamlab.fault.api import error_event_bytes
from streamlab.fault.option import Events
from streamlab.fault.pieces import cut_at, edited, with_body
from streamlab.recut import body_of, sends_of, stream_events, with_sends
from streamlab.schedule import Finish, Schedule, Send
from streamlab.sse import Event

__all__ = [
    "data_after_done",
    "drop",
    "duplicate",
    "error_event",
    "malformed_json",
    "no_done",
    "reorder",
]

Kind = Literal["cut", "quote", "brace"]


def malformed_json(schedule: Schedule, *, after: Events = 1, kind: Kind = "cut") -> Schedule:
    """Of the first JSON object that comes after `after` events only the first half is there
    (`cut`), or its first `quote` or its last `brace` is missing."""
    body = body_of(schedule)
    for event in (stream_events(schedule) or [])[after:]:
        span = _json_span(event, body)
        if span is not None:
            start, stop = span
            return edited(schedule, [(start, stop, _BREAKS[kind](body[start:stop]))])
    return schedule


def drop(schedule: Schedule, *, after: Events = 1) -> Schedule:
    """The event that comes after `after` events is missing."""
    events = (stream_events(schedule) or [])[after : after + 1]
    return edited(schedule, [(event.start, event.stop, b"") for event in events])


def duplicate(schedule: Schedule, *, after: Events = 1) -> Schedule:
    """The event that comes after `after` events comes twice."""
    body = body_of(schedule)
    events = (stream_events(schedule) or [])[after : after + 1]
    return edited(schedule, [(e.stop, e.stop, body[e.start : e.stop]) for e in events])


def reorder(schedule: Schedule, *, after: Events = 1) -> Schedule:
    """The two events that come after `after` events change places."""
    body = body_of(schedule)
    match (stream_events(schedule) or [])[after : after + 2]:
        case [one, other]:
            first, second = (one.start, one.stop), (other.start, other.stop)
            edits = [(*first, body[slice(*second)]), (*second, body[slice(*first)])]
            return edited(schedule, edits)
    return schedule


def no_done(schedule: Schedule) -> Schedule:
    """The end marker is missing: `[DONE]`, or Anthropic's `message_stop`."""
    events = filter(_is_end_marker, stream_events(schedule) or [])
    return edited(schedule, [(event.start, event.stop, b"") for event in events])


def data_after_done(schedule: Schedule) -> Schedule:
    """After the end marker comes the event before it once more."""
    body = body_of(schedule)
    events = stream_events(schedule) or []
    for before, event in pairwise(events):
        if _is_end_marker(event):
            return edited(schedule, [(event.stop, event.stop, body[before.start : before.stop])])
    return schedule


def error_event(schedule: Schedule, *, after: Events = 1) -> Schedule:
    """Once `after` events are out comes one that reports an error, in the API's shape, and ends the
    stream."""
    events = stream_events(schedule)
    if events is None:
        return schedule
    passed = events[:after]
    before, _ = cut_at(sends_of(schedule), passed[-1].stop if passed else 0)
    end = with_sends(schedule, before, Finish(at_ns=0)).actions[-1]
    error = Send(at_ns=end.at_ns, data=error_event_bytes(schedule))
    return with_body(schedule, [*before, error], end)


def _is_end_marker(event: Event) -> bool:
    return event.data.strip() == "[DONE]" or event.type == "message_stop"


def _json_span(event: Event, body: bytes) -> tuple[int, int] | None:
    """Where in the body the event's data stands, if it is a JSON object, in one line, with
    something in it."""
    payload, _ = parse_json(event.data)
    line = _DATA.search(body[event.start : event.stop])
    if not isinstance(payload, dict) or not payload or "\n" in event.data or line is None:
        return None
    return event.start + line.start(1), event.start + line.end(1)


def _cut(text: bytes) -> bytes:
    """The first half, without a character that would be cut."""
    return text[: len(text) // 2].decode("utf-8", "ignore").encode()


def _without_quote(text: bytes) -> bytes:
    return text.replace(b'"', b"", 1)


def _without_brace(text: bytes) -> bytes:
    return text.removesuffix(b"}")


# The value of a data line, without the space around it.
_DATA: Final = re.compile(rb"(?:\A|[\r\n])data: *([^\r\n]*?)[ \t]*(?=[\r\n])")
_BREAKS: Final[Mapping[Kind, Callable[[bytes], bytes]]] = {
    "cut": _cut,
    "quote": _without_quote,
    "brace": _without_brace,
}
