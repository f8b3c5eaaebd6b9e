"""The numbers of one stream. Times are ns from t0, durations ns; what was not measured is None.

Names and formulas follow the common ones where there are any (docs/metrics.md compares them with
other tools'):

- `ttfb_ns`    response head - t0
- `ttfe_ns`    first event - t0, whatever it says
- `ttft_ns`    first output - t0: the first event with non-empty text, reasoning, refusal or tool
               arguments. Role-only and empty deltas, comments, pings, usage and [DONE] don't count.
- `ttfat_ns`   first answer - t0: as `ttft_ns` without reasoning
- `latency_ns` last output - t0; `latency_ns - ttft_ns` is the sum of `gaps_ns`
- `total_ns`   end of the stream - t0
- `tail_ns`    total - latency: usage, [DONE] and the closing
- `gaps_ns`    between consecutive events with output; 0 for two of one read
- `tpot_ns`    (last output - first output) / (output tokens - 1): time per output token
- `tps_user`   1 / tpot, tokens per second after the first
- `tps_e2e`    output tokens / latency, tokens per second from the request on
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from streamlab.analysis.answer import Answer, answers, last_usage
from streamlab.analysis.percentile import Distribution, distribution, percentile_ns
from streamlab.analysis.steps import StepTime, step_times
from streamlab.content_coding import Defect, decoded_body
from streamlab.dialect import (
    SPECIFIC,
    Chunk,
    Delta,
    Detection,
    Dialect,
    Reader,
    Usage,
    chunk,
    detect,
    parse_json,
)
from streamlab.framing import Framing
from streamlab.recording import UNTIMED, End, Recording
from streamlab.redaction import redact_text
from streamlab.sse import Blank, Comment, Event
from streamlab.timeline import Arrival, framed_arrivals

__all__ = [
    "DEFAULT_STALL_NS",
    "Analysis",
    "EventCount",
    "ReadEvent",
    "Stall",
    "Stream",
    "TokenSource",
    "analyze",
    "read_stream",
]

DEFAULT_STALL_NS: Final = 500_000_000

TokenSource = Literal["usage", "deltas"]

_ERROR_CHARS: Final = 300


class ReadEvent(NamedTuple):
    """An event with its arrival, the JSON it carries, and what its dialect reads in it (at least
    one delta)."""

    arrival: Arrival
    event: Event
    chunk: Chunk
    deltas: tuple[Delta, ...]

    @property
    def is_output(self) -> bool:
        """Whether the event brought something to read."""
        return any(delta.is_output for delta in self.deltas)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCount:
    """How many events of one type there were, the bytes they took up, when the first and the last
    arrived, and the gaps between each and the next of its type: the median and the longest."""

    type: str
    count: int
    bytes: int
    first_at_ns: int
    last_at_ns: int
    gap_p50_ns: int | None
    gap_max_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall:
    """A silence above the threshold: no output from `start_ns` to `stop_ns`."""

    start_ns: int
    stop_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What one recording tells; see the module's head for the definitions."""

    id: str
    name: str
    framing: Framing | None
    dialect: str | None
    evidence: str
    status: int | None
    end: End | None
    finish_reasons: tuple[str, ...]
    errors: tuple[str, ...]
    ttfb_ns: int | None
    ttfe_ns: int | None
    ttft_ns: int | None
    ttfat_ns: int | None
    latency_ns: int | None
    total_ns: int | None
    tail_ns: int | None
    output_tokens: int | None
    token_source: TokenSource | None
    prompt_tokens: int | None
    reasoning_tokens: int | None
    tpot_ns: int | None
    tps_user: float | None
    tps_e2e: float | None
    gaps: Distribution
    gaps_ns: tuple[int, ...]
    stall_threshold_ns: int
    stalls: tuple[Stall, ...]
    reads: int
    bytes: int
    events: int
    output_events: int
    coalesced_events: int
    comments: int
    event_types: tuple[EventCount, ...]
    steps: tuple[StepTime, ...]
    has_end_marker: bool
    text: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A recording's body, read: its framing (None if nothing shows one), its items as they arrived,
    its dialect, and what that reads in each event."""

    framing: Framing | None
    arrived: tuple[Arrival, ...]
    detection: Detection | None
    events: tuple[ReadEvent, ...]


def read_stream(recording: Recording, *, specific: Sequence[Dialect] = SPECIFIC) -> Stream:
    """Decode a recording's body, find its dialect, and read each event in it. `specific` are the
    dialects that are asked first (see `dialect.detect`)."""
    framing, arrived = framed_arrivals(recording)
    found = [
        (arrival, event, chunk(event))
        for arrival in arrived
        if isinstance(event := arrival.item, Event)
    ]
    chunks = (each for _, _, each in found)
    detection = detect(recording.request.url, recording.response, chunks, specific=specific)
    reader = Reader(detection)
    events = tuple(
        ReadEvent(arrival, event, each, reader.read(each)) for arrival, event, each in found
    )
    return Stream(framing=framing, arrived=arrived, detection=detection, events=events)


def analyze(
    recording: Recording, *, stall_ns: int = DEFAULT_STALL_NS, stream: Stream | None = None
) -> Analysis:
    """All numbers of a recording. `stall_ns` is the silence above which a gap is a stall; `stream`
    spares reading the body again where that has been done."""
    stream = stream or read_stream(recording)
    arrived, detection, events = stream.arrived, stream.detection, stream.events
    outputs = [event for event in events if event.is_output]
    times_ns = [event.arrival.at_ns for event in outputs]
    gaps_ns = tuple(later - earlier for earlier, later in pairwise(times_ns))
    deltas = [delta for event in events for delta in event.deltas]
    said = answers(deltas)
    usage = _last_usage(deltas)
    tokens, source = _output_tokens(deltas, usage)
    total_ns = recording.end.at_ns if recording.end else None
    latency_ns = times_ns[-1] if times_ns else None
    tpot_ns = _tpot_ns(times_ns, tokens)
    analysis = Analysis(
        id=recording.id,
        name=recording.name,
        framing=stream.framing,
        dialect=detection.dialect.name if detection else None,
        evidence=detection.evidence if detection else "",
        status=recording.response.status if recording.response else None,
        end=recording.end,
        finish_reasons=tuple(d.finish_reason for d in deltas if d.finish_reason is not None),
        errors=_told_errors(deltas) or _error_body(recording, stream),
        ttfb_ns=recording.response.at_ns if recording.response else None,
        ttfe_ns=events[0].arrival.at_ns if events else None,
        ttft_ns=times_ns[0] if times_ns else None,
        ttfat_ns=next((e.arrival.at_ns for e in outputs if _is_answer(e)), None),
        latency_ns=latency_ns,
        total_ns=total_ns,
        tail_ns=total_ns - latency_ns if total_ns is not None and latency_ns is not None else None,
        output_tokens=tokens,
        token_source=source,
        prompt_tokens=usage.prompt_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        tpot_ns=round(tpot_ns) if tpot_ns is not None else None,
        tps_user=1e9 / tpot_ns if tpot_ns else None,
        tps_e2e=tokens * 1e9 / latency_ns if tokens and latency_ns else None,
        gaps=distribution(gaps_ns),
        gaps_ns=gaps_ns,
        stall_threshold_ns=stall_ns,
        stalls=_stalls(times_ns, recording.end, stall_ns),
        reads=len(recording.reads),
        bytes=sum(len(read.data) for read in recording.reads),
        events=len(events),
        output_events=len(outputs),
        coalesced_events=len(events) - len({event.arrival.read_index for event in events}),
        comments=sum(isinstance(arrival.item, Comment) for arrival in arrived),
        event_types=_count_types(events),
        steps=step_times((e.arrival.at_ns, delta) for e in events for delta in e.deltas),
        has_end_marker=any(delta.kind == "end" for delta in deltas),
        text="".join(answer.text for answer in said if answer.choice == 0),
        answers=said,
    )
    return _without_times(analysis) if UNTIMED in recording.tags else analysis


def _without_times(analysis: Analysis) -> Analysis:
    """Of an imported body whose times are not known: not measured is None, not zero."""
    return replace(
        analysis,
        ttfb_ns=None,
        ttfe_ns=None,
        ttft_ns=None,
        ttfat_ns=None,
        latency_ns=None,
        total_ns=None,
        tail_ns=None,
        tpot_ns=None,
        tps_user=None,
        tps_e2e=None,
        gaps=distribution(()),
        gaps_ns=(),
        stalls=(),
        event_types=tuple(
            replace(counted, gap_p50_ns=None, gap_max_ns=None) for counted in analysis.event_types
        ),
        steps=tuple(replace(step, start_ns=None, stop_ns=None) for step in analysis.steps),
    )


def _told_errors(deltas: list[Delta]) -> tuple[str, ...]:
    """What the stream reports, each failure once: some tell it in two events."""
    return tuple(dict.fromkeys(delta.text for delta in deltas if delta.kind == "error"))


def _is_answer(event: ReadEvent) -> bool:
    return any(delta.is_output and delta.kind != "reasoning" for delta in event.deltas)


def _last_usage(deltas: list[Delta]) -> Usage:
    """Of each count the last one stated."""
    return reduce(last_usage, (d.usage for d in deltas if d.usage is not None), Usage())


def _output_tokens(deltas: list[Delta], usage: Usage) -> tuple[int | None, TokenSource | None]:
    """The provider's own count, else the number of deltas with output: an approximation."""
    if usage.completion_tokens is not None:
        return usage.completion_tokens, "usage"
    count = sum(delta.is_output for delta in deltas)
    return (count, "deltas") if count else (None, None)


def _tpot_ns(times_ns: list[int], tokens: int | None) -> float | None:
    if tokens is None or tokens < 2 or len(times_ns) < 2:
        return None
    return (times_ns[-1] - times_ns[0]) / (tokens - 1)


def _stalls(times_ns: list[int], end: End | None, stall_ns: int) -> tuple[Stall, ...]:
    """Silences between outputs; the last one too, if the stream did not come to its end."""
    instants = list(times_ns)
    if instants and end is not None and end.reason != "complete":
        instants.append(end.at_ns)
    return tuple(
        Stall(start_ns=earlier, stop_ns=later)
        for earlier, later in pairwise(instants)
        if later - earlier > stall_ns
    )


def _count_types(events: tuple[ReadEvent, ...]) -> tuple[EventCount, ...]:
    by_type: dict[str, list[ReadEvent]] = {}
    for event in events:
        by_type.setdefault(event.event.type, []).append(event)
    return tuple(_count_type(type_, alike) for type_, alike in by_type.items())


def _count_type(type_: str, events: list[ReadEvent]) -> EventCount:
    times_ns = [event.arrival.at_ns for event in events]
    gaps_ns = [later - earlier for earlier, later in pairwise(times_ns)]
    return EventCount(
        type=type_,
        count=len(events),
        bytes=sum(event.event.stop - event.event.start for event in events),
        first_at_ns=times_ns[0],
        last_at_ns=times_ns[-1],
        gap_p50_ns=percentile_ns(gaps_ns, 50),
        gap_max_ns=max(gaps_ns, default=None),
    )


def _error_body(recording: Recording, stream: Stream) -> tuple[str, ...]:
    """What the body of an HTTP error says, as far as it is no event stream."""
    if recording.response is None or recording.response.status < 400:
        return ()
    is_empty = all(isinstance(arrival.item, Blank | Defect) for arrival in stream.arrived)
    if stream.framing == "event-stream" and not is_empty:
        return ()
    body = decoded_body(recording).decode("utf-8", "replace")
    payload = parse_json(body)[0]
    error = payload.get("error", payload) if isinstance(payload, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    text = message if isinstance(message, str) else " ".join(body.split())
    return (redact_text(text[:_ERROR_CHARS] or f"HTTP {recording.response.status}"),)
