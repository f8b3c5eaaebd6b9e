"""SL401 to SL407: end markers and finish reasons."""

import re
from collections.abc import Iterator
from typing import Final

from streamlab.dialect import OUTPUT_KINDS
from streamlab.finding.example import DONE, FINISH, HEALTHY, HEL, LO, Example, chunk
from streamlab.finding.rule import rule
from streamlab.finding.spot import Spot, quoted
from streamlab.finding.subject import Said, Subject
from streamlab.sse import Issue

__all__: list[str] = []

_BARE_MARKER: Final = re.compile(r'\s*"?\[DONE\]"?\s*')


@rule(
    "SL401",
    "missing-end-marker",
    "warning",
    cause="the server broke off, or a gateway drops the marker",
    hint="end the stream with its marker; in a client, take a stream without one for cut",
    example=Example(pieces=HEALTHY[:-1]),
)
def _no_end(subject: Subject) -> Iterator[Spot]:
    """The stream ends without its end marker ([DONE], message_stop …): an error unless it has
    finished, or has reported a failure, before."""
    grammar = subject.grammar
    is_excused = subject.was_left or subject.lost_tail or (grammar.is_typed and subject.failures)
    has_ended = subject.end_event is not None or subject.has_bare_end
    if is_excused or has_ended or not subject.events:
        return
    if not grammar.has_marker and not grammar.last:
        return
    wanted = "[DONE]" if grammar.has_marker else " or ".join(sorted(grammar.last))
    is_cut = grammar.needs_finish and not subject.finished and not subject.failures
    message = f"the stream ends without {wanted}"
    yield subject.at_end(message, severity="error" if is_cut else "warning")


@rule(
    "SL402",
    "data-after-end",
    "warning",
    cause="a gateway adds its own events at the end, or two streams were put together",
    hint="send everything before the end marker: clients stop reading there",
    example=Example(pieces=(*HEALTHY, b'data: {"id":"1","choices":[],"usage":{}}\n\n')),
)
def _after_end(subject: Subject) -> Iterator[Spot]:
    """Events follow the end marker; most clients never see them. Normal in some dialects."""
    end = subject.end_event
    if end is None or subject.grammar.goes_on or not subject.grammar.is_known:
        return
    for number in range(end + 1, len(subject.events)):
        if subject.events[number].event.data.strip() != "[DONE]":
            yield subject.at_event(number, "this comes after the end of the stream")


@rule(
    "SL403",
    "end-marker-variant",
    "info",
    cause="the marker was serialised as JSON, or written without `data:`",
    hint="send exactly `data: [DONE]`",
    example=Example(pieces=(*HEALTHY[:-1], b'data: "[DONE]"\n\n')),
)
def _variant(subject: Subject) -> Iterator[Spot]:
    """The end marker has another form, such as quotes: clients that compare miss it."""
    for number, flaw in subject.flaws:
        if flaw.kind == "end-marker":
            yield subject.at_event(number, flaw.message)
    for arrival in subject.issues.get("unknown-field", ()):
        assert isinstance(arrival.item, Issue)
        if _BARE_MARKER.fullmatch(arrival.item.detail):
            yield subject.at_arrival(arrival, "the end marker is no data", arrival.item.detail)


@rule(
    "SL404",
    "missing-finish-reason",
    "error",
    cause="the model or the server was interrupted",
    hint="take the answer for incomplete; look into the server's log",
    example=Example(pieces=(HEL, LO, DONE)),
)
def _no_finish(subject: Subject) -> Iterator[Spot]:
    """An answer ends without a finish reason: nothing says that it is whole."""
    if subject.was_left or subject.lost_tail or not subject.grammar.needs_finish:
        return
    for choice in sorted(subject.seen_choices - subject.finished.keys()):
        yield subject.at_end(f"choice {choice} has no finish reason")


@rule(
    "SL405",
    "duplicate-finish",
    "warning",
    cause="a gateway adds a last chunk where there was one already",
    hint="send one finish reason for each choice",
    example=Example(pieces=(HEL, LO, chunk(b'"delta":{},"finish_reason":"stop"'), FINISH, DONE)),
)
def _finishes_again(subject: Subject) -> Iterator[Spot]:
    """A choice finishes a second time; clients may take the answer twice."""
    if subject.grammar.needs_finish:
        for number, delta in subject.said("finish"):
            if subject.finished[delta.choice] < number:
                yield subject.at_event(number, f"choice {delta.choice} has finished before")


def _outputs(subject: Subject) -> Iterator[Said]:
    for kind in ("text", "reasoning", "tool_call", "refusal"):
        assert kind in OUTPUT_KINDS
        yield from subject.said(kind)


@rule(
    "SL406",
    "content-after-finish",
    "error",
    cause="events were reordered, or streams of several answers were mixed",
    hint="look for what merges streams on the way; clients ignore what follows the finish",
    example=Example(pieces=(HEL, FINISH, LO, DONE)),
)
def _goes_on(subject: Subject) -> Iterator[Spot]:
    """Output of a choice comes after its finish reason."""
    if subject.grammar.needs_finish and subject.finished:
        last = len(subject.events)
        for number, delta in _outputs(subject):
            if number > subject.finished.get(delta.choice, last) and delta.is_output:
                reason = f"choice {delta.choice} goes on after it has finished"
                yield subject.at_event(number, reason)


@rule(
    "SL407",
    "finish-with-content",
    "info",
    cause="the server sends the last piece and the finish reason in one chunk",
    hint="in a client, take the content of a chunk before its finish reason",
    example=Example(pieces=(HEL, FINISH.replace(b"{}", b'{"content":"lo"}', 1), DONE)),
)
def _finishes_with_content(subject: Subject) -> Iterator[Spot]:
    """Output and finish reason come in one chunk; some clients drop the output."""
    if not subject.grammar.has_choices:
        return
    for number, delta in subject.said("finish"):
        deltas = subject.events[number].deltas
        if any(each.is_output and each.choice == delta.choice for each in deltas):
            said = quoted(delta.finish_reason)
            yield subject.at_event(number, f"output comes with the finish reason {said}")
