"""SL424 to SL426 and SL428: which events come, under which names, and in which order."""

from collections.abc import Iterator
from typing import Final

from streamlab.finding.example import HEALTHY, HEL, Example
from streamlab.finding.rule import rule
from streamlab.finding.spot import Spot, quoted
from streamlab.finding.subject import Subject
from streamlab.sse import Issue

__all__: list[str] = []

_STARTED: Final = b'event: message_start\ndata: {"type":"message_start","message":{"id":"1"}}\n\n'
_BLOCK: Final = b'event: content_block_start\ndata: {"type":"content_block_start","index":0}\n\n'
_PIECE: Final = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"Hi"}}\n\n'
)
_REASON: Final = (
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},'
    b'"usage":{"output_tokens":1}}\n\n'
)
_STOPPED: Final = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_MESSAGE: Final = (_STARTED, _BLOCK, _PIECE, _REASON, _STOPPED)


@rule(
    "SL424",
    "unknown-event",
    "warning",
    cause="a newer version of the API, or a gateway's own event",
    hint="in a client, skip events that it does not know",
    example=Example(pieces=(b"event: mystery\n" + HEL, *HEALTHY[1:])),
)
def _unknown(subject: Subject) -> Iterator[Spot]:
    """An event has a name that the dialect does not know; clients skip it, or fail."""
    names = subject.grammar.names
    if names is None:
        return
    unknown = {counted.type for counted in subject.analysis.event_types} - names - {"error"}
    if unknown:
        for number, event in enumerate(subject.events):
            if event.event.type in unknown:
                unknown.discard(event.event.type)
                yield subject.at_event(number, f"an event is named {quoted(event.event.type)}")


@rule(
    "SL425",
    "event-type-mismatch",
    "warning",
    cause="a gateway renames one of the two",
    hint="give an event the name that its JSON has as `type`",
    example=Example(
        pieces=(_STARTED, _BLOCK, _PIECE.replace(b"event: content_block_delta", b"event: ping"),
                _REASON, _STOPPED),
        twin=_MESSAGE,
    ),
)  # fmt: skip
def _mismatch(subject: Subject) -> Iterator[Spot]:
    """An event is named otherwise than its JSON's `type`: clients go by the one or the other."""
    if not subject.grammar.is_typed:
        return
    for number, payload in subject.payloads:
        name, type_ = subject.events[number].event.type, payload.get("type")
        if isinstance(type_, str) and name not in ("message", type_):
            message = f"the event is {quoted(name)}, its type is {quoted(type_)}"
            yield subject.at_event(number, message)


@rule(
    "SL426",
    "sequence-broken",
    "error",
    cause="events were lost or reordered on the way, or the stream was cut",
    hint="record at the upstream itself, and compare",
    example=Example(pieces=(_STARTED, _PIECE, _REASON, _STOPPED), twin=_MESSAGE),
)
def _broken(subject: Subject) -> Iterator[Spot]:
    """Events are missing or out of order: a delta before its start, a gap between sequence numbers,
    a message without its stop."""
    if not subject.grammar.is_typed:
        return
    yield from _gaps(subject)
    types = [(number, payload.get("type")) for number, payload in subject.payloads]
    if not any(type_ == "message_start" for _, type_ in types):
        return
    yield from _before_start(subject)
    is_excused = subject.failures or subject.was_left or subject.lost_tail
    if subject.end_event is None and not is_excused:
        yield subject.at_end("the message has no message_stop")


def _gaps(subject: Subject) -> Iterator[Spot]:
    before: int | None = None
    for number, payload in subject.payloads:
        count = payload.get("sequence_number")
        if not isinstance(count, int):
            continue
        if before is not None and count != before + 1:
            message = f"sequence number {quoted(count)} follows {quoted(before)}"
            yield subject.at_event(number, message)
        before = count


def _before_start(subject: Subject) -> Iterator[Spot]:
    """Deltas of blocks that no content_block_start has opened."""
    opened: set[object] = set()
    for number, payload in subject.payloads:
        index = payload.get("index")
        key = index if isinstance(index, int) else None
        if payload.get("type") == "content_block_start":
            opened.add(key)
        elif payload.get("type") == "content_block_delta" and key not in opened:
            opened.add(key)
            yield subject.at_event(number, "a delta comes before its content_block_start")


@rule(
    "SL428",
    "raw-text-newline-loss",
    "error",
    cause="a piece of text with a line end was written behind one `data:`",
    hint="send pieces as JSON, or `data:` before each of their lines",
    example=Example(
        pieces=(b"data: one\ntwo\n\n",), twin=(b"data: one\ndata: two\n\n",), along=("SL208",)
    ),
)
def _lost_text(subject: Subject) -> Iterator[Spot]:
    """A line of plain text is lost: what follows a line end in it has no field."""
    if subject.analysis.dialect != "raw-text":
        return
    for arrival in subject.issues.get("unknown-field", ()):
        assert isinstance(arrival.item, Issue)
        text = arrival.item.detail
        if not text.strip().startswith("[DONE]"):
            yield subject.at_arrival(arrival, "readers lose this text", text)
