"""The marks of a stream: when something happened first or last, and which event and read it was.

All times that `Analysis` calls "from t0" are marks; durations are differences of two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from streamlab.analysis.read_event import ReadEvent
from streamlab.dialect import OUTPUT_KINDS
from streamlab.recording import Recording

__all__ = ["Durations", "Instant", "Marks", "durations", "find_marks", "instant"]


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


def find_marks(
    recording: Recording, events: Sequence[ReadEvent]
) -> tuple[Marks, tuple[Instant, ...]]:
    """The marks of a recording with these events, and its events with output."""
    response, end, reads = recording.response, recording.end, recording.reads
    output: list[Instant] = []
    answer = finish = usage = done = None
    for number, (arrival, _, _, deltas) in enumerate(events):
        is_output = False
        for delta in deltas:
            kind = delta.kind
            if kind in OUTPUT_KINDS and delta.text:  # is_output, without the call
                is_output = True
                if answer is None and kind != "reasoning":
                    answer = number
            elif kind == "end" and done is None:
                done = number
            if delta.finish_reason is not None:
                finish = number
            if delta.usage is not None:
                usage = number
        if is_output:
            output.append(Instant(arrival.at_ns, number, arrival.read_index))
    marks = Marks(
        headers=Instant(response.at_ns) if response else None,
        first_byte=Instant(reads[0].at_ns, None, 0) if reads else None,
        first_event=instant(events, 0) if events else None,
        first_token=output[0] if output else None,
        first_answer=instant(events, answer),
        last_token=output[-1] if output else None,
        finish=instant(events, finish),
        usage=instant(events, usage),
        done=instant(events, done),
        eof=Instant(end.at_ns) if end else None,
    )
    return marks, tuple(output)


def instant(events: Sequence[ReadEvent], number: int | None) -> Instant | None:
    """When the event with this number arrived; None for none."""
    if number is None:
        return None
    arrival = events[number].arrival
    return Instant(arrival.at_ns, number, arrival.read_index)


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
