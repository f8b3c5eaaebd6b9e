"""A stream read while it comes: what `read_stream` does, read by read."""

from dataclasses import dataclass, field

from streamlab.analysis.read_event import ReadEvent
from streamlab.dialect import EVENTS_LOOKED_AT, Chunk, Detection, Reader, chunk, detect
from streamlab.framing import Framing
from streamlab.recording import Read, Response
from streamlab.sse import Event
from streamlab.timeline import Arrival, Timeline

__all__ = ["LiveStream"]


@dataclass(slots=True)
class LiveStream:
    """Set `response` when the head is there, then `feed` each read.

    `framing` is that of `Timeline`: None until bytes have shown it. The dialect is what the events
    so far show; `detection` is None until one shows it.
    """

    url: str
    response: Response | None = None
    framing: Framing | None = None
    detection: Detection | None = None
    _timeline: Timeline | None = None
    _reader: Reader = field(default_factory=lambda: Reader(None))
    _early: list[Chunk] = field(default_factory=list)

    def feed(self, data: Read) -> list[ReadEvent]:
        """The events that this read completed; none of a body without events."""
        self._timeline = self._timeline or Timeline(self.response)
        return self._read_all(self._timeline, self._timeline.feed(data))

    def close(self, *, is_complete: bool) -> list[ReadEvent]:
        """The events that only the end of the body completes."""
        if self._timeline is None:
            return []
        return self._read_all(self._timeline, self._timeline.close(is_complete=is_complete))

    def _read_all(self, timeline: Timeline, arrived: list[Arrival]) -> list[ReadEvent]:
        self.framing = timeline.framing
        return [self._read(each, each.item) for each in arrived if isinstance(each.item, Event)]

    def _read(self, arrival: Arrival, event: Event) -> ReadEvent:
        each = chunk(event)
        if self.detection is None and len(self._early) < EVENTS_LOOKED_AT:
            self._early.append(each)
            self.detection = detect(self.url, self.response, self._early)
            self._reader = Reader(self.detection)
        return ReadEvent(arrival, event, each, self._reader.read(each))
