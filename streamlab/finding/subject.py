"""What the rules look at: one recording, read once, with what several rules need of it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from streamlab.analysis import Analysis, ReadEvent, Stream
from streamlab.content_coding import Defect, content_codings, decoded_body
from streamlab.dialect import Delta, DeltaKind
from streamlab.finding.flaw import Flaw, flaw_of, is_whole
from streamlab.finding.grammar import Grammar, grammar_of
from streamlab.finding.model import Limits, Severity
from streamlab.finding.spot import TEXT_CHARS, Spot, clean
from streamlab.recording import UNTIMED, End, Header, Recording, header_value, media_type
from streamlab.sse import Comment, Issue, IssueCode
from streamlab.timeline import Arrival

__all__ = ["Choice", "Said", "Subject"]

_EVENT_STREAM_START: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:data|event|id|retry)?:")


class Said(NamedTuple):
    """A delta and the number of its event."""

    event: int
    delta: Delta


# An element of `choices`, behind the number of the event whose chunk holds it. A plain tuple, as
# there is one for each event.
Choice = tuple[int, dict[str, object]]


@dataclass(frozen=True)
class Subject:
    """One recording. What only some rules need is worked out when one asks."""

    recording: Recording
    stream: Stream
    analysis: Analysis
    limits: Limits

    @property
    def events(self) -> tuple[ReadEvent, ...]:
        """The events, by their numbers."""
        return self.stream.events

    @property
    def headers(self) -> tuple[Header, ...]:
        """Those of the response."""
        return self.recording.response.headers if self.recording.response else ()

    @property
    def end(self) -> End | None:
        """How it ended; None while it goes on, and where no response came."""
        return self.recording.end if self.recording.response else None

    @property
    def has_succeeded(self) -> bool:
        """Whether the status is a 2xx."""
        return 200 <= (self.analysis.status or 0) < 300

    @property
    def is_timed(self) -> bool:
        """Whether its times mean something."""
        return UNTIMED not in self.recording.tags

    def header(self, name: str) -> str | None:
        """The response's first header of that name."""
        return header_value(self.headers, name)

    @cached_property
    def media_type(self) -> str:
        """That of the response."""
        return media_type(self.headers)

    @cached_property
    def body(self) -> bytes:
        """The decoded body."""
        if content_codings(self.headers):
            return decoded_body(self.recording)
        return self.recording.body

    @cached_property
    def is_sse(self) -> bool:
        """Whether the body is, or should be, an event stream in the form of the standard."""
        is_announced = self.media_type == "text/event-stream"
        return is_announced or bool(self.stream.arrived and _EVENT_STREAM_START.match(self.body))

    @cached_property
    def grammar(self) -> Grammar:
        """What may be demanded of it."""
        types = (counted.type for counted in self.analysis.event_types)
        return grammar_of(self.analysis.dialect, types)

    @cached_property
    def issues(self) -> dict[IssueCode, list[Arrival]]:
        """What the decoder found, by its codes."""
        found: dict[IssueCode, list[Arrival]] = {}
        for arrival in self._unusual:
            if isinstance(arrival.item, Issue):
                found.setdefault(arrival.item.code, []).append(arrival)
        return found

    @cached_property
    def comments(self) -> list[Arrival]:
        """The comments."""
        return [arrival for arrival in self._unusual if isinstance(arrival.item, Comment)]

    @cached_property
    def defects(self) -> list[Arrival]:
        """Where the content coding broke off, if it did."""
        return [arrival for arrival in self._unusual if isinstance(arrival.item, Defect)]

    @cached_property
    def _unusual(self) -> list[Arrival]:
        kinds = (Issue, Comment, Defect)
        return [arrival for arrival in self.stream.arrived if isinstance(arrival.item, kinds)]

    @cached_property
    def _said(self) -> dict[DeltaKind, list[Said]]:
        said: dict[DeltaKind, list[Said]] = {}
        for number, event in enumerate(self.stream.events):
            for delta in event.deltas:
                kind = delta.kind
                if kind in said:
                    said[kind].append(Said(number, delta))
                else:
                    said[kind] = [Said(number, delta)]
        return said

    def said(self, kind: DeltaKind) -> list[Said]:
        """The deltas of a kind."""
        return self._said.get(kind, [])

    @cached_property
    def payloads(self) -> list[tuple[int, dict[str, object]]]:
        """The JSON objects of events, with the events' numbers."""
        chunks = enumerate(event.chunk.payload for event in self.stream.events)
        return [(number, payload) for number, payload in chunks if isinstance(payload, dict)]

    @cached_property
    def choices(self) -> list[Choice]:
        """All elements of `choices`, where chunks have them."""
        if not self.grammar.has_choices:
            return []
        return [
            (number, choice)
            for number, payload in self.payloads
            if isinstance(choices := payload.get("choices"), list)
            for choice in choices
            if isinstance(choice, dict)
        ]

    @cached_property
    def flaws(self) -> list[tuple[int, Flaw]]:
        """What is wrong with data that should be JSON, by the events' numbers."""
        return [
            (number, flaw_of(self.stream.events[number].event.data, delta))
            for number, delta in self.said("malformed")
        ]

    @cached_property
    def failures(self) -> list[tuple[int, str]]:
        """The events that report a failure, and what they say."""
        found = {number: delta.text for number, delta in self.said("error")}
        if self.grammar.is_known and b"error" in self.body:
            for number, payload in self.payloads:
                if payload.get("type") == "error" or self.events[number].event.type == "error":
                    found.setdefault(number, _error_text(payload))
        return sorted(found.items())

    @cached_property
    def end_event(self) -> int | None:
        """The number of the event that ends the stream by its protocol."""
        ends = [number for number, _ in self.said("end")]
        ends += [number for number, flaw in self.flaws if flaw.kind == "end-marker"]
        ends += self._last_events()
        return min(ends, default=None)

    def _last_events(self) -> Iterator[int]:
        last = self.grammar.last
        if not last:
            return
        for number, event in enumerate(self.stream.events):
            names = [event.event.type]
            if isinstance(payload := event.chunk.payload, dict):
                names += [payload.get("type"), payload.get("event")]  # type: ignore[list-item]
            if any(isinstance(name, str) and name in last for name in names):
                yield number

    @cached_property
    def has_bare_end(self) -> bool:
        """Whether the last event came as a name without data: such a block is no event."""
        blocks = (each.item for each in self.issues.get("no-data", ()))
        return any(isinstance(item, Issue) and item.detail in self.grammar.last for item in blocks)

    @cached_property
    def lost_tail(self) -> bool:
        """Whether a whole event is lost at the end, for lack of an empty line behind it (SL207):
        what would be missed otherwise may be in it."""
        tails = self.issues.get("unterminated-event", ())
        return any(is_whole(self.body[each.item.start : each.item.stop]) for each in tails)

    @cached_property
    def finished(self) -> dict[int, int]:
        """By choice, the number of the event with its first finish reason."""
        first: dict[int, int] = {}
        for number, delta in self.said("finish"):
            first.setdefault(delta.choice, number)
        return first

    @cached_property
    def seen_choices(self) -> set[int]:
        """The choices of which there was anything; an answer that was begun counts as one."""
        seen = {
            delta.choice
            for kind in ("text", "reasoning", "tool_call", "refusal", "empty")
            for _, delta in self._said.get(kind, [])
        }
        has_begun = self.grammar.is_typed and bool(self.events) and not self.failures
        return seen or ({0} if has_begun else set())

    @cached_property
    def is_over(self) -> bool:
        """Whether the stream came to its end, by its protocol."""
        if self.end_event is not None or self.has_bare_end:
            return True
        has_end = self.grammar.has_marker or self.grammar.last
        return not has_end and bool(self.finished) and self.seen_choices <= self.finished.keys()

    @property
    def was_left(self) -> bool:
        """Whether our side ended it, or nobody has yet: then what is missing is not missed."""
        return self.end is None or self.end.reason in ("client_closed", "recorder_died")

    def at_head(self, message: str, text: str = "", severity: Severity | None = None) -> Spot:
        """What concerns the response's head."""
        response = self.recording.response
        at_ns = response.at_ns if response else 0
        return Spot(message, 0, 0, at_ns, clean(text), severity=severity)

    def at_end(self, message: str, text: str = "", severity: Severity | None = None) -> Spot:
        """What concerns the end."""
        size = len(self.body)
        at_ns = self.recording.end.at_ns if self.recording.end else self._last_ns()
        return Spot(message, size, size, at_ns, clean(text), severity=severity)

    def _last_ns(self) -> int:
        return self.recording.reads[-1].at_ns if self.recording.reads else 0

    def at_arrival(self, arrival: Arrival, message: str, text: str = "") -> Spot:
        """What concerns an item that is no event."""
        item = arrival.item
        return Spot(message, item.start, item.stop, arrival.at_ns, text)

    def at_event(
        self, number: int, message: str, mark: int | None = None, severity: Severity | None = None
    ) -> Spot:
        """What concerns an event."""
        event = self.events[number]
        data = event.event.data
        if len(data) > TEXT_CHARS:
            first = 0 if mark is None else max(0, min(mark - TEXT_CHARS // 2, len(data)))
            data = data[first : first + TEXT_CHARS]
            mark = None if mark is None else mark - first
        place = event.event
        at_ns = event.arrival.at_ns
        return Spot(message, place.start, place.stop, at_ns, data, number, mark, severity)

    def at_bytes(self, start: int, stop: int, message: str) -> Spot:
        """What concerns bytes of the body."""
        text = self.body[start : min(stop, start + TEXT_CHARS)].decode("utf-8", "replace")
        return Spot(message, start, stop, self.time_of(start), text)

    def time_of(self, offset: int) -> int:
        """When the byte at an offset of the decoded body came, as far as items tell."""
        arrived: Iterable[Arrival] = self.stream.arrived
        found = (each.first_at_ns for each in arrived if each.item.start <= offset < each.item.stop)
        return next(found, self._last_ns())


def _error_text(payload: dict[str, object]) -> str:
    error = payload.get("error", payload)
    message = error.get("message") if isinstance(error, dict) else error
    return message if isinstance(message, str) else ""
