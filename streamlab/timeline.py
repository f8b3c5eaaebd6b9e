"""When events arrived: the items of a body with the times of the reads they came in."""

from bisect import bisect_right
from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

from streamlab.content_coding import ContentDecoder, Defect
from streamlab.framing import START_BYTES, Decoder, Framing, announced, decoder_for, recognise
from streamlab.recording import Read, Recording, Response, media_type
from streamlab.sse import Item

__all__ = ["Arrival", "Timeline", "arrivals", "framed_arrivals"]


class Arrival(NamedTuple):
    """An item, or the defect that ends a body early, with the times (ns from t0) of the read that
    held its first byte and of the one that completed it, and the index of the latter."""

    item: Item | Defect
    first_at_ns: int
    at_ns: int
    read_index: int


# As `Arrival(…)`, without the Python function that a named tuple is otherwise made by.
_new_arrival: Final = partial(tuple.__new__, Arrival)


class Timeline:
    """Turns the reads of a response into arrivals as they come. `feed` each read, then `close`.

    Content codings are undone first: items are those of the decoded body, and where that ends
    early stands a defect. `framing` is what the media type announces; where it announces none, it
    is None until the first decoded bytes have shown it, which are held back until then. There are
    no arrivals of a body whose framing is `none`.
    """

    def __init__(self, response: Response | None) -> None:
        headers = response.headers if response else ()
        self._media_type = media_type(headers)
        self.framing: Framing | None = announced(self._media_type) if response else "none"
        self._content = ContentDecoder(headers)
        self._decoder: Decoder | None = decoder_for(self.framing) if self.framing else None
        # The decoded bytes that were held back, and as pieces with the index of each one's read.
        self._held = bytearray()
        self._held_pieces: list[tuple[int, bytes]] = []
        self._starts: list[int] = []
        self._times: list[int] = []
        self._is_defective = False

    def feed(self, read: Read) -> list[Arrival]:
        """The items that this read completed, and those of earlier ones that were held back."""
        if self._has_no_events():
            return []
        index = len(self._times)
        self._starts.append(self._decoder.offset if self._decoder else len(self._held))
        self._times.append(read.at_ns)
        if self._content.is_identity and self._decoder is not None:
            return self._arrive(self._decoder.feed(read.data), index)
        arrived: list[Arrival] = []
        for piece in self._content.feed(read.data):
            if self._decoder is None:
                arrived += self._hold(piece, index)
            else:
                arrived += self._arrive(self._decoder.feed(piece), index)
            if self._has_no_events():
                return []
        return arrived + self._new_defect()

    def close(self, *, is_complete: bool) -> list[Arrival]:
        """What was left over at the end; it arrived with the last read. A coding that lacks its end
        is a defect only of a body that `is_complete`: another one is known to be cut."""
        if self._has_no_events() or not self._times:
            return []
        arrived = self._settle(is_all=True) if self._held else []
        if self._has_no_events():
            return []
        if is_complete:
            self._content.close()
        if self._decoder is not None:
            arrived += self._arrive(self._decoder.close(), len(self._times) - 1)
        return arrived + self._new_defect()

    def _has_no_events(self) -> bool:
        return self.framing == "none"

    def _hold(self, piece: bytes, index: int) -> list[Arrival]:
        """Hold a piece back, or let all go if it shows the framing."""
        if not piece:
            return []
        self._held += piece
        self._held_pieces.append((index, piece))
        return self._settle(is_all=len(self._held) >= START_BYTES)

    def _settle(self, *, is_all: bool) -> list[Arrival]:
        self.framing = recognise(bytes(self._held), self._media_type, is_all=is_all)
        self._decoder = decoder_for(self.framing) if self.framing else None
        if self._decoder is None:
            return []
        pieces, self._held_pieces = self._held_pieces, []
        self._held.clear()
        return [
            arrival
            for index, piece in pieces
            for arrival in self._arrive(self._decoder.feed(piece), index)
        ]

    def _new_defect(self) -> list[Arrival]:
        defect = self._content.defect
        if defect is None or self._is_defective:
            return []
        self._is_defective = True
        return self._arrive([defect], len(self._times) - 1)

    def _arrive(self, items: Sequence[Item | Defect], index: int) -> list[Arrival]:
        start, at_ns = self._starts[index], self._times[index]
        return [
            _new_arrival(
                (
                    item,
                    at_ns if item.start >= start else self._time_of(item.start),
                    at_ns,
                    index,
                )
            )
            for item in items
        ]

    def _time_of(self, offset: int) -> int:
        """When the read with the byte at an offset came."""
        return self._times[bisect_right(self._starts, offset) - 1]


def arrivals(recording: Recording) -> tuple[Arrival, ...]:
    """All items of a recording's body with their times; none of a body without events."""
    return framed_arrivals(recording)[1]


def framed_arrivals(recording: Recording) -> tuple[Framing | None, tuple[Arrival, ...]]:
    """The framing of a recording's body, None if nothing of it shows one, and its `arrivals`."""
    timeline = Timeline(recording.response)
    arrived = [arrival for read in recording.reads for arrival in timeline.feed(read)]
    if recording.end is not None:
        arrived += timeline.close(is_complete=recording.end.reason == "complete")
    return timeline.framing, tuple(arrived)
