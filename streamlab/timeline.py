"""When events arrived: the items of a body with the times of the reads they came in."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

from streamlab.content_coding import ContentDecoder, Defect
from streamlab.recording import Read, Recording, Response, media_type
from streamlab.sse import Decoder, Item

__all__ = ["Arrival", "Timeline", "arrivals"]

_EVENT_STREAM_START: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:data|event|id|retry)?:")


class Arrival(NamedTuple):
    """An item, or the defect that ends a body early, with the times (ns from t0) of the read that
    held its first byte and of the one that completed it, and the index of the latter."""

    item: Item | Defect
    first_at_ns: int
    at_ns: int
    read_index: int


class Timeline:
    """Turns the reads of a response into arrivals as they come. `feed` each read, then `close`.

    Content codings are undone first: items are those of the decoded body, and where that ends
    early stands a defect. `is_event_stream` is None until the first decoded bytes have shown it;
    there are no arrivals of another body.
    """

    def __init__(self, response: Response | None) -> None:
        self.is_event_stream = _announced(response)
        self._content = ContentDecoder(response.headers if response else ())
        self._decoder = Decoder()
        self._starts: list[int] = []
        self._times: list[int] = []
        self._is_defective = False

    def feed(self, read: Read) -> list[Arrival]:
        """The items that this read completed."""
        if self.is_event_stream is False:
            return []
        self._starts.append(self._decoder.offset)
        self._times.append(read.at_ns)
        items: list[Item] = []
        for piece in self._content.feed(read.data):
            if self.is_event_stream is None and piece:
                self.is_event_stream = _EVENT_STREAM_START.match(piece) is not None
            if self.is_event_stream is False:
                return []
            items += self._decoder.feed(piece)
        return self._arrive([*items, *self._new_defect()])

    def close(self, *, is_complete: bool) -> list[Arrival]:
        """What was left over at the end; it arrived with the last read. A coding that lacks its end
        is a defect only of a body that `is_complete`: another one is known to be cut."""
        if self.is_event_stream is False or not self._times:
            return []
        if is_complete:
            self._content.close()
        return self._arrive([*self._decoder.close(), *self._new_defect()])

    def _new_defect(self) -> list[Defect]:
        defect = self._content.defect
        if defect is None or self._is_defective:
            return []
        self._is_defective = True
        return [defect]

    def _arrive(self, items: Sequence[Item | Defect]) -> list[Arrival]:
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


def _announced(response: Response | None) -> bool | None:
    """Whether the body is an event stream, as far as the head says.

    It is if the content type says text/event-stream; if it does not, a body that starts like one
    counts too, since servers often label it wrongly.
    """
    if response is None:
        return False
    return media_type(response.headers) == "text/event-stream" or None


def arrivals(recording: Recording) -> tuple[Arrival, ...]:
    """All items of a recording's body with their times; none if it is no event stream."""
    timeline = Timeline(recording.response)
    arrived = [arrival for read in recording.reads for arrival in timeline.feed(read)]
    if recording.end is not None:
        arrived += timeline.close(is_complete=recording.end.reason == "complete")
    return tuple(arrived)
