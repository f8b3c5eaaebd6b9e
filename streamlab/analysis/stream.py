"""The numbers of one stream. Times are ns from t0, durations ns; what was not measured is None.

What each is made of stands where it is made: `marks.Durations`, `rates.Rates`, `gaps`, `fluidity`;
docs/metrics.md has all formulas, and compares them with other tools'.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from streamlab.analysis import gaps
from streamlab.analysis.answer import Answer, answers
from streamlab.analysis.event_types import EventCount, count_types, without_gaps
from streamlab.analysis.fluidity import Deadlines, fluidity_index
from streamlab.analysis.gaps import DEFAULT_STALL_NS, Burst, Gap, Jitter
from streamlab.analysis.marks import Marks, durations, find_marks
from streamlab.analysis.percentile import Distribution, distribution
from streamlab.analysis.rates import TokenSource, count_tokens, rates
from streamlab.analysis.read_event import ReadEvent
from streamlab.analysis.steps import StepTime, step_times, without_times
from streamlab.content_coding import Defect, decoded_body
from streamlab.dialect import (
    SPECIFIC,
    Delta,
    Detection,
    Dialect,
    Reader,
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
    "MEASURED",
    "Analysis",
    "Stream",
    "analyze",
    "read_stream",
]

_ERROR_CHARS: Final = 300

MEASURED: Final = (
    "ttfb_ns", "ttfbb_ns", "ttfe_ns", "ttft_ns", "ttfat_ns", "thinking_ns", "generation_ns",
    "latency_ns", "total_ns", "tail_ns", "ttst_gap_ns", "tpot_ns", "tpot_incl_first_ns", "ntpot_ns",
    "tps_user", "tps_e2e", "tokens_per_chunk", "longest_stall_ns", "stalled_ns", "output_tokens",
    "prompt_tokens", "reasoning_tokens", "reads", "bytes", "events", "output_events",
    "coalesced_events", "comments",
)  # fmt: skip
"""The numbers of an `Analysis` that libraries and tables hold, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What one recording tells; docs/metrics.md has the definitions."""

    id: str
    name: str
    framing: Framing | None
    dialect: str | None
    evidence: str
    status: int | None
    end: End | None
    finish_reasons: tuple[str, ...]
    errors: tuple[str, ...]
    marks: Marks
    ttfb_ns: int | None
    ttfbb_ns: int | None
    ttfe_ns: int | None
    ttft_ns: int | None
    ttfat_ns: int | None
    thinking_ns: int | None
    generation_ns: int | None
    latency_ns: int | None
    total_ns: int | None
    tail_ns: int | None
    output_tokens: int | None
    token_source: TokenSource | None
    tokens_in_first: int
    prompt_tokens: int | None
    reasoning_tokens: int | None
    tpot_ns: int | None
    tpot_incl_first_ns: int | None
    ntpot_ns: int | None
    tps_user: float | None
    tps_e2e: float | None
    tokens_per_chunk: float | None
    is_coarse: bool
    gaps: Distribution
    gap_list: tuple[Gap, ...]
    ttst_gap_ns: int | None
    longest_gap: Gap | None
    byte_silence: Gap | None
    jitter: Jitter
    stall_threshold_ns: int
    stalls: tuple[Gap, ...]
    longest_stall_ns: int | None
    stalled_ns: int | None
    bursts: tuple[Burst, ...]
    deadlines: Deadlines | None
    fluidity_index: float | None
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

    @property
    def gaps_ns(self) -> tuple[int, ...]:
        """How long each gap was."""
        return tuple(gap.duration_ns for gap in self.gap_list)


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
    recording: Recording,
    *,
    stall_ns: int = DEFAULT_STALL_NS,
    deadlines: Deadlines | None = None,
    stream: Stream | None = None,
) -> Analysis:
    """All numbers of a recording. `stall_ns` is the silence above which a gap is a stall; without
    `deadlines` there is no fluidity index; `stream` spares reading the body again where that has
    been done."""
    stream = stream or read_stream(recording)
    arrived, detection, events = stream.arrived, stream.detection, stream.events
    deltas = [delta for event in events for delta in event.deltas]
    marks, output = find_marks(recording, events)
    has_end_marker = marks.done is not None
    tokens = count_tokens(events, deltas, marks.first_token)
    output_events = len(output)
    reads, end = recording.reads, recording.end
    said = answers(deltas)
    event_types = count_types(events)
    steps = step_times((e.arrival.at_ns, delta) for e in events for delta in e.deltas)
    if UNTIMED in recording.tags:  # what follows measures nothing, and not measured is None
        marks, output, reads, end = Marks(), (), (), None
        event_types, steps = without_gaps(event_types), without_times(steps)
    gap_list = gaps.find_gaps(output)
    gaps_ns = [stop_ns - start_ns for start_ns, stop_ns, _, _ in gap_list]
    stalls = gaps.find_stalls(gap_list, marks.last_token, end, stall_ns)
    stalls_ns = [stall.duration_ns for stall in stalls]
    measured = durations(marks)
    return Analysis(
        id=recording.id,
        name=recording.name,
        framing=stream.framing,
        dialect=detection.dialect.name if detection else None,
        evidence=detection.evidence if detection else "",
        status=recording.response.status if recording.response else None,
        end=recording.end,
        finish_reasons=tuple(d.finish_reason for d in deltas if d.finish_reason is not None),
        errors=_told_errors(deltas) or _error_body(recording, stream),
        marks=marks,
        **measured._asdict(),
        output_tokens=tokens.output,
        token_source=tokens.source,
        tokens_in_first=tokens.in_first,
        prompt_tokens=tokens.usage.prompt_tokens,
        reasoning_tokens=tokens.usage.reasoning_tokens,
        **rates(marks, tokens, output_events)._asdict(),
        gaps=distribution(gaps_ns),
        gap_list=gap_list,
        ttst_gap_ns=gaps_ns[0] if gaps_ns else None,
        longest_gap=gaps.longest(gap_list, gaps_ns),
        byte_silence=gaps.longest_between(reads),
        jitter=gaps.jitter(output),
        stall_threshold_ns=stall_ns,
        stalls=stalls,
        longest_stall_ns=max(stalls_ns, default=None),
        stalled_ns=sum(stalls_ns) if output else None,
        bursts=gaps.find_bursts(output),
        deadlines=deadlines,
        fluidity_index=fluidity_index(measured.ttft_ns, gaps_ns, deadlines) if deadlines else None,
        reads=len(recording.reads),
        bytes=sum(len(read.data) for read in recording.reads),
        events=len(events),
        output_events=output_events,
        coalesced_events=len(events) - len({event.arrival.read_index for event in events}),
        comments=sum(isinstance(arrival.item, Comment) for arrival in arrived),
        event_types=event_types,
        steps=steps,
        has_end_marker=has_end_marker,
        text="".join(answer.text for answer in said if answer.choice == 0),
        answers=said,
    )


def _told_errors(deltas: list[Delta]) -> tuple[str, ...]:
    """What the stream reports, each failure once: some tell it in two events."""
    return tuple(dict.fromkeys(delta.text for delta in deltas if delta.kind == "error"))


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
