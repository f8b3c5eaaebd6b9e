"""The numbers: pure functions of a recording."""

from streamlab.analysis.answer import Answer, ToolCall, answers
from streamlab.analysis.assemble import Assembled, assemble
from streamlab.analysis.live import LiveStream
from streamlab.analysis.percentile import Distribution, distribution, percentile_ns
from streamlab.analysis.steps import StepTime, step_times
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
    "Answer",
    "Assembled",
    "Distribution",
    "EventCount",
    "LiveStream",
    "ReadEvent",
    "Stall",
    "StepTime",
    "Stream",
    "TokenSource",
    "ToolCall",
    "analyze",
    "answers",
    "assemble",
    "distribution",
    "percentile_ns",
    "read_stream",
    "step_times",
]
