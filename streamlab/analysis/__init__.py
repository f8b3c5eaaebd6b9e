"""The numbers: pure functions of a recording."""

from streamlab.analysis.assemble import Assembled, assemble
from streamlab.analysis.definitions import TOOLS, PerToken, Score, Tool, score
from streamlab.analysis.explain import Cause, Explained, Uncounted, explain
from streamlab.analysis.fluidity import Deadlines, fluidity_index
from streamlab.analysis.gaps import DEFAULT_STALL_NS, Burst, Gap, Jitter
from streamlab.analysis.live import LiveStream
from streamlab.analysis.marks import Instant, Marks
from streamlab.analysis.percentile import Distribution, distribution, interval_ns, percentile_ns
from streamlab.analysis.rates import TokenSource
from streamlab.analysis.read_event import ReadEvent
from streamlab.analysis.stream import (
    Analysis,
    EventCount,
    Malformed,
    Stream,
    analyze,
    read_stream,
)

__all__ = [
    "DEFAULT_STALL_NS",
    "TOOLS",
    "Analysis",
    "Assembled",
    "Burst",
    "Cause",
    "Deadlines",
    "Distribution",
    "EventCount",
    "Explained",
    "Gap",
    "Instant",
    "Jitter",
    "LiveStream",
    "Malformed",
    "Marks",
    "PerToken",
    "ReadEvent",
    "Score",
    "Stream",
    "TokenSource",
    "Tool",
    "Uncounted",
    "analyze",
    "assemble",
    "distribution",
    "explain",
    "fluidity_index",
    "interval_ns",
    "percentile_ns",
    "read_stream",
    "score",
]
