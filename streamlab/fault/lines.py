"""Faults in the lines around events: keep-alives, pings, a byte order mark, other line ends. All of
them are legal, and each has broken clients.

They leave alone what is no event stream, and a body with a content coding.
"""

import re
from bisect import bisect_right
from itertools import accumulate
from typing import Final

from streamlab.fault.option import Count, PeriodMs
from streamlab.fault.pieces import NS_PER_MS, edited, with_body
from streamlab.recut import body_of, event_stops, head_of, sends_of, stream_events
from streamlab.schedule import Schedule, Send

__all__ = ["bom", "cr", "crlf", "keepalive", "ping"]

_COMMENT: Final = b": keep-alive\n\n"
_PING: Final = b'event: ping\ndata: {"type": "ping"}\n\n'
_BOM: Final = b"\xef\xbb\xbf"
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")


def keepalive(
    schedule: Schedule, *, every_ms: PeriodMs | None = None, every_events: Count | None = None
) -> Schedule:
    """A keep-alive comment comes `every_ms`, from the head to the end, or after each `every_events`
    events (1 where nothing is said)."""
    return _between(schedule, _COMMENT, every_ms, every_events)


def ping(
    schedule: Schedule, *, every_ms: PeriodMs | None = None, every_events: Count | None = None
) -> Schedule:
    """An event named `ping`, as Anthropic sends it, comes as often as a `keepalive` would."""
    return _between(schedule, _PING, every_ms, every_events)


def bom(schedule: Schedule) -> Schedule:
    """A byte order mark stands before the stream."""
    first = body_of(schedule)[:1]
    if not first or stream_events(schedule) is None:
        return schedule
    return edited(schedule, [(0, 1, _BOM + first)])


def crlf(schedule: Schedule) -> Schedule:
    """Lines end in CR LF."""
    return _with_line_ends(schedule, b"\r\n")


def cr(schedule: Schedule) -> Schedule:
    """Lines end in CR alone."""
    return _with_line_ends(schedule, b"\r")


def _between(
    schedule: Schedule, data: bytes, every_ms: float | None, every_events: int | None
) -> Schedule:
    stops = event_stops(schedule)
    if stops is None:
        return schedule
    if every_ms is not None:
        return _every_ms(schedule, data, every_ms, frozenset({0, *stops}))
    step = every_events or 1
    return edited(schedule, [(stop, stop, data) for stop in stops[step - 1 :: step]])


def _every_ms(schedule: Schedule, data: bytes, every_ms: float, stops: frozenset[int]) -> Schedule:
    """A server has nothing to say while an event is half sent: such a time goes without."""
    head = head_of(schedule)
    assert head is not None, "what has events has a head"
    sends = sends_of(schedule)
    times_ns = [send.at_ns for send in sends]
    ends = list(accumulate((len(send.data) for send in sends), initial=0))
    step_ns = round(every_ms * NS_PER_MS)
    fillers = [
        (number, Send(at_ns=at_ns, data=data))
        for at_ns in range(head.at_ns + step_ns, schedule.actions[-1].at_ns, step_ns)
        if ends[number := bisect_right(times_ns, at_ns)] in stops
    ]
    return with_body(schedule, sorted([*sends, *(f for _, f in fillers)], key=lambda s: s.at_ns))


def _with_line_ends(schedule: Schedule, line_end: bytes) -> Schedule:
    if stream_events(schedule) is None:
        return schedule
    ends = _LINE_END.finditer(body_of(schedule))
    others = (match.span() for match in ends if match.group() != line_end)
    return edited(schedule, [(start, stop, line_end) for start, stop in others])
