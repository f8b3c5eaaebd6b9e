"""When events arrived: the items of a body with the times of the reads they came in."""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final

from streamlab.recording import Read, Recording, Response, header_value
from streamlab.sse import Decoder, Item

__all__ = ["Arrival", "Timeline", "arrivals", "is_event_stream"]

_EVENT_STREAM_START: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:data|event|id|retry)?:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An item with the times (ns from t0) of the read that held its first byte and of the one that
    completed it, and the index of the latter."""

    item: Item
    first_at_ns: int
    at_ns: int
    read_index: int


@dataclass(slots=True)
class Timeline:
    """Turns reads into arrivals as they come. `feed` each read, then `close`."""

    _decoder: Decoder = field(default_factory=Decoder)
    _starts: list[int] = field(default_factory=list)
    _times: list[int] = field(default_factory=list)

    def feed(self, read: Read) -> list[Arrival]:
        """The items that this read completed."""
        self._starts.append(self._decoder.offset)
        self._times.append(read.at_ns)
        return self._arrive(self._decoder.feed(read.data))

    def close(self) -> list[Arrival]:
        """What was left over at the end; it arrived with the last read."""
        return self._arrive(self._decoder.close())

    def _arrive(self, items: list[Item]) -> list[Arrival]:
        last = len(self._times) - 1
        return [
            Arrival(
                item=item,
                first_at_ns=self._times[bisect_right(self._starts, item.start) - 1],
                at_ns=self._times[last],
                read_index=last,
            )
            for item in items
        ]


def is_event_stream(response: Response | None, first_data: bytes) -> bool:
    """Whether the body is to be read as an event stream.

    The content type decides if it says text/event-stream; if it does not, a body that starts like
    one counts too, since servers often label it wrongly. A body with a content coding (gzip, …) is
    not read.
    """
    if response is None:
        return False
    if (header_value(response.headers, "content-encoding") or "identity").lower() != "identity":
        return False
    content_type = header_value(response.headers, "content-type") or ""
    if content_type.partition(";")[0].strip().lower() == "text/event-stream":
        return True
    return _EVENT_STREAM_START.match(first_data) is not None


def arrivals(recording: Recording) -> tuple[Arrival, ...]:
    """All items of a recording's body with their times; none if it is no event stream."""
    first_data = recording.reads[0].data if recording.reads else b""
    if not is_event_stream(recording.response, first_data):
        return ()
    timeline = Timeline()
    arrived = [arrival for read in recording.reads for arrival in timeline.feed(read)]
    if recording.end is not None:
        arrived += timeline.close()
    return tuple(arrived)
