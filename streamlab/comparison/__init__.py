"""Comparisons: two recordings on one time line, or two sets of them with a verdict. Pure."""

from streamlab.comparison.event_runs import ItemCount, Run, RunPair
from streamlab.comparison.metric import METRICS, Metric
from streamlab.comparison.output import Parting, Piece
from streamlab.comparison.pairs import pairs
from streamlab.comparison.sets import (
    Criteria,
    MetricComparison,
    SetComparison,
    Verdict,
    compare_sets,
)
from streamlab.comparison.streams import (
    Coalesced,
    Delay,
    HeaderPair,
    MarkPair,
    StreamComparison,
    compare_streams,
)

__all__ = [
    "METRICS",
    "Coalesced",
    "Criteria",
    "Delay",
    "HeaderPair",
    "ItemCount",
    "MarkPair",
    "Metric",
    "MetricComparison",
    "Parting",
    "Piece",
    "Run",
    "RunPair",
    "SetComparison",
    "StreamComparison",
    "Verdict",
    "compare_sets",
    "compare_streams",
    "pairs",
]
