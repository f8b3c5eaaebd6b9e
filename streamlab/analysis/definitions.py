"""What other tools would report of a recording: each with its own definitions.

Sources: the programs themselves, in the versions named; docs/metrics.md compares them. A tool that
counts tokens with a tokenizer gets the number that the stream states here, since a recording has no
tokenizer; where it always counts again, its time per token is None.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

from streamlab.analysis.marks import Instant, instant
from streamlab.analysis.read_event import ReadEvent
from streamlab.analysis.stream import Analysis, Stream
from streamlab.dialect import DeltaKind

__all__ = ["TOOLS", "PerToken", "Score", "Tool", "score"]

Tool = Literal["aiperf", "guidellm", "vllm", "evalscope", "sglang", "inference-perf"]
TOOLS: Final[tuple[Tool, ...]] = get_args(Tool)


class PerToken(NamedTuple):
    """A time per token in ns, under the tool's name for it; None where it cannot be told."""

    name: str
    value_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A stream as a tool measures it: `ttft` and `latency` with what set them; `answer`, where the
    tool has a word for the first output that is no reasoning. `counts` says what its marks are."""

    tool: Tool
    version: str
    ttft: Instant | None
    answer: Instant | None
    answer_name: str
    latency: Instant | None
    per_token: tuple[PerToken, ...]
    counts: str


Counts = Callable[[ReadEvent], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Definition:
    """How a tool measures: from `first` to `last`, which is the end of the body if it is None; and
    per token up to `decoded`, if it does not count the tokens itself.

    With `tpot_incl_first` it reports last output / tokens, too, and counts events where no usage is
    stated.
    """

    version: str
    first: Counts
    last: Counts | None
    decoded: Counts | None
    decode_name: str
    tpot_incl_first: bool = False
    answer: str = ""
    counts: str


def _is_output(event: ReadEvent) -> bool:
    return event.is_output


def _is_text(event: ReadEvent) -> bool:
    return _has(event, {"text"})


def _is_text_or_reasoning(event: ReadEvent) -> bool:
    return _has(event, {"text", "reasoning"})


def _has(event: ReadEvent, kinds: AbstractSet[DeltaKind]) -> bool:
    return any(delta.is_output and delta.kind in kinds for delta in event.deltas)


def _has_choices(event: ReadEvent) -> bool:
    payload = event.chunk.payload
    return isinstance(payload, dict) and bool(payload.get("choices"))


def _is_not_done(event: ReadEvent) -> bool:
    return event.event.data.strip() != "[DONE]"


def _is_any(_event: ReadEvent) -> bool:
    return True


_DEFINITIONS: Final[Mapping[Tool, _Definition]] = {
    "aiperf": _Definition(
        version="0.13",
        first=_is_output,
        last=_is_output,
        decoded=_is_output,
        decode_name="ITL",
        answer="TTFO",
        counts="first to last output",
    ),
    "guidellm": _Definition(
        version="0.8.1",
        first=_is_output,
        last=None,
        decoded=_is_output,
        decode_name="ITL",
        tpot_incl_first=True,
        answer="TTFOT",
        counts="first output to the end of the body",
    ),
    "vllm": _Definition(
        version="0.32",
        first=_has_choices,
        last=_has_choices,
        decoded=_has_choices,
        decode_name="TPOT",
        counts="first to last chunk with choices, so a role and a finish too",
    ),
    "evalscope": _Definition(
        version="1.14",
        first=_is_text_or_reasoning,
        last=_is_not_done,
        decoded=_is_not_done,
        decode_name="TPOT",
        counts="first text or reasoning to the last chunk, so usage too",
    ),
    "sglang": _Definition(
        version="0.5.23",
        first=_is_text_or_reasoning,
        last=_is_any,
        decoded=_is_any,
        decode_name="TPOT",
        counts="first text or reasoning to the last event, so [DONE] too",
    ),
    "inference-perf": _Definition(
        version="0.7",
        first=_is_text,
        last=None,
        decoded=None,
        decode_name="TPOT",
        counts="first text, no reasoning, to the end of the body; counts tokens itself",
    ),
}


def score(stream: Stream, analysis: Analysis, tool: Tool) -> Score:
    """What `tool` would report of the recording that `analysis` is of, and `stream` the body."""
    definition = _DEFINITIONS[tool]
    # Without known times there are no marks, whatever the events.
    events = stream.events if analysis.marks.first_event else ()
    first = _first(events, definition.first)
    return Score(
        tool=tool,
        version=definition.version,
        ttft=first,
        answer=analysis.marks.first_answer if definition.answer else None,
        answer_name=definition.answer,
        latency=_last(events, definition.last) if definition.last else analysis.marks.eof,
        per_token=_per_token(definition, events, first, analysis),
        counts=definition.counts,
    )


def _first(events: Sequence[ReadEvent], counts: Counts) -> Instant | None:
    found = (number for number, event in enumerate(events) if counts(event))
    return instant(events, next(found, None))


def _last(events: Sequence[ReadEvent], counts: Counts) -> Instant | None:
    found = (number for number in reversed(range(len(events))) if counts(events[number]))
    return instant(events, next(found, None))


def _per_token(
    definition: _Definition, events: Sequence[ReadEvent], first: Instant | None, analysis: Analysis
) -> tuple[PerToken, ...]:
    tokens = analysis.output_tokens if analysis.token_source == "usage" else None  # noqa: S105
    if definition.tpot_incl_first:
        tokens = tokens or analysis.output_events
    last = _last(events, definition.decoded) if definition.decoded else None
    decoded_ns = None
    if first is not None and last is not None and tokens is not None and tokens > 1:
        decoded_ns = round((last.at_ns - first.at_ns) / (tokens - 1))
    each = [PerToken(definition.decode_name, decoded_ns)]
    if definition.tpot_incl_first:
        each.append(PerToken("TPOT", round(last.at_ns / tokens) if last and tokens else None))
    return tuple(each)
