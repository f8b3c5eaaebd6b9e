"""What faults have in common: where a body is cut, and how its bytes are exchanged for others."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate, groupby
from typing import Final

from streamlab.recording import Header
from streamlab.recut import body_of, event_stops, sends_of, with_sends
from streamlab.schedule import Action, Schedule, Send, SendHead

__all__ = [
    "NS_PER_MS",
    "Edit",
    "Headers",
    "chunked",
    "cut_at",
    "edited",
    "ended_after",
    "stop_after",
    "with_body",
    "with_headers",
]

NS_PER_MS: Final = 1_000_000

# From a `start` to a `stop`, as offsets in the body, come these bytes instead.
Edit = tuple[int, int, bytes]
Headers = tuple[Header, ...]


def stop_after(schedule: Schedule, events: int) -> int:
    """The offset in the body after so many events; the body's end if it has fewer.

    Where events cannot be seen (no event stream, or coded) pieces count instead.
    """
    sends = sends_of(schedule)
    ends = list(accumulate((len(send.data) for send in sends), initial=0))
    stops = event_stops(schedule)
    offsets = ends if stops is None else [0, *stops]
    return offsets[events] if events < len(offsets) else ends[-1]


def cut_at(sends: Sequence[Send], offset: int) -> tuple[list[Send], list[Send]]:
    """The pieces before an offset in the body and those after it; one that goes across is cut."""
    before, after, start = [], [], 0
    for send in sends:
        split = min(max(offset - start, 0), len(send.data))
        if split:
            before.append(replace(send, data=send.data[:split]))
        if split < len(send.data):
            after.append(replace(send, data=send.data[split:]))
        start += len(send.data)
    return before, after


def ended_after(schedule: Schedule, events: int, end: Action) -> Schedule:
    """The schedule up to the end of so many events, and then at once this end."""
    before, _ = cut_at(sends_of(schedule), stop_after(schedule, events))
    return with_sends(schedule, before, end)


def edited(schedule: Schedule, edits: Sequence[Edit]) -> Schedule:
    """The schedule with parts of its body exchanged; `edits` ascend and do not overlap.

    New bytes leave in the piece, and so at the time, of the last byte they replace. What only comes
    in between (`start` is `stop`) is a piece of its own, at the time of the byte before it.
    """
    sends = sends_of(schedule)
    if not sends or not edits:
        return schedule
    body = body_of(schedule)
    ends = list(accumulate(len(send.data) for send in sends))
    last = len(sends) - 1
    parts: list[tuple[tuple[int, bool], bytes]] = []
    position = 0
    for start, stop, fresh in (*edits, (len(body), len(body), b"")):
        while position < start:
            number = bisect_right(ends, position)
            until = min(start, ends[number])
            parts.append(((number, False), body[position:until]))
            position = until
        number = min(bisect_right(ends, max(stop - 1, 0)), last)
        parts.append(((number, start == stop), fresh))
        position = stop
    pieces = (
        Send(at_ns=sends[number].at_ns, data=b"".join(data for _, data in group))
        for (number, _), group in groupby(parts, key=lambda part: part[0])
    )
    return with_body(schedule, [piece for piece in pieces if piece.data])


def with_body(schedule: Schedule, sends: Sequence[Send], end: Action | None = None) -> Schedule:
    """The schedule with another body; a Content-Length grows and shrinks with it, so that a body
    that was as long as promised still is, and one that was cut is still cut."""
    more_bytes = sum(len(send.data) for send in sends) - len(body_of(schedule))
    return with_headers(
        with_sends(schedule, sends, end),
        lambda headers: tuple(_moved_length(header, more_bytes) for header in headers),
    )


def _moved_length(header: Header, more_bytes: int) -> Header:
    name, value = header
    if name.lower() != "content-length" or not (value.isascii() and value.isdigit()):
        return header
    return name, str(max(0, int(value) + more_bytes))


def chunked(schedule: Schedule) -> Schedule:
    """The schedule with its body, if it has one, in HTTP chunks, whatever framed it before."""
    if not sends_of(schedule):
        return schedule
    return replace(with_headers(schedule, _without_length), framing="chunked")


def _without_length(headers: Headers) -> Headers:
    return tuple(header for header in headers if header[0].lower() != "content-length")


def with_headers(schedule: Schedule, change: Callable[[Headers], Headers]) -> Schedule:
    """The schedule with the fields of its head changed; as it is, if it has no head."""
    actions = (
        replace(action, headers=change(action.headers)) if isinstance(action, SendHead) else action
        for action in schedule.actions
    )
    return replace(schedule, actions=tuple(actions))
