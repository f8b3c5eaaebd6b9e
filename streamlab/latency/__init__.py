"""Numbers over many recordings: how they are spread, by groups, and whether they pass gates."""

from streamlab.latency.choose import Choice, chosen
from streamlab.latency.gate import Gate, Verdict, judge, parse_gate
from streamlab.latency.metric import METRICS, Metric
from streamlab.latency.outcome import (
    OUTCOMES,
    Outcome,
    count_outcomes,
    find_outcome,
    outcome_of,
)
from streamlab.latency.overview import GROUPINGS, Group, Grouping, Overview, group, overview
from streamlab.latency.sample import Sample, host
from streamlab.latency.summary import PERCENTS, Spread, Summary, spread, summarize

__all__ = [
    "GROUPINGS",
    "METRICS",
    "OUTCOMES",
    "PERCENTS",
    "Choice",
    "Gate",
    "Group",
    "Grouping",
    "Metric",
    "Outcome",
    "Overview",
    "Sample",
    "Spread",
    "Summary",
    "Verdict",
    "chosen",
    "count_outcomes",
    "find_outcome",
    "group",
    "host",
    "judge",
    "outcome_of",
    "overview",
    "parse_gate",
    "spread",
    "summarize",
]
