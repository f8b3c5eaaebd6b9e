"""The numbers: pure functions of a recording."""

from streamlab.analysis.answer import Answer, ToolCall, answers
from streamlab.analysis.assemble import Assembled, assemble
from streamlab.analysis.definitions import TOOLS, PerToken, Score, Tool, score
from streamlab.analysis.event_types import EventCount
from streamlab.analysis.explain import Cause, Explained, Uncounted, explain
from streamlab.analysis.fluidity import Deadlines, fluidity_index
from streamlab.analysis.gaps import DEFAULT_STALL_NS, Burst, Gap, Jitter
from streamlab.analysis.live import LiveStream
from streamlab.analysis.marks import Instant, Marks
from streamlab.analysis.percentile import (
    Distribution,
    distribution,
    interval,
    least_n,
    percentile,
    percentile_ns,
    quantile,
)
from streamlab.analysis.rates import TokenSource
from streamlab.analysis.read_event import ReadEvent
from streamlab.analysis.steps import StepTime, silence, step_times
from streamlab.analysis.stream import (
    MEASURED,
    Analysis,
    Stream,
    analyze,
    read_stream,
)

__all__ = [
    "DEFAULT_STALL_NS",
    "MEASURED",
    "TOOLS",
    "Analysis",
    "Answer",
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
    "Marks",
    "PerToken",
    "ReadEvent",
    "Score",
    "StepTime",
    "Stream",
    "TokenSource",
    "Tool",
    "ToolCall",
    "Uncounted",
    "analyze",
    "answers",
    "assemble",
    "distribution",
    "explain",
    "fluidity_index",
    "interval",
    "least_n",
    "percentile",
    "percentile_ns",
    "quantile",
    "read_stream",
    "score",
    "silence",
    "step_times",
]
