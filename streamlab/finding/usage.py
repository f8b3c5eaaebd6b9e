"""SL419 to SL421: token counts."""

from collections.abc import Iterator

from streamlab.dialect.delta import as_count, as_object
from streamlab.finding.example import DONE, FINISH, HEALTHY, HEL, LO, Example
from streamlab.finding.rule import rule
from streamlab.finding.spot import Spot
from streamlab.finding.subject import Subject

__all__: list[str] = []

_REPEATED = HEL.replace(
    b"}]}", b'}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}'
)


@rule(
    "SL419",
    "usage-repeated",
    "warning",
    cause="the server sends the usage so far with every chunk",
    hint="in a client, take the last usage and do not add them up",
    example=Example(pieces=(_REPEATED, LO, FINISH, DONE)),
)
def _repeated(subject: Subject) -> Iterator[Spot]:
    """Usage comes with output still to follow, and again; clients that add it up count too much."""
    said = subject.said("usage")
    if len(said) < 2 or not subject.grammar.has_choices:
        return
    if any(event.is_output for event in subject.events[said[0].event + 1 :]):
        yield subject.at_event(said[1].event, f"usage is stated {len(said)} times")


@rule(
    "SL420",
    "usage-missing",
    "info",
    cause="the request did not ask for it",
    hint='ask with "stream_options": {"include_usage": true}',
    example=Example(
        pieces=(*HEALTHY[:-2], FINISH.partition(b',"usage"')[0] + b"}\n\n", DONE),
    ),
)
def _missing(subject: Subject) -> Iterator[Spot]:
    """No chunk states usage, so that tokens are only counted by deltas."""
    is_whole = subject.is_over and subject.finished
    if subject.grammar.has_choices and is_whole and not subject.said("usage"):
        yield subject.at_end("no usage is stated")


@rule(
    "SL421",
    "usage-inconsistent",
    "warning",
    cause="a gateway counts in its own way, or leaves the reasoning out",
    hint="compare with the provider's own account before you pay by it",
    example=Example(
        pieces=(HEL, LO, FINISH.replace(b'"total_tokens":5', b'"total_tokens":9'), DONE)
    ),
)
def _inconsistent(subject: Subject) -> Iterator[Spot]:
    """The counts of the last usage do not fit together."""
    said = subject.said("usage")
    if not said or not subject.grammar.has_choices:
        return
    number = said[-1].event
    payload = as_object(subject.events[number].chunk.payload)
    stated = payload.get("usage") or as_object(payload.get("x_groq")).get("usage")
    usage = as_object(stated)
    prompt, completion, total = (
        as_count(usage.get(f"{name}_tokens")) for name in ("prompt", "completion", "total")
    )
    details = as_object(usage.get("completion_tokens_details"))
    reasoning = as_count(details.get("reasoning_tokens"))
    if prompt is not None and completion is not None and total not in (None, prompt + completion):
        yield subject.at_event(number, f"{prompt} and {completion} tokens do not make {total}")
    elif reasoning is not None and completion is not None and reasoning > completion:
        message = f"{reasoning} tokens of reasoning are more than {completion} in all"
        yield subject.at_event(number, message)
