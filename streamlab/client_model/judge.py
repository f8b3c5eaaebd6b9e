"""A client's view of a recording beside the standard's."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

from streamlab.analysis import Stream, read_stream
from streamlab.client_model.body import Body, body_of
from streamlab.client_model.model import ClientModel, Piece, Reason, Seen
from streamlab.content_coding import Defect
from streamlab.recording import Recording
from streamlab.sse import Event, Issue

__all__ = ["OUTCOMES", "Outcome", "Span", "Verdict", "can_judge", "judge"]

Outcome = Literal[
    "whole",  # every event of the standard's, and nothing else
    "loses",  # events are not handed on
    "merges",  # several events are handed on as one
    "changes",  # events come with other data, in several pieces, or are none
    "dies",  # an exception ends it
]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)

_JSON_SPACE: Final = " \t\r\n"
_UNEXPLAINED: Final = "it does not read this as the standard does"
_DROPPED: Final = "no empty line ended this event, so that the standard drops it"
_END_MARKER: Final = "[DONE]"
_UNREADABLE: Final = frozenset({"encoding-too-large", "encoding-unknown", "encoding-not-installed"})


class Span(NamedTuple):
    """A place in the decoded body."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a recording's events in a client.

    `events` is how many the standard has, the end marker not counted. `lost`, `merged` and
    `changed` are the places of those that fare so, each event in one of them at most; `changed` has
    also the places of what is handed on and is no event. `error` is the name of the exception that
    ends it, `at` the offset up to which the client comes.
    """

    recording_id: str
    recording_name: str
    client: str
    outcome: Outcome
    events: int
    lost: tuple[Span, ...]
    merged: tuple[Span, ...]
    changed: tuple[Span, ...]
    error: str | None
    at: int
    reasons: tuple[Reason, ...]


def can_judge(recording: Recording, stream: Stream) -> bool:
    """Whether models say anything about it: an answer (2xx) that is an event stream and can be
    decoded. What clients make of an HTTP error is no matter of its events."""
    if recording.response is None or not 200 <= recording.response.status < 300:
        return False
    items = [arrival.item for arrival in stream.arrived]
    return bool(items) and not any(
        isinstance(item, Defect) and item.code in _UNREADABLE for item in items
    )


def judge(recording: Recording, model: ClientModel, *, stream: Stream | None = None) -> Verdict:
    """What the client would see of the recording, if `can_judge` says so; `stream` spares reading
    the recording again."""
    stream = stream or read_stream(recording)
    body = body_of(recording, stream)
    return verdict_of(recording, model, body, stream)


def verdict_of(recording: Recording, model: ClientModel, body: Body, stream: Stream) -> Verdict:
    """`judge` with the body at hand."""
    seen = model.read(body)
    events = [each.event for each in stream.events if not _is_end_marker(each.event.data)]
    compared = _compare(events, seen.pieces, is_json=body.is_json)
    return Verdict(
        recording_id=recording.id,
        recording_name=recording.name,
        client=model.name,
        outcome=_outcome(seen, compared),
        events=len(events),
        lost=compared.lost,
        merged=compared.merged,
        changed=compared.changed,
        error=seen.error,
        at=seen.at,
        reasons=_telling(seen, compared, _tail_reasons(stream)),
    )


class _Compared(NamedTuple):
    lost: tuple[Span, ...]
    merged: tuple[Span, ...]
    changed: tuple[Span, ...]


def _is_end_marker(data: str | None) -> bool:
    return data is not None and data.strip() == _END_MARKER


def _outcome(seen: Seen, compared: _Compared) -> Outcome:
    if seen.error is not None:
        return "dies"
    if compared.lost:
        return "loses"
    if compared.merged:
        return "merges"
    return "changes" if compared.changed or seen.asks_again else "whole"


def _compare(events: Sequence[Event], pieces: Sequence[Piece], *, is_json: bool) -> _Compared:
    """What fares otherwise than in the standard. Events and pieces are in the body's order."""
    starts, stops = [event.start for event in events], [event.stop for event in events]
    made: list[list[Piece]] = [[] for _ in events]
    merged: list[Span] = []
    changed: list[Span] = []
    is_merged: set[int] = set()
    for piece in pieces:
        first, after = bisect_right(stops, piece.start), bisect_left(starts, piece.stop)
        if after - first > 1:
            merged.append(Span(starts[first], stops[after - 1]))
            is_merged.update(range(first, after))
        elif after - first == 1:
            made[first].append(piece)
        elif piece.data is not None and not _is_end_marker(piece.data):
            changed.append(Span(piece.start, piece.stop))
    lost: list[Span] = []
    for index, event in enumerate(events):
        span = Span(event.start, event.stop)
        if index in is_merged:
            continue
        if not made[index]:
            lost.append(span)
        elif len(made[index]) > 1 or not _is_same(event.data, made[index][0].data, is_json=is_json):
            changed.append(span)
    return _Compared(tuple(lost), tuple(merged), tuple(sorted(changed)))


def _is_same(expected: str, actual: str | None, *, is_json: bool) -> bool:
    """Around JSON white space is nothing; an event that the client keeps to itself is not lost."""
    if actual is None or expected == actual:
        return True
    return is_json and expected.strip(_JSON_SPACE) == actual.strip(_JSON_SPACE)


def _tail_reasons(stream: Stream) -> tuple[Reason, ...]:
    items = [arrival.item for arrival in stream.arrived]
    return tuple(
        Reason(
            "no empty line ended this event, so that the standard drops it", each.start, each.stop
        )
        for each in items
        if isinstance(each, Issue) and each.code == "unterminated-event"
    )


def _telling(seen: Seen, compared: _Compared, others: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """The reasons that explain something, each text with its first place: those that lie where an
    event fares badly, and what ended the stream."""
    fatal = seen.reasons[-1] if seen.error is not None else None
    died = [Span(fatal.start, fatal.stop)] if fatal is not None else []
    affected = sorted([*compared.lost, *compared.merged, *compared.changed, *died])
    starts = [span.start for span in affected]

    def explains(reason: Reason) -> bool:
        if reason == fatal or (fatal is None and reason.start == reason.stop):
            return True
        if fatal is not None and reason.start >= fatal.stop:
            return False
        before = bisect_left(starts, reason.stop) - 1
        return before >= 0 and affected[before].stop > reason.start

    told: dict[str, Reason] = {}
    for reason in (*seen.reasons, *others):
        if reason.text not in told and explains(reason):
            told[reason.text] = reason
    if not told and affected:
        return (Reason(_UNEXPLAINED, *affected[0]),)
    return tuple(sorted(told.values(), key=lambda reason: reason.start))
