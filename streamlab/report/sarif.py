"""Findings as a SARIF log, version 2.1.0, for code scanning.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from streamlab.finding import RULES, Finding, Rule
from streamlab.report.checked import Checked
from streamlab.version import __version__

__all__ = ["sarif_log"]

_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}
_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_INDEXES: Final = {rule.code: index for index, rule in enumerate(RULES)}
# What may stand in a URI as it is (RFC 3986), the percent sign included.
_URI: Final = "%:/?#[]@!$&'()*+,;=-._~"


def sarif_log(checked: Sequence[Checked]) -> dict[str, Any]:
    """One run: the rules, an artifact for each recording, a result for each finding."""
    driver = {
        "name": "streamlab",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_descriptor(rule) for rule in RULES],
    }
    run = {
        "tool": {"driver": driver},
        "artifacts": [_artifact(each) for each in checked],
        "results": [
            _result(finding, index, each)
            for index, each in enumerate(checked)
            for finding in each.findings
        ],
        "columnKind": "unicodeCodePoints",
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _descriptor(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.slug,
        "shortDescription": {"text": rule.slug},
        "fullDescription": {"text": rule.text},
        "help": {"text": f"Likely cause: {rule.cause}. What to do: {rule.hint}."},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _location(each: Checked) -> dict[str, Any]:
    """Where its bytes are: the file that holds it, else the URL that it answered."""
    return {"uri": quote(each.file or each.url, safe=_URI)}


def _artifact(each: Checked) -> dict[str, Any]:
    described = f"recording {each.recording_id} {each.name}".strip()
    return {"location": _location(each), "description": {"text": described}}


def _result(finding: Finding, index: int, each: Checked) -> dict[str, Any]:
    region: dict[str, Any] = {
        "byteOffset": finding.start,
        "byteLength": finding.stop - finding.start,
    }
    if finding.text:
        region["snippet"] = {"text": finding.text}
    physical = {"artifactLocation": {**_location(each), "index": index}, "region": region}
    return {
        "ruleId": finding.code,
        "ruleIndex": _INDEXES[finding.code],
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message}. Try: {finding.hint}"},
        "locations": [{"physicalLocation": physical}],
        "properties": {
            "recording": each.recording_id,
            "at_ns": finding.at_ns,
            "event": finding.event,
        },
    }
