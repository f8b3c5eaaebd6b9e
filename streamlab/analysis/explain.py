"""Why each number is what it is: the event and the read that set it, the formula with its numbers,
and the events that did not count."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final, NamedTuple

from streamlab.analysis.marks import Instant
from streamlab.analysis.read_event import ReadEvent
from streamlab.analysis.stream import Analysis, Stream
from streamlab.dialect import DeltaKind, main_delta
from streamlab.recording import Recording

__all__ = ["Cause", "Explained", "Uncounted", "explain"]

_EXCERPT_CHARS: Final = 40


class Cause(NamedTuple):
    """What set a number: an event in a read, a read alone, or (`what`) the head or the end; events
    and reads are counted from 0. `text` is an excerpt of what the event says."""

    what: str
    at_ns: int
    event: int | None
    kind: DeltaKind | None
    text: str
    read: int | None
    read_bytes: int | None


class Uncounted(NamedTuple):
    """Events from `first` to `last` that did not count, and why."""

    first: int
    last: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A number under its name in `Analysis`, with its cause or the formula it comes from; `value`
    is None if it was not measured."""

    metric: str
    value: float | None
    cause: Cause | None = None
    formula: str = ""
    numbers: str = ""
    uncounted: tuple[Uncounted, ...] = ()


def explain(recording: Recording, stream: Stream, analysis: Analysis) -> tuple[Explained, ...]:
    """The numbers of `analysis`, which is that of `recording`, whose body is `stream`."""
    explained = [*_marks(recording, stream, analysis), *_silences(recording, stream, analysis)]
    return (*explained, *_tokens(recording, stream, analysis), *_derived(analysis))


def _marks(recording: Recording, stream: Stream, analysis: Analysis) -> Iterator[Explained]:
    marks = analysis.marks
    # Without known times there are no marks, whatever the events.
    events = stream.events if marks.first_event else ()
    end = recording.end.reason if recording.end else ""

    def of(metric: str, mark: Instant | None, what: str = "event") -> Explained:
        cause = _cause(recording, events, mark, what)
        return Explained(metric=metric, value=mark.at_ns if mark else None, cause=cause)

    yield of("ttfb_ns", marks.headers, "the response head")
    yield of("ttfbb_ns", marks.first_byte, "read")
    yield of("ttfe_ns", marks.first_event)
    first, answer, last = marks.first_token, marks.first_answer, marks.last_token
    before = _uncounted(events, 0, _number(first, len(events)), _why)
    yield replace(of("ttft_ns", first), uncounted=before)
    if answer != first:
        before = _uncounted(events, 0, _number(answer, len(events)), _why_no_answer)
        yield replace(of("ttfat_ns", answer), uncounted=before)
    after = _uncounted(events, _number(last, len(events)) + 1, len(events), _why)
    yield replace(of("latency_ns", last), uncounted=after)
    yield of("total_ns", marks.eof, f"the end, {end}")


def _number(mark: Instant | None, default: int) -> int:
    return default if mark is None or mark.event is None else mark.event


def _silences(recording: Recording, stream: Stream, analysis: Analysis) -> Iterator[Explained]:
    named = [("longest_gap", analysis.longest_gap), ("byte_silence", analysis.byte_silence)]
    for metric, gap in named + [("stalls", stall) for stall in analysis.stalls]:
        if gap is not None:
            ended = Instant(gap.stop_ns, gap.event, gap.read)
            what = "the end" if gap.read is None else "read"
            yield Explained(
                metric=metric,
                value=gap.duration_ns,
                cause=_cause(recording, stream.events, ended, what),
                formula="stop - start",
                numbers=f"{_ms(gap.stop_ns)} - {_ms(gap.start_ns)} ms",
            )


def _tokens(recording: Recording, stream: Stream, analysis: Analysis) -> Iterator[Explained]:
    tokens = Explained(metric="output_tokens", value=analysis.output_tokens)
    if analysis.token_source == "deltas":  # noqa: S105
        yield replace(tokens, formula="deltas with output, as no usage is stated")
    else:
        usage = analysis.marks.usage
        yield replace(tokens, cause=_cause(recording, stream.events, usage, "event"))


def _derived(analysis: Analysis) -> Iterator[Explained]:
    """The numbers made of others, as far as they were measured."""
    tokens = analysis.output_tokens
    ttft, ttfat = _ms(analysis.ttft_ns), _ms(analysis.ttfat_ns)
    latency, total = _ms(analysis.latency_ns), _ms(analysis.total_ns)
    in_first = analysis.tokens_in_first
    formulas = (
        ("thinking_ns", "ttfat - ttft", f"{ttfat} - {ttft} ms"),
        ("generation_ns", "latency - ttft", f"{latency} - {ttft} ms"),
        ("tail_ns", "total - latency", f"{total} - {latency} ms"),
        (
            "tpot_ns",
            f"(latency - ttft) / (output_tokens - {in_first})",
            f"({latency} - {ttft} ms) / ({tokens} - {in_first})",
        ),
        ("tpot_incl_first_ns", "latency / output_tokens", f"{latency} ms / {tokens}"),
        ("ntpot_ns", "total / output_tokens", f"{total} ms / {tokens}"),
        ("tps_user", "1 / tpot", f"1000 / {_ms(analysis.tpot_ns)} ms"),
        ("tps_e2e", "output_tokens / latency", f"1000 · {tokens} / {latency} ms"),
        (
            "tokens_per_chunk",
            "output_tokens / events with output",
            f"{tokens} / {analysis.output_events}",
        ),
    )
    for metric, formula, numbers in formulas:
        value = getattr(analysis, metric)
        if value is not None and (metric != "thinking_ns" or value):
            yield Explained(metric=metric, value=value, formula=formula, numbers=numbers)


def _cause(
    recording: Recording, events: Sequence[ReadEvent], mark: Instant | None, what: str
) -> Cause | None:
    if mark is None:
        return None
    at_ns, event, read = mark
    read_bytes = None if read is None else len(recording.reads[read].data)
    if event is None:
        return Cause(what, at_ns, None, None, "", read, read_bytes)
    main = main_delta(events[event].deltas)
    text = (main.text or main.finish_reason or "")[:_EXCERPT_CHARS]
    return Cause("event", at_ns, event, main.kind, text, read, read_bytes)


def _uncounted(
    events: Sequence[ReadEvent], start: int, stop: int, why: Callable[[ReadEvent], str]
) -> tuple[Uncounted, ...]:
    """Why the events from `start` up to `stop` did not count, those of one reason together."""
    runs = groupby(range(start, stop), key=lambda number: why(events[number]))
    return tuple(
        Uncounted(numbers[0], numbers[-1], reason)
        for reason, numbers in ((reason, list(run)) for reason, run in runs)
    )


_REASONS: Final[dict[DeltaKind, str]] = {
    "text": "empty text",
    "reasoning": "empty reasoning",
    "refusal": "an empty refusal",
    "tool_call": "a tool call without arguments",
    "finish": "finish only",
    "usage": "usage only",
    "status": "progress",
    "error": "an error",
    "end": "the end marker",
    "malformed": "malformed",
    "other": "nothing that its dialect knows",
}


def _why(event: ReadEvent) -> str:
    """Why an event without output has none."""
    kind = main_delta(event.deltas).kind
    if kind == "empty":
        return "role only" if '"role"' in event.event.data else "an empty delta"
    return _REASONS[kind]


def _why_no_answer(event: ReadEvent) -> str:
    return "reasoning" if event.is_output else _why(event)


def _ms(time_ns: int | None) -> str:
    """In ms, to the µs."""
    return "-" if time_ns is None else f"{time_ns / 1_000_000:.3f}".rstrip("0").rstrip(".")
