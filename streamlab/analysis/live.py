"""A stream read while it comes: what `read_stream` does, read by read."""

from dataclasses import dataclass, field

from streamlab.analysis.read_event import ReadEvent
from streamlab.dialect import EVENTS_LOOKED_AT, Chunk, Detection, Reader, chunk, detect
from streamlab.recording import Read, Response
from streamlab.sse import Event
from streamlab.timeline import Arrival, Timeline

__all__ = ["LiveStream"]


@dataclass(slots=True)
class LiveStream:
    """Set `response` when the head is there, then `feed` each read.

    `is_event_stream` is None until the first bytes (of a coded body: the first decoded ones). The
    dialect is what the events so far show; `detection` is None until one shows it.
    """

    url: str
    response: Response | None = None
    is_event_stream: bool | None = None
    detection: Detection | None = None
    _timeline: Timeline | None = None
    _reader: Reader = field(default_factory=lambda: Reader(None))
    _early: list[Chunk] = field(default_factory=list)

    def feed(self, data: Read) -> list[ReadEvent]:
        """The events that this read completed; none if the body is no event stream."""
        self._timeline = self._timeline or Timeline(self.response)
        arrived = self._timeline.feed(data)
        self.is_event_stream = self._timeline.is_event_stream
        return [self._read(each, each.item) for each in arrived if isinstance(each.item, Event)]

    def _read(self, arrival: Arrival, event: Event) -> ReadEvent:
        each = chunk(event)
        if self.detection is None and len(self._early) < EVENTS_LOOKED_AT:
            self._early.append(each)
            self.detection = detect(self.url, self.response, self._early)
            self._reader = Reader(self.detection)
        return ReadEvent(arrival, event, each, self._reader.read(each))
