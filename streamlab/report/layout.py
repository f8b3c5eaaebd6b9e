"""A recording laid out to be shown: its reads and its items, as spans of one decoded body."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

from streamlab.analysis import Stream, read_stream
from streamlab.content_coding import ContentDecoder
from streamlab.dialect import Delta, DeltaKind, main_delta
from streamlab.recording import Recording
from streamlab.sse import Blank, Comment, Event, Retry
from streamlab.timeline import Arrival

__all__ = ["ENTRY_KINDS", "Entry", "EntryKind", "Laid", "Layout", "Selection", "lay_out"]

EntryKind = DeltaKind | Literal["comment", "retry", "issue"]
ENTRY_KINDS: Final[tuple[str, ...]] = (*get_args(DeltaKind), "comment", "retry", "issue")
"""What an entry may be: an event goes by its main delta."""


class Laid(NamedTuple):
    """A read, laid where its bytes begin in the decoded body. `size_bytes` is what came, `data`
    what it decoded to; `gap_ns` is the time since the read before it, or since the head."""

    number: int
    at_ns: int
    gap_ns: int
    size_bytes: int
    start: int
    data: bytes

    @property
    def stop(self) -> int:
        """Where its bytes end."""
        return self.start + len(self.data)


class Entry(NamedTuple):
    """An item that means something, or a defect. `number` is an event's, counted from 0 as `seq` in
    the library; `main` is the delta that stands for it."""

    number: int | None
    arrival: Arrival
    main: Delta | None

    @property
    def start(self) -> int:
        """Where its bytes begin in the decoded body."""
        return self.arrival.item.start

    @property
    def stop(self) -> int:
        """Where they end."""
        return self.arrival.item.stop

    @property
    def kind(self) -> EntryKind:
        """One word for it."""
        if self.main is not None:
            return self.main.kind
        item = self.arrival.item
        if isinstance(item, Comment):
            return "comment"
        return "retry" if isinstance(item, Retry) else "issue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A recording with its body read and cut in the two ways that matter: reads and entries."""

    recording: Recording
    stream: Stream
    reads: tuple[Laid, ...]
    entries: tuple[Entry, ...]
    body: bytes

    def read_at(self, offset: int) -> Laid | None:
        """The read that holds the byte at `offset`, or the last one before it."""
        index = bisect_right(self.reads, offset, key=lambda read: read.start) - 1
        return self.reads[index] if index >= 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which part of a layout is shown: what ends behind `start` and up to `stop` (offsets in the
    decoded body; None: to its end), of these event types and kinds only, unless there are none, and
    at most `limit` rows. `is_whole`: no run is folded."""

    start: int = 0
    stop: int | None = None
    types: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    limit: int | None = None
    is_whole: bool = False

    def entries(self, layout: Layout) -> list[Entry]:
        """The entries it asks for, in their order."""
        return [entry for entry in layout.entries if self.holds(entry) and self._wants(entry)]

    def reads(self, layout: Layout) -> list[Laid]:
        """The reads with a byte between `start` and `stop`; those without bytes where all are."""
        if self.has_begin and self.has_end(layout):
            return list(layout.reads)
        stop = len(layout.body) if self.stop is None else self.stop
        return [read for read in layout.reads if read.start < stop and read.stop > self.start]

    @property
    def has_begin(self) -> bool:
        """Whether it begins where the stream does."""
        return self.start == 0

    def has_end(self, layout: Layout) -> bool:
        """Whether it ends where the stream does."""
        return self.stop is None or self.stop >= len(layout.body)

    def holds(self, entry: Entry) -> bool:
        """Whether an entry ends in its span."""
        is_behind = self.has_begin or entry.stop > self.start
        return is_behind and (self.stop is None or entry.stop <= self.stop)

    @property
    def is_filtered(self) -> bool:
        """Whether it asks for some types or kinds."""
        return bool(self.types or self.kinds)

    def _wants(self, entry: Entry) -> bool:
        item = entry.arrival.item
        is_type = not self.types or (isinstance(item, Event) and item.type in self.types)
        return is_type and (not self.kinds or entry.kind in self.kinds)


def lay_out(recording: Recording) -> Layout:
    """Decode a recording's body, read it, and say where everything is."""
    stream = read_stream(recording)
    reads = _lay_reads(recording)
    return Layout(
        recording=recording,
        stream=stream,
        reads=reads,
        entries=_entries(stream),
        body=b"".join(read.data for read in reads),
    )


def _lay_reads(recording: Recording) -> tuple[Laid, ...]:
    response = recording.response
    content = ContentDecoder(response.headers if response else ())
    before_ns = response.at_ns if response else 0
    laid: list[Laid] = []
    start = 0
    for index, (at_ns, data) in enumerate(recording.reads):
        decoded = b"".join(content.feed(data))
        laid.append(Laid(index, at_ns, at_ns - before_ns, len(data), start, decoded))
        before_ns = at_ns
        start += len(decoded)
    return tuple(laid)


def _entries(stream: Stream) -> tuple[Entry, ...]:
    mains = [main_delta(event.deltas) for event in stream.events]
    entries: list[Entry] = []
    number = 0
    for arrival in stream.arrived:
        if isinstance(arrival.item, Event):
            entries.append(Entry(number, arrival, mains[number]))
            number += 1
        elif not isinstance(arrival.item, Blank):
            entries.append(Entry(None, arrival, None))
    return tuple(entries)
