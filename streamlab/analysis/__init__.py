"""The numbers: pure functions of a recording."""

from streamlab.analysis.assemble import Assembled, assemble
from streamlab.analysis.live import LiveStream
from streamlab.analysis.percentile import Distribution, distribution, percentile_ns
from streamlab.analysis.stream import (
    DEFAULT_STALL_NS,
    Analysis,
    EventCount,
    ReadEvent,
    Stall,
    Stream,
    TokenSource,
    analyze,
    read_stream,
)

__all__ = [
    "DEFAULT_STALL_NS",
    "Analysis",
    "Assembled",
    "Distribution",
    "EventCount",
    "LiveStream",
    "ReadEvent",
    "Stall",
    "Stream",
    "TokenSource",
    "analyze",
    "assemble",
    "distribution",
    "percentile_ns",
    "read_stream",
]
