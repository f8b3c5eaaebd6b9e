"""A schedule's bytes in other pieces: the same body, cut elsewhere."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate

from streamlab.content_coding import content_codings
from streamlab.recording import header_value
from streamlab.schedule import Action, Schedule, Send, SendHead
from streamlab.sse import Event, decode

__all__ = ["by_event", "event_stops", "pieces_until"]


def by_event(schedule: Schedule) -> Schedule:
    """A piece for each event, with what stands before it (comments, blank lines), at the time at
    which its last byte was due; what is no event stream keeps its pieces."""
    sends = [action for action in schedule.actions if isinstance(action, Send)]
    stops = event_stops(schedule)
    if stops is None:
        return schedule
    return _with_sends(schedule, pieces_until(stops, sends))


def event_stops(schedule: Schedule) -> list[int] | None:
    """The offsets in the body at which its events end; None if it is no event stream, or coded."""
    head = next((action for action in schedule.actions if isinstance(action, SendHead)), None)
    if head is None or content_codings(head.headers):
        return None
    content_type = header_value(head.headers, "content-type") or ""
    if content_type.partition(";")[0].strip().lower() != "text/event-stream":
        return None
    body = b"".join(action.data for action in schedule.actions if isinstance(action, Send))
    stops = (item.stop for item in decode(body) if isinstance(item, Event))
    # A line that ends in CR LF is over at its CR.
    return [stop + (body[stop - 1 : stop + 1] == b"\r\n") for stop in stops]


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


def _with_sends(schedule: Schedule, sends: Sequence[Send]) -> Schedule:
    """The schedule with other pieces, between its head and its end."""
    actions = schedule.actions
    before: tuple[Action, ...] = tuple(a for a in actions if isinstance(a, SendHead))
    after = tuple(a for a in actions if not isinstance(a, SendHead | Send))
    return replace(schedule, actions=(*before, *sends, *after))
