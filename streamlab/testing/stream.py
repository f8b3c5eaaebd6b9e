"""What a test says of a stream; where that is not so, the failure shows the stream around it."""

import re
from collections.abc import Iterable
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple, Self

from streamlab.analysis import Analysis, Stream, ToolCall, analyze, read_stream
from streamlab.errors import InputError
from streamlab.finding import Severity, find, rank
from streamlab.recording import EndReason, Recording
from streamlab.report import event_rows, format_ns, one_line, row_line
from streamlab.sse import Event

__all__ = ["StreamAssertion", "ToolCall", "assert_stream"]

_ROWS_AROUND: Final = 3
_TEXT_CHARS: Final = 200
_DURATION: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|s)\s*")
_UNITS_NS: Final = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


class Flaw(NamedTuple):
    """What is wrong with a stream, and when; `at_ns` is None where it is about all of it."""

    text: str
    at_ns: int | None = None


def assert_stream(recording: Recording) -> "StreamAssertion":
    """What is to be said of a recording: `assert_stream(r).ended("complete").ttft_below("1 s")`."""
    return StreamAssertion(recording)


class StreamAssertion:
    """Attributes are for an `assert` of the test's own. Methods raise AssertionError, with the
    lines of the time line around what is wrong, and return this, or what they found."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    @cached_property
    def stream(self) -> Stream:
        """The body, read."""
        return read_stream(self.recording)

    @cached_property
    def analysis(self) -> Analysis:
        """All numbers."""
        return analyze(self.recording, stream=self.stream)

    @property
    def text(self) -> str:
        """The text of the (first) answer."""
        return self.analysis.text

    @property
    def end(self) -> EndReason | None:
        """How the stream ended."""
        return self.recording.end.reason if self.recording.end else None

    def says(self, text: str) -> Self:
        """The answer is `text`."""
        said = self.text
        if said != text:
            place = next(
                (i for i, (a, b) in enumerate(zip(said, text, strict=False)) if a != b), None
            )
            place = min(len(said), len(text)) if place is None else place
            shown = f"{_shown(said[place:])} instead of {_shown(text[place:])}"
            flaw = Flaw(f"the text differs at character {place}: {shown}", self._said_at_ns(place))
            raise self._failure(flaw)
        return self

    def ended(self, reason: EndReason) -> Self:
        """It ended like this; a client that hung up after the end marker, as SDKs do, has a
        complete stream."""
        is_over = self.end == "client_closed" and self.analysis.has_end_marker
        if reason not in {self.end, "complete" if is_over else self.end}:
            end = self.recording.end
            at_ns = end.at_ns if end else None
            raise self._failure(Flaw(f"the stream ended {self.end}, not {reason}", at_ns))
        return self

    def no_findings(self, severity: Severity = "warning") -> Self:
        """Nothing is wrong with it: no finding of this severity or a worse one."""
        found = find(self.recording, stream=self.stream, analysis=self.analysis)
        flaws = [
            Flaw(f"{each.code} {each.slug}: {one_line(each.message, _TEXT_CHARS)}", each.at_ns)
            for each in sorted(found, key=lambda each: rank(each.severity))
            if rank(each.severity) <= rank(severity)
        ]
        if flaws:
            raise self._failure(*flaws)
        return self

    def ttft_below(self, limit: str) -> Self:
        """The first output came before `limit`, such as "500ms" or "1.5 s". InputError if that is
        no duration."""
        limit_ns, ttft_ns = _parse_ns(limit), self.analysis.ttft_ns
        if ttft_ns is None:
            raise self._failure(Flaw("there is no first token: no event has output, or no time"))
        if ttft_ns >= limit_ns:
            flaw = Flaw(
                f"the first token came after {format_ns(ttft_ns)}, not below {limit}", ttft_ns
            )
            raise self._failure(flaw)
        return self

    def events(self, type_: str) -> tuple[Event, ...]:
        """Its events of this type, of which there is at least one."""
        found = tuple(each.event for each in self.stream.events if each.event.type == type_)
        if not found:
            types = ", ".join(one_line(each.type, 40) for each in self.analysis.event_types)
            raise self._failure(Flaw(f"no event {type_!r}; there are: {types or 'none at all'}"))
        return found

    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls of tools in the first answer, put together, in the order they began in."""
        answers = self.analysis.answers
        return answers[0].tool_calls if answers else ()

    def _said_at_ns(self, place: int) -> int | None:
        """When the text at `place`, or the last of it, came."""
        at_ns, chars = None, 0
        for event in self.stream.events:
            texts = [each.text for each in event.deltas if each.kind == "text" and not each.choice]
            chars += sum(map(len, texts))
            at_ns = event.arrival.at_ns if texts else at_ns
            if chars > place:
                break
        return at_ns

    def _failure(self, *flaws: Flaw) -> AssertionError:
        first = flaws[0]
        named = f"{self.recording.id} {one_line(self.recording.name, 60)}".rstrip()
        said = [f"{named}: {first.text}", *(f"  and: {each.text}" for each in flaws[1:])]
        return AssertionError("\n".join([*said, *_lines_around(self.recording, first.at_ns)]))


def _lines_around(recording: Recording, at_ns: int | None) -> Iterable[str]:
    """The rows of the time line before and after `at_ns`, that row marked; the last without it."""
    rows = event_rows(recording)
    times_ns = [0, *(row[0] for row in rows)]
    gaps_ns = [later - earlier for earlier, later in pairwise(times_ns)]
    marked = next((i for i, row in enumerate(rows) if row[0] == at_ns), None)
    center = len(rows) - 1 if marked is None else marked
    for index in range(max(0, center - _ROWS_AROUND), min(len(rows), center + _ROWS_AROUND + 1)):
        sign = ">" if index == marked else " "
        yield f"{sign} {row_line(rows[index], gaps_ns[index]).plain.rstrip()}"


def _shown(text: str) -> str:
    return f"“{one_line(text, 40)}”"


def _parse_ns(duration: str) -> int:
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise InputError(f"{duration!r} is no duration", "for example: 500ms, 1.5 s")
    return round(float(match[1]) * _UNITS_NS[match[2]])
