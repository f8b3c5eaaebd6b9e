"""A stream read while it comes: what `read_stream` does, read by read."""

from dataclasses import dataclass, field

from streamlab.analysis.stream import ReadEvent
from streamlab.dialect import EVENTS_LOOKED_AT, Detection, detect, read
from streamlab.recording import Read, Response
from streamlab.sse import Event
from streamlab.timeline import Arrival, Timeline, is_event_stream

__all__ = ["LiveStream"]


@dataclass(slots=True)
class LiveStream:
    """Set `response` when the head is there, then `feed` each read.

    `is_event_stream` is None before the first read. The dialect is what the events so far show;
    `detection` is None until one shows it.
    """

    url: str
    response: Response | None = None
    is_event_stream: bool | None = None
    detection: Detection | None = None
    _timeline: Timeline = field(default_factory=Timeline)
    _early: list[Event] = field(default_factory=list)

    def feed(self, data: Read) -> list[ReadEvent]:
        """The events that this read completed; none if the body is no event stream."""
        if self.is_event_stream is None:
            self.is_event_stream = is_event_stream(self.response, data.data)
        if not self.is_event_stream:
            return []
        return [
            self._read(arrival, arrival.item)
            for arrival in self._timeline.feed(data)
            if isinstance(arrival.item, Event)
        ]

    def _read(self, arrival: Arrival, event: Event) -> ReadEvent:
        if self.detection is None and len(self._early) < EVENTS_LOOKED_AT:
            self._early.append(event)
            self.detection = detect(self.url, self._early)
        return ReadEvent(arrival=arrival, event=event, deltas=read(self.detection, event))
