"""Recording -> findings: every rule asked once."""

from collections.abc import Mapping
from typing import Final

from streamlab.analysis import Analysis, Stream, analyze, read_stream
from streamlab.finding import (  # noqa: F401 - they register their rules
    chunks,
    ending,
    failure,
    framed,
    framing,
    lines,
    payload,
    sequence,
    timing,
    tools,
    transport,
    usage,
)
from streamlab.finding.model import Finding, Limits, Severity
from streamlab.finding.rule import REGISTRY, Rule
from streamlab.finding.subject import Subject
from streamlab.recording import Recording

__all__ = ["RULES", "find"]

RULES: Final[tuple[Rule, ...]] = tuple(REGISTRY[code] for code in sorted(REGISTRY))
"""All rules, in the order of their ids."""


def find(
    recording: Recording,
    *,
    stream: Stream | None = None,
    analysis: Analysis | None = None,
    limits: Limits = Limits(),  # noqa: B008 - it is frozen
    severities: Mapping[str, Severity] = {},
) -> tuple[Finding, ...]:
    """What is wrong with a recording, by place.

    `stream` and `analysis` spare reading the body again where that has been done; an analysis with
    another threshold for stalls than `limits` is made anew. `severities` has those that are not a
    rule's own, by its code or slug. Whatever the bytes, nothing is raised.
    """
    stream = stream or read_stream(recording)
    if analysis is None or analysis.stall_threshold_ns != limits.stall_ns:
        analysis = analyze(recording, stall_ns=limits.stall_ns, stream=stream)
    subject = Subject(recording, stream, analysis, limits)
    found = [
        Finding(
            rule.code,
            rule.slug,
            severities.get(rule.code)
            or severities.get(rule.slug)
            or spot.severity
            or rule.severity,
            spot.message,
            spot.cause or rule.cause,
            rule.hint,
            spot.text,
            spot.start,
            spot.stop,
            spot.at_ns,
            spot.event,
            spot.mark,
        )
        for rule in RULES
        for spot in rule.find(subject)
    ]
    return tuple(sorted(found, key=lambda finding: (finding.start, finding.at_ns, finding.code)))
