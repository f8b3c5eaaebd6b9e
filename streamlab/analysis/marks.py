"""The marks of a stream: when something happened first or last, and which event and read it was.

All times that `Analysis` calls "from t0" are marks; durations are differences of two.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from streamlab.analysis.read_event import ReadEvent
from streamlab.dialect import Delta
from streamlab.recording import Recording

__all__ = ["Durations", "Instant", "Marks", "durations", "find_marks", "instant", "outputs"]


class Instant(NamedTuple):
    """A time in ns from t0, and the event and the read that set it, both counted from 0 (`seq` in a
    library); None where it was none: the head comes before all reads, the end after them."""

    at_ns: int
    event: int | None = None
    read: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What has not happened, or has no known time, is None.

    `headers` is the response head, `first_byte` the first read of the body, `first_event` whatever
    it says, `first_token` and `last_token` those with output, `first_answer` the first output that
    is no reasoning, `finish` and `usage` the last that state one, `done` the first end marker and
    `eof` the end.
    """

    headers: Instant | None = None
    first_byte: Instant | None = None
    first_event: Instant | None = None
    first_token: Instant | None = None
    first_answer: Instant | None = None
    last_token: Instant | None = None
    finish: Instant | None = None
    usage: Instant | None = None
    done: Instant | None = None
    eof: Instant | None = None


class Durations(NamedTuple):
    """Differences of marks in ns; None where one of the two is missing. Names as in `Analysis`."""

    ttfb_ns: int | None  # response head - t0
    ttfbb_ns: int | None  # first byte of the body - t0
    ttfe_ns: int | None  # first event - t0, whatever it says
    ttft_ns: int | None  # first output - t0
    ttfat_ns: int | None  # first output that is no reasoning - t0
    thinking_ns: int | None  # ttfat - ttft
    generation_ns: int | None  # latency - ttft, which is the sum of the gaps
    latency_ns: int | None  # last output - t0
    total_ns: int | None  # end - t0
    tail_ns: int | None  # total - latency: usage, [DONE] and the closing


def instant(number: int, event: ReadEvent) -> Instant:
    """When the event with this number arrived."""
    arrival = event.arrival
    return Instant(arrival.at_ns, number, arrival.read_index)


def outputs(events: Sequence[ReadEvent]) -> list[Instant]:
    """The events with output."""
    return [instant(number, event) for number, event in enumerate(events) if event.is_output]


def find_marks(
    recording: Recording, events: Sequence[ReadEvent], output: Sequence[Instant]
) -> Marks:
    """The marks of a recording with these events, of which those in `output` have output."""
    response, end, reads = recording.response, recording.end, recording.reads
    answers = (each for each in output if each.event is not None and events[each.event].is_answer)
    return Marks(
        headers=Instant(response.at_ns) if response else None,
        first_byte=Instant(reads[0].at_ns, None, 0) if reads else None,
        first_event=instant(0, events[0]) if events else None,
        first_token=output[0] if output else None,
        first_answer=next(answers, None),
        last_token=output[-1] if output else None,
        finish=_last(events, lambda delta: delta.finish_reason is not None),
        usage=_last(events, lambda delta: delta.usage is not None),
        done=_first(events, lambda delta: delta.kind == "end"),
        eof=Instant(end.at_ns) if end else None,
    )


def _last(events: Sequence[ReadEvent], has: Callable[[Delta], bool]) -> Instant | None:
    for number in range(len(events) - 1, -1, -1):
        if any(map(has, events[number].deltas)):
            return instant(number, events[number])
    return None


def _first(events: Sequence[ReadEvent], has: Callable[[Delta], bool]) -> Instant | None:
    for number, event in enumerate(events):
        if any(map(has, event.deltas)):
            return instant(number, event)
    return None


def durations(marks: Marks) -> Durations:
    """What lies between the marks."""
    return Durations(
        ttfb_ns=_at(marks.headers),
        ttfbb_ns=_at(marks.first_byte),
        ttfe_ns=_at(marks.first_event),
        ttft_ns=_at(marks.first_token),
        ttfat_ns=_at(marks.first_answer),
        thinking_ns=_between(marks.first_token, marks.first_answer),
        generation_ns=_between(marks.first_token, marks.last_token),
        latency_ns=_at(marks.last_token),
        total_ns=_at(marks.eof),
        tail_ns=_between(marks.last_token, marks.eof),
    )


def _at(mark: Instant | None) -> int | None:
    return None if mark is None else mark.at_ns


def _between(start: Instant | None, stop: Instant | None) -> int | None:
    return None if start is None or stop is None else stop.at_ns - start.at_ns
