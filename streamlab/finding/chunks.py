"""SL408 to SL411, SL422, SL423, SL427, SL429 and SL430: the fields of chunks with choices."""

from collections.abc import Iterator
from typing import Final

from streamlab.finding.example import DONE, FINISH, HEALTHY, HEL, LO, Example, chunk
from streamlab.finding.rule import rule
from streamlab.finding.spot import Spot, quoted
from streamlab.finding.subject import Subject

__all__: list[str] = []

_FILTER_FIELDS: Final = (
    "content_filter_results",
    "content_filter_result",
    "content_filter_offsets",
)
_FASTGPT: Final = b'event: answer\ndata: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n'
_FASTGPT_TWIN: Final = (_FASTGPT % b"Hel", _FASTGPT % b"lo", b"event: answer\ndata: [DONE]\n\n")


@rule(
    "SL408",
    "empty-choices",
    "info",
    cause="a chunk with content filter results, or one that only carries metadata",
    hint="in a client, look whether there is a choice before taking the first",
    example=Example(pieces=(chunk(b""), *HEALTHY)),
)
def _no_choices(subject: Subject) -> Iterator[Spot]:
    """`choices` is empty, in a chunk that is not the one with usage: normal on Azure, and clients
    that take the first choice fail."""
    if subject.grammar.has_choices:
        for number, payload in subject.payloads:
            if payload.get("choices") == [] and not payload.get("usage"):
                yield subject.at_event(number, "choices is empty")


@rule(
    "SL409",
    "missing-or-null-delta",
    "warning",
    cause="a gateway translates from another API, or sends a whole message as a chunk",
    hint="send `delta`, be it empty, in every choice of a chunk",
    example=Example(pieces=(HEL, LO, FINISH.replace(b'"delta":{}', b'"delta":null'), DONE)),
)
def _no_delta(subject: Subject) -> Iterator[Spot]:
    """A choice has no `delta`, or null: clients that look into it fail."""
    if subject.grammar.has_deltas:
        for number, fields in subject.choices:
            if fields.get("delta") is None and not any(name in fields for name in _FILTER_FIELDS):
                yield subject.at_event(number, "the choice has no delta")


@rule(
    "SL410",
    "null-choices",
    "warning",
    cause="an empty list was serialised as null",
    hint="send an empty list",
    example=Example(pieces=(HEL, LO, FINISH, b'data: {"id":"1","choices":null}\n\n', DONE)),
)
def _null_choices(subject: Subject) -> Iterator[Spot]:
    """`choices` is null: clients that go through it fail."""
    if subject.grammar.has_choices:
        for number, payload in subject.payloads:
            if payload.get("choices", ()) is None:
                yield subject.at_event(number, "choices is null")


@rule(
    "SL411",
    "finish-reason-empty-string",
    "warning",
    cause="a server whose type for the finish reason knows no null",
    hint="send null until there is a reason",
    example=Example(
        pieces=(HEL, LO.replace(b'"finish_reason":null', b'"finish_reason":""'), FINISH, DONE)
    ),
)
def _empty_finish(subject: Subject) -> Iterator[Spot]:
    """The finish reason is "" and not null: clients that look for null stop there."""
    for number, fields in subject.choices if b'""' in subject.body else ():
        if fields.get("finish_reason") == "":
            yield subject.at_event(number, 'finish_reason is ""')


@rule(
    "SL422",
    "id-or-model-changes",
    "warning",
    cause="a gateway changed to another server within the answer, or makes up ids",
    hint="ask the upstream itself, and compare",
    example=Example(
        pieces=(HEL, LO.replace(b'"id":"1"', b'"id":"2"'), FINISH, DONE),
    ),
)
def _changes(subject: Subject) -> Iterator[Spot]:
    """The id or the model is not the same in all chunks of an answer."""
    if not subject.grammar.has_choices:
        return
    for field in ("id", "model"):
        first: object = None
        for number, payload in subject.payloads:
            value = payload.get(field)
            if first is None:
                first = value or None
            elif value != first and value and payload.get("choices"):
                yield subject.at_event(
                    number, f"{field} was {quoted(first)}, and is {quoted(value)}"
                )
                break


@rule(
    "SL423",
    "role-missing",
    "info",
    cause="a server that is only compatible with the API",
    hint="send the role in the first delta of each choice",
    example=Example(pieces=(LO, FINISH, DONE)),
)
def _no_role(subject: Subject) -> Iterator[Spot]:
    """No delta says the role; some clients put messages together by it."""
    if not subject.grammar.has_deltas or not subject.choices:
        return
    for _, fields in subject.choices:
        delta = fields.get("delta")
        if isinstance(delta, dict) and delta.get("role"):
            return
    yield subject.at_event(subject.choices[0][0], "no delta has a role")


@rule(
    "SL427",
    "content-filter-chunk",
    "info",
    cause="Azure reports what its content filter found",
    hint="in a client, expect choices without a delta, before and after the text",
    example=Example(
        pieces=(
            HEL,
            LO,
            chunk(b'"content_filter_results":{"hate":{"filtered":false}}'),
            FINISH,
            DONE,
        )
    ),
)
def _filter(subject: Subject) -> Iterator[Spot]:
    """A chunk carries results of a content filter and no delta."""
    if not subject.grammar.has_deltas or b'"content_filter_' not in subject.body:
        return
    for number, fields in subject.choices:
        if fields.get("delta") is None and any(name in fields for name in _FILTER_FIELDS):
            yield subject.at_event(number, "a chunk of the content filter")


@rule(
    "SL429",
    "cumulative-payload",
    "info",
    cause="the API repeats the whole text so far in each event",
    hint="in a client, take the difference to the event before",
    example=Example(
        pieces=(
            HEL,
            LO.replace(b'"finish', b'"message":{"content":"Hello"},"finish'),
            FINISH,
            DONE,
        )
    ),
)
def _cumulative(subject: Subject) -> Iterator[Spot]:
    """Events hold all the text so far, not only what is new: adding them up repeats it."""
    for number, delta in (*subject.said("text"), *subject.said("reasoning")):
        if delta.is_cumulative:
            yield subject.at_event(number, "this text is all there is so far")
            return
    if not subject.grammar.has_deltas or b'"message"' not in subject.body:
        return
    for number, fields in subject.choices:
        if fields.get("message") and fields.get("delta"):
            yield subject.at_event(number, "beside the delta stands the message so far")
            return


@rule(
    "SL430",
    "heartbeat-as-content",
    "info",
    cause="FastGPT keeps the connection open with answers without text",
    hint="in a client, do not count empty content as the first token",
    example=Example(pieces=(_FASTGPT % b"", _FASTGPT % b"", *_FASTGPT_TWIN), twin=_FASTGPT_TWIN),
)
def _heartbeat(subject: Subject) -> Iterator[Spot]:
    """Empty content is sent as a heartbeat."""
    if subject.analysis.dialect != "fastgpt":
        return
    beats = [number for number, _ in subject.said("empty")]
    if len(beats) > 1:
        yield subject.at_event(beats[1], f"{len(beats)} answers without content")
