"""Findings: what is wrong with a stream, as rules with ids.

A rule is a small function in one of the modules by theme; `rule.rule` registers it with its id, its
severity and an example. Rules look only at a `Subject`, which holds what several of them need, so
that a healthy stream costs next to nothing. docs/findings.md lists them all.
"""

from streamlab.finding.choose import chosen, is_rule, matches
from streamlab.finding.model import SEVERITIES, Finding, Limits, Severity, is_clean, rank
from streamlab.finding.rule import Rule
from streamlab.finding.rules import RULES, find

__all__ = [
    "RULES",
    "SEVERITIES",
    "Finding",
    "Limits",
    "Rule",
    "Severity",
    "chosen",
    "find",
    "is_clean",
    "is_rule",
    "matches",
    "rank",
]
