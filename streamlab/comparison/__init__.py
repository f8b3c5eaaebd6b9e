"""Comparisons: two recordings on one time line, or two sets of them with a verdict. Pure."""

from streamlab.comparison.metric import METRICS, Metric
from streamlab.comparison.pairs import pairs
from streamlab.comparison.sets import (
    Criteria,
    MetricComparison,
    SetComparison,
    Verdict,
    compare_sets,
)

__all__ = [
    "METRICS",
    "Criteria",
    "Metric",
    "MetricComparison",
    "SetComparison",
    "Verdict",
    "compare_sets",
    "pairs",
]
