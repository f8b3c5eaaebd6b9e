"""A schedule's bytes in other pieces: the same body, cut elsewhere."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final

from streamlab.content_coding import content_codings
from streamlab.recording import media_type
from streamlab.schedule import Action, Schedule, Send, SendHead
from streamlab.sse import Event, decode

__all__ = [
    "body_of",
    "by_event",
    "event_stops",
    "head_of",
    "pieces_until",
    "sends_of",
    "stream_events",
    "with_sends",
]

# Statuses whose responses have no body, whatever their head says (RFC 9110, 6.4.1).
_WITHOUT_BODY: Final = frozenset({204, 304})


def by_event(schedule: Schedule) -> Schedule:
    """A piece for each event, with what stands before it (comments, blank lines), at the time at
    which its last byte was due; what is no event stream keeps its pieces."""
    stops = event_stops(schedule)
    if stops is None:
        return schedule
    return with_sends(schedule, pieces_until(stops, sends_of(schedule)))


def event_stops(schedule: Schedule) -> list[int] | None:
    """The offsets in the body at which its events end; None if it is no event stream, or coded."""
    events = stream_events(schedule)
    return None if events is None else [event.stop for event in events]


def stream_events(schedule: Schedule) -> list[Event] | None:
    """The events of the body, each up to its last line end; None if it is no event stream, or
    coded."""
    head = head_of(schedule)
    if head is None or head.status in _WITHOUT_BODY or content_codings(head.headers):
        return None
    if media_type(head.headers) != "text/event-stream":
        return None
    body = body_of(schedule)
    events = (item for item in decode(body) if isinstance(item, Event))
    # The decoder ends a line that ends in CR LF at its CR.
    return [
        event._replace(stop=event.stop + (body[event.stop - 1 : event.stop + 1] == b"\r\n"))
        for event in events
    ]


def pieces_until(stops: Iterable[int], sends: Sequence[Send]) -> list[Send]:
    """The bytes of `sends` cut at `stops` (offsets in the body, ascending), each piece at the time
    of the send that holds its last byte."""
    ends = list(accumulate(len(send.data) for send in sends))
    body = b"".join(send.data for send in sends)
    pieces, start = [], 0
    for stop in [*stops, len(body)]:
        if start < stop <= len(body):
            at_ns = sends[bisect_left(ends, stop)].at_ns
            pieces.append(Send(at_ns=at_ns, data=body[start:stop]))
            start = stop
    return pieces


def head_of(schedule: Schedule) -> SendHead | None:
    """The response head, if one is sent."""
    return next((action for action in schedule.actions if isinstance(action, SendHead)), None)


def body_of(schedule: Schedule) -> bytes:
    """All pieces joined."""
    return b"".join(send.data for send in sends_of(schedule))


def sends_of(schedule: Schedule) -> list[Send]:
    """The pieces of the body."""
    return [action for action in schedule.actions if isinstance(action, Send)]


def with_sends(schedule: Schedule, sends: Sequence[Send], end: Action | None = None) -> Schedule:
    """The schedule with other pieces and, if given, another end; it never comes before them."""
    heads = (action for action in schedule.actions if isinstance(action, SendHead))
    end = end or schedule.actions[-1]
    actions: tuple[Action, ...] = (*heads, *sends, end)
    end_ns = max(action.at_ns for action in actions)
    return replace(schedule, actions=(*actions[:-1], replace(end, at_ns=end_ns)))
