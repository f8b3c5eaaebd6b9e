"""An event as its dialect reads it."""

from typing import NamedTuple

from streamlab.dialect import Chunk, Delta
from streamlab.sse import Event
from streamlab.timeline import Arrival

__all__ = ["ReadEvent"]


class ReadEvent(NamedTuple):
    """An event with its arrival, the JSON it carries, and what its dialect reads in it (at least
    one delta)."""

    arrival: Arrival
    event: Event
    chunk: Chunk
    deltas: tuple[Delta, ...]

    @property
    def is_output(self) -> bool:
        """Whether the event brought something to read."""
        return any(delta.is_output for delta in self.deltas)
