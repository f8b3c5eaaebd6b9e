"""SL412 to SL414: failures inside a stream."""

import re
from collections.abc import Iterator
from typing import Final

from streamlab.dialect import parse_json
from streamlab.finding.example import DONE, HEL, LO, Example
from streamlab.finding.framing import is_no_event_stream
from streamlab.finding.rule import rule
from streamlab.finding.spot import Spot, quoted
from streamlab.finding.subject import Subject
from streamlab.sse import Issue

__all__: list[str] = []

_ERROR: Final = b'data: {"error":{"message":"overloaded"}}\n\n'
_ERROR_FIELD: Final = re.compile(r"error\s*:")


@rule(
    "SL412",
    "error-mid-stream",
    "error",
    cause="the API failed after it had sent a success status",
    hint="read the message; a client has to look for it, the status says nothing of it",
    example=Example(pieces=(HEL, LO, _ERROR), along=("SL401", "SL404")),
)
def _failure(subject: Subject) -> Iterator[Spot]:
    """The stream reports a failure, though its status is a success."""
    for number, message in subject.failures:
        yield subject.at_event(number, quoted(message) or "the stream reports a failure")
    for arrival in subject.issues.get("unknown-field", ()):
        assert isinstance(arrival.item, Issue)
        if _ERROR_FIELD.match(arrival.item.detail):
            message = "a failure, in a field that readers skip"
            yield subject.at_arrival(arrival, message, arrival.item.detail)
    if subject.has_succeeded and is_no_event_stream(subject) and _is_error(subject.body):
        yield subject.at_bytes(0, len(subject.body), "the body reports a failure")


def _is_error(body: bytes) -> bool:
    payload = parse_json(body.decode("utf-8", "replace"))[0]
    return isinstance(payload, dict) and bool(payload.get("error"))


@rule(
    "SL413",
    "error-then-end-marker",
    "warning",
    cause="the server ends every stream in the same way",
    hint="in a client, keep the failure in mind until the end",
    example=Example(pieces=(HEL, LO, _ERROR, DONE), along=("SL404", "SL412")),
)
def _ends_as_usual(subject: Subject) -> Iterator[Spot]:
    """The end marker follows a failure: clients that look only for the marker see a success."""
    end = subject.end_event
    failed = [number for number, _ in subject.failures]
    if end is None or subject.grammar.is_typed:  # there the last event says that it failed
        return
    if failed and failed[-1] < end and not _finished_after(subject):
        yield subject.at_event(end, "the end marker follows a failure")


def _finished_after(subject: Subject) -> bool:
    """Whether a choice finishes as if nothing had been, after a failure."""
    failed = [number for number, _ in subject.failures]
    normal = (
        number
        for number, delta in subject.said("finish")
        if delta.finish_reason in ("stop", "length", "tool_calls")
    )
    return bool(failed) and any(number > failed[0] for number in normal)


@rule(
    "SL414",
    "error-hidden",
    "error",
    cause="an exception was caught, and the stream ended as if all were well",
    hint="ask again without streaming: the failure may show in the status",
    example=Example(pieces=(HEL.replace(b"Hel", b""), DONE), along=("SL404",)),
)
def _hidden(subject: Subject) -> Iterator[Spot]:
    """A failure, or nothing at all, and then a normal end: clients take it for a whole answer."""
    end = subject.end_event
    if end is None or not subject.grammar.has_choices:
        return
    if _finished_after(subject):
        yield subject.at_event(end, "a normal end follows a failure")
    elif not subject.failures and not subject.finished and not _says_anything(subject):
        yield subject.at_event(end, "the end marker comes without any output before it")


def _says_anything(subject: Subject) -> bool:
    nothing = ("empty", "end", "other")
    return any(each.kind not in nothing for event in subject.events for each in event.deltas)
